"""Placing an order: what it writes, and what it refuses without writing anything."""

import datetime as dt
import re

import pytest
from django.db import (
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.test.utils import CaptureQueriesContext

from coops.models import Commune
from core.clock import db_now, db_today
from core.codes import is_order_code
from core.models import IdempotencyRecord, OutboxMessage
from livestreams.models import LivestreamSession, Offer
from orders.errors import (
    LimitReached,
    NothingChosen,
    SessionNotLive,
    SoldOut,
    TransferNotOffered,
)
from orders.models import BuyerShare, Order, OrderLine, Parcel
from orders.services import placing
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.orders.helpers import LAN, order_of
from tests.placing_function import SOURCE, placing_function

pytestmark = pytest.mark.django_db


def nothing_was_written() -> bool:
    rows = (Order, Parcel, OrderLine, BuyerShare, OutboxMessage)
    return not any(model.objects.exists() for model in rows)


def test_the_day_after_its_last_a_lot_is_not_ordered_though_nobody_closed_the_offer() -> None:
    """The sweeper comes every half minute; orders of that half minute are refused."""
    session, today = SessionFactory(), db_today()
    yesterday = today - dt.timedelta(days=1)
    past = OfferFactory(session=session, lot__best_before_on=yesterday)
    good = OfferFactory(session=session, lot__best_before_on=today)
    with pytest.raises(SoldOut) as refused:
        order_of((good, 1), (past, 2))

    states = {line["offer_id"]: line for line in refused.value.details["lines"]}
    assert (states[past.pk]["problem"], states[past.pk]["possible"]) == ("closed", 0)
    assert (states[good.pk]["problem"], states[good.pk]["possible"]) == ("", 1)
    assert nothing_was_written()
    past.refresh_from_db()
    assert past.quantity_claimed == 0
    assert order_of((good, 1)).pk, "the printed last day is a good day"


def test_without_the_look_at_the_day_it_is_sold() -> None:
    """Negative control."""
    past = OfferFactory(lot__best_before_on=db_today() - dt.timedelta(days=1))
    with placing_function(("IF v_line.is_past THEN", "IF false THEN")):
        assert order_of((past, 1)).pk


def test_a_cash_order_is_confirmed_and_copies_what_it_was_promised() -> None:
    offer = OfferFactory(quantity_offered=10, unit_price_vnd=115_000)

    order = order_of((offer, 2))

    order.refresh_from_db()
    offer.refresh_from_db()
    line, parcel = order.lines.get(), order.parcels.get()
    assert offer.quantity_claimed == 2
    assert is_order_code(order.code)
    assert len(order.token) >= 22
    assert (order.state, order.pay_by) == (Order.State.CONFIRMED, None)
    assert (order.goods_vnd, order.shipping_vnd, order.total_vnd) == (230_000, 25_000, 255_000)
    assert (parcel.goods_vnd, parcel.shipping_vnd, parcel.state) == (230_000, 25_000, "new")
    assert (line.live_code, line.product_name, line.variant_name) == (
        "A01",
        "Chè Shan tuyết",
        "Gói 200 g",
    )
    assert (line.line_total_vnd, line.net_weight_g) == (230_000, 200)
    assert line.lot_code == offer.lot.code


def test_a_transfer_waits_for_its_money_by_the_database_clock(settings) -> None:
    settings.PAYMENT_WINDOW_MINUTES = 15
    order = order_of((OfferFactory(), 1), payment_method="transfer")

    assert order.state == Order.State.AWAITING_PAYMENT
    left = order.pay_by - db_now()
    assert dt.timedelta(minutes=14, seconds=50) < left <= dt.timedelta(minutes=15)


def test_word_of_the_order_names_nobody() -> None:
    offer = OfferFactory()

    order = order_of((offer, 2))

    message = OutboxMessage.objects.get()
    assert (message.topic, message.feed) == ("orders.order.placed", offer.session.feed)
    assert message.payload == {
        "session_id": offer.session_id,
        "order_id": order.pk,
        "code": order.code,
        "lines": [{"offer_id": offer.pk, "live_code": "A01", "quantity": 2}],
        "total_vnd": 255_000,
        "province": "Lào Cai",
    }


def test_each_cooperative_gets_a_parcel_with_a_fee_of_its_own() -> None:
    session = SessionFactory(shipping_fee_vnd=25_000)
    tea = OfferFactory(session=session)
    honey = OfferFactory(session=session)
    crab = OfferFactory(session=session, cooperative=SlotFactory(session=session).cooperative)

    order = order_of((tea, 1), (honey, 2), (crab, 1))

    assert order.shipping_vnd == 50_000
    assert order.goods_vnd == sum(parcel.goods_vnd for parcel in order.parcels.all())
    assert {p.cooperative_id: p.lines.count() for p in order.parcels.all()} == {
        tea.cooperative_id: 2,
        crab.cooperative_id: 1,
    }


def test_the_same_offer_named_twice_is_one_line() -> None:
    offer = OfferFactory(quantity_offered=3, limit_per_buyer=5)

    with pytest.raises(SoldOut):
        order_of((offer, 2), (offer, 2))
    order = order_of((offer, 2), (offer, 1))

    assert order.lines.get().quantity == 3


def test_one_line_too_many_refuses_the_whole_basket_and_says_which() -> None:
    session = SessionFactory()
    plenty = OfferFactory(session=session)
    scarce = OfferFactory(session=session, quantity_offered=1)

    with pytest.raises(SoldOut) as refusal:
        order_of((plenty, 2), (scarce, 2))

    good, short = refusal.value.details["lines"]
    assert (good["live_code"], good["problem"], good["possible"]) == ("A01", "", 2)
    assert (short["live_code"], short["problem"], short["left"]) == ("A02", "sold_out", 1)
    assert short["possible"] == 1
    assert nothing_was_written()
    plenty.refresh_from_db()
    assert plenty.quantity_claimed == 0


def test_a_claim_that_loses_at_the_last_moment_takes_everything_back() -> None:
    """Another buyer takes the last unit between our reading and our claim."""
    offer = OfferFactory(quantity_offered=1)
    meanwhile = (
        "FOR i IN 1 ..",
        "UPDATE livestreams_offer SET quantity_claimed = 1 WHERE id = ANY(p_offer_ids);\nFOR i IN 1 ..",
    )

    with placing_function(meanwhile), pytest.raises(SoldOut):
        order_of((offer, 1))
    assert nothing_was_written()


@pytest.mark.parametrize("state", ["lined_up", "sold_out", "closed"])
def test_an_offer_that_is_not_open_cannot_be_ordered(state: str) -> None:
    offer = OfferFactory()
    Offer.objects.filter(pk=offer.pk).update(state=state)

    with pytest.raises(SoldOut) as refusal:
        order_of((offer, 1))

    assert refusal.value.details["lines"][0]["possible"] == 0
    assert nothing_was_written()


@pytest.mark.parametrize("kind", ["coming", "draft", "ended", "cancelled"])
def test_nothing_is_sold_outside_a_live_session(kind: str) -> None:
    with pytest.raises(SessionNotLive):
        order_of((OfferFactory(session=SessionFactory(**{kind: True})), 1))
    assert nothing_was_written()


def test_the_session_row_decides_not_the_page_somebody_still_has_open() -> None:
    offer = OfferFactory()
    as_drawn = offer.session
    LivestreamSession.objects.filter(pk=as_drawn.pk).update(state="cancelled")

    assert as_drawn.is_live
    with pytest.raises(SessionNotLive):
        order_of((offer, 1))


def test_an_offer_of_another_session_is_refused() -> None:
    mine, other = OfferFactory(), OfferFactory(session=SessionFactory())

    with pytest.raises(SoldOut) as refusal:
        order_of((mine, 1), (other, 1))

    assert [line["problem"] for line in refusal.value.details["lines"]] == ["", "gone"]


def test_the_limit_counts_all_orders_of_one_phone() -> None:
    offer = OfferFactory(limit_per_buyer=3)

    order_of((offer, 2))
    with pytest.raises(LimitReached) as refusal:
        order_of((offer, 2))
    order_of((offer, 1))
    order_of((offer, 3), buyer_phone="+84987654321")

    line = refusal.value.details["lines"][0]
    assert (line["problem"], line["limit"], line["possible"]) == ("limit", 3, 0)
    assert BuyerShare.objects.get(buyer_phone=LAN).quantity == 3


def test_more_than_the_limit_at_once_is_refused_and_the_limit_offered() -> None:
    offer = OfferFactory(limit_per_buyer=3)

    with pytest.raises(LimitReached) as refusal:
        order_of((offer, 4))

    assert refusal.value.details["lines"][0]["possible"] == 3
    assert nothing_was_written()


def test_a_transfer_needs_an_account_to_go_to() -> None:
    session = SessionFactory(cooperative__bank_account_number="")

    with pytest.raises(TransferNotOffered):
        order_of((OfferFactory(session=session), 1), payment_method="transfer")
    assert nothing_was_written()


def test_an_order_in_a_simulated_session_says_so() -> None:
    session = SessionFactory(is_simulated=True)
    assert order_of((OfferFactory(session=session), 1)).is_simulated
    assert not order_of((OfferFactory(), 1)).is_simulated


def test_an_empty_basket_is_refused() -> None:
    with pytest.raises(NothingChosen):
        order_of((OfferFactory(), 0))


def test_a_code_that_is_taken_is_drawn_again(monkeypatch) -> None:
    offer = OfferFactory()
    first = order_of((offer, 1))
    codes = iter([first.code, first.code, "CP2345678"])
    monkeypatch.setattr(placing, "order_code", lambda: next(codes))

    second = order_of((offer, 1))

    assert second.code == "CP2345678"
    assert BuyerShare.objects.get().quantity == 2  # the tries that failed left no share behind


def test_an_order_takes_one_statement_however_many_offers_it_has() -> None:
    session = SessionFactory()
    commune = Commune.objects.select_related("province").get(pk=CommuneFactory().pk)
    offers = [OfferFactory(session=session) for _ in range(3)]

    def statements(*lines: tuple[Offer, int]) -> int:
        with CaptureQueriesContext(connection) as seen:
            order_of(*lines, commune=commune)
        return len([q for q in seen if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))])

    one = statements((offers[0], 1))
    three = statements(*[(offer, 1) for offer in offers])

    assert (one, three) == (1, 1)


def test_the_database_holds_the_function_that_the_file_says() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prosrc, proconfig FROM pg_proc WHERE oid = 'orders_place_order'::regproc"
        )
        body, settings_of_its_own = cursor.fetchone()

    head, _mark, rest = SOURCE.partition("$place$")
    assert body == rest.partition("$place$")[0]
    said = re.findall(r"^SET (\w+) = (\w+)$", head, re.MULTILINE)
    assert said
    assert settings_of_its_own == [f"{name}={value}" for name, value in said]


@pytest.mark.parametrize("name", ["lot", "cooperative", "session", "offer", "order"])
def test_what_an_order_names_cannot_go_away(name: str) -> None:
    """Without a constraint on each: the line holds its offer and parcel, and these the others."""
    offer = OfferFactory()
    order = order_of((offer, 1))
    named = {"offer": offer, "order": order}.get(name) or getattr(offer, name)

    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE;"
            f" DELETE FROM {named._meta.db_table} WHERE id = {named.pk}"
        )


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_unnoticed_costs_no_order() -> None:
    """With a key the same is asked once more; it would give the first answer had that committed."""
    offer, commune = OfferFactory(), CommuneFactory()
    buyer = placing.Buyer("Lan", LAN, commune.pk, "Thôn Nậm Đâu", "cod")
    kept = IdempotencyRecord(scope="guest", key="k" * 32, fingerprint="f")
    lines = [(offer.pk, 1)]
    wish = {"session_id": offer.session_id, "lines": lines, "buyer": buyer, "seen": None}
    placing.place(**wish, kept=IdempotencyRecord(scope="guest", key="j" * 32, fingerprint="f"))
    end_connection()

    answer = placing.place(**wish, kept=kept)
    end_connection()
    again = placing.place(**wish, kept=kept)

    assert answer == again
    assert Order.objects.count() == 2
    end_connection()
    with pytest.raises((OperationalError, InterfaceError)):
        placing.place(**wish)  # control: without a key nothing may be asked twice
    connection.close()


def end_connection() -> None:
    """End this thread's connection from the server's side, as a restarted database does."""
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])
    finally:
        other.close()


@pytest.mark.parametrize("is_kept", [True, False])
def test_what_the_caller_left_to_its_commit_stays_left_to_it(*, is_kept: bool) -> None:
    offer = OfferFactory()
    put_back = "SET CONSTRAINTS ALL DEFERRED;"
    with placing_function(*([] if is_kept else [(put_back, "")])), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE parent (id int PRIMARY KEY) ON COMMIT DROP;"
            "CREATE TEMP TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)"
            " ON COMMIT DROP"
        )
        order_of((offer, 1))
        if is_kept:
            cursor.execute("INSERT INTO child VALUES (1)")
            cursor.execute("DELETE FROM child")
        else:  # the harm
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute("INSERT INTO child VALUES (1)")
