"""`check_books` finds every way in which the books can disagree, and changes nothing."""

import datetime as dt
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.models import F

from core.clock import db_now
from core.models import OutboxMessage
from livestreams.models import Offer
from orders import books
from orders.models import BuyerShare, Order, OrderLine, Parcel, SessionTally, StandbyEntry
from orders.services import cancelling, standing_by, tallies
from orders.services.changing import change_order
from products.models import Lot, StockMovement
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.orders.helpers import in_line, order_of, phone_of

# Reads everything at one moment, which a surrounding test transaction would not allow
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def busy_market() -> Order:
    """Orders placed, cancelled, released; an offer closed with one sold; all counted."""
    session = SessionFactory()
    offer = OfferFactory(session=session)
    order = order_of((offer, 2))
    cancelling.cancel_order(order=order_of((offer, 1)))
    OrderFactory(offer=offer, overdue=True)
    cancelling.release_overdue()
    closed = OfferFactory(closed=True, session=session)
    OrderFactory(offer=closed)
    OfferFactory(lined_up=True, session=session)
    gone = OfferFactory(session=session, quantity_offered=1)
    taken = order_of((gone, 1), buyer_phone=phone_of(1))
    in_line(gone, buyer_phone=phone_of(2))
    in_line(gone, buyer_phone=phone_of(3))
    cancelling.cancel_order(order=taken)
    standing_by.promote_all()
    tallies.recount_session(session_id=session.pk)
    return order


@pytest.mark.usefixtures("busy_market")
def test_a_day_at_the_market_leaves_the_books_in_order() -> None:
    out = StringIO()
    assert books.differences() == []
    call_command("check_books", stdout=out)
    assert "agree" in out.getvalue()


WRONGS: list[tuple[str, Callable[[], Any]]] = [
    ("units claimed", lambda: Offer.objects.update(quantity_offered=99, quantity_claimed=99)),
    ("buyer's share", lambda: BuyerShare.objects.update(quantity=F("quantity") + 1)),
    ("buyer's share", lambda: BuyerShare.objects.all().delete()),
    ("units available", lambda: Lot.objects.update(quantity_available=F("quantity_available") - 1)),
    ("left the lot", lambda: StockMovement.objects.filter(kind="allot").update(reference="")),
    ("order's goods", lambda: Order.objects.update(goods_vnd=F("goods_vnd") + 1)),
    ("order's amount", lambda: Order.objects.update(shipping_vnd=F("shipping_vnd") + 1)),
    ("parcel's goods", lambda: Parcel.objects.update(goods_vnd=F("goods_vnd") + 1)),
    ("parcels are cancelled", lambda: Parcel.objects.update(state="cancelled")),
    ("counted in line", lambda: Offer.objects.update(standby_waiting=F("standby_waiting") + 1)),
    ("counted in line", lambda: StandbyEntry.objects.filter(state="waiting").delete()),
    ("has not given", lambda: Offer.objects.update(standby_issued=0)),
    ("became an order", lambda: StandbyEntry.objects.update(buyer_phone="+84912345678")),
    ("held order", lambda: StandbyEntry.objects.filter(state="promoted").delete()),
    (
        "left standing",
        lambda: Offer.objects.filter(standby_waiting=1).update(
            state="closed", closed_at=db_now() - books_late()
        ),
    ),
    ("tally", lambda: SessionTally.objects.update(order_count=F("order_count") + 1)),
    ("tally", lambda: OrderLine.objects.update(quantity=F("quantity") + 1)),
]


@pytest.mark.usefixtures("busy_market")
@pytest.mark.parametrize(("says", "spoil"), WRONGS)
def test_each_wrong_is_found_and_told_without_the_number(
    capsys: Any, says: str, spoil: Callable[[], Any]
) -> None:
    spoil()

    with pytest.raises(SystemExit) as stopped:
        call_command("check_books")

    told = capsys.readouterr().err
    assert stopped.value.code == 1
    assert says in told
    assert "912345678" not in told
    assert books.differences()  # still there: nothing was put right


def test_a_live_tally_may_lag_a_moment() -> None:
    """The newest order is not counted yet; that is no fault until two minutes have passed."""
    offer = OfferFactory()
    order_of((offer, 1))
    tallies.recount_session(session_id=offer.session_id)
    late = order_of((offer, 1))
    assert books.differences() == []

    Order.objects.filter(pk=late.pk).update(placed_at=F("placed_at") - books_late())
    OutboxMessage.objects.update(created_at=F("created_at") - books_late())
    SessionTally.objects.update(counted_at=F("counted_at") - 2 * books_late())
    Order.objects.exclude(pk=late.pk).update(placed_at=F("placed_at") - 3 * books_late())
    assert [d.question for d in books.differences()] == [books.QUESTIONS[-1].name] * 2


def test_nor_does_a_change_that_is_not_counted_yet_count_as_a_fault() -> None:
    offer = OfferFactory()
    order = order_of((offer, 1))
    tallies.recount_session(session_id=offer.session_id)
    change_order(order=order, lines=[(offer.pk, 2)])
    assert books.differences() == []

    OutboxMessage.objects.update(created_at=F("created_at") - 2 * books_late())
    Order.objects.update(placed_at=F("placed_at") - 2 * books_late())
    SessionTally.objects.update(counted_at=F("counted_at") - 3 * books_late())
    assert [d.question for d in books.differences()] == [books.QUESTIONS[-1].name] * 2


def books_late() -> dt.timedelta:
    return dt.timedelta(seconds=books.TALLY_LATE_S + 30)


def test_a_recount_has_more_time_than_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection's own limit would cut it; the same limit put on the books does."""
    slow = books.Question("slow", "SELECT 'a', 1, 2 FROM (SELECT pg_sleep(0.3)) AS nap")
    monkeypatch.setattr(books, "QUESTIONS", (slow,))
    monkeypatch.setattr(books.ask, "__defaults__", ((slow,),))
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '100ms'")
    try:
        assert len(books.differences()) == 1
        monkeypatch.setattr(books, "STATEMENT_TIMEOUT", "100ms")
        with pytest.raises(OperationalError):
            books.differences()
    finally:
        connection.close()
