"""What is printed is whole: every column and figure is inside a page, and no page is empty."""

import re
from collections.abc import Iterable

import pypdfium2
import pytest
from django.urls import reverse
from playwright.sync_api import Page

from dashboards.services.rolling_up import roll_up_all
from dashboards.tables import TABLES
from tests.browser import OpenPage
from tests.cast import Cast, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.factories.products import LotFactory, VariantFactory
from tests.factories.traceability import TraceEventFactory
from tests.journeys.people import sign_in

LONG_NAME = "Chè Shan tuyết cổ thụ một tôm hai lá hái trước tiết Thanh minh"
CELLS = "th, td.num, td.day"
SHOWN = f"""[...document.querySelectorAll("main table")].flatMap((table) =>
  [...table.querySelectorAll("{CELLS}")]
    .filter((cell) => cell.getClientRects().length && !cell.querySelector(".sr-only"))
    .map((cell) => cell.innerText))"""


class Paper:
    """A page of ours as Chromium prints it; `texts` is what stands inside each sheet."""

    def __init__(self, page: Page) -> None:
        data = page.pdf(prefer_css_page_size=True)
        self.texts = []
        with pypdfium2.PdfDocument(data) as document:
            for sheet in document:
                words = sheet.get_textpage()
                self.texts.append(words.get_text_bounded())
                words.close()
                sheet.close()

    def missing(self, wanted: Iterable[str]) -> list[str]:
        """What of `wanted` is in no page, or only beyond its edge."""
        whole = squeezed("".join(self.texts))
        return [words for words in wanted if squeezed(words) not in whole]

    def empty_pages(self) -> list[int]:
        """Pages that hold less than a line beside their number."""
        return [at for at, text in enumerate(self.texts) if len(squeezed(text)) < 20]


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u00a0\u00ad\ufffe-]", "", text)


def figures_on(page: Page) -> list[str]:
    page.emulate_media(media="print")
    return [words for words in page.evaluate(SHOWN) if words.strip()]


@pytest.fixture
def cast() -> Cast:
    """A season of one co-op with long names: 40 orders of two goods over three sessions."""
    cast = make_cast()
    coop = cast.coop_a
    coop.name = "Hợp tác xã Dịch vụ Nông nghiệp tổng hợp Chè sạch Suối Giàng Văn Chấn"
    coop.save()
    for number in range(3):
        session = SessionFactory(cooperative=coop, title=f"{LONG_NAME}, phiên {number + 1}")
        offers = []
        for code in ("A01", "A02"):
            variant = VariantFactory(
                product__cooperative=coop, product__name=f"{LONG_NAME} {code}", net_weight_g=1_250
            )
            lot = LotFactory(variant=variant, quantity_made=900, quantity_available=900)
            price = 12_345_000 + number
            offers.append(
                OfferFactory(
                    session=session, lot=lot, live_code=code, unit_price_vnd=price,
                    quantity_offered=400,
                )
            )  # fmt: skip
        for _order in range(14):
            OrderFactory(lines=[(offers[0], 7), (offers[1], 3)])
    TraceEventFactory.create_batch(3, lot=lot)
    roll_up_all()
    return cast


def test_every_table_of_the_province_prints_whole(open_page: OpenPage, cast: Cast) -> None:
    page = open_page("desk")
    sign_in(page, cast.ha)
    overview = reverse("show-province-figures", args=["15"])
    tables = [reverse("show-province-table", args=["15", slug]) for slug in TABLES]
    for address in (overview, *tables):
        page.goto(address)
        shown = figures_on(page)
        assert len(shown) > 6, address
        paper = Paper(page)
        assert paper.missing(shown) == [], address
        assert paper.empty_pages() == [], address
        assert len(paper.texts) <= (3 if address == overview else 2), address
        assert "Lào Cai" in paper.texts[0]

    page.evaluate("document.querySelector('table').style.minWidth = '2400px'")
    assert Paper(page).missing(shown)  # control: a table wider than the paper is noticed


def test_every_table_of_a_co_op_prints_whole(open_page: OpenPage, cast: Cast) -> None:
    page = open_page("desk")
    slug = cast.coop_a.slug
    sign_in(page, cast.mai)
    session = cast.coop_a.sessions.order_by("pk").last()
    variant = session.offers.last().lot.variant
    for address in (
        reverse("list-parcels", args=[slug]),
        reverse("print-parcels", args=[slug]),
        reverse("list-session-orders", args=[session.pk]),
        reverse("list-lots", args=[slug]),
        reverse("show-lot", args=[variant.lots.last().pk]),
        reverse("show-stock", args=[variant.pk]),
        reverse("show-product-history", args=[variant.product_id]),
    ):
        page.goto(address)
        paper = Paper(page)
        assert paper.missing([*figures_on(page), *page.locator("main h1").all_inner_texts()]) == []
        assert paper.empty_pages() == [], address


def test_an_order_prints_whole(open_page: OpenPage, cast: Cast) -> None:
    order = cast.coop_a.sessions.first().orders.first()
    page = open_page("phone")
    page.goto(reverse("show-order", args=[order.token]))
    paper = Paper(page)
    assert paper.missing([order.code, "123.450.000", order.buyer_name]) == []
    assert len(paper.texts) <= 2
    assert paper.empty_pages() == []
