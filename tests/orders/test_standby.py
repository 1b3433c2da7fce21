"""The line for what is sold out: who stands in it, who is next, and what they get."""

import datetime as dt
from typing import Any

import pytest
from django.db.models import F

from core.clock import db_now
from core.models import OutboxMessage
from livestreams.models import LivestreamSession, Offer
from livestreams.services import lining_up, running, selling
from orders import books
from orders.errors import (
    AlreadyInLine,
    HoldOver,
    LimitReached,
    LineClosed,
    NotInLine,
    NotSoldOut,
    SessionNotLive,
    SoldOut,
    TransferNotOffered,
)
from orders.models import BuyerShare, Order, StandbyEntry
from orders.services import cancelling, standing_by
from orders.services.standing_by import (
    Place,
    leave_line,
    place_of,
    promote_all,
    promote_next,
    take_held_order,
)
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.orders.helpers import LAN, in_line, order_of, phone_of

pytestmark = pytest.mark.django_db
State = StandbyEntry.State
MONTH = dt.timedelta(days=31)


@pytest.fixture(autouse=True)
def books_agree() -> Any:
    """Whatever a story does, stock, shares and lines agree with a recount at its end."""
    yield
    questions = [question for question in books.QUESTIONS if "tally" not in question.name]
    assert [str(found) for found in books.ask(questions)] == []


def sold_out(units: int = 3, **details: Any) -> Offer:
    """An offer on sale of which others hold every unit, one order each."""
    offer = OfferFactory(quantity_offered=units, **details)
    for number in range(units):
        OrderFactory(offer=offer, buyer_phone=phone_of(900 + number))
    offer.refresh_from_db()
    return offer


def let_go(offer: Offer, orders: int = 1) -> None:
    """So many of those who hold a unit cancel."""
    taken = Order.objects.filter(lines__offer=offer, state=Order.State.CONFIRMED).order_by("pk")
    for order in taken[:orders]:
        cancelling.cancel_order(order=order)


def waiting(offer: Offer) -> int:
    offer.refresh_from_db()
    assert offer.standby_waiting == offer.standby_entries.waiting().count()
    return offer.standby_waiting


# Joining


def test_numbers_are_given_in_order_and_say_the_place() -> None:
    offer = sold_out()

    first = in_line(offer, buyer_phone=phone_of(1))
    second = in_line(offer, 2, buyer_phone=phone_of(2))

    assert (first.number, second.number) == (1, 2)
    assert (place_of(first), place_of(second)) == (Place(1, 2), Place(2, 2))
    assert waiting(offer) == 2
    assert len(second.token) >= 22
    message = OutboxMessage.objects.latest("pk")
    assert (message.topic, message.feed) == ("orders.standby.joined", offer.session.feed)
    assert set(message.payload) == {"session_id", "offer_id"}


def test_nobody_waits_for_what_can_be_had() -> None:
    with pytest.raises(NotSoldOut):
        in_line(OfferFactory())
    assert not StandbyEntry.objects.exists()


def test_one_may_wait_for_what_the_host_called_sold_out() -> None:
    offer = OfferFactory(state=Offer.State.SOLD_OUT)
    assert in_line(offer).number == 1
    assert promote_next(offer_id=offer.pk) is None


@pytest.mark.parametrize("state", [Offer.State.LINED_UP, Offer.State.CLOSED])
def test_there_is_no_line_for_what_is_not_on_sale(state: str) -> None:
    offer = OfferFactory(lined_up=True) if state == "lined_up" else OfferFactory(closed=True)
    with pytest.raises(LineClosed):
        in_line(offer)


def test_there_is_no_line_outside_a_live_session() -> None:
    offer = OfferFactory(session=SessionFactory(ended=True), closed=True)
    with pytest.raises(SessionNotLive):
        in_line(offer)


def test_a_phone_stands_in_line_once_and_again_after_leaving() -> None:
    offer = sold_out()
    entry = in_line(offer)

    with pytest.raises(AlreadyInLine) as refusal:
        in_line(offer)
    assert not refusal.value.details
    leave_line(entry=entry)

    assert in_line(offer).number == 2
    assert waiting(offer) == 1


def test_the_limit_per_buyer_counts_what_the_phone_holds() -> None:
    offer = sold_out(limit_per_buyer=2)
    with pytest.raises(LimitReached):
        in_line(offer, 3)
    Offer.objects.filter(pk=offer.pk).update(quantity_claimed=2)
    order = Order.objects.filter(lines__offer=offer).earliest("pk")
    BuyerShare.objects.filter(offer=offer, buyer_phone=order.buyer_phone).delete()
    Order.objects.filter(pk=order.pk).update(buyer_phone=LAN)
    BuyerShare.objects.create(offer=offer, buyer_phone=LAN, quantity=1)
    Offer.objects.filter(pk=offer.pk).update(quantity_claimed=3)

    with pytest.raises(LimitReached):
        in_line(offer, 2)
    assert in_line(offer, 1).quantity == 1


def test_a_transfer_needs_a_bank_account() -> None:
    offer = sold_out(session__cooperative__bank_account_number="")
    with pytest.raises(TransferNotOffered):
        in_line(offer, payment_method="transfer")


# Leaving


def test_who_leaves_makes_room_and_leaving_twice_is_leaving_once() -> None:
    offer = sold_out()
    first, second = (in_line(offer, buyer_phone=phone_of(n)) for n in (1, 2))

    leave_line(entry=first)
    leave_line(entry=first)

    assert place_of(second) == Place(1, 1)
    assert waiting(offer) == 1
    assert OutboxMessage.objects.filter(topic="orders.standby.left").count() == 1


def test_the_line_cannot_be_left_once_ones_turn_has_come() -> None:
    offer = sold_out()
    entry = in_line(offer)
    let_go(offer)
    promote_next(offer_id=offer.pk)
    with pytest.raises(NotInLine):
        leave_line(entry=entry)


# Being promoted


def test_released_units_go_to_the_first_in_line_held_and_once() -> None:
    offer = sold_out()
    first, second = (in_line(offer, buyer_phone=phone_of(n)) for n in (1, 2))
    let_go(offer)

    order = promote_next(offer_id=offer.pk)
    again = promote_next(offer_id=offer.pk)

    assert order
    assert again is None
    order.refresh_from_db()
    first.refresh_from_db()
    assert (first.state, first.order_id) == (State.PROMOTED, order.pk)
    assert order.state == Order.State.HELD
    assert dt.timedelta(minutes=14) < order.pay_by - db_now() <= dt.timedelta(minutes=15)
    assert order.buyer_phone == phone_of(1)
    assert place_of(second) == Place(1, 1)
    offer.refresh_from_db()
    assert (offer.quantity_claimed, offer.standby_waiting) == (3, 1)
    message = OutboxMessage.objects.get(topic="orders.standby.promoted")
    assert message.payload["entry_id"] == first.pk
    assert not OutboxMessage.objects.filter(topic="orders.order.placed").exists()


def test_no_walk_in_overtakes_the_line() -> None:
    offer = sold_out()
    in_line(offer)
    let_go(offer, 2)

    with pytest.raises(SoldOut):
        order_of((offer, 1), buyer_phone=phone_of(77))
    promote_next(offer_id=offer.pk)

    assert order_of((offer, 1), buyer_phone=phone_of(77)).pk  # the line is empty again


def test_who_wants_more_than_there_is_gets_what_there_is() -> None:
    offer = sold_out(units=4)
    in_line(offer, 3, buyer_phone=phone_of(1))
    in_line(offer, 1, buyer_phone=phone_of(2))
    let_go(offer, 2)

    promote_all(session_id=offer.session_id)

    assert Order.objects.get(state="held").lines.get().quantity == 2
    assert waiting(offer) == 1


def test_enough_units_serve_the_whole_line() -> None:
    offer = sold_out(units=4)
    for number in range(3):
        in_line(offer, buyer_phone=phone_of(number))
    let_go(offer, 4)

    assert promote_all() == 3

    assert waiting(offer) == 0
    offer.refresh_from_db()
    assert offer.quantity_left == 1


def test_who_reached_the_limit_meanwhile_is_passed_over_with_a_reason() -> None:
    offer = sold_out(limit_per_buyer=2)
    entry = in_line(offer, 2)
    following = in_line(offer, buyer_phone=phone_of(2))
    share = BuyerShare.objects.filter(offer=offer).earliest("pk")
    Order.objects.filter(lines__offer=offer, buyer_phone=share.buyer_phone).update(buyer_phone=LAN)
    share.buyer_phone = LAN
    share.save()
    other = Order.objects.filter(lines__offer=offer).latest("pk")
    BuyerShare.objects.filter(offer=offer, buyer_phone=other.buyer_phone).delete()
    Order.objects.filter(pk=other.pk).update(buyer_phone=LAN)
    BuyerShare.objects.filter(pk=share.pk).update(quantity=2)
    rest = Order.objects.filter(lines__offer=offer).exclude(buyer_phone=LAN).get()
    cancelling.cancel_order(order=rest)

    order = promote_next(offer_id=offer.pk)

    entry.refresh_from_db()
    assert (entry.state, entry.close_reason, entry.order) == (State.CLOSED, "limit", None)
    assert order
    assert order.buyer_phone == following.buyer_phone
    assert waiting(offer) == 0


def test_a_raised_allotment_is_for_the_line_first() -> None:
    offer = sold_out()
    in_line(offer)
    lining_up.edit_offer(
        offer=offer,
        unit_price_vnd=offer.unit_price_vnd,
        quantity_offered=5,
        limit_per_buyer=offer.limit_per_buyer,
    )
    offer.refresh_from_db()
    assert (offer.quantity_left, offer.quantity_unclaimed) == (0, 2)

    promote_all(session_id=offer.session_id)

    offer.refresh_from_db()
    assert offer.quantity_left == 1


def test_nobody_is_promoted_while_the_host_says_sold_out() -> None:
    offer = sold_out()
    entry = in_line(offer)
    let_go(offer)
    selling.mark_sold_out(offer=offer)

    assert promote_all() == 0
    assert place_of(entry) == Place(1, 1)
    selling.reopen_offer(offer=offer)
    assert promote_all() == 1


def test_a_transfer_whose_account_went_away_is_passed_over() -> None:
    offer = sold_out()
    entry = in_line(offer, payment_method="transfer")
    coop = offer.session.cooperative
    type(coop).objects.filter(pk=coop.pk).update(bank_account_number="")
    let_go(offer)

    assert promote_next(offer_id=offer.pk) is None
    entry.refresh_from_db()
    assert (entry.state, entry.close_reason) == (State.CLOSED, "no_transfer")


# Taking what is held


def held_order(**details: Any) -> Order:
    offer = sold_out()
    in_line(offer, **details)
    let_go(offer)
    order = promote_next(offer_id=offer.pk)
    assert order
    return order


def test_cash_is_confirmed_when_it_is_taken_and_only_once() -> None:
    order = held_order()
    OutboxMessage.objects.all().delete()

    take_held_order(order=order)
    take_held_order(order=order)

    assert (order.state, order.pay_by) == (Order.State.CONFIRMED, None)
    assert [m.topic for m in OutboxMessage.objects.all()] == ["orders.order.placed"]


def test_a_transfer_gets_its_time_to_pay_when_it_is_taken() -> None:
    order = held_order(payment_method="transfer")
    Order.objects.filter(pk=order.pk).update(pay_by=db_now() + dt.timedelta(seconds=20))

    take_held_order(order=order)

    assert order.state == Order.State.AWAITING_PAYMENT
    assert order.pay_by - db_now() > dt.timedelta(minutes=14)


def test_what_was_not_taken_in_time_goes_to_the_next() -> None:
    offer = sold_out()
    for number in (1, 2):
        in_line(offer, buyer_phone=phone_of(number))
    let_go(offer)
    order = promote_next(offer_id=offer.pk)
    assert order
    Order.objects.filter(pk=order.pk).update(pay_by=db_now() - dt.timedelta(seconds=1))

    with pytest.raises(HoldOver):
        take_held_order(order=order)
    assert cancelling.release_overdue() == 1
    with pytest.raises(HoldOver):
        take_held_order(order=order)
    following = promote_next(offer_id=offer.pk)

    assert following
    assert following.buyer_phone == phone_of(2)
    assert (order.state, order.close_reason) == (Order.State.RELEASED, "not_taken")


def test_what_is_held_can_be_given_up_and_goes_to_the_next() -> None:
    order = held_order()
    offer = order.lines.get().offer
    in_line(offer, buyer_phone=phone_of(2))

    cancelling.cancel_order(order=order)

    assert promote_all() == 1
    with pytest.raises(HoldOver):
        take_held_order(order=order)


# Closing


def test_ending_the_session_sends_the_line_home_and_gives_units_back_once() -> None:
    offer = sold_out()
    entry = in_line(offer)
    let_go(offer)
    running.end_session(session=offer.session)

    assert promote_all() == 0
    standing_by.close_line(offer_id=offer.pk)

    entry.refresh_from_db()
    assert (entry.state, entry.close_reason) == (State.CLOSED, "ended")
    assert waiting(offer) == 0
    offer.lot.refresh_from_db()
    assert offer.state == Offer.State.CLOSED


def test_what_is_held_outlives_the_session_and_returns_to_the_lot() -> None:
    order = held_order()
    offer = order.lines.get().offer
    running.end_session(session=offer.session)
    lot = offer.lot
    lot.refresh_from_db()
    before = lot.quantity_available

    Order.objects.filter(pk=order.pk).update(pay_by=db_now() - dt.timedelta(seconds=1))
    cancelling.release_overdue()

    lot.refresh_from_db()
    assert lot.quantity_available == before + 1


def test_a_line_reopened_in_time_stays() -> None:
    offer = sold_out()
    entry = in_line(offer)
    selling.close_offer(offer=offer)
    offer.refresh_from_db()
    selling.open_offer(offer=offer)

    assert standing_by.close_line(offer_id=offer.pk) == 0
    assert place_of(entry) == Place(1, 1)


def test_a_session_that_is_not_live_promotes_nobody() -> None:
    """As when the session's co-op was suspended: the line waits."""
    offer = sold_out()
    in_line(offer)
    let_go(offer)
    LivestreamSession.objects.filter(pk=offer.session_id).update(
        state="ended", ended_at=F("went_live_at")
    )
    assert promote_next(offer_id=offer.pk) is None
    assert waiting(offer) == 1
    LivestreamSession.objects.filter(pk=offer.session_id).update(state="live")


# What is forgotten


def test_places_that_came_to_nothing_are_forgotten_after_a_month() -> None:
    offer = sold_out()
    old, recent, still = (in_line(offer, buyer_phone=phone_of(n)) for n in range(3))
    for entry in (old, recent):
        leave_line(entry=entry)
    StandbyEntry.objects.filter(pk=old.pk).update(settled_at=F("settled_at") - MONTH)
    StandbyEntry.objects.filter(pk=still.pk).update(joined_at=F("joined_at") - MONTH)

    assert standing_by.forget_past() == 1

    assert set(StandbyEntry.objects.all()) == {recent, still}
    assert in_line(offer, buyer_phone=phone_of(7)).number == 4
