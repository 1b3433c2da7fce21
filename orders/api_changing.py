"""Changing an order by its secret link, for programs."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from coops.api import CommuneField
from core.rest import CountField, PlainText, SecretLinkView, WholeField, once
from livestreams.models import MAX_UNITS_PER_CLAIM
from orders.access import get_order_by_token
from orders.api import MOST_LINES, OrderSerializer
from orders.services.changing import change_order


class ChangedLine(serializers.Serializer):
    offer = WholeField(min_value=1)
    quantity = CountField(min_value=0, max_value=MAX_UNITS_PER_CLAIM, help_text="0 takes it out.")


class OrderChange(serializers.Serializer):
    """What is left out stays as it is."""

    lines = serializers.ListField(child=ChangedLine(), required=False, max_length=MOST_LINES)
    name = PlainText(required=False, allow_blank=False, max_length=80)
    commune = CommuneField(required=False, help_text="Code of the commune, five digits.")
    address_line = PlainText(required=False, allow_blank=False, max_length=200)
    note = PlainText(required=False, max_length=300)


class ChangeOrder(SecretLinkView):
    """While it waits for its transfer, or in cash for a while; nothing packed yet. A refusal
    writes nothing; `details.lines` says how many could be had of each line at fault.
    """

    says = {"POST": _("Change the units, name, address or note of an order.")}
    takes = {"POST": OrderChange}
    gives = {"POST": OrderSerializer}

    @once
    def post(self, request: Request, order_token: str) -> Response:
        order = get_order_by_token(order_token)
        said = self.said()
        change_order(
            order=order,
            lines=[(line["offer"], line["quantity"]) for line in said.get("lines", [])],
            buyer_name=said.get("name"),
            commune=said.get("commune"),
            address_line=said.get("address_line"),
            note=said.get("note"),
        )
        return self.answer(get_order_by_token(order_token))
