"""Many buyers at the same moment: never oversold, never a unit stranded, nobody sees a lock.

Each guard has a control that takes it away and shows the harm.
"""

import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from core.errors import Busy
from livestreams.models import Offer
from orders.errors import SoldOut
from orders.models import BuyerShare, Order
from tests.concurrency.buyers import BUYERS, buyers_of, kinds, sold
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.orders.helpers import LAN, order_of
from tests.placing_function import placing_function
from tests.threads import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_none_is_stranded_when_there_is_enough_for_all() -> None:
    offer = OfferFactory(quantity_offered=BUYERS * 2, limit_per_buyer=5)

    results = all_at_once(buyers_of((offer, 2)))

    offer.refresh_from_db()
    assert kinds(results) == {"Order": BUYERS}
    assert offer.quantity_left == 0


def test_one_buyer_pressing_on_ten_phones_stays_within_the_limit() -> None:
    offer = OfferFactory(quantity_offered=100, limit_per_buyer=3)
    commune = CommuneFactory()

    results = all_at_once([lambda: order_of((offer, 1), commune=commune)] * 10)

    assert kinds(results) == {"LimitReached": 7, "Order": 3}
    assert sold(offer) == BuyerShare.objects.get(buyer_phone=LAN).quantity == 3


# Controls: the same races with a guard taken away


EARLY_LOOK = "OR offer.quantity_claimed > offer.quantity_offered - wanted.quantity"
GUARD = "AND quantity_claimed <= quantity_offered - p_quantities[i]"
CLAIM = "SET quantity_claimed = quantity_claimed + p_quantities[i]"


def test_without_the_guard_the_check_constraint_stands_in_the_way() -> None:
    offer = OfferFactory(quantity_offered=1)

    with placing_function((EARLY_LOOK, ""), (GUARD, "")):
        results = all_at_once(buyers_of((offer, 1), count=5))

    assert kinds(results) == {"IntegrityError": 4, "Order": 1}
    assert all("offer_never_oversold" in str(r) for r in results if isinstance(r, IntegrityError))


def test_read_then_write_oversells_where_no_constraint_sees_it() -> None:
    """The count stays within the allotment while more units were promised than there are."""
    offer = OfferFactory(quantity_offered=1)
    what_was_read = """SET quantity_claimed = p_quantities[i] + (
        SELECT quantity_claimed FROM livestreams_offer, pg_sleep(0.15) WHERE id = p_offer_ids[i])"""

    with placing_function((CLAIM, what_was_read), (GUARD, "")):
        results = all_at_once(buyers_of((offer, 1)))

    offer.refresh_from_db()
    assert kinds(results)["Order"] > 1
    assert sold(offer) > offer.quantity_offered >= offer.quantity_claimed


def test_without_the_order_of_ids_crossing_carts_deadlock() -> None:
    session = SessionFactory()
    tea = OfferFactory(session=session, quantity_offered=50)
    honey = OfferFactory(session=session, quantity_offered=50)
    wide_awake = [threading.Event(), threading.Event()]

    def claim_as_named(first: Offer, second: Offer, mine: int) -> Callable[[], bool]:
        def act() -> bool:
            with transaction.atomic():
                Offer.objects.filter(pk=first.pk).claim(1)
                wide_awake[mine].set()
                wide_awake[1 - mine].wait(5)
                return Offer.objects.filter(pk=second.pk).claim(1)

        return act

    results = all_at_once([claim_as_named(tea, honey, 0), claim_as_named(honey, tea, 1)])

    assert "OperationalError" in kinds(results)


def test_a_limit_that_is_read_first_lets_two_pass_together() -> None:
    offer = OfferFactory(quantity_offered=100, limit_per_buyer=1)
    commune = CommuneFactory()
    guard = "WHERE share.quantity + excluded.quantity <= v_asked.limits[i]"
    begin = "    -- What this phone holds of each offer"
    read_first = """
        IF coalesce((SELECT quantity FROM orders_buyershare WHERE offer_id = p_offer_ids[1]
                     AND buyer_phone = p_buyer_phone), 0) + p_quantities[1] > v_asked.limits[1]
        THEN RAISE EXCEPTION 'over' USING ERRCODE = 'CP003', DETAIL = '1'; END IF;
        PERFORM pg_sleep(0.05);
    """
    with placing_function((guard, ""), (begin, read_first + begin)):
        results = all_at_once([lambda: order_of((offer, 1), commune=commune)] * 5)

    assert kinds(results)["Order"] > 1
    assert sold(offer) > offer.limit_per_buyer


def test_a_stuck_lock_is_given_up_within_its_time() -> None:
    """Somebody holds the hot row for good: the buyer is told to press again, no spinner."""
    offer = OfferFactory()
    commune = CommuneFactory()
    with transaction.atomic():
        Offer.objects.select_for_update().get(pk=offer.pk)
        (result,) = all_at_once([lambda: order_of((offer, 1), commune=commune)])

    assert isinstance(result, Busy)
    assert not Order.objects.exists()


def test_a_refusal_says_how_many_are_left_after_the_race() -> None:
    offer = OfferFactory(quantity_offered=5)
    results = all_at_once(buyers_of((offer, 2), count=5))

    refusals = [result for result in results if isinstance(result, SoldOut)]
    assert len(refusals) == 3
    assert {refusal.details["lines"][0]["left"] for refusal in refusals} <= {1, 3}
