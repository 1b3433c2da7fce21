"""A provincial viewer reads the figures of their province and takes them home as a file."""

import io
from collections.abc import Callable

import openpyxl
import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from dashboards.services.rolling_up import roll_up_all
from orders.models import OrderLine
from tests.browser import DESK_THEN_PHONE, OpenPage
from tests.cast import Cast, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.factories.products import LotFactory, OcopRecognitionFactory, VariantFactory
from tests.journeys.people import sign_in


def sold_goods(cast: Cast) -> int:
    """Three orders of co-op A and one of co-op B; returns the đồng of A's province."""
    session = SessionFactory(cooperative=cast.coop_a)
    tea, crab = (
        OfferFactory(
            session=session,
            cooperative=coop,
            lot=LotFactory(variant=VariantFactory(product__cooperative=coop)),
            live_code=live_code,
        )
        for coop, live_code in ((cast.coop_a, "A01"), (cast.coop_b, "B01"))
    )
    for quantity in (1, 2, 3):
        OrderFactory(lines=[(tea, quantity)])
    OrderFactory(lines=[(crab, 4)])
    roll_up_all()
    lines = OrderLine.objects.filter(cooperative=cast.coop_a)
    return sum(line.unit_price_vnd * line.quantity for line in lines)


@pytest.mark.parametrize("device", DESK_THEN_PHONE)
def test_a_viewer_reads_and_exports_the_figures(
    open_page: OpenPage, axe: Callable[[Page], None], device: str
) -> None:
    cast = make_cast()
    goods_vnd = sold_goods(cast)
    page = open_page(device)

    sign_in(page, cast.ha, then=reverse("show-province-figures", args=["15"]))

    shown = f"{goods_vnd:,}".replace(",", ".")
    expect(page.locator("main")).to_contain_text(shown)
    axe(page)
    page.get_by_role("link", name="Xem cả bảng").nth(1).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Theo hợp tác xã")
    expect(page.locator("main")).to_contain_text(cast.coop_a.name)
    expect(page.locator("main")).not_to_contain_text(cast.coop_b.name)
    axe(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel").click()
    sheet = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).active
    assert [row[5] for row in sheet.iter_rows(min_row=2, values_only=True)] == [goods_vnd]

    page.goto(reverse("show-province-figures", args=["96"]))
    expect(page.locator("main")).not_to_contain_text(cast.coop_b.name)


def test_a_second_tap_never_takes_back_the_first(phone_page: Page) -> None:
    """Beside “do not accept” stands “verify”: it must not slip under a finger that taps twice."""
    cast = make_cast()
    product = VariantFactory(product__cooperative=cast.coop_a).product
    recognition = OcopRecognitionFactory(product=product, waiting=True)
    sign_in(phone_page, cast.ha, then=reverse("review-recognition", args=["15", recognition.pk]))

    refuse = phone_page.locator("button[value=refuse]")
    refuse.click()
    expect(phone_page.locator("main [role=alert]")).to_contain_text("Lý do")
    phone_page.locator("textarea").fill("Số quyết định không khớp với sổ của tỉnh.")
    refuse.dblclick()

    phone_page.wait_for_url(lambda url: url.endswith("/duyet/ocop/"))
    recognition.refresh_from_db()
    assert recognition.state == "refused"
