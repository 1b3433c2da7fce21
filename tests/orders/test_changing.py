"""A buyer changes an order in its window: units, shares, parcels and amounts stay in step."""

import datetime as dt
from typing import Any

import pytest
from django.db.models import F

from core.clock import db_today
from core.models import OutboxMessage
from livestreams.models import LivestreamSession, Offer
from orders import books
from orders.errors import CannotChange, NothingLeftOver, TooFewToAdd
from orders.models import BuyerShare, Order, OrderLine, Parcel
from orders.services import cancelling, changing, packing, paying, tallies
from products.models import Lot
from tests.factories.accounts import UserFactory
from tests.factories.coops import CommuneFactory, CooperativeFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.orders.helpers import order_of
from tests.threads import all_at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer() -> Offer:
    return OfferFactory(quantity_offered=10, limit_per_buyer=5, unit_price_vnd=100_000)


def claimed(offer: Offer) -> tuple[int, int]:
    offer.refresh_from_db()
    return offer.quantity_claimed, sum(s.quantity for s in offer.buyer_shares.all())


def change(order: Order, *lines: tuple[Offer, int], **more: Any) -> Order:
    return changing.change_order(
        order=order, lines=[(offer.pk, quantity) for offer, quantity in lines], **more
    )


@pytest.mark.parametrize("quantity", [1, 2, 5])
@pytest.mark.parametrize("method", ["cod", "transfer"])
def test_units_go_up_and_down_with_shares_and_amounts(
    offer: Offer, quantity: int, method: str
) -> None:
    order = order_of((offer, 3), payment_method=method)
    changed = change(order, (offer, quantity))

    assert claimed(offer) == (quantity, quantity)
    assert changed.goods_vnd == quantity * 100_000
    parcel = changed.parcels.get()
    assert (parcel.goods_vnd, parcel.shipping_vnd) == (changed.goods_vnd, changed.shipping_vnd)
    assert changed.code == order.code
    message = OutboxMessage.objects.filter(topic="orders.order.changed").get()
    assert message.payload["offer_ids"] == ([offer.pk] if quantity < 3 else [])


def test_the_day_after_its_last_no_unit_of_a_lot_is_added(offer: Offer) -> None:
    order = order_of((offer, 3))
    Lot.objects.filter(pk=offer.lot_id).update(best_before_on=db_today())
    assert change(order, (offer, 4)).pk, "the printed last day is a good day"
    Lot.objects.filter(pk=offer.lot_id).update(best_before_on=db_today() - dt.timedelta(days=1))
    with pytest.raises(TooFewToAdd):
        change(order, (offer, 5))
    assert claimed(offer) == (4, 4)
    change(order, (offer, 1))
    assert claimed(offer) == (1, 1)


def test_the_same_change_twice_is_one_change(offer: Offer) -> None:
    order = order_of((offer, 3))
    for _again in range(2):
        change(order, (offer, 4), note="Gọi trước")
    assert claimed(offer) == (4, 4)
    assert OutboxMessage.objects.filter(topic="orders.order.changed").count() == 1


def test_address_name_and_note_change_and_the_phone_does_not(offer: Offer) -> None:
    order = order_of((offer, 1))
    commune = CommuneFactory(ca_mau=True)
    change(order, buyer_name="Lò Thị Mỷ", commune=commune, address_line="Ấp 3", note="")
    again = Order.objects.get(pk=order.pk)
    assert (again.buyer_name, again.commune, again.address_line) == ("Lò Thị Mỷ", commune, "Ấp 3")
    assert again.buyer_phone == order.buyer_phone
    assert claimed(offer) == (1, 1)


def two_coops() -> tuple[Order, Offer, Offer]:
    session = SessionFactory(shipping_fee_vnd=25_000)
    tea = OfferFactory(session=session, unit_price_vnd=100_000)
    crab = OfferFactory(session=session, cooperative=CooperativeFactory(), unit_price_vnd=50_000)
    return order_of((tea, 1), (crab, 2)), tea, crab


def test_a_coop_with_nothing_left_gets_no_parcel_and_no_fee() -> None:
    order, tea, crab = two_coops()
    changed = change(order, (crab, 0))

    assert (changed.goods_vnd, changed.shipping_vnd) == (100_000, 25_000)
    assert not OrderLine.objects.filter(order=order, offer=crab).exists()
    emptied = Parcel.objects.get(order=order, cooperative=crab.cooperative)
    assert (emptied.state, emptied.goods_vnd, emptied.shipping_vnd) == ("cancelled", 0, 0)
    assert claimed(crab) == (0, 0)
    cancelling.cancel_order(order=changed)
    assert claimed(tea) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_changed_orders_leave_the_books_in_order() -> None:
    order, tea, crab = two_coops()
    change(order, (crab, 0), (tea, 2))
    other, *_offers = two_coops()
    change(other, *[(line.offer, line.quantity + 1) for line in other.lines.all()])
    for session_id in LivestreamSession.objects.values_list("pk", flat=True):
        tallies.recount_session(session_id=session_id)
    assert books.differences() == []


def test_history_keeps_what_was_ordered_before() -> None:
    order, tea, crab = two_coops()
    change(order, (tea, 3), (crab, 0))
    kept: Any = OrderLine.pgh_event_model.objects  # type: ignore[attr-defined]
    was = {(event.offer_id, event.quantity, event.pgh_label) for event in kept.all()}
    assert was == {(tea.pk, 1, "update"), (crab.pk, 2, "delete")}
    assert Order.pgh_event_model.objects.get().goods_vnd == 200_000  # type: ignore[attr-defined]


def test_the_last_unit_stays(offer: Offer) -> None:
    order = order_of((offer, 1))
    with pytest.raises(NothingLeftOver):
        change(order, (offer, 0))
    assert claimed(offer) == (1, 1)


def test_more_than_there_is_changes_nothing_and_says_how_many(offer: Offer) -> None:
    order = order_of((offer, 2))
    OrderFactory(offer=offer, quantity=6)
    with pytest.raises(TooFewToAdd) as refused:
        change(order, (offer, 5), note="Khác")
    (line,) = refused.value.details["lines"]
    assert (line["quantity"], line["possible"], line["problem"]) == (5, 4, "sold_out")
    assert claimed(offer) == (8, 8)
    assert Order.objects.get(pk=order.pk).note == ""


def test_the_limit_counts_other_orders_of_the_phone(offer: Offer) -> None:
    order = order_of((offer, 2))
    order_of((offer, 2))
    with pytest.raises(TooFewToAdd) as refused:
        change(order, (offer, 4))
    (line,) = refused.value.details["lines"]
    assert (line["possible"], line["problem"]) == (3, "limit")
    assert claimed(offer) == (4, 4)


def stand_in_line(offer: Offer) -> None:
    Offer.objects.filter(pk=offer.pk).update(standby_waiting=1)


def say_sold_out(offer: Offer) -> None:
    Offer.objects.filter(pk=offer.pk).update(state="sold_out")


def end_session(offer: Offer) -> None:
    LivestreamSession.objects.update(state="ended", ended_at=F("went_live_at"))


def change_price(offer: Offer) -> None:
    Offer.objects.filter(pk=offer.pk).update(unit_price_vnd=90_000)


@pytest.mark.parametrize("mishap", [stand_in_line, say_sold_out, end_session, change_price])
def test_nobody_adds_past_the_line_or_the_session_but_may_take_fewer(
    offer: Offer, mishap: Any
) -> None:
    order = order_of((offer, 2))
    mishap(offer)
    with pytest.raises(TooFewToAdd) as refused:
        change(order, (offer, 3))
    assert refused.value.details["lines"][0]["possible"] == 2
    change(order, (offer, 1))
    assert claimed(offer) == (1, 1)


def test_what_is_held_may_be_lowered_and_not_raised(offer: Offer) -> None:
    order = order_of((offer, 2), payment_method="transfer")
    Order.objects.filter(pk=order.pk).update(state="held")
    with pytest.raises(TooFewToAdd) as refused:
        change(order, (offer, 3))
    assert refused.value.details["lines"][0]["problem"] == "held"
    assert change(order, (offer, 1)).state == "held"


def test_units_of_a_closed_offer_go_to_its_lot() -> None:
    offer = OfferFactory(closed=True)
    order = OrderFactory(offer=offer, quantity=3)
    before = Lot.objects.get(pk=offer.lot_id).quantity_available
    change(order, (offer, 1))
    assert Lot.objects.get(pk=offer.lot_id).quantity_available == before + 2


def pay(order: Order) -> None:
    paying.confirm_payment(order=order, user=UserFactory())


def pack(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(state="confirmed", payment_method="cod")
    packing.move_parcel(parcel=order.parcels.get(), state="packed")


def cancel(order: Order) -> None:
    cancelling.cancel_order(order=order)


def let_time_pass(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(pay_by=F("pay_by") - dt.timedelta(minutes=16))


@pytest.mark.parametrize("end", [pay, pack, cancel, let_time_pass])
def test_past_its_window_an_order_stays_as_it_is(offer: Offer, end: Any) -> None:
    order = order_of((offer, 3), payment_method="transfer")
    end(order)
    before = claimed(offer)
    with pytest.raises(CannotChange):
        change(order, (offer, 1))
    assert claimed(offer) == before


def test_cash_may_be_changed_for_half_an_hour(offer: Offer) -> None:
    order = order_of((offer, 3))
    Order.objects.update(placed_at=F("placed_at") - dt.timedelta(minutes=31))
    with pytest.raises(CannotChange):
        change(order, (offer, 1))


@pytest.mark.django_db(transaction=True)
def test_many_raise_at_once_and_nothing_is_oversold() -> None:
    offer = OfferFactory(quantity_offered=12, limit_per_buyer=5)
    orders = [order_of((offer, 1), buyer_phone=f"+8498700000{n}") for n in range(8)]
    results = all_at_once([lambda o=o: change(o, (offer, 3)) for o in orders])  # type: ignore[misc]
    faults = [r for r in results if isinstance(r, Exception) and not isinstance(r, TooFewToAdd)]
    assert not faults
    assert claimed(offer) == (12, 12)
    assert sum(isinstance(r, Order) for r in results) == 2


@pytest.mark.django_db(transaction=True)
def test_change_cancel_pack_and_release_at_once_leave_the_order_whole() -> None:
    offer = OfferFactory(quantity_offered=20, limit_per_buyer=9)
    for _round in range(3):
        order = order_of((offer, 3), payment_method="transfer", buyer_phone="+84987000111")
        fresh = lambda: Order.objects.get(pk=order.pk)  # noqa: B023, E731
        all_at_once(
            [
                lambda: change(fresh(), (offer, 5)),  # noqa: B023
                lambda: change(fresh(), (offer, 1)),  # noqa: B023
                lambda: cancelling.cancel_order(order=fresh()),  # noqa: B023
                lambda: paying.confirm_payment(order=fresh(), user=UserFactory()),  # noqa: B023
            ]
        )
        now = fresh()
        units = sum(line.quantity for line in now.lines.all()) if now.is_open else 0
        share = BuyerShare.objects.get(offer=offer, buyer_phone="+84987000111").quantity
        offer.refresh_from_db()
        assert (offer.quantity_claimed, share) == (units, units)
        Offer.objects.update(quantity_claimed=0)
        BuyerShare.objects.all().delete()
