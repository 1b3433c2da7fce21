"""The daily roll-up equals a recount, follows what happens to orders, and keeps the past as it was."""

import datetime as dt
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F

from core.clock import db_now, local_day
from dashboards import figures
from dashboards.forms import Period
from dashboards.models import DailyFigure, RollUpState, SessionRollUp
from dashboards.services import rolling_up
from orders.models import Order, OrderLine, Parcel
from orders.services.tallies import recount_session
from tests.cast import Cast, client_of, make_cast
from tests.dashboards.test_figures import offer_of
from tests.factories.livestreams import SessionFactory
from tests.factories.orders import OrderFactory

pytestmark = pytest.mark.django_db
LONG_AGO = dt.timedelta(days=30)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def session(cast: Cast) -> Any:
    """Two orders for tea of a month ago, one of them with crab of another province."""
    session = SessionFactory(cooperative=cast.coop_a)
    tea = offer_of(cast.coop_a, session, unit_price_vnd=100_000, live_code="A01")
    crab = offer_of(cast.coop_b, session, unit_price_vnd=70_000, live_code="B01")
    OrderFactory(lines=[(tea, 2)])
    OrderFactory(lines=[(tea, 1), (crab, 3)])
    OrderFactory(lines=[(crab, 1)], state=Order.State.CANCELLED)
    Order.objects.update(placed_at=db_now() - LONG_AGO)
    recount_session(session_id=session.pk)
    rolling_up.roll_up_changed()
    return session


def closed_period() -> Period:
    day = local_day(db_now() - LONG_AGO)
    return Period(day - dt.timedelta(days=1), day + dt.timedelta(days=1))


def kept() -> list[Any]:
    return list(DailyFigure.objects.order_by("pk").values_list("level", "sold_on", "order_count"))


def test_a_session_is_counted_once_its_tally_is_newer_and_not_again(session: Any) -> None:
    assert {level for level, _day, _orders in kept()} == set(DailyFigure.Level.values)
    assert rolling_up.roll_up_changed() == 0
    recount_session(session_id=session.pk)
    assert rolling_up.roll_up_changed() == 1
    assert rolling_up.check_all() == []


def test_figures_follow_a_cancelled_order_and_goods_that_came_back(
    cast: Cast, session: Any
) -> None:
    lao_cai = cast.coop_a.commune.province
    small = Order.objects.filter(lines__quantity=2).get()
    small.state = Order.State.CANCELLED
    small.save()
    Parcel.objects.filter(order__lines__quantity=3).update(state=Parcel.State.RETURNED)
    assert rolling_up.check_all()  # without a new count they would stay as they were
    recount_session(session_id=session.pk)
    rolling_up.roll_up_changed()
    rows = figures.rows_of(lao_cai, closed_period())
    assert figures.totals(rows)["goods_vnd"] == figures.came_back_vnd(rows) == 100_000
    assert figures.left_unseen(lao_cai, closed_period()) == {"left_out": 1, "earlier": 0}


def test_a_renamed_product_keeps_its_name_in_closed_periods(cast: Cast, session: Any) -> None:
    line = OrderLine.objects.filter(cooperative=cast.coop_a).first()
    sold_as = line.product_name
    line.variant.product.name = "Tên mới"
    line.variant.product.save()
    cast.coop_a.name = "HTX tên mới"
    cast.coop_a.save()
    rolling_up.roll_up_all()
    rows = figures.rows_of(cast.coop_a.commune.province, closed_period())
    (product,) = figures.by_product(rows)
    (coop,) = figures.by_cooperative(rows)
    assert (product["name"], product["made_by"]) == (sold_as, line.cooperative_name)
    assert coop["name"] == line.cooperative_name


def test_a_period_that_saw_both_names_tells_the_newer_one_once(cast: Cast, session: Any) -> None:
    line = OrderLine.objects.filter(cooperative=cast.coop_a).first()
    line.variant.product.name = "Tên mới"
    line.variant.product.save()
    offer = line.offer
    offer.refresh_from_db()
    OrderFactory(lines=[(offer, 1)])
    rolling_up.roll_up_all()
    whole = Period(closed_period().starts_on, local_day(db_now()))
    (product,) = figures.by_product(figures.rows_of(cast.coop_a.commune.province, whole))
    assert (product["name"], product["order_count"]) == ("Tên mới", 3)


def test_a_session_stands_at_the_day_it_was_really_held(cast: Cast, session: Any) -> None:
    held_at = db_now() - dt.timedelta(days=2)
    type(session).objects.filter(pk=session.pk).update(
        starts_at=F("starts_at") - dt.timedelta(days=9), went_live_at=held_at
    )
    (row,) = figures.by_session(figures.rows_of(cast.coop_a.commune.province, closed_period()))
    assert row["day_at"] == held_at


def test_what_differs_from_a_recount_is_found_and_mended(session: Any) -> None:
    DailyFigure.objects.filter(level="variant").update(unit_count=F("unit_count") + 1)
    with pytest.raises(SystemExit):
        call_command("roll_up", "--check")
    SessionRollUp.objects.update(checked_at=db_now() - dt.timedelta(days=2))
    assert rolling_up.check_some() == 1
    call_command("roll_up", "--check")
    assert rolling_up.check_some() == 0


def test_the_page_says_how_old_the_figures_are(cast: Cast, session: Any) -> None:
    client = client_of(cast.ha)
    assert "Số liệu đang chậm" not in client.get("/tinh/15/").text
    RollUpState.objects.update(complete_at=dt.datetime(2026, 11, 1, 7, 5, tzinfo=dt.UTC))
    late = client.get("/tinh/15/so-lieu/ngay/").text
    assert "01/11/2026 14:05" in late
    assert "Số liệu đang chậm" in late


def test_a_run_without_time_leaves_the_rest_and_does_not_call_it_complete(session: Any) -> None:
    before = rolling_up.complete_at()
    recount_session(session_id=session.pk)
    assert rolling_up.roll_up_changed(within_s=-1) == 0
    assert rolling_up.complete_at() == before
