"""Somebody of the co-op saw the transfer in the bank account."""

from django.db import transaction
from django.db.models import F

from accounts.models import User
from core.clock import Instant
from orders import events
from orders.errors import AmountChanged, NotAwaitingPayment
from orders.models import Order
from orders.services import refunding


@transaction.atomic
def confirm_payment(*, order: Order, user: User, seen_vnd: int | None = None) -> Order:
    """The transfer of `order` arrived in full. A second call changes nothing.

    `seen_vnd` is the amount the page showed. An order past its `pay_by` that is not released yet
    still holds its units and is confirmed. Money of a released or cancelled order goes into the
    queue of money to send back; the order stays closed (look at its state).

    Raises NotAwaitingPayment for cash, AmountChanged when the buyer changed the order meanwhile.
    """
    waiting = Order.objects.awaiting_payment().filter(pk=order.pk)
    if seen_vnd is not None:
        waiting = waiting.filter(goods_vnd=seen_vnd - F("shipping_vnd"))
    changed = waiting.update(state=Order.State.CONFIRMED, paid_at=Instant(), paid_confirmed_by=user)
    order.refresh_from_db()
    if changed:
        events.order_changed(order)
    elif order.payment_method != Order.PaymentMethod.TRANSFER:
        raise NotAwaitingPayment
    elif not order.is_open:
        refunding.note_late_money(order=order, user=user)
    elif order.state == Order.State.HELD:
        raise NotAwaitingPayment
    elif order.state == Order.State.AWAITING_PAYMENT:
        raise AmountChanged
    return order
