"""A parcel's way through the packing room."""

import datetime as dt

import pytest

from core.clock import db_now
from core.models import OutboxMessage
from orders.errors import WrongStep
from orders.models import Parcel
from orders.services import cancelling, packing
from tests.factories.orders import OrderFactory

pytestmark = pytest.mark.django_db


def test_a_parcel_goes_its_way_step_by_step() -> None:
    parcel = OrderFactory().parcels.get()

    for state in ("packed", "shipped", "delivered"):
        packing.move_parcel(parcel=parcel, state=state)

    assert parcel.state == Parcel.State.DELIVERED
    assert [m.payload["parcel_state"] for m in OutboxMessage.objects.order_by("pk")] == [
        "packed",
        "shipped",
        "delivered",
    ]


@pytest.mark.parametrize(
    ("stands", "wanted"),
    [
        ("new", "shipped"),
        ("new", "delivered"),
        ("packed", "delivered"),
        ("packed", "new"),
        ("delivered", "returned"),
        ("cancelled", "packed"),
        ("new", "cancelled"),
        ("new", "stolen"),
    ],
)
def test_steps_are_not_jumped(stands: str, wanted: str) -> None:
    parcel = OrderFactory().parcels.get()
    Parcel.objects.update(state=stands)

    with pytest.raises(WrongStep):
        packing.move_parcel(parcel=parcel, state=wanted)

    parcel.refresh_from_db()
    assert parcel.state == stands


def test_pressing_twice_is_one_step() -> None:
    parcel = OrderFactory().parcels.get()

    packing.move_parcel(parcel=parcel, state="packed")
    packing.move_parcel(parcel=parcel, state="packed")

    assert OutboxMessage.objects.count() == 1


def test_what_is_not_paid_is_not_packed() -> None:
    parcel = OrderFactory(transfer=True).parcels.get()

    assert packing.next_steps(parcel) == ()
    with pytest.raises(WrongStep):
        packing.move_parcel(parcel=parcel, state="packed")


def test_many_at_once_moves_those_that_can_and_tells_which() -> None:
    ready, unpaid, gone = OrderFactory(), OrderFactory(transfer=True), OrderFactory()
    cancelling.cancel_order(order=gone)
    parcels = list(Parcel.objects.all())

    moved = packing.move_parcels(parcels=parcels, state="packed")

    assert [parcel.order for parcel in moved] == [ready]
    assert unpaid.parcels.get().state == Parcel.State.NEW
    assert gone.parcels.get().state == Parcel.State.CANCELLED


def test_one_step_back_within_a_day() -> None:
    parcel = OrderFactory().parcels.get()
    packing.move_parcel(parcel=parcel, state="packed")
    packing.move_parcel(parcel=parcel, state="shipped")

    assert packing.can_undo(parcel, db_now())
    packing.undo_step(parcel=parcel)

    assert parcel.state == Parcel.State.PACKED


def test_no_step_back_after_a_day() -> None:
    parcel = OrderFactory().parcels.get()
    packing.move_parcel(parcel=parcel, state="packed")
    Parcel.objects.update(changed_at=db_now() - dt.timedelta(hours=25))
    parcel.refresh_from_db()

    assert not packing.can_undo(parcel, db_now())
    with pytest.raises(WrongStep):
        packing.undo_step(parcel=parcel)


def test_a_new_parcel_has_no_step_back() -> None:
    with pytest.raises(WrongStep):
        packing.undo_step(parcel=OrderFactory().parcels.get())
