"""Close an order and give its units back: by the buyer, by the co-op, or when time ran out.

Rows are touched in one order everywhere: order, its parcels, the buyer's shares, the offers, the
lots; each kind by id.
"""

import datetime as dt
import logging
import time
from collections.abc import Iterable

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Case, F, Q, Value, When

from accounts.models import User
from core.clock import Instant
from livestreams.models import Offer
from orders import events
from orders.errors import CannotCallOff, CannotCancel
from orders.models import BuyerShare, Order, Parcel
from orders.querysets import ON_HOLD_STATES, OPEN_STATES
from orders.services import refunding
from products.services import stock

log = logging.getLogger(__name__)

CANCEL_WINDOW = dt.timedelta(minutes=settings.CANCEL_WINDOW_MINUTES)
RELEASE_BATCH = 500
RELEASE_WITHIN_S = 10.0  # a round is over before the next begins
BY_BUYER = "buyer"  # close_reason of an order its buyer cancelled
TIME_RAN_OUT, NOT_TAKEN = "time", "not_taken"  # of released orders: not paid; held, and not taken


WHY_RELEASED = Case(
    When(state=Order.State.HELD, then=Value(NOT_TAKEN)), default=Value(TIME_RAN_OUT)
)


class BooksDisagree(RuntimeError):
    """Units an open order holds were not found where they must be; see `check_books`."""


def cancel_until(order: Order) -> dt.datetime | None:
    """Until when the buyer may cancel; None when that is past being a question of time.

    What is held or waits to be paid may be cancelled as long, cash on delivery for CANCEL_WINDOW.
    """
    if order.state in ON_HOLD_STATES:
        return order.pay_by
    if order.state == Order.State.CONFIRMED and order.paid_at is None:
        return order.placed_at + CANCEL_WINDOW
    return None


@transaction.atomic
def cancel_order(*, order: Order) -> Order:
    """Cancel for the buyer. A second call finds it cancelled and changes nothing.

    Raises CannotCancel once paid, once the window is over, or once a parcel is packed.
    """
    waiting = Q(state__in=ON_HOLD_STATES)
    fresh = Q(
        state=Order.State.CONFIRMED,
        payment_method=Order.PaymentMethod.COD,
        placed_at__gt=Instant() - CANCEL_WINDOW,
    )
    _close(order, waiting | fresh, Order.State.CANCELLED, BY_BUYER)
    return order


@transaction.atomic
def cancel_order_for_coop(*, order: Order, reason: str, user: User | None = None) -> Order:
    """Cancel for the co-op that holds the session, at any time before a parcel is packed.

    `reason` is shown to the buyer. Money already received goes into the queue of money to send
    back, noted by `user`.
    """
    try:
        _close(order, Q(state__in=OPEN_STATES), Order.State.CANCELLED, reason)
    except CannotCancel as refusal:
        raise CannotCallOff from refusal
    if order.paid_at:
        refunding.note_cancelled(order=order, user=user)
    return order


def release_overdue(*, within_s: float = RELEASE_WITHIN_S) -> int:
    """Release every order whose time ran out, for at most about `within_s`; returns how many.

    Each in a transaction of its own: one that fails or was paid meanwhile keeps no other waiting.
    """
    ends_at = time.monotonic() + within_s
    released = 0
    tried: set[int] = set()
    while batch := _overdue(tried):
        for order_id in batch:
            if time.monotonic() > ends_at:
                return released
            tried.add(order_id)  # whatever comes of it, once a round is enough
            try:
                released += release_order(order_id=order_id)
            except (DatabaseError, BooksDisagree):
                log.exception("order %s was not released; the next round tries again", order_id)
    return released


def _overdue(but_not: set[int]) -> list[int]:
    overdue = Order.objects.overdue().exclude(pk__in=but_not).order_by("pay_by")
    return list(overdue.values_list("pk", flat=True)[:RELEASE_BATCH])


def release_order(*, order_id: int) -> bool:
    """Give back the units of an order that is overdue by the database's clock; False if not."""
    overdue = Q(state__in=ON_HOLD_STATES, pay_by__lt=Instant())
    try:
        with transaction.atomic():
            _close(Order(pk=order_id), overdue, Order.State.RELEASED, WHY_RELEASED)
    except CannotCancel:
        return False
    return True


def _close(order: Order, may_close: Q, state: str, reason: str | Case) -> None:
    """Change the state where `may_close` still holds on the row itself; all or nothing."""
    found = Order.objects.filter(may_close, pk=order.pk)
    changed = found.update(state=state, closed_at=Instant(), close_reason=reason)
    order.refresh_from_db()
    if not changed:
        if order.state == state == Order.State.CANCELLED:
            return  # cancelled before
        raise CannotCancel
    _cancel_parcels(order)
    freed = _give_back_shares(order)
    events.order_changed(order, offer_ids=[line["offer_id"] for line in freed])
    _give_back(freed)


def _cancel_parcels(order: Order) -> None:
    """A parcel being packed at this moment wins: its row is the guard."""
    with_goods = order.parcels.with_goods()
    count = with_goods.count()
    fresh = with_goods.filter(state=Parcel.State.NEW)
    if fresh.update(state=Parcel.State.CANCELLED, changed_at=Instant()) != count:
        raise CannotCancel


def _give_back_shares(order: Order) -> list[dict[str, int]]:
    """Take the order's units off the buyer's shares; returns its lines in offer-id order."""
    named = order.lines.order_by("offer_id").values("offer_id", "lot_id", "quantity")
    lines: list[dict[str, int]] = [dict(line) for line in named]  # type: ignore[arg-type]
    for line in lines:
        share = BuyerShare.objects.filter(
            offer_id=line["offer_id"],
            buyer_phone=order.buyer_phone,
            quantity__gte=line["quantity"],
        )
        if not share.update(quantity=F("quantity") - line["quantity"]):
            raise BooksDisagree(f"share of order {order.pk}")
    return lines


def _give_back(lines: list[dict[str, int]]) -> None:
    give_to_lots([ln for ln in lines if not release_units(ln["offer_id"], ln["quantity"])])


def give_to_lots(lines: Iterable[dict[str, int]]) -> None:
    """A closed offer gave its rest to the lot; what comes free later goes the same way."""
    for line in sorted(lines, key=lambda line: line["lot_id"]):
        stock.give_back_to_lot(
            lot_id=line["lot_id"],
            quantity=line["quantity"],
            reference=f"offer:{line['offer_id']}",
        )


def release_units(offer_id: int, quantity: int) -> bool:
    """Give units back to the offer; False when it is closed and they belong to the lot again."""
    offer = Offer.objects.filter(pk=offer_id)
    if offer.exclude(state=Offer.State.CLOSED).release(quantity):
        return True
    if offer.filter(state=Offer.State.CLOSED).release(quantity):
        return False
    raise BooksDisagree(f"claims of offer {offer_id}")
