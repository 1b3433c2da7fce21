import datetime as dt
import io

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from core.clock import db_today
from dashboards import figures, trend
from dashboards.forms import Period
from dashboards.services.rolling_up import roll_up_all
from dashboards.tables import TABLES
from orders.models import Order, OrderLine, Parcel
from tests.cast import Cast, client_of, make_cast
from tests.dashboards.reading import reader_of
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.factories.products import (
    LotFactory,
    OcopRecognitionFactory,
    OcopRegisterFactory,
    ProductFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def offer_of(cooperative, session, **fields):
    lot = LotFactory(variant=VariantFactory(product__cooperative=cooperative, net_weight_g=500))
    return OfferFactory(session=session, lot=lot, cooperative=cooperative, **fields)


@pytest.fixture
def market(cast: Cast) -> dict[str, object]:
    """A joint session of both co-ops with four orders, one of them cancelled."""
    session = SessionFactory(cooperative=cast.coop_a)
    tea = offer_of(cast.coop_a, session, unit_price_vnd=100_000, live_code="A01")
    crab = offer_of(cast.coop_b, session, unit_price_vnd=70_000, live_code="B01")
    OrderFactory(lines=[(tea, 2)])
    OrderFactory(lines=[(tea, 1), (crab, 3)])
    OrderFactory(lines=[(crab, 1)])
    OrderFactory(lines=[(tea, 5)], state=Order.State.CANCELLED)
    return {"session": session, "tea": tea, "crab": crab}


def this_year() -> Period:
    today = db_today()
    return Period(today.replace(month=1, day=1), today)


def rows_of(province, period):
    roll_up_all()
    return figures.rows_of(province, period)


def test_a_province_counts_its_own_goods_only(cast: Cast, market) -> None:
    lao_cai = cast.coop_a.commune.province

    sums = figures.totals(rows_of(lao_cai, this_year()))

    assert sums == {"order_count": 2, "unit_count": 3, "goods_vnd": 300_000, "weight_g": 1_500}


def test_figures_equal_a_recount_of_the_lines(cast: Cast, market) -> None:
    ca_mau = cast.coop_b.commune.province
    lines = [
        line
        for line in OrderLine.objects.select_related("order", "cooperative__commune")
        if line.order.is_open and line.cooperative.commune.province_id == ca_mau.pk
    ]

    sums = figures.totals(rows_of(ca_mau, this_year()))

    assert sums == {
        "order_count": len({line.order_id for line in lines}),
        "unit_count": sum(line.quantity for line in lines),
        "goods_vnd": sum(line.quantity * line.unit_price_vnd for line in lines),
        "weight_g": sum(line.quantity * line.net_weight_g for line in lines),
    }


@pytest.mark.parametrize("slug", TABLES)
def test_rows_of_every_table_add_up_to_the_whole(cast: Cast, market, slug: str) -> None:
    lines = rows_of(cast.coop_a.commune.province, this_year())

    rows = list(TABLES[slug].rows(lines))

    for name in ("unit_count", "goods_vnd", "weight_g"):
        assert sum(row[name] for row in rows) == figures.totals(lines)[name]


def test_a_day_is_a_local_day(cast: Cast, market) -> None:
    order = Order.objects.filter(lines__offer=market["tea"]).first()
    Order.objects.update(placed_at=dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC))
    # half past midnight of 5 March in Vietnam is still 4 March in UTC
    Order.objects.filter(pk=order.pk).update(
        placed_at=dt.datetime(2026, 3, 4, 17, 30, tzinfo=dt.UTC)
    )
    the_fifth = Period(dt.date(2026, 3, 5), dt.date(2026, 3, 5))

    lines = rows_of(cast.coop_a.commune.province, the_fifth)

    assert [row["key"] for row in figures.by_day(lines)] == [dt.date(2026, 3, 5)]
    assert figures.totals(lines)["order_count"] == 1


def test_simulated_orders_are_left_out_unless_asked_for(cast: Cast, market) -> None:
    Order.objects.update(is_simulated=True)
    province, period = cast.coop_a.commune.province, this_year()

    assert figures.totals(rows_of(province, period))["order_count"] == 0
    with_them = Period(period.starts_on, period.ends_on, with_simulated=True)
    assert figures.totals(rows_of(province, with_them))["order_count"] == 2


def test_what_is_simulated_says_so_in_every_file(cast: Cast, market, settings) -> None:
    settings.DEMO = True  # a demonstration counts what it made up, and calls it that
    of_people = Order.objects.filter(lines__offer=market["tea"], state="confirmed").first()
    Order.objects.exclude(pk=of_people.pk).update(is_simulated=True)
    client = reader_of(cast.ha)
    for slug in TABLES:
        csv, xlsx = (
            client.get(reverse("export-province-table", args=["15", slug, kind]))
            for kind in ("csv", "xlsx")
        )
        header, row = csv.content.decode("utf-8-sig").splitlines()[:2]
        sheet = openpyxl.load_workbook(io.BytesIO(xlsx.content)).active

        assert header.endswith(",Mô phỏng")
        assert row.endswith(",một phần")
        assert "mô phỏng" in sheet.title
        assert "-mo-phong.csv" in csv["Content-Disposition"]


def test_a_file_of_real_orders_bears_no_such_mark(cast: Cast, market) -> None:
    csv = reader_of(cast.ha).get(reverse("export-province-table", args=["15", "ngay", "csv"]))

    assert csv.content.decode("utf-8-sig").splitlines()[1].endswith(",")
    assert "mo-phong" not in csv["Content-Disposition"]


def test_the_overview_tells_of_orders_before_the_period_and_of_those_left_out(
    cast: Cast, market
) -> None:
    address = reverse("show-province-figures", args=["15"])
    client = reader_of(cast.ha)
    assert "Trước ngày" not in client.get(address).text
    assert "không tính 1 đơn đã hủy" in client.get(address).text

    earlier = Order.objects.filter(lines__offer=market["tea"], state="confirmed").first()
    Order.objects.filter(pk=earlier.pk).update(placed_at=dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC))

    assert "còn 1 đơn nữa" in client.get(address).text
    assert "còn 1 đơn nữa" not in client.get(address, {"ky": "all"}).text


def test_goods_that_came_back_are_counted_and_named(cast: Cast, market) -> None:
    address = reverse("show-province-figures", args=["15"])
    client = reader_of(cast.ha)
    assert "bị trả về" not in client.get(address).text

    line = OrderLine.objects.counted().filter(offer=market["tea"], quantity=2).get()
    Parcel.objects.filter(pk=line.parcel_id).update(state=Parcel.State.RETURNED)

    page = client.get(address).text
    assert "200.000\N{NO-BREAK SPACE}₫ bị trả về" in page
    assert "300.000\N{NO-BREAK SPACE}₫" in page


def test_the_share_online_is_todays_whatever_the_period(cast: Cast) -> None:
    OcopRecognitionFactory(product=VariantFactory(product__cooperative=cast.coop_a).product)
    OcopRegisterFactory(
        province=cast.coop_a.commune.province, product_count=8, counted_on=db_today()
    )

    page = reader_of(cast.ha).get(
        reverse("show-province-figures", args=["15"]), {"tu": "01/01/2021", "den": "31/01/2021"}
    )

    assert "12,5%" in page.text


def test_ocop_coverage_names_its_denominator(cast: Cast) -> None:
    province, today = cast.coop_a.commune.province, db_today()
    on_sale = VariantFactory(product__cooperative=cast.coop_a).product
    OcopRecognitionFactory(product=on_sale)
    OcopRecognitionFactory(product=ProductFactory(cooperative=cast.coop_a, hidden=True))
    OcopRecognitionFactory(
        product=VariantFactory(product__cooperative=cast.coop_a).product,
        issued_on=today - dt.timedelta(days=4 * 365),
    )
    OcopRegisterFactory(province=province, product_count=605, counted_on=today)

    coverage = figures.ocop_coverage(province, today)

    assert (coverage.online, coverage.registered) == (1, 605)


def test_without_a_register_there_is_no_share(cast: Cast) -> None:
    coverage = figures.ocop_coverage(cast.coop_a.commune.province, db_today())
    assert coverage.register is None


def test_the_overview_shows_the_sums(cast: Cast, market) -> None:
    page = reader_of(cast.ha).get(reverse("show-province-figures", args=["15"]))

    assert page.status_code == 200
    assert "300.000\N{NO-BREAK SPACE}₫" in page.text


def test_an_empty_period_is_explained(cast: Cast) -> None:
    page = reader_of(cast.ha).get(reverse("show-province-figures", args=["15"]))
    assert page.status_code == 200
    assert "trend" not in page.text


@pytest.mark.parametrize(
    "query",
    [
        {"tu": "31/02/2026"},
        {"tu": "05/03/2026", "den": "01/03/2026"},
        {"ky": "<script>"},
        {"tu": "'; DROP TABLE", "page": "x"},
        {"tu": "01/01/0001"},
        {"den": "01/01/0001"},
        {"tu": "01/01/2026", "den": "31/12/9999"},
        {"tu": "31/12/9999"},
    ],
)
def test_a_wrong_period_never_fails(cast: Cast, market, query) -> None:
    client = reader_of(cast.ha)
    for address in (
        reverse("show-province-figures", args=["15"]),
        reverse("show-province-table", args=["15", "ngay"]),
    ):
        assert client.get(address, query).status_code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"tu": "2026-13-45"}, "Từ ngày: "),
        ({"tu": "20/11/2026", "den": "01/11/2026"}, "Ngày cuối"),
        ({"den": "31/12/9999"}, "Đến ngày: "),
        ({"ky": "<script>"}, "Không có kỳ này."),
    ],
)
def test_a_file_never_holds_another_period_than_was_asked_for(
    cast: Cast, market, query, words
) -> None:
    for file_format in ("csv", "xlsx"):
        address = reverse("export-province-table", args=["15", "ngay", file_format])
        answer = client_of(cast.ha).get(address, query)
        assert answer.status_code == 400
        assert words in answer.content.decode()


@pytest.mark.parametrize(
    "name", ["show-province-figures", "show-province-table", "export-province-table"]
)
def test_another_province_looks_missing(cast: Cast, market, name: str) -> None:
    table = {"show-province-figures": [], "show-province-table": ["xa"]}
    args = table.get(name, ["xa", "csv"])

    assert reader_of(cast.ha).get(reverse(name, args=["96", *args])).status_code == 404
    assert client_of(cast.binh).get(reverse(name, args=["96", *args])).status_code == 200
    assert client_of(cast.mai).get(reverse(name, args=["15", *args])).status_code in {302, 404}


def test_without_the_second_factor_there_are_no_figures(cast: Cast) -> None:
    answer = reader_of(cast.ha, verified=False).get(reverse("show-province-figures", args=["15"]))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("verify-second-factor"))


def test_a_stranger_is_asked_to_sign_in() -> None:
    assert Client().get(reverse("list-provinces")).status_code == 302


@pytest.mark.parametrize("slug", TABLES)
def test_files_hold_the_same_rows_as_the_screen(cast: Cast, market, slug: str) -> None:
    client = reader_of(cast.ha)
    lines = rows_of(cast.coop_a.commune.province, this_year())
    row_count = len(TABLES[slug].rows(lines))

    csv = client.get(reverse("export-province-table", args=["15", slug, "csv"]))
    xlsx = client.get(reverse("export-province-table", args=["15", slug, "xlsx"]))

    assert csv.content.startswith(b"\xef\xbb\xbf")
    assert len(csv.content.decode("utf-8-sig").strip().splitlines()) == 1 + row_count
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx.content)).active
    assert sheet.max_row == 1 + row_count
    assert "attachment" in xlsx["Content-Disposition"]


def test_a_name_that_looks_like_a_formula_is_only_a_name(cast: Cast, market) -> None:
    OrderLine.objects.update(cooperative_name='=HYPERLINK("http://x")')

    csv = reader_of(cast.ha).get(reverse("export-province-table", args=["15", "hop-tac-xa", "csv"]))

    assert "\n=HYPERLINK" not in csv.content.decode("utf-8-sig")
    assert ",=HYPERLINK" not in csv.content.decode("utf-8-sig")
    assert "HYPERLINK" in csv.content.decode("utf-8-sig")


def test_bars_cover_every_day_and_keep_the_sum() -> None:
    for days in (7, 90, 800):
        start = dt.date(2024, 1, 1)
        period = Period(start, start + dt.timedelta(days=days - 1))
        goods = {start + dt.timedelta(days=i): i * 1000 for i in range(days)}

        drawn = trend.bars(period, goods)

        assert len(drawn) <= trend.MOST_BARS
        assert sum(bar.goods_vnd for bar in drawn) == sum(goods.values())
        assert max(bar.height for bar in drawn) == trend.HEIGHT


def test_the_overview_needs_as_many_queries_for_many_rows_as_for_few(
    cast: Cast, market, django_assert_max_num_queries
) -> None:
    client = client_of(cast.ha)
    OrderFactory.create_batch(3, lines=[(market["tea"], 1)])
    roll_up_all()
    with django_assert_max_num_queries(25):
        client.get(reverse("show-province-figures", args=["15"]))


def test_all_time_is_drawn_from_the_first_order() -> None:
    period = Period(dt.date(2020, 1, 1), dt.date(2026, 11, 22))
    first = dt.date(2025, 11, 4)

    assert trend.since_first(period, {first: 1}).starts_on == first
    assert trend.since_first(period, {}) == period
