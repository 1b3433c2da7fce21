"""Orders for programs: a guest places one; a co-op packs its part; a host reads the figures."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from coops.api import CommuneSerializer
from coops.models import Cooperative
from core.phones import mask_phone
from core.rest import (
    MAX_INT,
    MemberView,
    PlainText,
    SecretLinkView,
    absolute,
    members,
    once,
)
from livestreams.models import LivestreamSession
from orders.access import (
    get_cooperative_to_pack,
    get_order_by_token,
    get_parcel_to_pack,
    get_session_to_follow,
)
from orders.models import Order, OrderLine, Parcel, SessionTally
from orders.models.standing import Payment
from orders.services.cancelling import cancel_order, cancel_until
from orders.services.packing import move_parcel, next_steps
from orders.services.paying import say_paid
from orders.services.searching import note_phone_search

MOST_LINES = 50
MOVES = [Parcel.State.PACKED, Parcel.State.SHIPPED, Parcel.State.DELIVERED, Parcel.State.RETURNED]


# What is shown


class OrderLineSerializer(serializers.ModelSerializer):
    offer = serializers.IntegerField(source="offer_id")

    class Meta:
        model = OrderLine
        fields = [
            "offer", "live_code", "product_name", "variant_name", "cooperative_name", "lot_code",
            "unit_price_vnd", "quantity", "line_total_vnd",
        ]  # fmt: skip


class OrderParcelSerializer(serializers.ModelSerializer):
    cooperative = serializers.CharField(source="cooperative.name")
    lines = OrderLineSerializer(many=True)

    class Meta:
        model = Parcel
        fields = ["cooperative", "state", "goods_vnd", "shipping_vnd", "lines"]


class PaymentSerializer(serializers.Serializer):
    bank_bin = serializers.CharField()
    bank = serializers.CharField()
    account_number = serializers.CharField()
    account_name = serializers.CharField()
    amount_vnd = serializers.IntegerField()
    memo = serializers.CharField()
    vietqr = serializers.CharField(help_text="The text of the QR code that bank apps read.")


class OrderSerializer(serializers.ModelSerializer):
    """Of an order from `get_order_by_token`. Readers hold its secret link."""

    session = serializers.IntegerField(source="session_id")
    order_token = serializers.CharField(source="token", help_text="Secret: opens the order.")
    page_url = serializers.SerializerMethodField(help_text="Secret: the buyer's own page.")
    buyer_phone = serializers.SerializerMethodField(help_text="Masked.")
    commune = CommuneSerializer()
    parcels = OrderParcelSerializer(many=True)
    cancel_until = serializers.SerializerMethodField()
    payment = serializers.SerializerMethodField(help_text="While a transfer is waited for.")
    is_simulated = serializers.BooleanField(help_text="A demonstration's: nobody waits for it.")

    class Meta:
        model = Order
        fields = [
            "code", "order_token", "page_url", "session", "state", "payment_method", "placed_at",
            "pay_by", "buyer_paid_at", "money_not_found_at", "paid_at", "closed_at", "close_reason", "goods_vnd", "shipping_vnd",
            "total_vnd", "buyer_name", "buyer_phone", "commune", "address_line", "note", "parcels",
            "cancel_until", "payment", "is_simulated",
        ]  # fmt: skip

    def get_page_url(self, order: Order) -> str:
        return absolute(reverse("show-order", args=[order.token]))

    def get_buyer_phone(self, order: Order) -> str:
        return mask_phone(order.buyer_phone)

    def get_cancel_until(self, order: Order) -> serializers.DateTimeField(allow_null=True):  # type: ignore[valid-type]
        return cancel_until(order)

    def get_payment(self, order: Order) -> PaymentSerializer(allow_null=True):  # type: ignore[valid-type]
        return payment_for(order)


def payment_for(order: Order) -> dict[str, Any] | None:
    """How to transfer the money of `order` while it is waited for, as PaymentSerializer shows it."""
    if order.state != Order.State.AWAITING_PAYMENT or not order.has_payee:
        return None
    return {
        "bank_bin": order.payee_bank_bin,
        "bank": order.payee_bank_name,
        "account_number": order.payee_account_number,
        "account_name": order.payee_account_name,
        "amount_vnd": order.amount_vnd,
        "memo": order.transfer_memo,
        "vietqr": order.vietqr,
    }


class ParcelSerializer(serializers.ModelSerializer):
    """What a packing list needs; the whole number is shown on the page, where it is noted."""

    order_code = serializers.CharField(source="order.code")
    session = serializers.IntegerField(source="order.session_id")
    payment_method = serializers.CharField(source="order.payment_method")
    order_state = serializers.CharField(source="order.state")
    buyer_name = serializers.CharField(source="order.buyer_name")
    buyer_phone = serializers.SerializerMethodField(help_text="Masked.")
    commune = CommuneSerializer(source="order.commune")
    address_line = serializers.CharField(source="order.address_line")
    note = serializers.CharField(source="order.note")
    is_simulated = serializers.BooleanField(
        source="order.is_simulated", help_text="A demonstration's: nobody waits for it."
    )
    lines = OrderLineSerializer(many=True)
    payment = serializers.ChoiceField(
        Payment.choices, help_text="What was paid, not how the buyer meant to pay."
    )
    to_collect_vnd = serializers.IntegerField(help_text="Cash that the parcel has to bring.")
    may_be_sent = serializers.BooleanField(
        help_text="To be packed or handed over, paid or in cash."
    )
    standing = serializers.CharField(help_text="State and payment in words, as on the page.")
    next_states = serializers.SerializerMethodField(help_text="Where it may be moved now.")

    class Meta:
        model = Parcel
        fields = [
            "id", "order_code", "session", "state", "changed_at", "payment_method", "order_state",
            "buyer_name", "buyer_phone", "commune", "address_line", "note", "goods_vnd",
            "shipping_vnd", "payment", "to_collect_vnd", "may_be_sent", "standing", "is_simulated",
            "lines", "next_states",
        ]  # fmt: skip

    def get_buyer_phone(self, parcel: Parcel) -> str:
        return mask_phone(parcel.order.buyer_phone)

    def get_next_states(self, parcel: Parcel) -> list[str]:
        return [str(state) for state in next_steps(parcel)]


class TallySerializer(serializers.ModelSerializer):
    is_simulated = serializers.BooleanField(
        source="session.is_simulated", help_text="The session is a demonstration's."
    )
    cooperative = serializers.CharField(
        source="cooperative.slug", allow_null=True, default=None, help_text="null: all together."
    )

    class Meta:
        model = SessionTally
        fields = [
            "cooperative", "order_count", "unit_count", "buyer_count", "goods_vnd", "weight_g",
            "closed_order_count", "counted_at", "is_simulated",
        ]  # fmt: skip


# What is taken in


class ParcelQuery(serializers.Serializer):
    state = serializers.ChoiceField(Parcel.State.choices, required=False)
    session = serializers.IntegerField(required=False, min_value=1, max_value=MAX_INT)
    q = PlainText(required=False, max_length=80, help_text="Order code, buyer's name, last digits.")


class ParcelMove(serializers.Serializer):
    state = serializers.ChoiceField(MOVES)


class ShowOrder(SecretLinkView):
    says = {"GET": _("An order, for whoever holds its secret link.")}
    gives = {"GET": OrderSerializer}

    def get(self, request: Request, order_token: str) -> Response:
        return self.answer(get_order_by_token(order_token))


class OrderButton(SecretLinkView):
    """One of the buttons on an order's page; answers with the resulting order."""

    gives = {"POST": OrderSerializer}
    act: ClassVar[Callable[..., object]]

    @once
    def post(self, request: Request, order_token: str) -> Response:
        self.act(order=get_order_by_token(order_token))
        return self.answer(get_order_by_token(order_token))


class CancelOrder(OrderButton):
    says = {"POST": _("Cancel an order while that is possible.")}
    act = staticmethod(cancel_order)


class SayPaid(OrderButton):
    """Holds the units longer, once; the co-op then looks for the money in its account."""

    says = {"POST": _("Say that the transfer is made.")}
    act = staticmethod(say_paid)


class PackerView(MemberView):
    access_rule = members("manager", "host", "packer")


class ListParcels(PackerView):
    says = {"GET": _("Parcels of the co-op, oldest first.")}
    asks = ParcelQuery
    gives = {"GET": ParcelSerializer(many=True)}

    def get(self, request: Request, cooperative_slug: str) -> Response:
        cooperative = get_cooperative_to_pack(request.user, cooperative_slug)
        asked = self.asked()
        parcels = Parcel.objects.packed_by(request.user).filter(cooperative=cooperative)
        if asked.get("state"):
            parcels = parcels.filter(state=asked["state"])
        if asked.get("session"):
            parcels = parcels.filter(order__session=asked["session"])
        if asked.get("q"):
            note_phone_search(words=asked["q"], user=self.person)
            parcels = parcels.matching(asked["q"])
        return self.page(parcels.for_packing().order_by("pk"))


class MoveParcel(PackerView):
    says = {"POST": _("Move a parcel a step on.")}
    takes = {"POST": ParcelMove}
    gives = {"POST": ParcelSerializer}

    @once
    def post(self, request: Request, cooperative_slug: str, parcel_id: int) -> Response:
        parcel = get_parcel_to_pack(request.user, cooperative_slug, parcel_id)
        move_parcel(parcel=parcel, state=self.said()["state"], by=self.person)
        return self.answer(get_parcel_to_pack(request.user, cooperative_slug, parcel_id))


class ShowFigures(MemberView):
    """The co-op that holds the session sees the whole of it, a guest co-op its own row."""

    says = {"GET": _("Orders, units, đồng and kilograms of a session.")}
    gives = {"GET": TallySerializer(many=True)}

    def get(self, request: Request, session_id: int) -> Response:
        session = get_session_to_follow(request.user, session_id)
        return self.page(tallies_for(request.user, session))


def tallies_for(user: Any, session: LivestreamSession) -> Any:
    rows = SessionTally.objects.filter(session=session).select_related("cooperative", "session")
    if not LivestreamSession.objects.hostable_by(user).filter(pk=session.pk).exists():
        rows = rows.filter(cooperative__in=Cooperative.objects.hosted_by(user))
    return rows.order_by("cooperative_id", "pk")
