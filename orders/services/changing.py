"""Change an order while it may still be changed: more or fewer units, another address or note.

Rows are locked in the order of the house: order, its parcels, its lines, the buyer's shares, the
offers, the lots; each kind by id. Units come and go through the same guarded statements as at
placing and cancelling, so a walk-in's rules hold: no units are added while others wait in line.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from coops.models import Commune
from core.clock import Instant, Today
from livestreams.models import MAX_UNITS_PER_CLAIM, Offer
from orders import events
from orders.errors import CannotChange, NothingLeftOver, TooFewToAdd
from orders.models import BuyerShare, Order, OrderLine, Parcel
from orders.querysets import ON_HOLD_STATES
from orders.services.cancelling import (
    CANCEL_WINDOW,
    BooksDisagree,
    cancel_until,
    give_to_lots,
    release_units,
)

SOLD_OUT, LIMIT, CLOSED, HELD, PRICE = "sold_out", "limit", "closed", "held", "price"


@dataclass(frozen=True)
class ShortLine:
    """A line that cannot be raised as asked: `possible` is the most it can be set to now."""

    offer_id: int
    live_code: str
    name: str
    quantity: int
    possible: int
    problem: str


class _Short(Exception):
    """Rolls the attempt back; `offer_ids` name the lines at fault."""

    def __init__(self, problem: str, offer_ids: Iterable[int]) -> None:
        self.problem = problem
        self.offer_ids = set(offer_ids)
        super().__init__(problem)


def change_until(order: Order) -> dt.datetime | None:
    """Until when the buyer may change `order`, packing apart; None when it may not be changed."""
    is_fresh = all(parcel.state == Parcel.State.NEW for parcel in order.parcels.all())
    return cancel_until(order) if is_fresh and not order.buyer_paid_at else None


def change_order(
    *,
    order: Order,
    lines: Sequence[tuple[int, int]] = (),
    buyer_name: str | None = None,
    commune: Commune | None = None,
    address_line: str | None = None,
    note: str | None = None,
) -> Order:
    """Set the quantities of the lines named by offer id (0 takes a line out), and what else is given.

    Lines not named and things left None stay. Prices stay those of the order; the amount and the
    parcels are reckoned anew, the code (the transfer's memo) stays. Setting again what already is
    changes nothing.

    Raises CannotChange once paid, packed, over or past its window; NothingLeftOver; TooFewToAdd,
    whose `details["lines"]` holds a ShortLine for each line at fault. Nothing is written then.
    """
    wanted = dict(lines)
    given = {
        "buyer_name": buyer_name,
        "commune": commune,
        "address_line": address_line,
        "note": note,
    }
    try:
        return _change(order.pk, wanted, {k: v for k, v in given.items() if v is not None})
    except _Short as short:
        states = _short_lines(order.pk, wanted, short)
        raise TooFewToAdd(lines=[asdict(state) for state in states]) from None


@transaction.atomic
def _change(order_id: int, wanted: dict[int, int], given: dict[str, Any]) -> Order:
    order = _lock_order(order_id)
    parcels = list(order.parcels.with_goods().select_for_update(no_key=True).order_by("pk"))
    if any(parcel.state != Parcel.State.NEW for parcel in parcels):
        raise CannotChange
    lines = list(order.lines.select_for_update(no_key=True).order_by("pk"))
    steps = _steps(lines, wanted)
    if sum(line.quantity + steps.get(line.offer_id, 0) for line in lines) == 0:
        raise NothingLeftOver
    raised = {offer_id: step for offer_id, step in steps.items() if step > 0}
    past = Q(lot__best_before_on__lt=Today())
    shown: Any = Offer.objects.filter(pk__in=raised).select_related("session")
    offers = {offer.pk: offer for offer in shown.annotate(is_past=Coalesce(past, False))}
    _refuse_early(order, lines, offers, raised)
    if not steps and all(getattr(order, name) == value for name, value in given.items()):
        return order
    left = _write_lines(lines, steps)
    _write_amounts(order, parcels, left, given)
    _move_shares(order.buyer_phone, steps, offers)
    fewer = [line for line in lines if steps.get(line.offer_id, 0) < 0]
    events.order_changed(order, offer_ids=sorted(line.offer_id for line in fewer))
    _move_units(lines, steps)
    return order


def may_change() -> Q:
    """Orders whose buyer may still change them, by the row itself and the database's clock."""
    # With the transfer made, another amount would not be the one that is paid
    waiting = Q(state__in=ON_HOLD_STATES, pay_by__gt=Instant(), buyer_paid_at=None)
    fresh = Q(
        state=Order.State.CONFIRMED,
        payment_method=Order.PaymentMethod.COD,
        placed_at__gt=Instant() - CANCEL_WINDOW,
    )
    return waiting | fresh


def _lock_order(order_id: int) -> Order:
    changeable = Order.objects.filter(may_change(), pk=order_id)
    order = changeable.select_for_update(no_key=True).first()
    if order is None:
        raise CannotChange
    return order


def _steps(lines: Sequence[OrderLine], wanted: dict[int, int]) -> dict[int, int]:
    """By how many units each line goes up or down, by offer id in id order."""
    steps = {
        line.offer_id: wanted.get(line.offer_id, line.quantity) - line.quantity for line in lines
    }
    return {offer_id: step for offer_id, step in sorted(steps.items()) if step}


def _refuse_early(
    order: Order, lines: Sequence[OrderLine], offers: dict[int, Any], raised: dict[int, int]
) -> None:
    """Turn away what cannot succeed before anything hot is locked. No guard: the claims are that."""
    if raised and order.state == Order.State.HELD:
        raise _Short(HELD, raised)
    price = {line.offer_id: line.unit_price_vnd for line in lines}
    if dearer := [pk for pk, offer in offers.items() if offer.unit_price_vnd != price[pk]]:
        raise _Short(PRICE, dearer)
    closed = [
        pk
        for pk, offer in offers.items()
        if offer.state != Offer.State.OPEN or not offer.session.is_live or offer.is_past
    ]
    if closed:
        raise _Short(CLOSED, closed)
    if short := [pk for pk, step in raised.items() if offers[pk].quantity_left < step]:
        raise _Short(SOLD_OUT, short)


def _write_lines(lines: Sequence[OrderLine], steps: dict[int, int]) -> list[OrderLine]:
    """Write the new quantities; returns the lines that are left, with them."""
    left = []
    for line in lines:
        line_step = steps.get(line.offer_id, 0)
        if line.quantity + line_step == 0:
            OrderLine.objects.filter(pk=line.pk).delete()
            continue
        if line_step:
            OrderLine.objects.filter(pk=line.pk).update(quantity=line.quantity + line_step)
        left.append(line)
    return left


def _write_amounts(
    order: Order, parcels: Sequence[Parcel], left: Sequence[OrderLine], given: dict[str, Any]
) -> None:
    """Reckon parcels and order anew; a parcel whose last line went is cancelled and costs nothing."""
    quantities = dict(OrderLine.objects.filter(order=order).values_list("pk", "quantity"))
    goods: dict[int, int] = {}
    for line in left:
        goods[line.parcel_id] = (
            goods.get(line.parcel_id, 0) + line.unit_price_vnd * quantities[line.pk]
        )
    for parcel in parcels:
        parcel.goods_vnd = goods.get(parcel.pk, 0)
        changed: dict[str, Any] = {"goods_vnd": parcel.goods_vnd}
        if not parcel.goods_vnd:
            parcel.shipping_vnd = 0
            changed |= {
                "shipping_vnd": 0,
                "state": Parcel.State.CANCELLED,
                "changed_at": Instant(),
            }
        Parcel.objects.filter(pk=parcel.pk).update(**changed)
    Order.objects.filter(pk=order.pk).update(
        goods_vnd=sum(goods.values()),
        shipping_vnd=sum(parcel.shipping_vnd for parcel in parcels),
        **given,
    )
    order.refresh_from_db()


def _move_shares(phone: str, steps: dict[int, int], offers: dict[int, Offer]) -> None:
    for offer_id, step in steps.items():
        share = BuyerShare.objects.filter(offer_id=offer_id, buyer_phone=phone)
        if step > 0:
            within = share.filter(quantity__lte=offers[offer_id].limit_per_buyer - step)
            if not within.update(quantity=F("quantity") + step):
                raise _Short(LIMIT, {offer_id})
        elif not share.filter(quantity__gte=-step).update(quantity=F("quantity") + step):
            raise BooksDisagree(f"share of {offer_id}")


def _move_units(lines: Sequence[OrderLine], steps: dict[int, int]) -> None:
    """The guard: each offer's own row decides, in id order; lots of closed offers come last."""
    lot_of = {line.offer_id: line.lot_id for line in lines}
    of_closed = []
    for offer_id, step in steps.items():
        if step > 0:
            if not Offer.objects.filter(pk=offer_id).claim(step):
                raise _Short(SOLD_OUT, {offer_id})
        elif not release_units(offer_id, -step):
            of_closed.append({"offer_id": offer_id, "lot_id": lot_of[offer_id], "quantity": -step})
    give_to_lots(of_closed)


def _short_lines(order_id: int, wanted: dict[int, int], short: _Short) -> list[ShortLine]:
    """The current state of the lines at fault, after the attempt has been rolled back."""
    at_fault = OrderLine.objects.filter(order=order_id, offer__in=short.offer_ids)
    lines = at_fault.select_related("offer__session", "order").order_by("live_code")
    return [_short_line(line, wanted[line.offer_id], short.problem) for line in lines]


def _short_line(line: OrderLine, quantity: int, problem: str) -> ShortLine:
    is_full = problem in {HELD, PRICE, CLOSED}
    return ShortLine(
        offer_id=line.offer_id,
        live_code=line.live_code,
        name=f"{line.product_name}, {line.variant_name}",
        quantity=quantity,
        possible=line.quantity if is_full else most_of(line),
        problem=problem,
    )


def most_of(line: OrderLine) -> int:
    """The most units this line can be set to now, read without a lock."""
    offer, order = line.offer, line.order
    can_add = (
        offer.is_orderable
        and offer.session.is_live
        and order.state != Order.State.HELD
        and offer.unit_price_vnd == line.unit_price_vnd
    )
    if not can_add:
        return line.quantity
    share = BuyerShare.objects.filter(offer=offer, buyer_phone=order.buyer_phone)
    held = share.values_list("quantity", flat=True).first() or 0
    room = min(offer.quantity_left, offer.limit_per_buyer - held)
    return max(line.quantity, min(line.quantity + room, MAX_UNITS_PER_CLAIM))
