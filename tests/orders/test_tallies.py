"""Figures of a session equal a recount of its lines, however often and in whatever order."""

import datetime as dt

import pytest
from django.conf import settings

from core.clock import Instant
from livestreams.services.running import end_session
from orders import tasks
from orders.models import Order, SessionTally
from orders.services import cancelling, tallies
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory

pytestmark = pytest.mark.django_db

FIGURES = (
    "order_count",
    "unit_count",
    "buyer_count",
    "goods_vnd",
    "weight_g",
    "closed_order_count",
)


def figures(session: object, cooperative: object = None) -> tuple[int, ...]:
    tally = SessionTally.objects.get(session=session, cooperative=cooperative)
    return tuple(getattr(tally, name) for name in FIGURES)


def test_the_whole_and_each_cooperative_are_counted() -> None:
    session = SessionFactory()
    tea = OfferFactory(session=session, unit_price_vnd=100_000)
    guest = SlotFactory(session=session).cooperative
    crab = OfferFactory(session=session, cooperative=guest, unit_price_vnd=50_000)
    OrderFactory(lines=[(tea, 2), (crab, 3)], buyer_phone="+84912345678")
    OrderFactory(lines=[(tea, 1)], buyer_phone="+84912345678")
    cancelling.cancel_order(order=OrderFactory(lines=[(crab, 1)]))

    tasks.recount_session(session.pk)

    assert figures(session) == (2, 6, 1, 450_000, 1_200, 1)
    assert figures(session, session.cooperative) == (2, 3, 1, 300_000, 600, 0)
    assert figures(session, guest) == (1, 3, 1, 150_000, 600, 1)


def test_unpaid_transfers_count_until_they_are_released() -> None:
    order = OrderFactory(overdue=True)
    tasks.recount_session(order.session_id)
    assert figures(order.session)[0] == 1

    cancelling.release_overdue()
    tasks.recount_session(order.session_id)

    assert figures(order.session) == (0, 0, 0, 0, 0, 1)


def test_counting_twice_changes_nothing() -> None:
    order = OrderFactory(quantity=2)
    tasks.recount_session(order.session_id)
    once = figures(order.session)

    tasks.recount_session(order.session_id)

    assert figures(order.session) == once
    assert SessionTally.objects.count() == 2


def test_a_session_without_orders_has_a_tally_of_nothing() -> None:
    session = SessionFactory()
    tasks.recount_session(session.pk)
    assert figures(session) == (0, 0, 0, 0, 0, 0)


def test_a_session_that_is_gone_is_left_alone() -> None:
    tasks.recount_session(1_000_000)
    assert not SessionTally.objects.exists()


def test_live_sessions_are_counted_even_if_word_of_an_order_was_lost() -> None:
    order = OrderFactory()
    ended = OrderFactory(session=SessionFactory(ended=True))

    tasks.recount_live_sessions()

    assert figures(order.session)[0] == 1
    assert not SessionTally.objects.filter(session=ended.session).exists()


def test_settings_ring_the_doorbells_there_are() -> None:
    names = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {tasks.release_overdue.name, tasks.recount_live_sessions.name} <= names
    for topic in ("orders.order.placed", "orders.order.changed", "livestreams.session.ended"):
        assert (tasks.recount_session.name, ("session_id",)) in settings.OUTBOX_TASKS[topic]


def test_the_sweeping_task_releases_through_the_same_door() -> None:
    order = OrderFactory(overdue=True)
    assert tasks.release_overdue() == 1
    order.refresh_from_db()
    assert order.state == Order.State.RELEASED


def test_a_count_that_adds_would_drift() -> None:
    """Negative control: `+= 1` for each word of an order counts a repeated word twice."""
    order = OrderFactory()
    tally = SessionTally.objects.create(session=order.session)
    for _repeat in range(2):
        tally.order_count += 1
        tally.save()
    assert figures(order.session)[0] == 2  # wrong

    tallies.recount_session(session_id=order.session_id)
    assert figures(order.session)[0] == 1


@pytest.mark.parametrize(("of_a_second", "follows"), [(100_000, True), (1, False)])
def test_a_great_session_is_counted_less_often_and_right_at_the_minute_and_its_end(
    monkeypatch: pytest.MonkeyPatch, of_a_second: int, *, follows: bool
) -> None:
    monkeypatch.setattr(tallies, "ORDERS_FOR_A_SECOND", of_a_second)
    offer = OfferFactory()
    for _ in range(2):
        OrderFactory(offer=offer)
    assert tallies.follow_session(session_id=offer.session_id)
    OrderFactory(offer=offer)

    assert tallies.follow_session(session_id=offer.session_id) is follows
    tally = SessionTally.objects.get(session=offer.session, cooperative=None)
    assert tally.order_count == (3 if follows else 2)
    tasks.recount_live_sessions()
    tally.refresh_from_db()
    assert tally.order_count == 3
    OrderFactory(offer=offer)
    SessionTally.objects.update(counted_at=Instant() - dt.timedelta(seconds=4))
    assert tallies.follow_session(session_id=offer.session_id)  # its pause is over
    OrderFactory(offer=offer)
    end_session(session=offer.session)
    assert tallies.follow_session(session_id=offer.session_id)
    tally.refresh_from_db()
    assert tally.order_count == 5
