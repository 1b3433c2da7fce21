"""Money to send back, for programs of the co-op that takes the transfers."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.phones import mask_phone
from core.rest import MemberView, PlainText, once
from orders.access import get_cooperative_to_refund, get_refund_to_settle
from orders.models import Refund
from orders.services.refunding import place_anew, send_back
from orders.services.searching import note_phone_search

SENT, REPLACED = Refund.State.SENT, Refund.State.REPLACED


class RefundSerializer(serializers.ModelSerializer):
    order_code = serializers.CharField(source="order.code")
    session = serializers.IntegerField(source="order.session_id")
    buyer_name = serializers.CharField(source="order.buyer_name")
    buyer_phone = serializers.SerializerMethodField(help_text="Masked.")
    replacement = serializers.CharField(
        source="replacement.code", allow_null=True, default=None, help_text="Code of the new order."
    )

    class Meta:
        model = Refund
        fields = [
            "id", "order_code", "session", "buyer_name", "buyer_phone", "reason", "amount_vnd",
            "state", "noted_at", "settled_at", "reference", "replacement",
        ]  # fmt: skip

    def get_buyer_phone(self, refund: Refund) -> str:
        return mask_phone(refund.order.buyer_phone)


class RefundQuery(serializers.Serializer):
    state = serializers.ChoiceField(Refund.State.choices, required=False)
    q = PlainText(required=False, max_length=80, help_text="Order code, buyer's name, last digits.")


class RefundSettlement(serializers.Serializer):
    state = serializers.ChoiceField([SENT, REPLACED])
    reference = PlainText(required=False, max_length=80, help_text="The bank's; needed for sent.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["state"] == SENT and not attrs.get("reference"):
            raise serializers.ValidationError(
                {"reference": _("Enter the number your bank gave the transfer back.")}
            )
        return attrs


class ListRefunds(MemberView):
    says = {"GET": _("Money of closed orders to send back, oldest first.")}
    asks = RefundQuery
    gives = {"GET": RefundSerializer(many=True)}

    def get(self, request: Request, cooperative_slug: str) -> Response:
        cooperative = get_cooperative_to_refund(request.user, cooperative_slug)
        asked = self.asked()
        refunds: Any = Refund.objects.settled_by(request.user)
        refunds = refunds.filter(order__session__cooperative=cooperative)
        if asked.get("state"):
            refunds = refunds.filter(state=asked["state"])
        if asked.get("q"):
            note_phone_search(words=asked["q"], user=self.person)
            refunds = refunds.matching(asked["q"])
        return self.page(refunds.for_cards().order_by("noted_at", "pk"))


class SettleRefund(MemberView):
    """`sent` with the bank's reference, or `replaced`: the same goods are ordered again, paid."""

    says = {"POST": _("Settle money that had to go back.")}
    takes = {"POST": RefundSettlement}
    gives = {"POST": RefundSerializer}

    @once
    def post(self, request: Request, cooperative_slug: str, refund_id: int) -> Response:
        refund = get_refund_to_settle(request.user, cooperative_slug, refund_id)
        said = self.said()
        if said["state"] == SENT:
            send_back(refund=refund, reference=said["reference"], user=self.person)
        else:
            place_anew(refund=refund, user=self.person)
        return self.answer(get_refund_to_settle(request.user, cooperative_slug, refund_id))
