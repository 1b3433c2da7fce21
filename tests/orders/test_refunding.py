"""Money of closed orders: noted once, never lost, and no order comes back to life by itself."""

import datetime as dt
from typing import Any

import pytest
from django.db.models import F

from accounts.models import User
from core.clock import db_now
from core.models import OutboxMessage
from livestreams.models import LivestreamSession, Offer
from orders import books
from orders.errors import AmountChanged, CannotPlaceAnew, NotAwaitingPayment, RefundMoved
from orders.models import Order, OrderLine, PhoneReveal, Refund
from orders.services import cancelling, paying, refunding, tallies
from tests.factories.accounts import UserFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory, RefundFactory
from tests.orders.helpers import LAN, order_of
from tests.threads import all_at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def minh() -> User:
    return UserFactory(display_name="Minh")


def late_money(offer: Offer, minh: User, quantity: int = 2) -> Refund:
    """A transfer order of Lan whose time ran out, and whose money came after all."""
    order = order_of((offer, quantity), payment_method=Order.PaymentMethod.TRANSFER)
    Order.objects.filter(pk=order.pk).update(pay_by=F("pay_by") - dt.timedelta(hours=1))
    assert cancelling.release_order(order_id=order.pk)
    paying.confirm_payment(order=order, user=minh)
    return order.refund


@pytest.mark.parametrize("state", ["released", "cancelled"])
def test_late_money_joins_the_queue_and_revives_nothing(minh: User, state: str) -> None:
    order = OrderFactory(transfer=True, state=state)

    paying.confirm_payment(order=order, user=minh)

    assert (order.state, order.paid_confirmed_by) == (state, minh)
    assert order.paid_at is not None
    refund = order.refund
    assert (refund.reason, refund.state, refund.amount_vnd) == ("late", "due", order.total_vnd)
    assert refund.noted_by == minh


def test_late_money_said_twice_is_noted_once(minh: User) -> None:
    order = OrderFactory(transfer=True, state="released")
    for by in (minh, UserFactory()):
        paying.confirm_payment(order=order, user=by)
    assert Refund.objects.get().noted_by == minh
    noted = OutboxMessage.objects.get(topic="orders.refund.changed")
    assert noted.payload["amount_vnd"] == order.total_vnd


def test_money_of_an_order_the_coop_calls_off_is_due(minh: User) -> None:
    order = OrderFactory(transfer=True)
    paying.confirm_payment(order=order, user=minh)
    for _again in range(2):
        cancelling.cancel_order_for_coop(order=order, reason="Mưa đá", user=minh)
    assert (order.refund.reason, order.refund.amount_vnd) == ("cancelled", order.total_vnd)
    assert Refund.objects.count() == 1


def test_an_unpaid_order_called_off_leaves_nothing_to_send_back(minh: User) -> None:
    for order in (OrderFactory(), OrderFactory(transfer=True)):
        cancelling.cancel_order_for_coop(order=order, reason="Mưa đá", user=minh)
    assert not Refund.objects.exists()


def test_closed_cash_orders_and_held_ones_take_no_transfer(minh: User) -> None:
    held = OrderFactory(transfer=True, state="held")
    for order in (OrderFactory(state="cancelled"), held):
        with pytest.raises(NotAwaitingPayment):
            paying.confirm_payment(order=order, user=minh)
    assert not Refund.objects.exists()


def test_the_amount_seen_must_be_the_amount_as_it_stands(minh: User) -> None:
    order = OrderFactory(transfer=True)
    with pytest.raises(AmountChanged):
        paying.confirm_payment(order=order, user=minh, seen_vnd=order.total_vnd - 1)
    paying.confirm_payment(order=order, user=minh, seen_vnd=order.total_vnd)
    assert order.state == Order.State.CONFIRMED


def test_sent_back_is_once_and_remembers_the_banks_reference(minh: User) -> None:
    refund = RefundFactory()
    refunding.send_back(refund=refund, reference="FT26110412345", user=minh)
    refunding.send_back(refund=refund, reference="FT26110412345", user=UserFactory())

    refund.refresh_from_db()
    assert (refund.state, refund.settled_by) == ("sent", minh)
    with pytest.raises(RefundMoved):
        refunding.send_back(refund=refund, reference="FT999", user=minh)
    with pytest.raises(RefundMoved):
        refunding.place_anew(refund=refund, user=minh)


def test_what_was_said_to_be_sent_can_be_taken_back_for_a_day(minh: User) -> None:
    refund = RefundFactory()
    refunding.send_back(refund=refund, reference="FT1", user=minh)
    for _again in range(2):
        refunding.undo_sent(refund=refund)
    assert (refund.state, refund.reference, refund.settled_at) == ("due", "", None)

    refunding.send_back(refund=refund, reference="FT2", user=minh)
    Refund.objects.update(settled_at=F("settled_at") - dt.timedelta(hours=25))
    with pytest.raises(RefundMoved):
        refunding.undo_sent(refund=refund)


def test_late_money_noted_by_mistake_is_struck(minh: User) -> None:
    order = OrderFactory(transfer=True, state="released")
    paying.confirm_payment(order=order, user=minh)
    refund = order.refund
    for _again in range(2):
        refunding.strike_late_money(refund=refund)

    order = Order.objects.get(pk=order.pk)
    assert (order.state, order.paid_at) == ("released", None)
    paying.confirm_payment(order=order, user=minh)  # and it may come after all
    assert Refund.objects.get().state == "due"


def test_money_of_a_cancelled_order_cannot_be_struck() -> None:
    refund = RefundFactory(order__state="cancelled", reason="cancelled")
    with pytest.raises(RefundMoved):
        refunding.strike_late_money(refund=refund)
    assert Refund.objects.exists()


def test_placed_anew_it_is_a_new_paid_order_with_the_same_lines(minh: User) -> None:
    offer = OfferFactory(quantity_offered=5)
    refund = late_money(offer, minh)

    anew = refunding.place_anew(refund=refund, user=minh)
    again = refunding.place_anew(refund=refund, user=minh)

    assert again == anew
    assert (anew.state, anew.total_vnd) == ("confirmed", refund.amount_vnd)
    assert anew.paid_at == refund.order.paid_at
    assert (anew.buyer_phone, anew.code == refund.order.code) == (LAN, False)
    assert list(anew.lines.values_list("offer", "quantity")) == [(offer.pk, 2)]
    assert (refund.state, refund.replacement, refund.settled_by) == ("replaced", anew, minh)
    assert refund.order.state == "released"
    offer.refresh_from_db()
    assert offer.quantity_claimed == 2


def sell_out(offer: Offer) -> None:
    OrderFactory(offer=offer, quantity=offer.quantity_offered)


def end(offer: Offer) -> None:
    LivestreamSession.objects.update(state="ended", ended_at=db_now())


def raise_price(offer: Offer) -> None:
    Offer.objects.update(unit_price_vnd=F("unit_price_vnd") + 1_000)


def buy_up_to_the_limit(offer: Offer) -> None:
    Offer.objects.update(limit_per_buyer=2)
    order_of((offer, 2))


@pytest.mark.parametrize("mishap", [sell_out, end, raise_price, buy_up_to_the_limit])
def test_what_cannot_be_placed_anew_stays_due(minh: User, mishap: Any) -> None:
    offer = OfferFactory(quantity_offered=5)
    refund = late_money(offer, minh)
    mishap(offer)
    before = Order.objects.count()

    with pytest.raises(CannotPlaceAnew):
        refunding.place_anew(refund=refund, user=minh)

    refund.refresh_from_db()
    assert (refund.state, Order.objects.count()) == ("due", before)
    refunding.send_back(refund=refund, reference="FT1", user=minh)


def test_sent_back_money_is_no_sale(minh: User) -> None:
    offer = OfferFactory(quantity_offered=9)
    refund = late_money(offer, minh)
    paid = order_of((offer, 3), payment_method="transfer", buyer_phone="+84987654321")
    paying.confirm_payment(order=paid, user=minh)
    cancelling.cancel_order_for_coop(order=paid, reason="Mưa đá", user=minh)
    tallies.recount_session(session_id=offer.session_id)
    tally = offer.session.tallies.get(cooperative=None)
    assert (tally.order_count, tally.goods_vnd, tally.closed_order_count) == (0, 0, 2)
    assert not OrderLine.objects.counted().exists()

    refunding.place_anew(refund=refund, user=minh)
    tallies.recount_session(session_id=offer.session_id)
    tally.refresh_from_db()
    assert (tally.order_count, tally.unit_count) == (1, 2)


def test_the_number_is_shown_while_the_money_is_due(minh: User) -> None:
    refund = RefundFactory()
    refunding.reveal_phone(refund=refund, user=minh)
    assert Refund.objects.with_reveals_to(minh).get().is_revealed
    assert not Refund.objects.with_reveals_to(UserFactory()).get().is_revealed
    refunding.send_back(refund=refund, reference="FT1", user=minh)
    refunding.reveal_phone(refund=refund, user=minh)
    assert PhoneReveal.objects.count() == 1


def test_history_keeps_what_a_refund_was(minh: User) -> None:
    refund = RefundFactory()
    refunding.send_back(refund=refund, reference="FT1", user=minh)
    kept: Any = Refund.pgh_event_model.objects  # type: ignore[attr-defined]
    assert kept.get(pgh_obj=refund.pk).state == "due"


@pytest.mark.django_db(transaction=True)
def test_ten_hosts_at_once_place_anew_once(minh: User) -> None:
    offer = OfferFactory(quantity_offered=50, limit_per_buyer=50)
    refund = late_money(offer, minh)
    ways = [lambda: refunding.place_anew(refund=Refund.objects.get(pk=refund.pk), user=minh)] * 5
    ways += [
        lambda: refunding.send_back(  # type: ignore[list-item, return-value]
            refund=Refund.objects.get(pk=refund.pk), reference="FT1", user=minh
        )
    ] * 5

    results = all_at_once(ways)

    faults = [r for r in results if isinstance(r, Exception) and not isinstance(r, RefundMoved)]
    assert not faults
    refund.refresh_from_db()
    offer.refresh_from_db()
    assert Order.objects.count() == (2 if refund.state == "replaced" else 1)
    assert offer.quantity_claimed == (2 if refund.state == "replaced" else 0)


@pytest.mark.django_db(transaction=True)
def test_ten_hosts_at_once_note_the_money_once(minh: User) -> None:
    order = OrderFactory(transfer=True, state="released")
    press = lambda: paying.confirm_payment(order=Order.objects.get(pk=order.pk), user=minh)  # noqa: E731
    results = all_at_once([press] * 10)
    assert not [r for r in results if isinstance(r, Exception)]
    assert Refund.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_books_miss_money_that_nobody_sends_back(minh: User) -> None:
    """With its control: without the row the same books do not agree."""
    offer = OfferFactory(session=SessionFactory(), quantity_offered=9)
    refund = late_money(offer, minh)
    other = late_money(offer, minh)
    refunding.place_anew(refund=other, user=minh)
    tallies.recount_session(session_id=offer.session_id)
    assert books.differences() == []

    Refund.objects.filter(pk=refund.pk).update(amount_vnd=F("amount_vnd") - 1)
    assert [d.question for d in books.differences()] == [
        "money of a closed order is in the queue of money to send back, all of it"
    ]
    Refund.objects.filter(pk=refund.pk).delete()
    assert len(books.differences()) == 1


def test_who_settles_money_that_was_struck_meanwhile_is_told(minh: User) -> None:
    """Found by the stepper: a page opened before the strike led to a fault."""
    order = OrderFactory(overdue=True, state="released", closed_at=db_now(), close_reason="time")
    refund = refunding.note_late_money(order=order, user=minh)
    refunding.strike_late_money(refund=Refund.objects.get(pk=refund.pk))

    for settle in (
        lambda: refunding.send_back(refund=refund, reference="FT1", user=minh),
        lambda: refunding.place_anew(refund=refund, user=minh),
        lambda: refunding.undo_sent(refund=refund),
    ):
        with pytest.raises(RefundMoved):
            settle()
