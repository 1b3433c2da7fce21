"""Bank transfers: reported by the buyer, confirmed by a member who sees the money in the account."""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Greatest

from accounts.models import User
from core.clock import Instant
from orders import events
from orders.errors import AmountChanged, NotAwaitingPayment, NothingToLookFor
from orders.models import Order, Parcel
from orders.querysets import CLOSED_STATES
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


@transaction.atomic
def say_paid(*, order: Order) -> Order:
    """Record the buyer's report that the transfer of `order` is made. A second call changes nothing.

    The units are then held longer, once: hosts on air look into their account when they can. A
    phone that has paid for nothing yet gets less, so that nobody holds stock by pressing. A closed
    order stays closed; the co-op is asked to look for its money.

    Raises NotAwaitingPayment for cash, and for what the buyer has not taken yet.
    """
    unseen = Order.objects.filter(
        pk=order.pk,
        payment_method=Order.PaymentMethod.TRANSFER,
        paid_at=None,
        buyer_paid_at=None,
    ).exclude(state=Order.State.HELD)
    held_until = Greatest(F("pay_by"), Instant() + _hold_of(order.buyer_phone))
    changed = unseen.update(
        buyer_paid_at=Instant(),
        pay_by=Case(When(state=Order.State.AWAITING_PAYMENT, then=held_until), default=F("pay_by")),
    )
    order.refresh_from_db()
    if changed:
        events.order_changed(order)
    elif not order.buyer_paid_at and not order.paid_at:
        raise NotAwaitingPayment
    return order


@transaction.atomic
def say_not_found(*, order: Order) -> Order:
    """The host looked: the money that the buyer of a closed order says was sent is not there.

    The order leaves the list of claims, and its buyer is told. Money that comes later is confirmed
    as before. A second call changes nothing. Raises NothingToLookFor.
    """
    claims = Order.objects.filter(
        pk=order.pk, state__in=CLOSED_STATES, buyer_paid_at__isnull=False, paid_at=None
    )
    changed = claims.filter(money_not_found_at=None).update(money_not_found_at=Instant())
    order.refresh_from_db()
    if changed:
        events.order_changed(order)
    elif not claims.exists():
        raise NothingToLookFor
    return order


def _hold_of(buyer_phone: str) -> dt.timedelta:
    has_paid = Q(paid_at__isnull=False) | Q(parcels__state=Parcel.State.DELIVERED)
    is_known = Order.objects.filter(has_paid, buyer_phone=buyer_phone).exists()
    minutes = settings.SAID_PAID_MINUTES if is_known else settings.SAID_PAID_MINUTES_NEW
    return dt.timedelta(minutes=minutes)
