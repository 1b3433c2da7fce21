"""What went wrong in platforms like ours, each by the name under which it must not happen here.

The docstrings name where it was reported. Baskets in opposite order, several payments at once and
a host at work are also played through in test_pairs.py, statement by statement.
"""

import pytest
from django.db import connection, transaction

from core.models import OutboxMessage
from livestreams.models import Offer
from livestreams.services import lining_up, selling
from orders.errors import SoldOut
from orders.models import BuyerShare, Order, OrderLine, Parcel, Refund
from orders.services import cancelling, paying
from tests.concurrency.buyers import BUYERS, buyers_of, kinds, sold
from tests.concurrency.market import Market, ask, differences, wrongs
from tests.factories.accounts import UserFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.livestreams.books import lot_adds_up
from tests.orders.helpers import order_of
from tests.placing_function import placing_function
from tests.threads import all_at_once, beside

pytestmark = pytest.mark.django_db(transaction=True)

# Units


def test_last_unit_two_buyers() -> None:
    """Saleor 543: each order was within stock, both together above."""
    offer = OfferFactory(quantity_offered=1)

    results = all_at_once(buyers_of((offer, 1)))

    offer.refresh_from_db()
    assert kinds(results) == {"Order": 1, "SoldOut": BUYERS - 1}
    assert (offer.quantity_claimed, sold(offer), Order.objects.count()) == (1, 1, 1)


def test_order_has_allocation() -> None:
    """Saleor 5334: one in so many orders had taken nothing from stock."""
    market = Market.open(left=6)
    all_at_once(buyers_of((market.honey, 1), (market.tea, 1), count=6))

    lines = OrderLine.objects.filter(order__state="confirmed")
    assert lines.count() == 12
    for line in lines:
        assert BuyerShare.objects.get(offer=line.offer_id, buyer_phone=line.order.buyer_phone)
    assert not wrongs() + differences()


def test_control_an_order_without_allocation_is_found() -> None:
    market = Market.open(left=6)
    with placing_function(
        ("SET quantity_claimed = quantity_claimed + p_quantities[i]", "SET position = position")
    ):
        order_of((market.tea, 1), commune=market.commune)
    assert any("claimed 3, in orders 4" in wrong for wrong in wrongs())
    assert any("units claimed of an offer" in difference for difference in differences())


def test_same_sku_twice() -> None:
    """Medusa 16502: two lines of one cart share stock, and each passes alone."""
    offer = OfferFactory(quantity_offered=11)

    results = all_at_once(buyers_of((offer, 1), (offer, 1), count=10))

    offer.refresh_from_db()
    assert kinds(results) == {"Order": 5, "SoldOut": 5}
    assert (offer.quantity_left, sold(offer)) == (1, 10)


def test_bundle_shared_stock() -> None:
    """Medusa 16502: two offers of one lot never sell more than the lot holds."""
    first = OfferFactory(lined_up=True, quantity_offered=4, lot__quantity_made=6)
    second = OfferFactory(session=first.session, lot=first.lot, lined_up=True, quantity_offered=4)

    opened = all_at_once([lambda o=o: selling.open_offer(offer=o) for o in (first, second)])
    results = all_at_once(buyers_of((first, 1), count=8) + buyers_of((second, 1), count=8, first=8))

    assert kinds(opened) == {"NoneType": 1, "OfferNotReady": 1}
    assert kinds(results) == {"Order": 4, "SoldOut": 12}
    assert lot_adds_up(first.lot)


def test_hold_counts_as_taken() -> None:
    """Wordcamp.org PR 2016: unpaid checkouts did not count, so a seat was sold twice."""
    offer = OfferFactory(quantity_offered=2)
    OrderFactory(offer=offer, quantity=2, transfer=True)

    with pytest.raises(SoldOut):
        order_of((offer, 1))


def test_a_hold_whose_time_is_over_counts_until_it_is_released() -> None:
    """Nobody else decides by the clock alone: units move with the order's state."""
    offer = OfferFactory(quantity_offered=2)
    overdue = OrderFactory(offer=offer, quantity=2, overdue=True)

    with pytest.raises(SoldOut):
        order_of((offer, 1))
    assert cancelling.release_order(order_id=overdue.pk)
    assert order_of((offer, 1)).pk


def test_host_adds_stock_during_sale() -> None:
    """Odoo PR 252960: stock changed by hand beside a sale, and the last seat was sold twice."""
    offer = OfferFactory(quantity_offered=5, lot__quantity_made=40)
    acts = buyers_of((offer, 1), count=14)
    acts.insert(
        4,
        lambda: lining_up.edit_offer(
            offer=offer, unit_price_vnd=115_000, quantity_offered=10, limit_per_buyer=5
        ),
    )

    results = all_at_once(acts)
    late = all_at_once(buyers_of((offer, 1), count=6, first=50))

    offer.refresh_from_db()
    assert set(kinds(results)) <= {"Order", "SoldOut", "Offer"}
    assert set(kinds(late)) <= {"Order", "SoldOut"}
    assert offer.quantity_claimed == sold(offer) == 10
    assert lot_adds_up(offer.lot)


# All or nothing


def test_no_orphan_order() -> None:
    """Medusa 16825: the loser kept an order without reservation. Here nothing of it stays."""
    offer = OfferFactory(quantity_offered=3)

    all_at_once(buyers_of((offer, 1)))

    assert [m.objects.count() for m in (Order, Parcel, OrderLine, OutboxMessage)] == [3, 3, 3, 3]
    assert sum(share.quantity for share in BuyerShare.objects.all()) == 3


def test_stock_call_requires_atomic() -> None:
    """Vendure PR 4930: a claim outside of a transaction guards nothing of the other lines.

    The first line is claimed, the second refused by its row alone: both are as before.
    """
    session = SessionFactory()
    tea = OfferFactory(session=session)
    honey = OfferFactory(session=session, quantity_offered=1)
    OrderFactory(offer=honey, lines=[(honey, 1)])
    rows = [m.objects.count() for m in (Order, Parcel, OrderLine, OutboxMessage)]

    with (
        placing_function(("offer.quantity_claimed > offer.quantity_offered", "false AND 1 > 2")),
        pytest.raises(SoldOut),
    ):
        order_of((tea, 2), (honey, 1))

    assert not connection.in_atomic_block  # the call was a transaction of its own
    assert [m.objects.count() for m in (Order, Parcel, OrderLine, OutboxMessage)] == rows
    assert not wrongs()


def test_a_step_that_fails_late_leaves_a_cancellation_undone(monkeypatch) -> None:
    """Vendure 1738, 3508: check and allocation in different transactions."""
    market = Market.open()

    def fail(*_args: object) -> None:
        raise cancelling.BooksDisagree

    monkeypatch.setattr(cancelling, "release_units", fail)
    with pytest.raises(cancelling.BooksDisagree):
        cancelling.cancel_order(order=market.lans)

    market.lans.refresh_from_db()
    assert market.lans.is_open
    assert not wrongs()


def test_duplicate_line_ids() -> None:
    """Medusa 11403: the same key locked twice in one call deadlocked."""
    session = SessionFactory()
    tea, honey = (OfferFactory(session=session, quantity_offered=90) for _ in range(2))
    basket = [(tea, 1), (honey, 1), (tea, 1), (honey, 2), (tea, 1)]

    results = all_at_once(buyers_of(*basket, count=10))

    assert kinds(results) == {"Order": 10}
    assert (sold(tea), sold(honey), OrderLine.objects.count()) == (30, 30, 20)


def test_opposite_order_carts() -> None:
    """Django-oscar PR 4594, Vendure PR 4930: lines locked in cart order deadlock."""
    session = SessionFactory()
    tea, honey = (OfferFactory(session=session, quantity_offered=100) for _ in range(2))

    results = all_at_once(
        buyers_of((tea, 1), (honey, 1)) + buyers_of((honey, 1), (tea, 1), first=BUYERS)
    )

    assert kinds(results) == {"Order": BUYERS * 2}
    assert sold(tea) == sold(honey) == BUYERS * 2


# Money


def test_late_payment_after_expiry_goes_to_refund_queue() -> None:
    """Vendure 3065: the buyer paid after the unit was gone, and the money went into the air."""
    offer = OfferFactory(quantity_offered=1)
    late = OrderFactory(offer=offer, overdue=True)
    assert cancelling.release_order(order_id=late.pk)
    order_of((offer, 1))

    paid = paying.confirm_payment(order=late, user=UserFactory())

    assert paid.state == Order.State.RELEASED
    refund = Refund.objects.get(order=late)
    assert (refund.state, refund.reason, refund.amount_vnd) == ("due", "late", late.total_vnd)
    assert sold(offer) == 2  # the line of the released order, and the one that counts
    assert not wrongs()


def test_payment_and_expiry_at_once() -> None:
    """Saleor 14649: the bank's word and the end of the hold locked crosswise."""
    minh = UserFactory()
    for _round in range(5):
        order = OrderFactory(overdue=True)
        results = all_at_once(
            [
                lambda o=order: cancelling.release_order(order_id=o.pk),
                lambda o=order: paying.confirm_payment(order=o, user=minh),
            ]
        )
        order.refresh_from_db()
        assert set(kinds(results)) == {"bool", "Order"}
        assert Refund.objects.filter(order=order).exists() == (order.state == "released")
        assert not wrongs()


# Words and waiting


def test_task_sees_committed_rows() -> None:
    """Pretix 3630: a signal was fired before the commit, and the worker found no rows.

    Whoever can read the word of an order can read the order, and before the commit neither.
    """
    offer = OfferFactory()

    def seen() -> tuple[int, int]:
        return OutboxMessage.objects.count(), Order.objects.count()

    with transaction.atomic():
        order = order_of((offer, 1))
        assert beside(seen)() == (0, 0)
    assert beside(seen)() == (1, 1)
    assert OutboxMessage.objects.get().payload["order_id"] == order.pk


def test_control_a_word_sent_before_the_commit_finds_no_rows() -> None:
    offer, heard = OfferFactory(), []

    def worker(order_id: int) -> None:
        heard.append(Order.objects.filter(pk=order_id).exists())

    with transaction.atomic():
        order = order_of((offer, 1))
        beside(lambda: worker(order.pk))()
    assert heard == [False]


def test_signal_before_commit() -> None:
    """Pretix 3630 once more: the word goes with the order when its transaction is undone."""
    offer = OfferFactory()
    with transaction.atomic():
        order_of((offer, 1))
        transaction.set_rollback(True)
    assert (OutboxMessage.objects.count(), Order.objects.count()) == (0, 0)


def test_lock_timeout_always_set() -> None:
    """Pretix 4227: ordering hung until the server was started again."""

    def waits() -> dict[str, str]:
        names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        return {name: ask(f"SHOW {name}")[0][0] for name in names}

    expected = {
        "lock_timeout": "2s",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "1min",
    }
    assert waits() == beside(waits)() == expected


def test_offers_are_claimed_in_id_order() -> None:
    """The order of the ids is made before the call, and the function keeps it."""
    session = SessionFactory()
    offers = [OfferFactory(session=session) for _ in range(4)]
    order = order_of(*[(offer, 1) for offer in reversed(offers)])
    lines = OrderLine.objects.filter(order=order).order_by("pk")
    assert [line.offer_id for line in lines] == sorted(offer.pk for offer in offers)
    assert Offer.objects.filter(quantity_claimed=1).count() == 4
