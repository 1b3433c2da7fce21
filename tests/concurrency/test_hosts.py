"""Two hosts at once, and a host beside a rush of buyers: units leave a lot once and come back once.

Each guard has a control that takes it away and shows the harm.
"""

import threading
from collections.abc import Callable
from functools import partial
from unittest import mock

import pytest
from django.db import IntegrityError, transaction

from core.errors import DomainError
from livestreams.errors import OfferMoved, SessionIsOver, SessionNotLive
from livestreams.models import LivestreamSession, Offer
from livestreams.services import lining_up, locks, running, selling
from orders.errors import OrderRefused
from orders.models import Order, OrderLine
from products.errors import LotOverfull
from products.services import stock
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.products import LotFactory
from tests.livestreams.books import lot_adds_up
from tests.orders.helpers import order_of
from tests.threads import all_at_once, beside

pytestmark = pytest.mark.django_db(transaction=True)

State = Offer.State
HOSTS = 4
PATIENCE_S = 10


def fresh(offer: Offer) -> Offer:
    return Offer.objects.select_related("session", "lot").get(pk=offer.pk)


def faults(results: list[object]) -> list[object]:
    """What went wrong other than a refusal in words."""
    wrong = [result for result in results if isinstance(result, Exception)]
    return [fault for fault in wrong if not isinstance(fault, DomainError)]


def buyers_of(*lines: tuple[Offer, int], count: int) -> list[Callable[[], Order]]:
    commune = CommuneFactory()
    return [
        partial(order_of, *lines, buyer_phone=f"+8490{n:07d}", commune=commune)
        for n in range(count)
    ]


# Two hosts, one offer


def test_closed_by_four_at_once_the_rest_comes_back_once() -> None:
    offer = OfferFactory(quantity_offered=10)
    results = all_at_once([partial(selling.close_offer, offer=offer)] * HOSTS)
    assert results == [None] * HOSTS
    assert fresh(offer).state == State.CLOSED
    assert lot_adds_up(offer.lot)


def test_control_without_its_guard_closing_twice_gives_back_twice() -> None:
    """Read the state, then give back: both read “open”."""
    other = OfferFactory(quantity_offered=50)
    offer = OfferFactory(quantity_offered=10, session=other.session, lot=other.lot)
    both_read = threading.Barrier(2)

    def naive_close() -> None:
        with transaction.atomic():
            seen = fresh(offer)
            both_read.wait(PATIENCE_S)
            assert seen.state == State.OPEN
            Offer.objects.filter(pk=offer.pk).update(state=State.CLOSED)
            stock.give_back_to_lot(
                lot_id=offer.lot_id, quantity=seen.quantity_left, reference=offer.reference
            )

    assert all_at_once([naive_close] * 2) == [None, None]
    assert not lot_adds_up(offer.lot)
    assert offer.lot.quantity_available == 60  # ten units that the other offer is selling


def test_opened_by_four_at_once_the_units_leave_once() -> None:
    offer = OfferFactory(lined_up=True, quantity_offered=10)
    acts = [selling.open_offer, selling.sell_now] * (HOSTS // 2)
    results = all_at_once([partial(act, offer=offer) for act in acts])
    assert results == [None] * HOSTS
    assert lot_adds_up(offer.lot)
    assert offer.lot.quantity_available == 90


def test_two_sell_different_goods_at_once_and_one_of_them_is_now() -> None:
    session = SessionFactory()
    offers = [OfferFactory(session=session, lined_up=True) for _ in range(2)]
    assert all_at_once([partial(selling.sell_now, offer=offer) for offer in offers]) == [None] * 2
    session.refresh_from_db()
    assert session.now_selling in offers
    assert {fresh(offer).state for offer in offers} == {State.OPEN}
    assert all(lot_adds_up(offer.lot) for offer in offers)


def test_what_is_closed_is_never_what_is_sold_now() -> None:
    for _ in range(5):
        offer = OfferFactory()
        acts = [selling.sell_now, selling.close_offer]
        results = all_at_once([partial(act, offer=offer) for act in acts])
        assert not faults(results)
        assert fresh(offer).state == State.CLOSED
        assert fresh(offer).session.now_selling is None


def test_sold_out_and_closed_at_once_ends_closed_with_all_given_back() -> None:
    for _ in range(5):
        offer = OfferFactory()
        acts = [selling.mark_sold_out, selling.close_offer]
        results = all_at_once([partial(act, offer=offer) for act in acts])
        assert not faults(results)
        assert all(result is None or isinstance(result, OfferMoved) for result in results)
        assert fresh(offer).state == State.CLOSED
        assert lot_adds_up(offer.lot)


# The line-up


def line_up(session: LivestreamSession) -> Offer:
    lot = LotFactory(variant__product__cooperative=session.cooperative)
    return lining_up.line_up_offer(
        session=session,
        cooperative=session.cooperative,
        lot=lot,
        unit_price_vnd=1000,
        quantity_offered=1,
        limit_per_buyer=1,
    )


def test_lined_up_at_once_each_gets_a_code_of_its_own() -> None:
    session = SessionFactory(coming=True)
    results = all_at_once([partial(line_up, session)] * HOSTS)
    assert not faults(results)
    codes = session.offers.order_by("live_code").values_list("live_code", flat=True)
    assert list(codes) == ["A01", "A02", "A03", "A04"]


def test_control_without_turns_two_find_the_same_code_free() -> None:
    session = SessionFactory(coming=True)
    both_read = threading.Barrier(2)
    find = lining_up._free_code

    def found_together(*args: object) -> str:
        code = find(*args)  # type: ignore[arg-type]
        both_read.wait(PATIENCE_S)
        return code

    def unlocked(session_id: int) -> LivestreamSession:
        return LivestreamSession.objects.get(pk=session_id)

    with (
        mock.patch.object(lining_up, "_free_code", found_together),
        mock.patch.object(lining_up, "lock_unfinished", unlocked),
    ):
        results = all_at_once([partial(line_up, session)] * 2)
    assert [type(fault) for fault in faults(results)] == [IntegrityError]


def test_allotments_changed_at_once_follow_the_lot() -> None:
    offer = OfferFactory(quantity_offered=10, lot__quantity_made=100)
    wanted = [5, 30, 60, 1]
    results = all_at_once(
        [
            partial(
                lining_up.edit_offer,
                offer=offer,
                unit_price_vnd=1000,
                quantity_offered=quantity,
                limit_per_buyer=1,
            )
            for quantity in wanted
        ]
    )
    assert not faults(results)
    assert fresh(offer).quantity_offered in wanted
    assert lot_adds_up(offer.lot)


# On air and off


def test_gone_live_twice_at_once_the_units_leave_once() -> None:
    session = SessionFactory(coming=True)
    offers = [OfferFactory(session=session, lined_up=True) for _ in range(3)]
    results = all_at_once([partial(running.go_live, session=session)] * HOSTS)
    assert results == [[]] * HOSTS
    assert all(lot_adds_up(offer.lot) for offer in offers)
    assert {fresh(offer).state for offer in offers} == {State.OPEN}


def test_ended_session_never_has_an_offer_on_sale() -> None:
    for _ in range(5):
        session = SessionFactory()
        offer = OfferFactory(session=session, lined_up=True)
        results = all_at_once(
            [partial(running.end_session, session=session)]
            + [partial(act, offer=offer) for act in (selling.open_offer, selling.sell_now)]
        )
        assert not faults(results)
        refused = [result for result in results if result is not None]
        assert all(isinstance(fault, SessionNotLive | OfferMoved) for fault in refused)
        assert fresh(offer).state == State.CLOSED
        assert lot_adds_up(offer.lot)


def test_control_without_the_sessions_lock_an_ended_session_sells_on() -> None:
    session = SessionFactory()
    offer = OfferFactory(session=session, lined_up=True)
    seen_live, ended = threading.Event(), threading.Event()

    def look_only(session_id: int) -> LivestreamSession:
        found = LivestreamSession.objects.get(pk=session_id)
        assert found.is_live
        seen_live.set()
        assert ended.wait(PATIENCE_S)
        return found

    def forgetful_close(offers: list[Offer], *, by: object = None) -> None:
        selling.close_locked([o for o in offers if o.state != State.LINED_UP], by=by)

    with (
        mock.patch.object(selling, "lock_running", look_only),
        mock.patch.object(running, "close_locked", forgetful_close),
    ):
        opening = beside(partial(selling.open_offer, offer=offer))
        assert seen_live.wait(PATIENCE_S)
        running.end_session(session=session)
        ended.set()
        opening()
    assert fresh(offer).session.state == LivestreamSession.State.ENDED
    assert fresh(offer).state == State.OPEN


def test_called_off_and_gone_live_at_once_is_one_of_both() -> None:
    from livestreams.services.scheduling import cancel_session

    for _ in range(5):
        session = SessionFactory(coming=True)
        offer = OfferFactory(session=session, lined_up=True)
        results = all_at_once(
            [partial(act, session=session) for act in (running.go_live, cancel_session)]
        )
        assert not faults(results)
        session.refresh_from_db()
        held = 10 if session.is_live else 0
        assert session.state in {
            LivestreamSession.State.LIVE,
            LivestreamSession.State.CANCELLED,
        }
        assert isinstance(results[0], SessionIsOver) or session.is_live
        assert lot_adds_up(offer.lot)
        assert offer.lot.quantity_available == 100 - held


# Beside a rush of buyers


def sold(offer: Offer) -> int:
    return sum(line.quantity for line in OrderLine.objects.filter(offer=offer))


@pytest.mark.parametrize("stop", [selling.close_offer, selling.mark_sold_out])
def test_buyers_and_the_host_who_stops_the_sale_agree(stop: Callable[..., None]) -> None:
    offer = OfferFactory(quantity_offered=30)
    acts: list[Callable[[], object]] = [*buyers_of((offer, 1), count=12)]
    acts.insert(4, partial(stop, offer=offer))
    results = all_at_once(acts)
    assert not faults(results)
    refused = [result for result in results if isinstance(result, DomainError)]
    assert all(isinstance(refusal, OrderRefused) for refusal in refused)
    assert fresh(offer).quantity_claimed == sold(offer) == Order.objects.count()
    assert lot_adds_up(offer.lot)


def test_control_closing_by_what_was_read_before_strands_units() -> None:
    """Without the lock the rest is reckoned before a claim that comes between."""
    offer = OfferFactory(quantity_offered=30)
    read, claimed = threading.Event(), threading.Event()

    def read_early(offer_id: int) -> Offer:
        found = fresh(offer)
        read.set()
        assert claimed.wait(PATIENCE_S)
        return found

    with mock.patch.object(selling, "lock_offer", read_early):
        closing = beside(partial(selling.close_offer, offer=offer))
        assert read.wait(PATIENCE_S)
        (buy,) = buyers_of((offer, 3), count=1)
        buy()
        claimed.set()
        closing()
    assert sold(offer) == 3
    assert not lot_adds_up(offer.lot)  # three units are sold and in the lot
    assert offer.lot.quantity_available == 100


def test_baskets_of_many_offers_and_the_end_of_the_session_never_block_each_other() -> None:
    session = SessionFactory()
    offers = [OfferFactory(session=session, quantity_offered=30) for _ in range(5)]
    basket = [(offer, 1) for offer in offers]
    acts: list[Callable[[], object]] = [*buyers_of(*basket, count=10)]
    acts.insert(3, partial(running.end_session, session=session))
    results = all_at_once(acts)
    assert not faults(results)  # above all no deadlock
    assert results[3] is None
    for offer in offers:
        assert fresh(offer).state == State.CLOSED
        assert fresh(offer).quantity_claimed == sold(offer) == Order.objects.count()
        assert lot_adds_up(offer.lot)


def test_a_host_who_holds_the_session_keeps_no_buyer_waiting() -> None:
    offer = OfferFactory(quantity_offered=10)
    (buy,) = buyers_of((offer, 1), count=1)
    with transaction.atomic():
        locks.lock_session(offer.session_id)
        order = beside(buy)()  # would give up after two seconds behind a stronger lock
    assert isinstance(order, Order)


def test_the_lot_refuses_more_than_came_out_of_it() -> None:
    offer = OfferFactory(quantity_offered=10)
    with pytest.raises(LotOverfull):
        stock.give_back_to_lot(lot_id=offer.lot_id, quantity=11, reference=offer.reference)
