"""A parcel's way: new, packed, on its way, delivered or come back; and one step back."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from core.clock import Instant
from orders import events
from orders.errors import WrongStep
from orders.models import Order, Parcel

State = Parcel.State
NEXT_STEPS: dict[str, tuple[str, ...]] = {
    State.NEW: (State.PACKED,),
    State.PACKED: (State.SHIPPED,),
    State.SHIPPED: (State.DELIVERED, State.RETURNED),
}
PREVIOUS_STEP: dict[str, str] = {
    State.PACKED: State.NEW,
    State.SHIPPED: State.PACKED,
    State.DELIVERED: State.SHIPPED,
    State.RETURNED: State.SHIPPED,
}
UNDO_WINDOW = dt.timedelta(hours=24)


def next_steps(parcel: Parcel) -> tuple[str, ...]:
    """States `parcel` may be moved to now; none while its order waits for money or is closed."""
    if parcel.order.state != Order.State.CONFIRMED:
        return ()
    return NEXT_STEPS.get(parcel.state, ())


def can_undo(parcel: Parcel, now: dt.datetime) -> bool:
    is_confirmed = parcel.order.state == Order.State.CONFIRMED
    return is_confirmed and parcel.state in PREVIOUS_STEP and now - parcel.changed_at < UNDO_WINDOW


@transaction.atomic
def move_parcel(*, parcel: Parcel, state: str) -> Parcel:
    """Move one parcel a step on. Moving it where it already is changes nothing.

    Raises WrongStep when it stands elsewhere, or its order is not confirmed (any more).
    """
    if not move_parcels(parcels=[parcel], state=state):
        parcel.refresh_from_db()
        if parcel.state != state:
            raise WrongStep
    parcel.refresh_from_db()
    return parcel


@transaction.atomic
def move_parcels(*, parcels: Iterable[Parcel], state: str) -> list[Parcel]:
    """Move those that may go to `state`; returns them. The others stay as they are.

    Whoever changes a parcel's row first wins, for a cancelled order cancels its parcels' rows.
    """
    before = [old for old, targets in NEXT_STEPS.items() if state in targets]
    return _change(parcels, before, state)


@transaction.atomic
def undo_step(*, parcel: Parcel) -> Parcel:
    """Put a parcel back where it was, within UNDO_WINDOW of the step."""
    previous = PREVIOUS_STEP.get(parcel.state)
    if previous is None or not _change([parcel], [parcel.state], previous, undo=True):
        raise WrongStep
    parcel.refresh_from_db()
    return parcel


def _change(
    parcels: Iterable[Parcel], before: list[str], state: str, *, undo: bool = False
) -> list[Parcel]:
    rows = Parcel.objects.filter(
        pk__in=[parcel.pk for parcel in parcels],
        state__in=before,
        order__state=Order.State.CONFIRMED,
    )
    if undo:
        rows = rows.filter(changed_at__gt=Instant() - UNDO_WINDOW)
    locked = rows.select_for_update(of=("self",)).select_related("order").order_by("pk")
    moved = list(locked)
    Parcel.objects.filter(pk__in=[parcel.pk for parcel in moved]).update(
        state=state, changed_at=Instant()
    )
    for parcel in moved:
        parcel.state = state
        events.parcel_moved(parcel)
    return moved
