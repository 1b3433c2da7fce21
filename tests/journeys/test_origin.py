"""A diary is written, codes are printed, and somebody far away scans one."""

from collections.abc import Callable

import pypdfium2
import pytest
import zxingcpp
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser import PHONE_THEN_DESK, OpenPage
from tests.cast import make_cast
from tests.factories.core import photo_file
from tests.factories.products import LotFactory, ProductPhotoFactory, VariantFactory
from tests.journeys.people import sign_in

MOST_BYTES = 50_000


def test_a_step_with_six_photos_one_of_them_bad_on_a_slow_line(
    open_page: OpenPage, axe: Callable[[Page], None]
) -> None:
    cast = make_cast()
    lot = LotFactory(variant=VariantFactory(product__cooperative=cast.coop_a))
    page = open_page("phone")
    sign_in(page, cast.mai, then=reverse("add-step", args=[lot.pk]))
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    slow = {"offline": False, "latency": 100, "downloadThroughput": 50_000}
    line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": 50_000})
    photos = [
        {
            "name": f"{n}.jpg",
            "mimeType": "image/jpeg",
            "buffer": photo_file(size=(1600, 1200)).read(),
        }
        for n in range(1, 6)
    ]
    bad = {"name": "hong.jpg", "mimeType": "image/jpeg", "buffer": b"no picture at all"}
    page.get_by_label("Đã làm gì").fill("Hái một tôm hai lá")
    page.locator("input[type=file]").set_input_files([*photos[:2], bad, *photos[2:]])  # type: ignore[list-item]
    tiles = page.locator("[data-photos-waiting] > *")
    expect(tiles.filter(has_text="hong.jpg")).to_contain_text("không phải ảnh", timeout=30_000)
    page.reload()  # in the middle: what has arrived is still there, the rest goes on
    page.get_by_role("button", name="Lưu bước này").click()
    expect(page.locator(".trail .photos img")).to_have_count(5, timeout=30_000)
    event = lot.trace_events.get()
    assert (event.title, event.photos.count()) == ("Hái một tôm hai lá", 5)

    page.goto(reverse("add-step", args=[lot.pk]))
    expect(tiles).to_have_count(0)  # they went with the step
    axe(page)


@pytest.mark.parametrize("device", PHONE_THEN_DESK)
def test_from_the_diary_to_the_scan(
    open_page: OpenPage, axe: Callable[[Page], None], platform_server, device: str
) -> None:
    cast = make_cast()
    lot = LotFactory(variant=VariantFactory(product__cooperative=cast.coop_a))
    ProductPhotoFactory(product=lot.variant.product)
    page = open_page(device)

    sign_in(page, cast.mai, then=reverse("show-lot", args=[lot.pk]))
    expect(page.locator("main")).to_contain_text("còn thiếu")
    axe(page)
    page.get_by_role("link", name="Ghi lúc thu hoạch").click()
    page.get_by_label("Đã làm gì").fill("Hái một tôm hai lá lúc sương tan")
    picture = {"name": "hai-che.jpg", "mimeType": "image/jpeg", "buffer": photo_file().read()}
    page.locator("input[type=file]").set_input_files(picture)  # type: ignore[arg-type]
    axe(page)
    page.get_by_role("button", name="Lưu bước này").click()
    expect(page.locator(".trail")).to_contain_text("Hái một tôm hai lá")

    page.get_by_label("Bao nhiêu mã").fill("12")
    page.get_by_role("button", name="Tạo mã").click()
    expect(page.get_by_role("link", name="Tờ nhãn (PDF)")).to_be_visible(timeout=20_000)
    axe(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Tờ nhãn (PDF)").click()
    sheet = pypdfium2.PdfDocument(download.value.path().read_bytes())
    found = zxingcpp.read_barcodes(sheet[0].render(scale=300 / 72).to_pil())
    assert len(found) == 12

    buyer = open_page(device, java_script_enabled=False)
    sizes: list[int] = []
    buyer.on("requestfinished", lambda request: sizes.append(_bytes(request)))
    buyer.goto(found[0].text)
    expect(buyer.get_by_role("heading", level=1)).to_have_text(lot.variant.product.name)
    for words in (cast.coop_a.name, "Phình Hồ", lot.code, "Hái một tôm hai lá"):
        expect(buyer.locator("main")).to_contain_text(words)
    assert sum(sizes) <= MOST_BYTES
    axe_page = open_page(device)
    axe_page.goto(found[0].text)
    axe(axe_page)


def _bytes(request) -> int:
    if request.resource_type == "image" and "/media/" in request.url:
        return 0  # pictures have a budget of their own
    sizes = request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


def test_a_code_that_is_not_ours_is_said_plainly(phone_page: Page, axe) -> None:
    phone_page.goto("/t/BCDFGHJKMNPQRSTV")
    expect(phone_page.get_by_role("heading", level=1)).to_contain_text("không có trong sổ")
    axe(phone_page)
