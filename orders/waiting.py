"""The state of a waitlist entry, for its page and for API clients."""

import datetime as dt
import enum
from typing import Any

from orders.models import Order, StandbyEntry
from orders.services.standing_by import place_of

State = StandbyEntry.State


class Stage(enum.StrEnum):
    WAITING = "waiting"  # in line
    HELD = "held"  # units are held until the order's pay_by
    TAKEN = "taken"  # the buyer took them: see the order
    OVER = "over"  # they were not taken in time, or given up, or called off
    LEFT = "left"  # the buyer gave the place up
    CLOSED = "closed"  # the line is over for them: see close_reason


def stage_of(entry: StandbyEntry, now: dt.datetime) -> Stage:
    """`now` is the database's clock: what is past its time is over before it is released."""
    order = entry.order
    if entry.state != State.PROMOTED or order is None:
        return Stage(entry.state)
    if order.state == Order.State.HELD:
        return Stage.HELD if order.pay_by and now < order.pay_by else Stage.OVER
    return Stage.TAKEN if order.is_open or order.paid_at else Stage.OVER


def standing(entry: StandbyEntry, now: dt.datetime) -> dict[str, Any]:
    """What may change on the page: `place` 1 is the first of `waiting`, both None once settled."""
    stage = stage_of(entry, now)
    place = place_of(entry) if stage == Stage.WAITING else None
    return {
        "stage": str(stage),
        "place": place and place.number,
        "waiting": place and place.waiting,
        "held_until": entry.order.pay_by if stage == Stage.HELD and entry.order else None,
        "now": now,
    }


def quantity_held(entry: StandbyEntry) -> int:
    """Units of the order that the entry became; 0 before."""
    return sum(line.quantity for line in entry.order.lines.all()) if entry.order else 0
