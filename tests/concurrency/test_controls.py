"""Guards taken away one by one: what each of them keeps off, shown within two seconds.

The guards of states, locks of hosts and recounts have theirs beside their tests (test_hosts.py,
test_order_states.py, test_last_units.py, test_rush.py, tests/orders/test_standby_races.py).
"""

import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F

from core.errors import Busy
from core.models import IdempotencyRecord
from livestreams.models import Offer
from livestreams.services import lining_up
from orders.errors import SoldOut
from orders.models import Order, OrderLine, StandbyEntry
from orders.services import placing, standing_by
from tests.concurrency.buyers import buyers_of, kinds, sold
from tests.concurrency.market import HUE, Market, ask
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.orders.helpers import order_of
from tests.placing_function import placing_function
from tests.threads import all_at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]  # each is soon over

SOON_S = 2.0
EARLY_LINE = "OR (offer.standby_waiting > 0 AND NOT p_is_standby)"
LINE = "AND (standby_waiting = 0 OR p_is_standby)"
GUARD = "AND quantity_claimed <= quantity_offered - p_quantities[i]"
LOOP = "FOR i IN 1 .. cardinality(p_offer_ids) LOOP"


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SOON_S


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Without the CHECK that stands behind all claims."""
    constraint = next(c for c in Offer._meta.constraints if c.name == "offer_never_oversold")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Offer, constraint)
    yield
    Offer.objects.filter(quantity_claimed__gt=F("quantity_offered")).update(
        quantity_offered=F("quantity_claimed")
    )
    with connection.schema_editor() as editor:
        editor.add_constraint(Offer, constraint)


def test_a_filter_through_a_join_oversells(unchecked: None) -> None:
    """After waiting for the row, only the row itself is looked at anew, not what it is joined to."""
    offer = OfferFactory(quantity_offered=1)
    joined = """AND EXISTS (
        SELECT 1 FROM livestreams_offer AS seen, pg_sleep(0.02) WHERE seen.id = p_offer_ids[i]
        AND seen.quantity_claimed <= seen.quantity_offered - p_quantities[i])"""

    with placing_function((GUARD, joined)):
        results = all_at_once(buyers_of((offer, 1), count=8))

    offer.refresh_from_db()
    assert kinds(results)["Order"] > 1
    assert offer.quantity_claimed == sold(offer) > offer.quantity_offered


def test_without_the_guard_and_the_check_everybody_has_the_last_unit(unchecked: None) -> None:
    offer = OfferFactory(quantity_offered=1)
    early = "OR offer.quantity_claimed > offer.quantity_offered - wanted.quantity"

    with placing_function((GUARD, ""), (early, "")):
        results = all_at_once(buyers_of((offer, 1), count=8))

    assert kinds(results) == {"Order": 8}
    assert sold(offer) == 8


def test_without_the_line_on_the_row_a_walk_in_overtakes() -> None:
    market = Market.open(left=1, waiting=2)
    walk_in = partial(order_of, (market.tea, 1), buyer_phone=HUE, commune=market.commune)
    with pytest.raises(SoldOut):
        walk_in()

    with placing_function((EARLY_LINE, ""), (LINE, "")):
        assert walk_in().pk

    assert standing_by.promote_next(offer_id=market.tea.pk) is None
    assert StandbyEntry.objects.waiting().count() == 2


@pytest.fixture
def quick_to_see_deadlocks() -> Iterator[None]:
    database = connection.settings_dict["NAME"]
    ask(f"ALTER DATABASE {database} SET deadlock_timeout = '100ms'")
    yield
    ask(f"ALTER DATABASE {database} RESET deadlock_timeout")


def test_baskets_that_claim_in_the_order_they_name_deadlock(
    monkeypatch: pytest.MonkeyPatch, quick_to_see_deadlocks: None
) -> None:
    session = SessionFactory()
    tea, honey = (OfferFactory(session=session, quantity_offered=50) for _ in range(2))
    tea_first, honey_first = (
        buyers_of((one, 1), (other, 1), count=1, first=number)[0]
        for number, (one, other) in enumerate([(tea, honey), (honey, tea)])
    )
    crossing = partial(all_at_once, [tea_first, honey_first])
    slowly = (LOOP, f"{LOOP} PERFORM pg_sleep(0.2 * (i - 1));")

    with placing_function(slowly):
        assert kinds(crossing()) == {"Order": 2}
        monkeypatch.setattr(placing, "merge_lines", dict)
        results = crossing()

    assert kinds(results) == {"Busy": 1, "Order": 1}
    (busy,) = [result for result in results if isinstance(result, Busy)]
    assert "deadlock" in str(busy.__cause__)


def test_a_line_up_moved_in_the_order_of_selling_deadlocks_with_an_order(
    monkeypatch: pytest.MonkeyPatch, quick_to_see_deadlocks: None
) -> None:
    session = SessionFactory()
    tea, honey = (OfferFactory(session=session, position=n, quantity_offered=9) for n in (0, 1))
    (both,) = buyers_of((tea, 1), (honey, 1), count=1)

    def put_the_later_first() -> str:
        """While the order has the first in hand, and before it reaches for the other."""
        wait_until_claimed(tea)
        lining_up.move_offer(offer=honey, up=True)
        return "moved"

    crossing = partial(all_at_once, [both, put_the_later_first])
    slowly = (LOOP, f"{LOOP} PERFORM pg_sleep(0.4 * (i - 1));")

    with placing_function(slowly):
        assert kinds(crossing()) == {"Order": 1, "str": 1}
        Offer.objects.filter(pk=honey.pk).update(position=1)
        Offer.objects.filter(pk=tea.pk).update(position=0)
        monkeypatch.setattr(lining_up, "sorted", list, raising=False)  # in the order of selling
        results = crossing()

    (stopped,) = [result for result in results if isinstance(result, Exception)]
    assert "deadlock" in f"{stopped} {stopped.__cause__}"


def wait_until_claimed(offer: Offer) -> None:
    free = Offer.objects.filter(pk=offer.pk).select_for_update(skip_locked=True, no_key=True)
    until = time.monotonic() + SOON_S
    while time.monotonic() < until:
        with transaction.atomic():
            if not free.exists():
                return
        time.sleep(0.005)
    raise AssertionError("nobody claimed it")


def test_without_the_kept_answer_a_repeat_orders_twice() -> None:
    offer = OfferFactory()
    commune = CommuneFactory()
    buyer = placing.Buyer("Lan", HUE, commune.pk, "Bản Lướt", "cod")

    def press(key: str) -> dict[str, Any]:
        record = IdempotencyRecord(scope="guest", key=key, fingerprint="f" * 64)
        lines = [(offer.pk, 1)]
        return placing.place(
            session_id=offer.session_id, lines=lines, buyer=buyer, seen=None, kept=record
        )

    twice = all_at_once([partial(press, "k" * 32)] * 2)
    assert twice[0] == twice[1]
    assert Order.objects.count() == 1

    with placing_function(
        ("IF p_key IS NOT NULL THEN", "IF false THEN"),
        ("IF FOUND AND v_kept", "IF false AND v_kept"),
    ):
        all_at_once([partial(press, "l" * 32)] * 2)
    assert Order.objects.count() == 3


def test_two_promotions_of_one_entry_without_its_lock_hold_units_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    market = Market.open(left=2, waiting=1)
    both_read = threading.Barrier(2)
    place = standing_by.place_for_standby

    def place_together(**how: Any) -> Order:
        both_read.wait(5)
        return place(**how)

    monkeypatch.setattr(standing_by, "place_for_standby", place_together)
    rows = type(StandbyEntry.objects.all())
    monkeypatch.setattr(rows, "select_for_update", lambda self, **_how: self)

    all_at_once([partial(standing_by.promote_next, offer_id=market.tea.pk)] * 2)

    assert StandbyEntry.objects.filter(state="promoted").count() == 1
    held = OrderLine.objects.filter(order__state="held")
    assert held.count() == 2  # one of them is nobody's
