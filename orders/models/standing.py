"""What was paid and what may be sent: the one place of the words for it.

Pages, papers, files and the API show these words, so none of them says of an order what another
does not. They follow from what was paid, not from how the buyer meant to pay.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from orders.models.ordering import Order


class Payment(models.TextChoices):
    CASH = "cash", _("cash on delivery")
    CASH_TAKEN = "cash_taken", _("paid in cash")
    PAID = "paid", _("paid by transfer")
    UNPAID = "unpaid", _("not paid yet")
    NOT_TAKEN = "not_taken", _("not taken by the buyer yet")
    NOTHING = "nothing", _("nothing to pay")
    GOES_BACK = "goes_back", _("paid, goes back to the buyer")
    WENT_BACK = "went_back", _("paid, sent back to the buyer")
    REPLACED = "replaced", _("paid, used for a new order")


MAY_BE_SENT = Q(order__state="confirmed") & (
    Q(order__payment_method="cod") | Q(order__paid_at__isnull=False)
)  # parcels of it, as `ParcelStanding.may_be_sent`
ICONS = {"wait": "clock", "done": "check", "stop": "close", "warn": "warning", "info": "box"}


@dataclass(frozen=True)
class Words:
    """A state as a chip shows it: word, tone and shape."""

    label: Any
    tone: str
    icon: str = ""

    def __str__(self) -> str:
        return str(self.label)


def payment_of(order: "Order", refund: Any) -> Payment:
    """What is to be said of the money of `order`, whose parcel is neither sent nor back yet."""
    if refund is not None:
        return {"due": Payment.GOES_BACK, "sent": Payment.WENT_BACK}.get(
            refund.state, Payment.REPLACED
        )
    if order.paid_at:
        return Payment.PAID if order.is_open else Payment.GOES_BACK
    if not order.is_open:
        return Payment.NOTHING
    if order.state == "held":
        return Payment.NOT_TAKEN
    return Payment.CASH if order.payment_method == "cod" else Payment.UNPAID


class ParcelStanding:
    """Properties of a parcel that are read with its order, and with the order's refund."""

    order: Any
    state: Any
    pk: Any
    goods_vnd: Any
    shipping_vnd: Any

    @property
    def refund(self) -> Any:
        """Money of this parcel that goes back because it came back itself; None for none."""
        return next((row for row in self.order.refunds.all() if row.parcel_id == self.pk), None)

    @property
    def payment(self) -> Payment:
        refund = self.refund or self.order.refund
        is_cash = self.order.payment_method == "cod" and self.order.state == "confirmed"
        if refund is None and is_cash:
            return {
                "delivered": Payment.CASH_TAKEN,
                "returned": Payment.NOTHING,
                "cancelled": Payment.NOTHING,
            }.get(self.state, Payment.CASH)
        return payment_of(self.order, refund)

    @property
    def to_collect_vnd(self) -> int:
        """Cash that the parcel still has to bring."""
        is_due = self.payment == Payment.CASH and self.order.state == "confirmed"
        return int(self.goods_vnd + self.shipping_vnd) if is_due else 0

    @property
    def may_be_sent(self) -> bool:
        """It is to be packed or handed over, with nothing in the way."""
        is_settled = self.payment in {Payment.CASH, Payment.PAID}
        return self.order.state == "confirmed" and is_settled and self.state in {"new", "packed"}

    @property
    def standing(self) -> Words:
        """The parcel's state in words; that of its order where it decides."""
        order = self.order
        if order.state == "held":
            return Words(order.get_state_display(), "wait", "clock")
        if order.state == "released":
            return Words(order.get_state_display(), "stop", "close")
        if order.state == "cancelled" or self.state == "cancelled":
            return Words(_("cancelled"), "stop", "close")
        if self.state in {"new", "packed"} and not self.may_be_sent:
            return Words(_("waiting for money"), "wait", "money")
        tone = PARCEL_TONES[self.state]
        return Words(self.get_state_display(), tone)  # type: ignore[attr-defined]

    @property
    def not_to_send(self) -> Any:
        """Why nothing of it may be packed or handed over, for paper; "" when it may, or is gone."""
        if self.may_be_sent or (self.order.state == "confirmed" and self.state in GONE_STATES):
            return ""
        if self.order.state == "confirmed" and self.state == "returned":
            return _("Came back: do not send")
        return {
            "held": _("Not taken by the buyer yet: do not pack"),
            "awaiting_payment": _("Not paid yet: do not pack"),
            "released": _("Time to pay ran out: do not send"),
        }.get(self.order.state, _("Cancelled: do not send"))


GONE_STATES = {"shipped", "delivered"}
PARCEL_TONES = {
    "new": "wait",
    "packed": "info",
    "shipped": "info",
    "delivered": "done",
    "returned": "warn",
    "cancelled": "stop",
}
