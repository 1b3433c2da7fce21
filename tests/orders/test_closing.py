"""Cancelling, running out of time, and money that comes: units and shares go back exactly once."""

import datetime as dt

import pytest
from django.db.models import F

from accounts.models import User
from core.clock import db_now
from core.models import OutboxMessage
from livestreams.models import Offer
from orders.errors import CannotCancel, NotAwaitingPayment
from orders.models import BuyerShare, Order, Parcel
from orders.services import cancelling, packing, paying
from products.models import StockMovement
from tests.factories.accounts import UserFactory
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import OrderFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def minh() -> User:
    return UserFactory(display_name="Minh")


def held(offer: Offer) -> tuple[int, int]:
    """Units claimed of the offer, and units its buyers hold by their shares."""
    offer.refresh_from_db()
    return offer.quantity_claimed, sum(s.quantity for s in offer.buyer_shares.all())


def test_a_buyer_cancels_cash_on_delivery_and_the_units_go_back() -> None:
    order = OrderFactory(quantity=2)
    offer = order.lines.get().offer
    assert held(offer) == (2, 2)

    cancelling.cancel_order(order=order)

    assert order.state == Order.State.CANCELLED
    assert order.closed_at is not None
    assert order.parcels.get().state == Parcel.State.CANCELLED
    assert held(offer) == (0, 0)
    message = OutboxMessage.objects.get()
    assert (message.topic, message.payload["state"]) == ("orders.order.changed", "cancelled")
    assert message.feed == order.session.feed


def test_cancelling_twice_gives_back_once() -> None:
    order = OrderFactory(quantity=2)
    OrderFactory(offer=order.lines.get().offer, quantity=1)

    cancelling.cancel_order(order=order)
    cancelling.cancel_order(order=order)

    assert held(order.lines.get().offer) == (1, 1)
    assert OutboxMessage.objects.count() == 1


def test_cash_on_delivery_can_be_cancelled_for_half_an_hour() -> None:
    order = OrderFactory(placed_at=db_now() - dt.timedelta(minutes=31))

    with pytest.raises(CannotCancel):
        cancelling.cancel_order(order=order)

    assert order.state == Order.State.CONFIRMED
    assert held(order.lines.get().offer) == (1, 1)


def test_a_packed_parcel_can_no_longer_be_cancelled() -> None:
    order = OrderFactory()
    packing.move_parcel(parcel=order.parcels.get(), state="packed")

    with pytest.raises(CannotCancel):
        cancelling.cancel_order(order=order)

    assert order.parcels.get().state == Parcel.State.PACKED
    assert held(order.lines.get().offer) == (1, 1)


def test_a_paid_order_is_cancelled_by_the_coop_only(minh: User) -> None:
    order = OrderFactory(transfer=True)
    paying.confirm_payment(order=order, user=minh)

    with pytest.raises(CannotCancel):
        cancelling.cancel_order(order=order)
    cancelling.cancel_order_for_coop(order=order, reason="Hàng bị ướt khi phơi")

    assert (order.state, order.close_reason) == ("cancelled", "Hàng bị ướt khi phơi")
    assert held(order.lines.get().offer) == (0, 0)


def test_the_sweeper_releases_what_is_overdue_and_nothing_else() -> None:
    offer = OfferFactory()
    late = OrderFactory(offer=offer, overdue=True, quantity=2)
    waiting = OrderFactory(offer=offer, transfer=True)
    cash = OrderFactory(offer=offer)

    assert cancelling.release_overdue() == 1
    assert cancelling.release_overdue() == 0

    for order in (late, waiting, cash):
        order.refresh_from_db()
    assert [late.state, waiting.state, cash.state] == ["released", "awaiting_payment", "confirmed"]
    assert held(offer) == (2, 2)


def test_the_sweeper_releases_what_is_held_for_somebody_too() -> None:
    offer = OfferFactory()
    order = OrderFactory(offer=offer, overdue=True, state="held", payment_method="cod")
    assert cancelling.release_overdue() == 1
    order.refresh_from_db()
    assert order.state == Order.State.RELEASED
    assert held(offer) == (0, 0)


def test_a_round_takes_batch_after_batch_and_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "RELEASE_BATCH", 2)
    offer = OfferFactory(quantity_offered=9)
    OrderFactory.create_batch(5, offer=offer, overdue=True)
    assert cancelling.release_overdue(within_s=0) == 0
    assert cancelling.release_overdue() == 5
    message = OutboxMessage.objects.latest("pk")
    assert message.payload["offer_ids"] == [offer.pk]


def test_units_that_come_back_after_closing_go_to_the_lot() -> None:
    """Closing gave the lot what was left; the offer is no longer where units wait for a buyer."""
    offer = OfferFactory(closed=True, quantity_offered=10)
    order = OrderFactory(offer=offer, quantity=3)
    offer.lot.refresh_from_db()
    before = offer.lot.quantity_available

    cancelling.cancel_order(order=order)

    offer.lot.refresh_from_db()
    assert offer.lot.quantity_available == before + 3
    movement = StockMovement.objects.latest("pk")
    assert (movement.kind, movement.quantity, movement.reference) == (
        "give_back",
        3,
        f"offer:{offer.pk}",
    )


def test_a_share_that_is_not_there_stops_everything() -> None:
    """Books that disagree are never papered over: the order stays as it was."""
    order = OrderFactory(quantity=2)
    BuyerShare.objects.update(quantity=F("quantity") - 1)

    with pytest.raises(cancelling.BooksDisagree):
        cancelling.cancel_order(order=order)

    order.refresh_from_db()
    assert order.state == Order.State.CONFIRMED


def test_one_order_with_wrong_books_does_not_keep_the_others_waiting() -> None:
    broken = OrderFactory(overdue=True)
    fine = OrderFactory(overdue=True)
    BuyerShare.objects.filter(buyer_phone=broken.buyer_phone).update(quantity=0)

    assert cancelling.release_overdue() == 1

    fine.refresh_from_db()
    assert fine.state == Order.State.RELEASED


def test_the_host_confirms_a_transfer_once(minh: User) -> None:
    order = OrderFactory(transfer=True)

    paying.confirm_payment(order=order, user=minh)
    first_paid_at = order.paid_at
    paying.confirm_payment(order=order, user=UserFactory())

    assert (order.state, order.paid_at) == (Order.State.CONFIRMED, first_paid_at)
    assert order.paid_confirmed_by == minh
    assert OutboxMessage.objects.count() == 1


def test_overdue_but_not_released_is_still_good_to_pay(minh: User) -> None:
    order = OrderFactory(overdue=True)

    paying.confirm_payment(order=order, user=minh)

    assert cancelling.release_overdue() == 0
    assert order.state == Order.State.CONFIRMED


def test_cash_is_not_confirmed_as_a_transfer(minh: User) -> None:
    with pytest.raises(NotAwaitingPayment):
        paying.confirm_payment(order=OrderFactory(), user=minh)


def test_history_keeps_the_state_before() -> None:
    order = OrderFactory()
    cancelling.cancel_order(order=order)
    event = order._meta.model.pgh_event_model.objects.get()
    assert event.state == Order.State.CONFIRMED
