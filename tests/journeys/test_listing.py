"""Mai lists a product: from the photo to the co-op's page, and nothing typed is ever lost."""

import io
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from products.models import Product
from tests.browser import PHONE_THEN_DESK, OpenPage
from tests.cast import Cast, make_cast
from tests.factories.core import photo_file
from tests.factories.products import (
    LotFactory,
    OcopRecognitionFactory,
    ProductFactory,
    ProductPhotoFactory,
    VariantFactory,
)
from tests.journeys.people import await_true, sign_in

Axe = Callable[[Page], None]


def camera(*names: str, size: tuple[int, int] = (3000, 2250)) -> list[FilePayload]:
    """Photos as large as phones take them."""
    return [
        {"name": name, "mimeType": "image/jpeg", "buffer": photo_file(name, size).getvalue()}
        for name in names
    ]


def at_work(page: Page, cast: Cast) -> None:
    """Mai, signed in, looks at her co-op's products."""
    sign_in(page, cast.mai, then=f"/lam-viec/{cast.coop_a.slug}/san-pham/")


def saved(page: Page) -> None:
    expect(page.locator("[data-autosave-says]")).to_contain_text(re.compile(r"Đã lưu \d\d:\d\d"))


def type_pack(page: Page) -> None:
    step = page.locator("#step-packs")
    step.get_by_label("Quy cách").fill("Gói 200 g")
    step.get_by_label("Khối lượng tịnh").fill("200g")
    step.get_by_label("Giá một gói").fill("125k")
    step.get_by_label("Số gói đang có").fill("40")
    step.get_by_role("button", name="Thêm quy cách này").click()
    expect(page.get_by_text("Đã thêm quy cách “Gói 200 g”.")).to_be_visible()
    expect(step.locator("#pack-new_name")).to_have_value("")  # it does not come back a second time


def test_on_a_phone_one_question_at_a_time_from_photo_to_the_co_ops_page(
    open_page: OpenPage, axe: Axe
):
    cast = make_cast()
    page = open_page("phone")
    at_work(page, cast)
    axe(page)
    page.get_by_role("button", name="Thêm sản phẩm").click()

    expect(page.get_by_role("heading", name="Sản phẩm trông thế nào?")).to_be_visible()
    expect(page.get_by_label("Tên sản phẩm")).to_be_hidden()  # one question at a time
    page.locator("input[type=file][name=photos]").set_input_files(camera("doi.jpg", "bup.jpg"))
    expect(page.locator("#step-photos li")).to_have_count(2)
    axe(page)
    page.locator("#step-photos").get_by_role("link", name="Tiếp").click()

    page.get_by_label("Tên sản phẩm").press_sequentially("Chè Shan tuyết")
    saved(page)
    page.get_by_label("Loại sản phẩm").select_option("tea")
    axe(page)
    page.get_by_role("button", name="Lưu và tiếp").click()
    page.wait_for_url("**step=story**")

    page.get_by_label("Câu chuyện").press_sequentially("Hái tay từ cây cổ thụ.", delay=5)
    saved(page)
    page.goto("about:blank")  # the phone rings, the page is gone

    page.goto(f"/lam-viec/{cast.coop_a.slug}/san-pham/")
    page.get_by_role("link", name="Chè Shan tuyết").click()
    expect(page.get_by_role("heading", name="Đóng gói thế nào")).to_be_visible()
    type_pack(page)
    axe(page)
    page.locator("#step-packs").get_by_role("link", name="Tiếp").click()
    expect(page.get_by_role("heading", name="Sản phẩm có sao OCOP không?")).to_be_visible()
    page.locator("#step-stars").get_by_role("link", name="Tiếp").click()

    expect(page.locator("#step-check")).to_contain_text("Hái tay từ cây cổ thụ.")
    axe(page)
    page.get_by_role("button", name="Đăng bán").click()
    expect(page.locator("[data-autosave-says]")).to_contain_text("Mọi thứ ở đây đã được lưu")
    page.get_by_role("link", name="Xem trên trang hợp tác xã").click()
    expect(page.get_by_role("link", name="Chè Shan tuyết", exact=True)).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Chè Shan tuyết", exact=True).click()
    expect(page.get_by_text("625.000\u00a0₫/kg")).to_be_visible()
    axe(page)
    product = Product.objects.get()
    assert product.variants.get().lots.get().quantity_available == 40


def test_on_a_desk_all_questions_stand_on_one_page(open_page: OpenPage, axe: Axe):
    cast = make_cast()
    page = open_page("desk")
    at_work(page, cast)
    page.get_by_role("button", name="Thêm sản phẩm").click()
    for title in ("trông thế nào?", "tên là gì?", "Kể với khách", "Đóng gói", "sao OCOP"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Đăng bán").click()
    missing = page.get_by_role("alert")
    expect(missing.get_by_role("link")).to_have_count(4)

    page.locator("input[type=file][name=photos]").set_input_files(camera("doi.jpg"))
    expect(page.locator("#step-photos li")).to_have_count(1)
    # Typed here and there, and one button pressed: the rest is on the server all the same
    page.get_by_label("Tên sản phẩm").fill("Ba khía muối")
    page.get_by_label("Câu chuyện").fill("Muối theo lối của bà.")
    type_pack(page)
    page.reload()
    expect(page.get_by_label("Tên sản phẩm")).to_have_value("Ba khía muối")
    expect(page.get_by_label("Câu chuyện")).to_have_value("Muối theo lối của bà.")
    page.get_by_role("button", name="Đăng bán").click()
    expect(page.get_by_role("link", name="Xem trên trang hợp tác xã")).to_be_visible()
    axe(page)


def test_without_network_it_says_so_and_what_was_typed_goes_later(open_page: OpenPage):
    cast = make_cast()
    product = ProductFactory(cooperative=cast.coop_a, draft=True, name="", story="")
    page = open_page("desk")
    at_work(page, cast)
    page.goto(f"/lam-viec/san-pham/{product.pk}/?step=name")
    is_down = True

    def network(route: Route) -> None:
        route.abort() if is_down else route.continue_()

    page.route("**/giu-nhap/", network)
    page.route("**/anh/", network)
    page.locator("input[type=file][name=photos]").set_input_files(camera("doi.jpg", "bup.jpg"))
    expect(page.locator("#step-photos [data-photos-say]")).to_contain_text("còn giữ trên máy này")
    expect(page.locator("#step-photos [data-photos-waiting] img")).to_have_count(2)
    page.get_by_label("Tên sản phẩm").fill("Gạo Séng Cù")
    says = page.locator("[data-autosave-says]")
    expect(says).to_contain_text("Chưa gửi được – còn giữ trên máy này")
    page.reload()  # also a closed page: the copy on this device comes back
    expect(page.get_by_label("Tên sản phẩm")).to_have_value("Gạo Séng Cù")
    expect(says).to_contain_text("Chưa gửi được")
    product.refresh_from_db()
    assert product.name == ""
    expect(page.locator("#step-photos [data-photos-waiting] img")).to_have_count(
        2
    )  # the photos too
    assert not product.photos.exists()
    is_down = False
    expect(page.locator("#step-photos li")).to_have_count(2, timeout=20_000)
    # The server has it, so this device forgets
    await_true(page, "!Object.keys(localStorage).some((key) => key.startsWith('draft:'))")
    product.refresh_from_db()
    assert product.name == "Gạo Séng Cù"
    assert product.photos.count() == 2


def test_signed_out_meanwhile_it_says_so_and_keeps_what_was_typed(open_page: OpenPage):
    cast = make_cast()
    product = ProductFactory(cooperative=cast.coop_a, draft=True, name="")
    page = open_page("phone")
    at_work(page, cast)
    page.goto(f"/lam-viec/san-pham/{product.pk}/?step=name")
    page.context.clear_cookies()
    page.get_by_label("Tên sản phẩm").fill("Gạo nếp")
    expect(page.locator("[data-autosave-says]")).to_contain_text("đăng nhập lại")
    at_work(page, cast)
    page.goto(f"/lam-viec/san-pham/{product.pk}/?step=name")
    expect(page.get_by_label("Tên sản phẩm")).to_have_value("Gạo nếp")
    saved(page)


def test_what_the_server_does_not_take_is_told_at_the_field(open_page: OpenPage, axe: Axe):
    cast = make_cast()
    product = ProductFactory(cooperative=cast.coop_a, draft=True)
    page = open_page("phone")
    at_work(page, cast)
    page.goto(f"/lam-viec/san-pham/{product.pk}/?step=packs")
    step = page.locator("#step-packs")
    step.get_by_label("Quy cách").fill("Hộp")
    step.get_by_label("Khối lượng tịnh").fill("200 g")
    step.get_by_label("Giá một gói").fill("rẻ")
    step.get_by_role("button", name="Thêm quy cách này").click()
    expect(step.locator("[data-errors]")).to_be_focused()
    expect(step.get_by_label("Giá một gói")).to_have_value("rẻ")
    axe(page)
    bad = io.BytesIO(b"no picture at all").getvalue()
    page.goto(f"/lam-viec/san-pham/{product.pk}/?step=photos")
    page.locator("input[type=file][name=photos]").set_input_files(
        [{"name": "xau.jpg", "mimeType": "image/jpeg", "buffer": bad}]
    )
    expect(page.locator("#step-photos [data-photos-say]")).to_contain_text("xau.jpg")
    axe(page)


@pytest.mark.parametrize("device", PHONE_THEN_DESK)
def test_without_javascript_listing_works_step_by_step(open_page: OpenPage, device: str):
    cast = make_cast()
    page = open_page(device, java_script_enabled=False)
    at_work(page, cast)
    page.get_by_role("button", name="Thêm sản phẩm").click()
    page.locator("input[type=file][name=photos]").set_input_files(
        camera("doi.jpg", size=(800, 600))
    )
    page.get_by_role("button", name="Gửi ảnh").click()
    page.locator("#step-photos").get_by_role("link", name="Tiếp").click()
    page.get_by_label("Tên sản phẩm").fill("Miến dong")
    page.get_by_role("button", name="Lưu và tiếp").click()
    page.get_by_label("Câu chuyện").fill("Tráng bằng tay.")
    page.get_by_role("button", name="Lưu và tiếp").click()
    type_pack(page)
    page.get_by_role("navigation", name="Các bước").get_by_role("link").last.click()
    page.get_by_role("button", name="Đăng bán").click()
    expect(page.get_by_role("link", name="Xem trên trang hợp tác xã")).to_be_visible()


def test_photos_are_put_in_order_removed_and_put_back(open_page: OpenPage, axe: Axe):
    cast = make_cast()
    product = ProductFactory(cooperative=cast.coop_a, draft=True)
    for words in ("Đồi chè", "Búp chè"):
        ProductPhotoFactory(product=product, alt=words)
    VariantFactory(product=product)
    page = open_page("phone")
    at_work(page, cast)
    page.goto(f"/lam-viec/san-pham/{product.pk}/?step=photos")
    lines = page.locator("#step-photos li")
    lines.nth(1).get_by_role("button", name="Đưa lên trước").click()
    expect(lines.first).to_contain_text("Búp chè")
    lines.first.get_by_role("button", name="Bỏ").click()
    expect(lines).to_have_count(1)
    axe(page)
    page.get_by_role("button", name="Lấy lại").click()
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("Búp chè")


def test_stock_is_brought_in_counted_and_explained(open_page: OpenPage, axe: Axe):
    cast = make_cast()
    lot = LotFactory(variant__product__cooperative=cast.coop_a, code="L261101-1")
    page = open_page("phone")
    at_work(page, cast)
    page.goto(f"/lam-viec/goi/{lot.variant_id}/kho/")
    page.get_by_label("Số gói của lô").fill("60")
    page.get_by_role("button", name="Nhập kho").click()
    expect(page.get_by_text("đã nhập kho: 60 gói")).to_be_visible()
    axe(page)
    page.get_by_role("row").filter(has_text="L261101-1").get_by_role("link", name="Kiểm kê").click()
    axe(page)
    page.get_by_label("Số gói đếm được trong kho").fill("97")
    page.get_by_label("Vì sao chênh lệch").fill("Rách ba gói")
    page.get_by_role("button", name="Sửa số tồn kho").click()
    expect(page.get_by_text("Kho của lô L261101-1 đã sửa -3.")).to_be_visible()
    expect(page.get_by_text("Rách ba gói")).to_be_visible()
    page.goto(f"/lam-viec/san-pham/{lot.product.pk}/lich-su/")
    axe(page)


@pytest.mark.parametrize("device", PHONE_THEN_DESK)
def test_ha_verifies_stars_and_buyers_see_them(open_page: OpenPage, axe: Axe, device: str):
    cast = make_cast()
    product = ProductFactory(cooperative=cast.coop_a, name="Chè Shan tuyết")
    OcopRecognitionFactory(product=product, waiting=True, number="1842/QĐ-UBND")
    page = open_page(device)
    stars = page.get_by_role("img", name="OCOP 4 sao")
    page.goto(f"/san-pham/{product.slug}/")
    expect(stars).to_have_count(0)

    sign_in(page, cast.ha, then="/tinh/15/duyet/ocop/")
    axe(page)
    page.get_by_role("link", name="Chè Shan tuyết").click()
    expect(page.get_by_text("1842/QĐ-UBND").first).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Không chấp nhận").click()
    expect(page.locator("[data-errors]")).to_be_focused()
    axe(page)
    page.get_by_role("button", name="Xác minh").click()
    expect(page.locator("[data-errors]")).to_contain_text(
        "đã kiểm tra quyết định này bằng cách nào"
    )
    page.get_by_label("Lý do").fill("Đã gọi Văn phòng điều phối.")
    page.get_by_role("button", name="Xác minh").click()
    expect(page.get_by_text("đã xác minh").first).to_be_visible()
    page.goto(f"/san-pham/{product.slug}/")
    expect(stars.first).to_be_visible()
    page.goto("/tinh/15/so-ocop/")
    axe(page)
    page.get_by_label("Số sản phẩm trong sổ").fill("605")
    page.get_by_label("Tính đến ngày").fill("2025-09-30")
    page.get_by_label("Nguồn").fill("Báo cáo quý III")
    page.get_by_role("button", name="Ghi").click()
    expect(page.get_by_role("cell", name="605")).to_be_visible()
