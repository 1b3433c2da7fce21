"""Two commands on one order at the same moment: one wins, and units go back exactly once."""

import itertools
import time
from collections.abc import Callable
from unittest import mock

import pytest
from django.db import connection, transaction

from accounts.models import User
from livestreams.models import Offer
from orders.errors import CannotCancel, WrongStep
from orders.models import BuyerShare, Order, Parcel, Refund, SessionTally
from orders.services import cancelling, packing, paying, tallies
from tests.factories.accounts import UserFactory
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import OrderFactory
from tests.threads import all_at_once, beside

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[], object]
REFUSALS = (CannotCancel, WrongStep)
ROUNDS = 3


def cancel(order: Order, _minh: User) -> Act:
    return lambda: cancelling.cancel_order(order=Order.objects.get(pk=order.pk))


def cancel_for_coop(order: Order, _minh: User) -> Act:
    found = Order.objects.get(pk=order.pk)
    return lambda: cancelling.cancel_order_for_coop(order=found, reason="Hết hàng")


def pay(order: Order, minh: User) -> Act:
    return lambda: paying.confirm_payment(order=Order.objects.get(pk=order.pk), user=minh)


def release(order: Order, _minh: User) -> Act:
    return lambda: cancelling.release_order(order_id=order.pk)


def pack(order: Order, _minh: User) -> Act:
    parcel = order.parcels.select_related("order").get()
    return lambda: packing.move_parcel(parcel=parcel, state="packed")


def assert_whole(order: Order, offer: Offer) -> None:
    """Units are held exactly when the order is open; its parcel agrees; nothing was doubled."""
    order.refresh_from_db()
    offer.refresh_from_db()
    held = 2 if order.is_open else 0
    parcel = order.parcels.get()
    assert offer.quantity_claimed == held + 1  # another buyer holds one all along
    assert BuyerShare.objects.get(offer=offer, buyer_phone=order.buyer_phone).quantity == held
    assert (parcel.state == Parcel.State.CANCELLED) == (not order.is_open)
    has_refund = Refund.objects.filter(order=order).exists()
    assert has_refund == (order.paid_at is not None and not order.is_open)


COMMANDS = (cancel, cancel_for_coop, pay, release, pack)


@pytest.mark.parametrize("pair", list(itertools.combinations_with_replacement(COMMANDS, 2)))
def test_any_two_commands_leave_the_order_whole(pair: tuple[Callable[..., Act], ...]) -> None:
    minh = UserFactory()
    for _round in range(ROUNDS):
        offer = OfferFactory()
        order = OrderFactory(offer=offer, quantity=2, overdue=True)
        OrderFactory(offer=offer)
        if pack in pair and pay not in pair:
            Order.objects.filter(pk=order.pk).update(state="confirmed", payment_method="cod")

        results = all_at_once([command(order, minh) for command in pair])

        faults = [r for r in results if isinstance(r, Exception) and not isinstance(r, REFUSALS)]
        assert not faults
        assert_whole(order, offer)


def test_five_commands_at_once_leave_the_order_whole() -> None:
    minh = UserFactory()
    for _round in range(ROUNDS):
        offer = OfferFactory()
        order = OrderFactory(offer=offer, quantity=2, overdue=True)
        OrderFactory(offer=offer)
        results = all_at_once([command(order, minh) for command in COMMANDS])
        faults = [r for r in results if isinstance(r, Exception) and not isinstance(r, REFUSALS)]
        assert not faults
        assert_whole(order, offer)


def test_without_the_guard_on_the_state_units_go_back_twice() -> None:
    """Negative control: look at the state first, then change it."""

    def close_by_reading_first(order: Order, _may: object, state: str, reason: str) -> None:
        if not Order.objects.get(pk=order.pk).is_open:
            raise CannotCancel
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.05)")
        Order.objects.filter(pk=order.pk).update(state=state, close_reason=reason)
        offer = Offer.objects.filter(order_lines__order=order)
        Offer.objects.filter(pk=offer.get().pk).release(2)

    offer = OfferFactory()
    order = OrderFactory(offer=offer, quantity=2)
    OrderFactory(offer=offer, quantity=4)
    with mock.patch.object(cancelling, "_close", close_by_reading_first):
        all_at_once([cancel(order, UserFactory())] * 2)

    offer.refresh_from_db()
    assert offer.quantity_claimed == 2  # four are promised


def test_a_cancelled_parcel_is_not_packed_by_somebody_who_read_it_earlier() -> None:
    order = OrderFactory()
    stale = order.parcels.select_related("order").get()
    cancelling.cancel_order(order=order)

    with pytest.raises(WrongStep):
        packing.move_parcel(parcel=stale, state="packed")


def test_without_the_guard_on_the_row_a_cancelled_parcel_is_packed() -> None:
    """Negative control."""
    order = OrderFactory()
    stale = order.parcels.get()
    cancelling.cancel_order(order=order)

    stale.state = Parcel.State.PACKED
    stale.save()

    assert order.parcels.get().state == Parcel.State.PACKED  # of an order that is cancelled


def overtaken_recount(session_id: int) -> int:
    """A recount waits for another that goes on to see one order more; the orders told at the end."""
    with transaction.atomic():
        tallies.recount_session(session_id=session_id)
        late = beside(lambda: tallies.recount_session(session_id=session_id))
        await_somebody_waiting()
        offer_id = Offer.objects.get(session=session_id).pk
        beside(lambda: OrderFactory(offer=Offer.objects.get(pk=offer_id)))()
        tallies.recount_session(session_id=session_id)
    late()
    return SessionTally.objects.get(session=session_id, cooperative=None).order_count


def await_somebody_waiting() -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    pytest.fail("nobody waits")


def test_a_recount_that_was_overtaken_does_not_bring_old_figures_back() -> None:
    session_id = OrderFactory().session_id
    tallies.recount_session(session_id=session_id)
    assert overtaken_recount(session_id) == 2


def test_without_the_queue_an_overtaken_recount_brings_old_figures_back() -> None:
    """Negative control."""
    session_id = OrderFactory().session_id
    tallies.recount_session(session_id=session_id)
    with mock.patch.object(tallies, "_queue"):
        assert overtaken_recount(session_id) == 1


def test_eight_recounts_at_once_agree() -> None:
    session_id = OrderFactory(quantity=2).session_id
    faults = [
        result
        for result in all_at_once([lambda: tallies.recount_session(session_id=session_id)] * 8)
        if result is not None
    ]
    tally = SessionTally.objects.get(session=session_id, cooperative=None)
    assert (faults, tally.order_count, tally.unit_count) == ([], 1, 2)
