"""Many at the line at once: numbers once each, the line in its order, nobody overtakes."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F

from livestreams.models import Offer
from livestreams.services import running
from orders.books import differences
from orders.errors import AlreadyInLine, HoldOver, LineClosed, NotInLine, SessionNotLive, SoldOut
from orders.models import Order, StandbyEntry
from orders.services import cancelling
from orders.services.standing_by import (
    leave_line,
    promote_all,
    promote_next,
    take_held_order,
)
from orders.tasks import attend_standby, promote_standby
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import OrderFactory
from tests.orders.helpers import in_line, order_of, phone_of
from tests.threads import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gone() -> Offer:
    """Four bags of tea, each in somebody's order."""
    offer = OfferFactory(quantity_offered=4)
    for number in range(4):
        OrderFactory(offer=offer, buyer_phone=phone_of(900 + number))
    offer.refresh_from_db()
    return offer


def let_go(offer: Offer, orders: int) -> None:
    for order in Order.objects.filter(lines__offer=offer, state="confirmed")[:orders]:
        cancelling.cancel_order(order=order)


def line_of(offer: Offer, length: int) -> list[StandbyEntry]:
    return [in_line(offer, buyer_phone=phone_of(number)) for number in range(length)]


def promoted_numbers(offer: Offer) -> list[int]:
    return sorted(
        StandbyEntry.objects.filter(offer=offer, state="promoted").values_list("number", flat=True)
    )


def test_who_joins_at_once_gets_a_number_each(gone: Offer) -> None:
    commune = CommuneFactory()

    def join(number: int) -> Callable[[], StandbyEntry]:
        return lambda: in_line(gone, buyer_phone=phone_of(number), commune=commune)

    entries = all_at_once([join(number) for number in range(12)])

    assert sorted(e.number for e in entries if isinstance(e, StandbyEntry)) == [*range(1, 13)]
    assert differences() == []


def test_one_phone_that_joins_twelve_times_at_once_stands_once(gone: Offer) -> None:
    commune = CommuneFactory()
    answers = all_at_once([lambda: in_line(gone, commune=commune)] * 12)

    assert len([a for a in answers if isinstance(a, StandbyEntry)]) == 1
    assert len([a for a in answers if isinstance(a, AlreadyInLine)]) == 11
    gone.refresh_from_db()
    assert (gone.standby_waiting, gone.standby_issued) == (1, 1)


@pytest.mark.parametrize("at_once", [2, 6])
def test_however_many_promote_the_line_moves_in_its_order(gone: Offer, at_once: int) -> None:
    line_of(gone, 6)
    let_go(gone, 3)

    answers = all_at_once([lambda: promote_next(offer_id=gone.pk)] * at_once)

    assert not [a for a in answers if isinstance(a, Exception)]
    assert promoted_numbers(gone) == [1, 2, 3][: min(3, at_once)]
    assert differences() == []


def test_tasks_run_thrice_and_at_once_serve_everybody_once(gone: Offer) -> None:
    line_of(gone, 3)
    let_go(gone, 4)

    all_at_once([lambda: promote_standby(gone.session_id)] * 3 + [attend_standby] * 2)
    attend_standby()

    assert promoted_numbers(gone) == [1, 2, 3]
    assert Order.objects.filter(state="held").count() == 3
    gone.refresh_from_db()
    assert gone.quantity_left == 1
    assert differences() == []


def rush_for_what_came_free(offer: Offer) -> list[Any]:
    """A unit comes free while six walk-ins press and the line is attended to."""
    held = Order.objects.filter(lines__offer=offer, state="confirmed").earliest("pk")
    commune = CommuneFactory()

    def walk_in(number: int) -> Callable[[], Any]:
        return lambda: order_of((offer, 1), buyer_phone=phone_of(500 + number), commune=commune)

    def release() -> Any:
        return cancelling.cancel_order(order=held)

    def attend() -> Any:
        return promote_all(session_id=offer.session_id)

    return all_at_once([release, attend, *[walk_in(number) for number in range(6)]])[2:]


def test_no_walk_in_gets_what_comes_free_for_the_line(gone: Offer) -> None:
    line_of(gone, 1)

    walk_ins = rush_for_what_came_free(gone)
    promote_all()

    assert all(isinstance(answer, SoldOut) for answer in walk_ins)
    assert promoted_numbers(gone) == [1]
    assert differences() == []


def test_control_without_the_guard_a_walk_in_overtakes(gone: Offer) -> None:
    """The line on the offer's row is what holds walk-ins back: not counted there, they overtake."""
    line_of(gone, 1)
    Offer.objects.filter(pk=gone.pk).update(standby_waiting=0)

    let_go(gone, 1)
    assert order_of((gone, 1), buyer_phone=phone_of(500)).pk
    assert promote_next(offer_id=gone.pk) is None


def test_control_without_the_row_lock_the_second_is_served_before_the_first(
    gone: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if entries were skipped while locked: who locks the first holds it, the second is served."""
    first, _second = line_of(gone, 2)
    let_go(gone, 1)
    is_locked, may_end = threading.Event(), threading.Event()

    def attend_slowly() -> None:
        with transaction.atomic():
            StandbyEntry.objects.select_for_update().get(pk=first.pk)
            is_locked.set()
            may_end.wait(10)

    thread = threading.Thread(target=lambda: (attend_slowly(), connection.close()))
    thread.start()
    assert is_locked.wait(10)
    plain = StandbyEntry._default_manager._queryset_class.select_for_update
    monkeypatch.setattr(
        StandbyEntry._default_manager._queryset_class,
        "select_for_update",
        lambda rows, **how: plain(rows, skip_locked=True, **how),
    )
    promote_next(offer_id=gone.pk)
    may_end.set()
    thread.join()
    assert promoted_numbers(gone) == [2]


def test_leaving_and_being_promoted_at_once_end_in_one_of_the_two(gone: Offer) -> None:
    for _round in range(5):
        entry = in_line(gone)
        let_go(gone, 1)
        left, _order = all_at_once(
            [lambda e=entry: leave_line(entry=e), lambda: promote_next(offer_id=gone.pk)]
        )
        entry.refresh_from_db()
        if isinstance(left, NotInLine):
            assert entry.state == "promoted"
            cancelling.cancel_order(order=entry.order)
        else:
            assert (entry.state, entry.order) == ("left", None)
        assert differences() == []
        OrderFactory(offer=gone, buyer_phone=phone_of(900))
        gone.refresh_from_db()


def test_taking_and_running_out_of_time_at_once_end_in_one_of_the_two(gone: Offer) -> None:
    line_of(gone, 2)
    let_go(gone, 1)
    order = promote_next(offer_id=gone.pk)
    assert order
    Order.objects.filter(pk=order.pk).update(pay_by=F("placed_at"))

    answers = all_at_once(
        [lambda: take_held_order(order=order), cancelling.release_overdue, promote_all]
    )
    promote_all()

    assert isinstance(answers[0], HoldOver)
    assert promoted_numbers(gone) == [1, 2]
    assert differences() == []


def test_taking_many_times_at_once_is_taking_once(gone: Offer) -> None:
    line_of(gone, 1)
    let_go(gone, 1)
    order = promote_next(offer_id=gone.pk)
    assert order

    def take() -> Order:
        return take_held_order(order=Order.objects.get(pk=order.pk))

    answers = all_at_once([take] * 4)

    assert {getattr(answer, "state", answer) for answer in answers} == {"confirmed"}
    assert order.lines.get().quantity == 1
    assert differences() == []


def test_the_session_ends_while_people_join_and_units_come_free(gone: Offer) -> None:
    line_of(gone, 2)
    let_go(gone, 1)
    commune = CommuneFactory()

    answers = all_at_once(
        [
            lambda: running.end_session(session=gone.session),
            lambda: promote_next(offer_id=gone.pk),
            *[
                lambda n=n: in_line(gone, buyer_phone=phone_of(50 + n), commune=commune)
                for n in range(4)
            ],
            lambda: let_go(gone, 1),
        ]
    )
    attend_standby()
    attend_standby()

    refusals = [a for a in answers if isinstance(a, Exception)]
    assert all(isinstance(r, LineClosed | SessionNotLive) for r in refusals), refusals
    assert not StandbyEntry.objects.waiting().exists()
    assert promote_next(offer_id=gone.pk) is None
    assert differences() == []
