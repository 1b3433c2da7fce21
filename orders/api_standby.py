"""The line for API clients: guests join it, see their place, leave it, take units held for them."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.addresses import client_address
from core.clock import db_now
from core.phones import mask_phone
from core.rest import PublicView, SecretLinkView, WholeField, absolute, once
from orders.access import get_entry_by_token, get_offer_to_wait_for, get_order_by_token
from orders.api import OrderSerializer
from orders.api_placing import ExpectedTotal, NewLine, Recipient, code_sent, show_code
from orders.errors import PlacesTaken
from orders.models import StandbyEntry
from orders.services import weighing
from orders.services.placing import Seen
from orders.services.standing_by import join_line, leave_line, take_held_order
from orders.waiting import Stage, quantity_held, standing

STAGES = [(str(stage), str(stage)) for stage in Stage]


class StandbySerializer(serializers.ModelSerializer):
    """Of an entry from `get_entry_by_token`. Readers hold its secret link."""

    session = serializers.IntegerField(source="offer.session_id")
    offer = serializers.IntegerField(source="offer_id")
    live_code = serializers.CharField(source="offer.live_code")
    entry_token = serializers.CharField(source="token", help_text="Secret: opens the place.")
    page_url = serializers.SerializerMethodField(help_text="Secret: the buyer's own page.")
    buyer_phone = serializers.SerializerMethodField(help_text="Masked.")
    stage = serializers.ChoiceField(
        STAGES,
        help_text="waiting; held (take it until held_until); taken; over (not taken in time, or"
        " called off); left; closed (see close_reason: ended, limit, no_transfer).",
    )
    place = serializers.IntegerField(
        allow_null=True, help_text="1 is the first in line. Not a promise."
    )
    waiting = serializers.IntegerField(allow_null=True, help_text="How many stand in line.")
    held_until = serializers.DateTimeField(allow_null=True)
    quantity_held = serializers.IntegerField(help_text="Maybe fewer than wanted; 0 before.")
    order_token = serializers.CharField(
        allow_null=True, help_text="Secret: what the place became, see /api/orders/."
    )
    now = serializers.DateTimeField(help_text="The server's clock, to count down by.")

    class Meta:
        model = StandbyEntry
        fields = [
            "session", "offer", "live_code", "entry_token", "page_url", "quantity",
            "payment_method", "buyer_name", "buyer_phone", "joined_at", "stage", "place",
            "waiting", "held_until", "quantity_held", "order_token", "close_reason", "now",
        ]  # fmt: skip

    def get_page_url(self, entry: StandbyEntry) -> str:
        return absolute(reverse("show-standby", args=[entry.token]))

    def get_buyer_phone(self, entry: StandbyEntry) -> str:
        return mask_phone(entry.buyer_phone)


def told(entry_token: str) -> StandbyEntry:
    """The entry with all fields of its serializer."""
    entry: Any = get_entry_by_token(entry_token)
    for name, value in standing(entry, db_now()).items():
        setattr(entry, name, value)
    entry.quantity_held = quantity_held(entry)
    entry.order_token = entry.order and entry.order.token
    return entry


class NewStandby(Recipient, NewLine):
    session = WholeField(min_value=1)
    expected_total_vnd = ExpectedTotal()


class Agreed(serializers.Serializer):
    expected_total_vnd = ExpectedTotal(
        required=False,
        help_text="What the buyer agrees to pay. Without it: what was seen when joining.",
    )


def refuse_places() -> None:
    """No code can be sent, and a place is nothing the co-op calls about."""
    raise PlacesTaken


class JoinStandby(PublicView):
    """For an offer that is sold out, or that others wait for already. Costs nothing and promises
    nothing: units that come free are held for the first in line, who takes them or leaves them.
    """

    says = {"POST": _("Stand in line for what is sold out.")}
    takes = {"POST": NewStandby}
    gives = {"POST": StandbySerializer}
    makes_new = True

    def post(self, request: Request) -> Response:
        said = self.said()
        client_ip = client_address(request._request)
        weighing.count_joining(phone=said["phone"], client_ip=client_ip)
        show_code(said, client_ip)
        with code_sent(said["phone"], client_ip, refuse_places):
            weighing.weigh(
                session_id=said["session"],
                phone=said["phone"],
                client_ip=client_ip,
                units=1,
                what=weighing.PLACES,
            )
        return self.join(request, said)

    @once
    def join(self, request: Request, said: dict[str, Any]) -> Response:
        entry = join_line(
            offer=get_offer_to_wait_for(said["session"], said["offer"]),
            quantity=said["quantity"],
            buyer_name=said["name"],
            buyer_phone=said["phone"],
            commune=said["commune"],
            address_line=said["address_line"],
            payment_method=said["payment_method"],
            note=said.get("note", ""),
            language=request.LANGUAGE_CODE,
            seen=Seen(said["expected_total_vnd"]),
        )
        response = self.answer(told(entry.token))
        response["Location"] = reverse("api-show-standby", args=[entry.token])
        return response


class ShowStandby(SecretLinkView):
    says = {"GET": _("A place in line, for whoever holds its secret link.")}
    gives = {"GET": StandbySerializer}

    def get(self, request: Request, entry_token: str) -> Response:
        return self.answer(told(entry_token))


class LeaveStandby(SecretLinkView):
    says = {"POST": _("Leave the line.")}
    gives = {"POST": StandbySerializer}

    @once
    def post(self, request: Request, entry_token: str) -> Response:
        leave_line(entry=get_entry_by_token(entry_token))
        return self.answer(told(entry_token))


class TakeOrder(SecretLinkView):
    """Cash is confirmed, a transfer gets its time to pay. Leaving it instead: cancel the order."""

    says = {"POST": _("Take what is held since one's turn came.")}
    takes = {"POST": Agreed}
    gives = {"POST": OrderSerializer}

    @once
    def post(self, request: Request, order_token: str) -> Response:
        seen_vnd = self.said().get("expected_total_vnd")
        take_held_order(order=get_order_by_token(order_token), seen_vnd=seen_vnd)
        return self.answer(get_order_by_token(order_token))
