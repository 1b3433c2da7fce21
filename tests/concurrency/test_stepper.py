"""The stepper itself: that it leaves nothing out, and that it would see what goes wrong."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import transaction
from django.db.models import F, Q

from livestreams.models import Offer
from orders.errors import CannotCancel
from orders.models import BuyerShare, Order
from orders.services import cancelling
from tests.concurrency.commands import HELD, LAST, Together
from tests.concurrency.conftest import Hall
from tests.concurrency.market import Market
from tests.concurrency.proving import Outcome, outcome_of, prove
from tests.concurrency.stepper import Play, different, every
from tests.concurrency.stepper.functions import NotUnderstood, with_stops
from tests.concurrency.stepper.schedules import kind_of
from tests.concurrency.stepper.touches import known_tables, touch_of

pytestmark = pytest.mark.django_db

Acts = list[Callable[[], object]]


# Nothing is left out


@transaction.atomic
def count_then_take(offer: Offer) -> int:
    """Reads, writes here and there, reads again: all that two steps can be to each other."""
    seen = Offer.objects.filter(pk=offer.pk).values_list("quantity_claimed", flat=True).get()
    BuyerShare.objects.filter(offer=offer).update(quantity=F("quantity") + seen)
    return Order.objects.filter(session=offer.session_id).count()


@transaction.atomic
def take_then_count(offer: Offer) -> int:
    Offer.objects.filter(pk=offer.pk).update(quantity_claimed=F("quantity_claimed") - 1)
    Order.objects.filter(session=offer.session_id).update(note="?")
    return sum(BuyerShare.objects.filter(offer=offer).values_list("quantity", flat=True))


def compare(hall: Hall, market: str, acts: Callable[[Market], Acts]) -> tuple[int, int]:
    """How many schedules each walk takes; fails unless both see the same kinds and the same ends."""
    opened, copy = hall.markets[market]

    def begin() -> Play:
        copy.put_back()
        return Play(hall.stage, acts(opened))

    found = {
        walk: [(kind_of(p.steps), outcome_of(p)) for p in walk(begin)]
        for walk in (every, different)
    }
    by_kind: dict[object, set[Outcome]] = {}
    for kind, end in found[every]:
        by_kind.setdefault(kind, set()).add(end)
    assert all(len(alike) == 1 for alike in by_kind.values())  # one kind, one end
    assert {kind: {end} for kind, end in found[different]} == by_kind
    assert len(found[different]) == len(by_kind)  # and none twice
    return len(found[every]), len(found[different])


def test_one_schedule_of_each_kind_stands_for_all(hall: Hall) -> None:
    all_of_them, kept = compare(
        hall,
        LAST,
        lambda market: [partial(count_then_take, market.tea), partial(take_then_count, market.tea)],
    )
    assert all_of_them == 70  # 8 over 4
    assert kept < 15


@pytest.mark.parametrize("names", [("pay", "pay"), ("pay", "say_sold_out")])
def test_so_it_is_for_commands(hall: Hall, names: tuple[str, ...]) -> None:
    compare(hall, HELD, Together(names, HELD).acts)


@pytest.mark.long
@pytest.mark.parametrize("names", [("pay", "take_held"), ("pay", "expire"), ("pay", "order")])
def test_so_it_is_for_longer_commands(hall: Hall, names: tuple[str, ...]) -> None:
    compare(hall, HELD, Together(names, HELD).acts)


def test_a_statement_is_known_by_the_tables_it_names() -> None:
    tables = known_tables()
    look = touch_of('SELECT * FROM "orders_order" WHERE "state" = %s', tables)
    lock = touch_of('SELECT * FROM "livestreams_offer" FOR NO KEY UPDATE', tables)
    take = touch_of('UPDATE "livestreams_offer" SET "quantity_claimed" = 1', tables)
    news = touch_of('INSERT INTO "core_outboxmessage" ("topic") VALUES (%s)', tables)
    assert take.meets(lock)
    assert not take.meets(look)
    assert not news.meets(news)
    assert look.meets(take.showing(frozenset({"orders_order"})))
    assert not look.meets(take.showing(frozenset({"livestreams_offer"})))


# It would see what goes wrong


def faults(hall: Hall, *names: str, market: str = LAST) -> str:
    return "\n".join(hall.prove(Together(names, market)).faults)


def test_a_price_read_twice_is_seen_between_the_reads(hall: Hall) -> None:
    """The first bug found here: goods by one price, lines by the next."""
    once = (("asked.unit_price_vnd", "offer.unit_price_vnd"),)
    with hall.stage.altered("orders_place_order", *once):
        assert "goods are not the lines" in faults(hall, "order", "edit_up")


def test_a_claim_that_writes_what_it_read_is_seen(hall: Hall) -> None:
    claimed = "(SELECT quantity_claimed FROM livestreams_offer WHERE id = p_offer_ids[i])"
    read_first = (
        (
            "SET quantity_claimed = quantity_claimed + p_quantities[i]",
            f"SET quantity_claimed = {claimed} + p_quantities[i]",
        ),
        ("AND quantity_claimed <= quantity_offered - p_quantities[i]", ""),
    )
    with hall.stage.altered("orders_place_order", *read_first):
        found = faults(hall, "order", "order_too")
    assert "claimed 4, in orders 5" in found


def test_a_claim_that_trusts_the_check_before_is_seen(hall: Hall) -> None:
    trusting = (("AND quantity_claimed <= quantity_offered - p_quantities[i]", ""),)
    with hall.stage.altered("orders_place_order", *trusting):
        assert "offer_never_oversold" in faults(hall, "order", "order_too")


def test_a_state_that_is_looked_at_before_is_seen(hall: Hall, monkeypatch) -> None:
    """Closing by what was read: both who close it give the units back."""
    guarded = cancelling._close

    def look_first(order: Order, may_close: object, state: str, reason: str) -> None:
        if not Order.objects.filter(may_close, pk=order.pk).exists():
            raise CannotCancel
        guarded(order, Q(), state, reason)

    monkeypatch.setattr(cancelling, "_close", look_first)
    assert not faults(hall, "cancel", "expire")  # the parcels' own states stand behind it
    monkeypatch.setattr(cancelling, "_cancel_parcels", lambda _order: None)
    assert "BooksDisagree" in faults(hall, "cancel", "expire")


def test_everybody_waiting_for_somebody_is_seen(hall: Hall) -> None:
    def take(first: Offer, second: Offer) -> None:
        with transaction.atomic():
            Offer.objects.filter(pk=first.pk).release(1)
            Offer.objects.filter(pk=second.pk).release(1)

    market, copy = hall.markets[LAST]

    def crossing() -> Acts:
        tea, honey = market.tea, market.honey
        return [partial(take, tea, honey), partial(take, honey, tea)]

    proof = prove(hall.stage, copy, crossing)
    assert any("deadlock" in fault for fault in proof.faults)


def test_a_function_it_cannot_read_is_refused() -> None:
    definition = "CREATE FUNCTION f() AS $$ BEGIN FOREACH x IN ARRAY y LOOP z; END LOOP; END $$"
    with pytest.raises(NotUnderstood):
        with_stops("f", definition, lambda _piece: True)
