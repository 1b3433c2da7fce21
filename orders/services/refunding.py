"""Money of closed orders: noted once, sent back or turned into a new order by a person.

Nothing here revives an order. Rows are locked in one order everywhere: the refund's order, the
refund, then whatever a new order takes. The states are their own guards, so each step is done
once however often it is asked for.
"""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.clock import Instant
from orders import events
from orders.errors import (
    CannotPlaceAnew,
    OrderRefused,
    PriceChanged,
    RefundMoved,
    SessionNotLive,
)
from orders.models import Order, Parcel, PhoneReveal, Refund
from orders.querysets import RefundQuerySet
from orders.services.placing import place_order

State, Reason = Refund.State, Refund.Reason
CLOSED_STATES = (Order.State.CANCELLED, Order.State.RELEASED)
UNDO_WINDOW = dt.timedelta(hours=24)
_OF_A_PARCEL = _("These goods came back. Send the money back, or send the parcel once more.")


@transaction.atomic
def note_late_money(*, order: Order, user: User) -> Refund:
    """The transfer of a closed `order` arrived: put it into the queue. A second call finds it there.

    The order stays closed, its `paid_at` says that its money is with the co-op.
    """
    # One at a time: the money may be struck out of the queue at this moment
    Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    came = Order.objects.filter(
        pk=order.pk,
        state__in=CLOSED_STATES,
        payment_method=Order.PaymentMethod.TRANSFER,
        paid_at=None,
    ).update(paid_at=Instant(), paid_confirmed_by=user)
    order.refresh_from_db()
    if came:
        return _note(order, Reason.LATE, user)
    return Refund.objects.get(order=order, parcel=None)


def note_cancelled(*, order: Order, user: User | None) -> Refund:
    """A paid order was cancelled in this transaction: its money has to go back."""
    return _note(order, Reason.CANCELLED, user)


def note_returned(*, parcel: Parcel, user: User | None) -> None:
    """A parcel came back in this transaction: what was paid for it has to go back."""
    if parcel.order.paid_at:
        _note(parcel.order, Reason.RETURNED, user, parcel)


def strike_returned(*, parcel: Parcel) -> bool:
    """It did not come back after all; False when its money has been sent back meanwhile."""
    of_parcel = Refund.objects.filter(parcel=parcel)
    of_parcel.due().delete()
    return not of_parcel.exists()


@transaction.atomic
def send_back(*, refund: Refund, reference: str, user: User) -> Refund:
    """The money was sent back; `reference` is the bank's. The same reference again changes nothing.

    Raises RefundMoved when it was settled otherwise meanwhile.
    """
    changed = Refund.objects.due().filter(pk=refund.pk)
    is_done = changed.update(
        state=State.SENT, reference=reference, settled_at=Instant(), settled_by=user
    )
    _look_again(refund)
    if is_done:
        events.refund_changed(refund)
    elif (refund.state, refund.reference) != (State.SENT, reference):
        raise RefundMoved
    return refund


@transaction.atomic
def place_anew(*, refund: Refund, user: User) -> Order:
    """Turn the money into a new order of the same lines, confirmed and paid; a second call finds it.

    Goes through the one door like any order. Raises CannotPlaceAnew (session over, sold out, limit,
    a line waiting, another price), writing nothing; RefundMoved when the money was sent back.
    """
    _lock(refund)
    if refund.parcel_id is not None:
        raise CannotPlaceAnew(_OF_A_PARCEL)
    if refund.state == State.REPLACED:
        return Order.objects.get(paid_by=refund)
    if refund.state != State.DUE:
        raise RefundMoved
    order = _order_again(refund.order)
    if order.goods_vnd + order.shipping_vnd != refund.amount_vnd:
        raise PriceChanged(now_vnd=order.goods_vnd + order.shipping_vnd)
    _confirm(order, refund)
    Refund.objects.filter(pk=refund.pk).update(
        state=State.REPLACED, replacement=order, settled_at=Instant(), settled_by=user
    )
    refund.refresh_from_db()
    events.refund_changed(refund)
    return order


@transaction.atomic
def undo_sent(*, refund: Refund) -> Refund:
    """It was not sent after all: back into the queue, within UNDO_WINDOW. Raises RefundMoved."""
    sent = Refund.objects.filter(
        pk=refund.pk, state=State.SENT, settled_at__gt=Instant() - UNDO_WINDOW
    )
    if sent.update(state=State.DUE, reference="", settled_at=None, settled_by=None):
        refund.refresh_from_db()
        events.refund_changed(refund)
        return refund
    _look_again(refund)
    if refund.state != State.DUE:
        raise RefundMoved
    return refund


@transaction.atomic
def strike_late_money(*, refund: Refund) -> None:
    """Late money noted by mistake: as if it had not been. Raises RefundMoved once settled."""
    order = Order.objects.select_for_update(no_key=True).get(pk=refund.order_id)
    struck, _rows = Refund.objects.due().filter(pk=refund.pk, reason=Reason.LATE).delete()
    if not struck:
        if Refund.objects.filter(pk=refund.pk).exists():
            raise RefundMoved
        return
    Order.objects.filter(pk=order.pk).update(paid_at=None, paid_confirmed_by=None)
    events.order_changed(order)


@transaction.atomic
def reveal_phone(*, refund: Refund, user: User) -> None:
    """Let `user` see the buyer's whole number while the money is due; every look is recorded."""
    if Refund.objects.due().filter(pk=refund.pk).exists():
        parcel = Parcel.objects.filter(order=refund.order_id).earliest("pk")
        PhoneReveal.objects.create(parcel=parcel, revealed_to=user)


def _note(order: Order, reason: str, user: User | None, parcel: Parcel | None = None) -> Refund:
    refund, is_new = Refund.objects.get_or_create(
        order=order,
        parcel=parcel,
        defaults={
            "reason": reason,
            "amount_vnd": (parcel or order).amount_vnd,
            "noted_by": user,
        },
    )
    if is_new:
        events.refund_changed(refund)
    return refund


def _lock(refund: Refund) -> None:
    Order.objects.select_for_update(no_key=True).get(pk=refund.order_id)
    _look_again(refund, Refund.objects.select_for_update(no_key=True))


def _look_again(refund: Refund, rows: RefundQuerySet | None = None) -> None:
    """Read the row anew. Raises RefundMoved when it was struck out of the queue meanwhile."""
    try:
        refund.refresh_from_db(from_queryset=rows)
    except Refund.DoesNotExist as error:
        raise RefundMoved from error


def _order_again(old: Order) -> Order:
    lines = list(old.lines.values_list("offer_id", "quantity"))
    try:
        return place_order(
            session=old.session,
            lines=lines,
            buyer_name=old.buyer_name,
            buyer_phone=old.buyer_phone,
            commune=old.commune,
            address_line=old.address_line,
            note=old.note,
            payment_method=Order.PaymentMethod.TRANSFER,
            language=old.language,
        )
    except SessionNotLive as refusal:
        raise CannotPlaceAnew from refusal
    except OrderRefused as refusal:
        raise CannotPlaceAnew(str(refusal.message), **refusal.details) from refusal


def _confirm(order: Order, refund: Refund) -> None:
    paid = Order.objects.awaiting_payment().filter(pk=order.pk)
    paid.update(
        state=Order.State.CONFIRMED,
        paid_at=refund.order.paid_at,
        paid_confirmed_by=refund.order.paid_confirmed_by,
    )
    order.refresh_from_db()
    events.order_changed(order)
