"""A parcel's way: new, packed, on its way, delivered or come back; and one step back."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from accounts.models import User
from core.clock import Instant
from orders import events
from orders.errors import WrongStep
from orders.models import Order, Parcel
from orders.models.standing import MAY_BE_SENT
from orders.services import refunding

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
    if not _is_settled(parcel.order):
        return ()
    return NEXT_STEPS.get(parcel.state, ())


def _is_settled(order: Order) -> bool:
    """As MAY_BE_SENT."""
    is_paid = order.payment_method == Order.PaymentMethod.COD or order.paid_at is not None
    return order.state == Order.State.CONFIRMED and is_paid


def can_undo(parcel: Parcel, now: dt.datetime) -> bool:
    is_fresh = parcel.state in PREVIOUS_STEP and now - parcel.changed_at < UNDO_WINDOW
    is_sent_back = parcel.refund is not None and parcel.refund.state != "due"
    return is_fresh and _is_settled(parcel.order) and not is_sent_back


@transaction.atomic
def move_parcel(*, parcel: Parcel, state: str, by: User | None = None) -> Parcel:
    """Move one parcel a step on. Moving it where it already is changes nothing.

    Raises WrongStep when it is in another state, or its order is not confirmed (any more).
    """
    if not move_parcels(parcels=[parcel], state=state, by=by):
        parcel.refresh_from_db()
        if parcel.state != state:
            raise WrongStep
    parcel.refresh_from_db()
    return parcel


@transaction.atomic
def move_parcels(*, parcels: Iterable[Parcel], state: str, by: User | None = None) -> list[Parcel]:
    """Move those that may go to `state`; returns them. The others stay as they are.

    Whoever changes a parcel's row first wins, for a cancelled order cancels its parcels' rows.
    What was paid for a parcel that came back goes into the queue of money to send back.
    """
    before = [old for old, targets in NEXT_STEPS.items() if state in targets]
    moved = _write(_lock(parcels, before), state)
    if state == State.RETURNED:
        for parcel in moved:
            refunding.note_returned(parcel=parcel, user=by)
    return moved


@transaction.atomic
def undo_step(*, parcel: Parcel) -> Parcel:
    """Put a parcel back where it was, within UNDO_WINDOW of the step. Raises WrongStep."""
    if not undo_steps(parcels=[parcel], state=parcel.state):
        raise WrongStep
    parcel.refresh_from_db()
    return parcel


@transaction.atomic
def undo_steps(*, parcels: Iterable[Parcel], state: str) -> list[Parcel]:
    """Put those that are in `state` back where they were before; returns them.

    A step of longer than UNDO_WINDOW ago stays, and so does a parcel whose money was sent back.
    """
    previous = PREVIOUS_STEP.get(state)
    if previous is None:
        return []
    locked = _lock(parcels, [state], undo=True)
    if state == State.RETURNED:
        locked = [parcel for parcel in locked if refunding.strike_returned(parcel=parcel)]
    return _write(locked, previous)


def _lock(parcels: Iterable[Parcel], before: list[str], *, undo: bool = False) -> list[Parcel]:
    rows = Parcel.objects.filter(
        MAY_BE_SENT, pk__in=[parcel.pk for parcel in parcels], state__in=before
    )
    if undo:
        rows = rows.filter(changed_at__gt=Instant() - UNDO_WINDOW)
    return list(rows.select_for_update(of=("self",)).select_related("order").order_by("pk"))


def _write(moved: list[Parcel], state: str) -> list[Parcel]:
    Parcel.objects.filter(pk__in=[parcel.pk for parcel in moved]).update(
        state=state, changed_at=Instant()
    )
    for parcel in moved:
        parcel.state = state
        events.parcel_moved(parcel)
    return moved
