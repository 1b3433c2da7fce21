"""Two years of market days by COPY: the books agree, figures equal a recount, nothing is hidden."""

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from config.scale.shape import Shape
from coops.models import Province
from core.clock import local_day
from dashboards import figures
from dashboards.forms import EARLIEST, Period
from dashboards.services import rolling_up
from orders import books
from orders.models import Order, OrderLine, Parcel
from tests.factories.coops import CommuneFactory
from traceability.models import OriginCode, TraceEvent

pytestmark = pytest.mark.django_db
ORDERS = 600


def test_the_books_of_a_loaded_database_agree() -> None:
    CommuneFactory.create_batch(3)
    told = io.StringIO()
    call_command("load_scale", "--orders", str(ORDERS), stdout=told)

    shape = Shape.of(ORDERS)
    assert Order.objects.count() == ORDERS
    assert f"{ORDERS} of {ORDERS} orders" in told.getvalue()
    assert TraceEvent.objects.filter(title__startswith="Thu").exists()
    assert OriginCode.objects.count() > shape.big_lot_codes
    assert Parcel.pgh_event_model.objects.filter(state="shipped").exists()  # type: ignore[attr-defined]
    assert books.ask() == []
    assert rolling_up.check_all() == []
    last = local_day(Order.objects.latest("placed_at").placed_at)
    told_by_provinces = [
        figures.totals(figures.rows_of(province, Period(EARLIEST, last)))
        for province in Province.objects.all()
    ]
    lines = OrderLine.objects.counted()
    assert sum(sums["unit_count"] for sums in told_by_provinces) == sum(
        lines.values_list("quantity", flat=True)
    )
    with connection.cursor() as cursor:  # a fault in one row would be seen
        cursor.execute("UPDATE orders_sessiontally SET unit_count = unit_count + 1")
    assert books.ask()

    with pytest.raises(CommandError, match="There are orders"):
        call_command("load_scale", "--orders", "500")


def test_half_a_million_orders_are_what_a_country_sells_in_two_years() -> None:
    shape = Shape.of(500_000)
    assert (shape.cooperatives, shape.products, shape.sessions) == (600, 5000, 2000)
    assert (shape.big_orders, shape.big_lots, shape.big_lot_codes, shape.big_lot_steps) == (
        26_000,
        600,
        40_000,
        400,
    )
    assert Shape.of(5_000_000).sessions > 3 * shape.sessions
