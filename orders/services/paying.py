"""Somebody of the co-op saw the transfer in the bank account."""

from django.db import transaction

from accounts.models import User
from core.clock import Instant
from orders import events
from orders.errors import NotAwaitingPayment, PaymentCameLate
from orders.models import Order


@transaction.atomic
def confirm_payment(*, order: Order, user: User) -> Order:
    """The transfer of `order` arrived in full. A second call changes nothing.

    An order past its `pay_by` that is not released yet still holds its units and is confirmed.
    Raises PaymentCameLate once released or cancelled (never revived), NotAwaitingPayment for cash.
    """
    waiting = Order.objects.awaiting_payment().filter(pk=order.pk)
    changed = waiting.update(state=Order.State.CONFIRMED, paid_at=Instant(), paid_confirmed_by=user)
    order.refresh_from_db()
    if changed:
        events.order_changed(order)
    elif order.payment_method != Order.PaymentMethod.TRANSFER:
        raise NotAwaitingPayment
    elif not order.is_open:
        raise PaymentCameLate
    return order
