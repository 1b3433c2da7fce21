"""Units of a lot: one door, and what would happen without it."""

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models import F, Sum

from core.models import OutboxMessage
from products.errors import LotCodeTaken, LotOverfull, StockMoved, TooFewInLot
from products.models import Lot, StockMovement
from products.services.stock import (
    count_stock,
    give_back_to_lot,
    record_harvest,
    take_from_lot,
)
from tests.factories.accounts import UserFactory
from tests.factories.products import LotFactory, VariantFactory

DAY = dt.date(2025, 11, 4)
TOGETHER = 8


def moved(lot: Lot) -> int:
    return lot.movements.aggregate(n=Sum("quantity", default=0))["n"]


@pytest.mark.django_db
def test_a_harvest_is_a_lot_with_a_movement_a_code_and_word_of_it():
    variant, mai = VariantFactory(), UserFactory()
    first = record_harvest(variant=variant, harvested_on=DAY, quantity=40, by=mai)
    second = record_harvest(variant=variant, harvested_on=DAY, quantity=5)
    other = record_harvest(variant=VariantFactory(), harvested_on=DAY, quantity=5)
    assert [first.code, second.code, other.code] == ["L251104-1", "L251104-2", "L251104-1"]
    movement = first.movements.get()
    assert (movement.kind, movement.quantity, movement.moved_by) == ("harvest", 40, mai)
    word = OutboxMessage.objects.filter(topic="products.lot.changed").first()
    assert word.payload == {"lot_id": first.pk, "variant_id": variant.pk}


@pytest.mark.django_db
def test_a_code_of_ones_own_is_kept_and_not_given_twice():
    variant = VariantFactory()
    record_harvest(variant=variant, harvested_on=DAY, quantity=1, code="CHE-XUAN-26")
    with pytest.raises(LotCodeTaken) as refusal:
        record_harvest(variant=variant, harvested_on=DAY, quantity=1, code="CHE-XUAN-26")
    assert refusal.value.field == "code"
    assert variant.lots.count() == 1


@pytest.mark.django_db
def test_taking_and_giving_back_leave_movements_that_add_up():
    lot, minh = LotFactory(quantity_made=100), UserFactory()
    take_from_lot(lot_id=lot.pk, quantity=60, reference="offer:17", by=minh)
    give_back_to_lot(lot_id=lot.pk, quantity=25, reference="offer:17", by=minh)
    give_back_to_lot(lot_id=lot.pk, quantity=0, reference="offer:17", by=minh)
    lot.refresh_from_db()
    assert lot.quantity_available == moved(lot) == 65
    last = list(lot.movements.order_by("pk").values_list("kind", "quantity", "reference"))[1:]
    assert last == [("allot", -60, "offer:17"), ("give_back", 25, "offer:17")]


@pytest.mark.django_db
@pytest.mark.parametrize("quantity", [11, 0, -1])
def test_what_is_not_there_cannot_be_taken(quantity: int):
    lot = LotFactory(quantity_made=10)
    with pytest.raises(TooFewInLot) as refusal:
        take_from_lot(lot_id=lot.pk, quantity=quantity, reference="offer:1")
    assert refusal.value.details == {"quantity_available": 10}
    lot.refresh_from_db()
    assert lot.quantity_available == moved(lot) == 10


@pytest.mark.django_db
def test_more_than_came_out_cannot_go_back():
    lot = LotFactory(quantity_made=10)
    take_from_lot(lot_id=lot.pk, quantity=4, reference="offer:1")
    with pytest.raises(LotOverfull):
        give_back_to_lot(lot_id=lot.pk, quantity=5, reference="offer:1")
    lot.refresh_from_db()
    assert lot.quantity_available == moved(lot) == 6


@pytest.mark.django_db
def test_a_count_corrects_the_stock_with_a_reason():
    lot, mai = LotFactory(quantity_made=10), UserFactory()
    assert count_stock(lot=lot, counted=7, seen=10, reason="ba gói rách", by=mai) == -3
    lot.refresh_from_db()
    assert (lot.quantity_available, lot.quantity_made) == (7, 10)
    movement = lot.movements.get(kind="adjust")
    assert (movement.quantity, movement.note, movement.moved_by) == (-3, "ba gói rách", mai)
    assert count_stock(lot=lot, counted=7, seen=7, reason="") == 0
    assert lot.movements.filter(kind="adjust").count() == 1


@pytest.mark.django_db
def test_a_count_made_before_an_offer_took_units_is_asked_for_again():
    lot = LotFactory(quantity_made=50)
    take_from_lot(lot_id=lot.pk, quantity=20, reference="offer:1")
    for counted in (49, 50):
        with pytest.raises(StockMoved) as refusal:
            count_stock(lot=lot, counted=counted, seen=50, reason="đếm lại")
        assert refusal.value.details == {"quantity_available": 30}
    lot.refresh_from_db()
    assert lot.quantity_available == moved(lot) == 30


@pytest.mark.django_db
def test_what_open_offers_hold_still_fits_back_after_more_was_counted_than_made():
    lot = LotFactory(quantity_made=50)
    take_from_lot(lot_id=lot.pk, quantity=20, reference="offer:1")
    count_stock(lot=lot, counted=45, seen=30, reason="tìm thấy một thùng")
    give_back_to_lot(lot_id=lot.pk, quantity=20, reference="offer:1")
    lot.refresh_from_db()
    assert (lot.quantity_available, lot.quantity_made) == (65, 65)
    assert moved(lot) == 65


def at_once(act: Callable[[], bool]) -> int:
    """How many of TOGETHER threads, each on a connection of its own, said yes."""
    start = threading.Barrier(TOGETHER)

    def one() -> bool:
        start.wait()
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(TOGETHER) as pool:
        return sum(future.result() for future in [pool.submit(one) for _ in range(TOGETHER)])


def takes(lot: Lot) -> bool:
    try:
        take_from_lot(lot_id=lot.pk, quantity=1, reference="offer:1")
    except TooFewInLot:
        return False
    return True


@pytest.mark.django_db(transaction=True)
def test_three_units_go_to_three_of_eight_who_take_at_once():
    lot = LotFactory(quantity_made=3)
    assert at_once(lambda: takes(lot)) == 3
    lot.refresh_from_db()
    assert lot.quantity_available == moved(lot) == 0


@pytest.mark.django_db(transaction=True)
def test_control_reading_first_and_writing_then_oversells():
    """Without the condition in the UPDATE all eight see three units and all eight take one."""
    lot = LotFactory(quantity_made=3)
    everyone_has_read = threading.Barrier(TOGETHER)

    def reads_then_writes() -> bool:
        seen = Lot.objects.get(pk=lot.pk).quantity_available
        everyone_has_read.wait()
        if seen < 1:
            return False
        Lot.objects.filter(pk=lot.pk).update(quantity_available=seen - 1)
        return True

    assert at_once(reads_then_writes) == TOGETHER
    lot.refresh_from_db()
    assert lot.quantity_available == 2  # eight were promised a unit, one left the books


@pytest.mark.django_db(transaction=True)
def test_control_only_the_check_stands_behind_a_guard_that_is_off():
    """A relative UPDATE without the condition runs into the column's own limit at the fourth."""
    from django.db import IntegrityError

    lot = LotFactory(quantity_made=3)

    def takes_blindly() -> bool:
        try:
            Lot.objects.filter(pk=lot.pk).update(quantity_available=F("quantity_available") - 1)
        except IntegrityError:
            return False
        return True

    assert at_once(takes_blindly) == 3


@pytest.mark.django_db(transaction=True)
def test_two_lots_of_one_day_made_at_once_get_two_codes():
    variant = VariantFactory()

    def harvests() -> bool:
        return bool(record_harvest(variant=variant, harvested_on=DAY, quantity=1))

    assert at_once(harvests) == TOGETHER
    codes = {f"L251104-{n}" for n in range(1, TOGETHER + 1)}
    assert set(variant.lots.values_list("code", flat=True)) == codes
    assert StockMovement.objects.filter(lot__variant=variant).count() == TOGETHER
