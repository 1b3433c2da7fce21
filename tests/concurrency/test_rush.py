"""Tens of people at once in one market, doing everything there is to do, in seeded schedules.

Nothing oversold, nothing stranded, no deadlock, and hardly a lock waited for in vain. What each thread
does follows from the seed; how the threads mix does not, so each run tries other mixtures.
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from django.db import connection

from core.clock import db_now
from core.errors import DomainError
from livestreams.models import Offer
from livestreams.services import lining_up, running, selling
from orders.errors import SoldOut
from orders.models import Order, OrderLine, Refund, StandbyEntry
from orders.services import cancelling, changing, paying, placing, refunding, standing_by
from tests.concurrency.buyers import phone
from tests.concurrency.market import Market, differences, wrongs
from tests.concurrency.proving import is_fault
from tests.factories.livestreams import OfferFactory
from tests.placing_function import placing_function

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_S = 120
BUYERS = 60
LOCK_TIMEOUT = "55P03"
MOST_BUSY = 0.02  # of all attempts, on a machine that others slow down


@dataclass
class Rush:
    """`faults` are what people saw that was no answer in words; `kinds` counts the others.

    A lock that was waited for in vain is put in words by the pages: `busy` counts those.
    """

    market: Market
    offers: list[Offer]
    attempts: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[Exception] = field(default_factory=list)
    busy: int = 0


def open_rush() -> Rush:
    """Five offers of two co-ops, some of them from one lot, each with fewer units than wanted."""
    market = Market.open(left=9, waiting=1)
    more = [
        OfferFactory(session=market.session, quantity_offered=12, limit_per_buyer=4)
        for _ in range(2)
    ]
    return Rush(market, [market.tea, market.honey, market.leaf, *more])


class Person:
    """Somebody whose doings follow from the seed and who trusts what was read long ago."""

    def __init__(self, rush: Rush, seed: str) -> None:
        self.rush = rush
        self.dice = random.Random(seed)
        self.orders: list[Order] = []
        self.entries: list[StandbyEntry] = []

    def acts(self) -> list[Callable[[], object]]:
        """What comes up, as often as it does."""
        buying = [self.order] * 11 + [self.join, self.leave, self.take]
        mine = [self.cancel, self.change, self.pay, self.let_expire]
        return buying + mine + [self.edit, self.say_sold_out, self.promote, self.settle]

    def live(self, rounds: int) -> list[object]:
        """Each thing done: a result, a refusal, or what should never be seen."""
        try:
            return [self.try_(self.dice.choice(self.acts())) for _ in range(rounds)]
        finally:
            connection.close()

    @staticmethod
    def try_(act: Callable[[], object]) -> object:
        try:
            return act()
        except Exception as fault:  # noqa: BLE001 - the test looks at what went wrong
            return fault

    def order(self) -> object:
        chosen = self.dice.sample(self.rush.offers, self.dice.randint(1, 3))
        self.rush.attempts += 1
        order = placing.place_order(
            session=self.rush.market.session,
            lines=[(offer.pk, self.dice.randint(1, 2)) for offer in chosen],
            buyer_name="Vàng Thị Mỷ",
            buyer_phone=self.phone(),
            commune=self.rush.market.commune,
            address_line="Bản Lướt",
            payment_method=self.dice.choice(["cod", "transfer"]),
        )
        self.orders.append(order)
        return order

    def join(self) -> object:
        entry = standing_by.join_line(
            offer=self.dice.choice(self.rush.offers),
            quantity=self.dice.randint(1, 2),
            buyer_name="Giàng A Páo",
            buyer_phone=self.phone(),
            commune=self.rush.market.commune,
            address_line="Bản Hốc",
            payment_method="cod",
        )
        self.entries.append(entry)
        return entry

    def leave(self) -> object:
        return self.entries and standing_by.leave_line(entry=self.dice.choice(self.entries))

    def take(self) -> object:
        held = Order.objects.filter(state="held").first()
        return held and standing_by.take_held_order(order=held)

    def cancel(self) -> object:
        return self.orders and cancelling.cancel_order(order=self.dice.choice(self.orders))

    def change(self) -> object:
        if not self.orders:
            return None
        order = self.dice.choice(self.orders)
        offers = OrderLine.objects.filter(order=order).values_list("offer_id", flat=True)
        lines = [(offer, self.dice.randint(0, 3)) for offer in offers]
        return changing.change_order(order=order, lines=lines)

    def pay(self) -> object:
        order = self.dice.choice(self.orders) if self.orders else self.rush.market.lans
        return paying.confirm_payment(order=order, user=self.rush.market.minh)

    def let_expire(self) -> object:
        """The time of one order is over, and the sweeper comes by."""
        if not self.orders:
            return None
        order = self.dice.choice(self.orders)
        waits = Order.objects.filter(pk=order.pk, state__in=["held", "awaiting_payment"])
        waits.update(pay_by=db_now() - dt.timedelta(seconds=1))
        return cancelling.release_order(order_id=order.pk)

    def edit(self) -> object:
        offer = self.dice.choice(self.rush.offers)
        return lining_up.edit_offer(
            offer=offer,
            unit_price_vnd=self.dice.choice([115_000, 120_000]),
            quantity_offered=self.dice.randint(4, 14),
            limit_per_buyer=offer.limit_per_buyer,
        )

    def say_sold_out(self) -> object:
        offer = self.dice.choice(self.rush.offers)
        with suppress(DomainError):
            selling.mark_sold_out(offer=offer)
        return selling.reopen_offer(offer=offer)

    def promote(self) -> object:
        return standing_by.promote_all(session_id=self.rush.market.session.pk)

    def settle(self) -> object:
        refund = Refund.objects.due().first()
        return refund and refunding.send_back(
            refund=refund, reference="FT1", user=self.rush.market.minh
        )

    def phone(self) -> str:
        return phone(self.dice.randrange(BUYERS))


def play(rush: Rush, seed: int, *, threads: int, rounds: int, is_ended: bool) -> None:
    """Everybody at once; with `is_ended` the session ends while they are at it."""
    people = [Person(rush, f"{seed}:{number}") for number in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        at_work = [pool.submit(person.live, rounds) for person in people]
        if is_ended:
            at_work[threads // 2].result(PATIENCE_S)
            running.end_session(session=rush.market.session)
        done = [result for future in at_work for result in future.result(PATIENCE_S)]
    for result in done:
        rush.kinds[type(result).__name__] += 1
        if getattr(getattr(result, "__cause__", None), "pgcode", "") == LOCK_TIMEOUT:
            rush.busy += 1
        elif is_fault(result):
            rush.faults.append(result)


def stranded(rush: Rush) -> Iterator[str]:
    """Units in nobody's order that no buyer gets, offer by offer, once the lines have moved on."""
    standing_by.promote_all(session_id=rush.market.session.pk)
    for number, offer in enumerate(rush.offers):
        offer.refresh_from_db()
        if offer.state != Offer.State.OPEN or offer.standby_waiting:
            if offer.state == Offer.State.OPEN and offer.quantity_unclaimed:
                yield f"{offer.quantity_unclaimed} of {offer} while {offer.standby_waiting} wait"
            continue
        got = 0
        with suppress(SoldOut):
            while got <= offer.quantity_offered:
                placing.place_order(
                    session=rush.market.session,
                    lines=[(offer.pk, 1)],
                    buyer_name="Lò Văn Sơn",
                    buyer_phone=phone(10_000 + number * 1000 + got),
                    commune=rush.market.commune,
                    address_line="Bản Hốc",
                    payment_method="cod",
                )
                got += 1
        if got != offer.quantity_unclaimed:
            yield f"{offer.quantity_unclaimed} of {offer} were left, {got} could be had"


def hold(seed: int, *, threads: int, rounds: int) -> Rush:
    rush = open_rush()
    play(rush, seed, threads=threads, rounds=rounds, is_ended=seed % 3 == 0)
    assert not rush.faults, rush.faults[:3]
    assert rush.busy <= rush.attempts * MOST_BUSY
    assert not list(stranded(rush))
    assert not wrongs()
    assert not differences()
    return rush


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_rush_leaves_nothing_oversold_and_nothing_stranded(seed: int) -> None:
    rush = hold(seed, threads=24, rounds=20)
    assert rush.kinds["Order"] > 20
    assert rush.kinds["SoldOut"] + rush.kinds["SessionNotLive"] > 20


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_so_do_two_hundred(seed: int) -> None:
    assert hold(seed, threads=48, rounds=6).attempts >= 100


def order_only(person: Person) -> None:
    for _ in range(6):
        person.try_(person.order)
    connection.close()


def test_control_without_the_guard_a_rush_oversells() -> None:
    """Read, compare, write back: within two seconds more are promised than there are."""
    rush = open_rush()
    read_first = (
        "SET quantity_claimed = quantity_claimed + p_quantities[i]",
        """SET quantity_claimed = p_quantities[i] + (
            SELECT quantity_claimed FROM livestreams_offer, pg_sleep(0.005)
            WHERE id = p_offer_ids[i])""",
    )
    with placing_function(read_first, ("AND quantity_claimed <= quantity_offered", "AND 0 <= 9")):
        people = [Person(rush, f"control:{number}") for number in range(16)]
        with ThreadPoolExecutor(16) as pool:
            for person in people:
                pool.submit(order_only, person)
    assert [wrong for wrong in wrongs() if wrong.startswith("claimed")]
