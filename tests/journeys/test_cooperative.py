"""A manager's first weeks: sign up, register, wait, correct, and be seen by buyers.

Beside it the reviewer who signs in with the second step, returns the co-op once and then approves.
"""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from coops.models import Cooperative
from tests.browser import PHONE_THEN_DESK, OpenPage
from tests.cast import PASSWORD, make_cast
from tests.factories.accounts import UserFactory
from tests.factories.coops import CooperativeFactory, ProvinceFactory, StaffRoleFactory, tax_code
from tests.factories.core import photo_file
from tests.journeys import people
from tests.journeys.authenticator import Authenticator
from tests.journeys.people import await_true
from tests.places import put_places

NAME, TYPED_PHONE = "HTX Miến dong Bình Lư", "0987 654 321"
REASON = "Vui lòng ghi rõ tên bản và số nhà để bưu tá tìm được."
Axe = Callable[[Page], None]


@pytest.fixture
def places(platform_server: Any) -> None:
    put_places()


def main(page: Page) -> Any:
    return page.locator("main")


def sign_up(page: Page, axe: Axe) -> None:
    page.goto("/dang-ky/")
    axe(page)
    page.get_by_label("Số điện thoại của bạn").fill("0987654")
    page.get_by_role("button", name="Gửi mã cho tôi").click()
    expect(main(page).get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Số điện thoại của bạn")).to_have_value("0987654")
    axe(page)
    page.get_by_label("Số điện thoại của bạn").fill(TYPED_PHONE)
    page.get_by_role("button", name="Gửi mã cho tôi").click()
    expect(main(page)).to_contain_text(TYPED_PHONE)
    axe(page)
    code = re.search(r"\d{6}", page.locator("#code-state").inner_text())
    assert code
    page.get_by_label("Mã trong tin nhắn").fill(code[0])
    page.get_by_role("button", name="Tiếp").click()
    axe(page)
    page.get_by_label("Họ và tên").fill("Chị Sua")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Tạo tài khoản").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Chào Chị Sua")
    axe(page)


def register(page: Page, axe: Axe) -> None:
    page.get_by_role("link", name="Đăng ký hợp tác xã").click()
    page.get_by_label("Tên hợp tác xã").fill(NAME)
    page.get_by_label("Mã số thuế").fill("5300000001")
    page.get_by_label("Câu chuyện").fill("Miến dong phơi nắng trên đồi.")
    page.get_by_label("Hợp tác xã do phụ nữ làm chủ").check()
    choose_commune(page, "binh lu", "xã Bình Lư, Lai Châu")
    axe(page)
    page.get_by_role("button", name="Đăng ký", exact=True).click()
    expect(main(page).get_by_role("alert")).to_contain_text("Mã số thuế")
    expect(page.get_by_label("Câu chuyện")).to_have_value("Miến dong phơi nắng trên đồi.")
    expect(page.get_by_role("combobox", name="Xã, phường")).to_have_value("xã Bình Lư, Lai Châu")
    axe(page)
    page.get_by_label("Mã số thuế").fill(tax_code(700))
    page.get_by_role("button", name="Đăng ký", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ảnh")


def choose_commune(page: Page, typed: str, meant: str) -> None:
    """With the keys alone, as somebody without a mouse does."""
    box = page.get_by_role("combobox", name="Xã, phường")
    box.press_sequentially(typed)
    expect(page.get_by_role("listbox", name="Gợi ý").get_by_role("option").first).to_have_text(
        meant
    )
    box.press("ArrowDown")
    expect(
        page.get_by_role("listbox", name="Gợi ý").get_by_role("option", selected=True)
    ).to_have_text(meant)
    box.press("Enter")
    expect(box).to_have_value(meant)
    expect(page.get_by_role("listbox", name="Gợi ý")).to_have_count(0)


def add_pictures(page: Page, axe: Axe) -> None:
    axe(page)
    files = [upload("nuong.jpg", (900, 700)), upload("nguoi.jpg", (700, 900))]
    page.get_by_label("Ảnh", exact=True).set_input_files(files)
    expect(page.locator("main picture")).to_have_count(2)
    page.get_by_label("Ảnh chụp gì").first.fill("Phơi miến trên đồi")
    page.get_by_role("button", name="Lưu chú thích").first.click()
    expect(page.get_by_label("Ảnh chụp gì").first).to_have_value("Phơi miến trên đồi")
    axe(page)


def upload(name: str, size: tuple[int, int]) -> Any:
    content: io.BytesIO = photo_file(name, size)
    return {"name": name, "mimeType": "image/jpeg", "buffer": content.read()}


def show_that_the_phone_is_yours(page: Page, axe: Axe) -> None:
    """With the code of a message, which a demonstration shows on the page."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Cài đặt bước thứ hai")
    axe(page)
    page.get_by_role("button", name="Gửi mã cho tôi").click()
    code = re.search(r"\d{6}", page.locator("#code-state").inner_text())
    assert code
    page.get_by_label("Mã trong tin nhắn").fill(code[0])
    axe(page)
    page.get_by_role("button", name="Tiếp").click()
    expect(page.get_by_label("Mã trong ứng dụng")).to_be_visible()
    axe(page)


def sign_in_as_reviewer(page: Page, axe: Axe, phone: str) -> None:
    """The first time: the second step is set up with what the page shows as text."""
    page.goto("/tinh/12/duyet/")
    axe(page)
    page.get_by_label("Số điện thoại của bạn").fill(phone)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    show_that_the_phone_is_yours(page, axe)
    app = Authenticator(page.locator(".code").inner_text())
    page.get_by_label("Mã trong ứng dụng").fill("000000")
    page.get_by_role("button", name="Hoàn tất").click()
    expect(main(page).get_by_role("alert")).to_be_visible()
    page.get_by_label("Mã trong ứng dụng").fill(app.code())
    page.get_by_role("button", name="Hoàn tất").click()
    expect(page.locator(".paper-codes li")).to_have_count(10)
    axe(page)
    page.get_by_role("link", name="Tôi đã ghi lại rồi").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hợp tác xã chờ duyệt")
    axe(page)


@pytest.mark.parametrize("device", PHONE_THEN_DESK)
def test_a_co_op_signs_up_is_returned_corrects_and_is_seen(
    open_page: OpenPage, axe: Axe, places: None, device: str
) -> None:
    ha = UserFactory(display_name="Hà", phone="+84912000003")
    StaffRoleFactory(user=ha, province=ProvinceFactory(code="12", name="Lai Châu"))
    manager, reviewer, buyer = open_page(device), open_page("desk"), open_page(device)

    sign_up(manager, axe)
    register(manager, axe)
    add_pictures(manager, axe)
    manager.get_by_role("link", name="Xong").click()
    expect(main(manager)).to_contain_text("Tỉnh đang kiểm tra hợp tác xã")
    axe(manager)
    desk = manager.url
    buyer.goto("/htx/")
    expect(main(buyer)).not_to_contain_text(NAME)

    sign_in_as_reviewer(reviewer, axe, "0912 000 003")
    reviewer.get_by_role("link", name=NAME).click()
    expect(main(reviewer)).to_contain_text("Miến dong phơi nắng")
    axe(reviewer)
    reviewer.get_by_label("Hợp tác xã cần sửa điều gì?").fill(REASON)
    reviewer.get_by_role("button", name="Trả lại cho hợp tác xã").click()
    expect(main(reviewer)).to_contain_text(f"Đã trả lại {NAME}")

    manager.goto(desk)
    expect(main(manager)).to_contain_text(REASON)
    axe(manager)
    manager.get_by_role("link", name="Sửa").click()
    manager.get_by_label("Thôn, bản, đường, số nhà").fill("Bản Thống Nhất, nhà 12")
    manager.get_by_role("button", name="Lưu và gửi cho tỉnh").click()
    expect(main(manager)).to_contain_text("Đã gửi lại cho tỉnh")

    reviewer.goto("/tinh/12/duyet/")
    reviewer.get_by_role("link", name=NAME).click()
    expect(main(reviewer)).to_contain_text("Bản Thống Nhất, nhà 12")
    expect(main(reviewer)).to_contain_text(REASON)
    reviewer.get_by_role("button", name="Duyệt", exact=True).click()
    reviewer.get_by_role("dialog").get_by_role("button", name="Duyệt").click()
    expect(main(reviewer)).to_contain_text(f"Đã duyệt {NAME}")

    buyer.goto("/htx/?q=mien+dong")
    expect(buyer.get_by_role("link", name=NAME)).to_be_visible()
    axe(buyer)
    buyer.get_by_role("link", name=NAME).click()
    expect(buyer.get_by_role("heading", level=1)).to_have_text(NAME)
    expect(main(buyer)).to_contain_text("Phụ nữ làm chủ")
    expect(buyer.locator("main picture img").first).to_have_attribute("alt", "Phơi miến trên đồi")
    axe(buyer)
    manager.goto(desk)
    expect(main(manager)).to_contain_text("Đã duyệt")
    axe(manager)


def test_what_was_typed_survives_a_closed_page(open_page: OpenPage, places: None) -> None:
    page = open_page("phone")
    sign_up(page, lambda _page: None)
    page.goto("/lam-viec/htx-moi/")
    page.get_by_label("Tên hợp tác xã").fill(NAME)
    choose_commune(page, "binh lu", "xã Bình Lư, Lai Châu")
    page.get_by_label("Câu chuyện").fill("Miến dong phơi nắng trên đồi.")
    expect(main(page)).to_contain_text("Đã giữ trên máy này")
    page.goto("/")
    page.goto("/lam-viec/htx-moi/")
    expect(page.get_by_label("Tên hợp tác xã")).to_have_value(NAME)
    expect(page.get_by_role("combobox", name="Xã, phường")).to_have_value("xã Bình Lư, Lai Châu")
    expect(page.get_by_label("Câu chuyện")).to_have_value("Miến dong phơi nắng trên đồi.")
    page.get_by_label("Mã số thuế").fill(tax_code(701))
    page.get_by_role("button", name="Đăng ký", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ảnh")
    assert Cooperative.objects.get().commune_id == "03390"
    page.wait_for_load_state()  # with its script, which forgets what has been taken
    page.goto("/lam-viec/htx-moi/")
    expect(page.get_by_label("Tên hợp tác xã")).to_have_value("")

    desk = f"/lam-viec/{Cooperative.objects.get().slug}/"
    page.goto(f"{desk}ho-so/")
    page.get_by_label("Thôn, bản, đường, số nhà").fill("Bản Thống Nhất")
    page.goto(desk)  # the first page after signing in: it forgets nothing that was not sent
    page.goto(f"{desk}ho-so/")
    expect(page.get_by_label("Thôn, bản, đường, số nhà")).to_have_value("Bản Thống Nhất")
    page.get_by_role("button", name="Lưu", exact=True).click()
    page.wait_for_url(f"**{desk}")
    await_true(page, "!Object.keys(localStorage).some((key) => key.startsWith('draft:'))")


def test_without_script_a_co_op_registers_with_two_lists(open_page: OpenPage, places: None) -> None:
    page = open_page("phone", java_script_enabled=False)
    sign_up(page, lambda _page: None)
    page.goto("/lam-viec/htx-moi/")
    page.get_by_label("Tên hợp tác xã").fill(NAME)
    page.get_by_label("Mã số thuế").fill(tax_code(702))
    page.get_by_label("Tỉnh, thành phố").select_option(label="Lai Châu")
    page.get_by_role("button", name="Hiện các xã").click()
    expect(page.get_by_label("Tên hợp tác xã")).to_have_value(NAME)
    page.get_by_label("Xã, phường").select_option(label="xã Bình Lư")
    page.get_by_role("button", name="Đăng ký", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ảnh")
    assert Cooperative.objects.get().commune.full_name == "xã Bình Lư, Lai Châu"


def test_no_network_does_not_stop_the_commune_from_being_written(
    open_page: OpenPage, places: None
) -> None:
    page = open_page("phone")
    sign_up(page, lambda _page: None)
    page.goto("/lam-viec/htx-moi/")
    page.route("**/dia-gioi/**", lambda route: route.abort())
    page.get_by_label("Tên hợp tác xã").fill(NAME)
    page.get_by_label("Mã số thuế").fill(tax_code(703))
    page.get_by_role("combobox", name="Xã, phường").press_sequentially("binh lu, lai chau")
    expect(main(page)).to_contain_text("Mất mạng")
    page.get_by_role("button", name="Đăng ký", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ảnh")
    assert Cooperative.objects.get().commune_id == "03390"


def test_members_come_and_go(open_page: OpenPage, axe: Axe, places: None) -> None:
    page, other = open_page("phone"), open_page("phone")
    sign_up(page, lambda _page: None)
    cooperative = CooperativeFactory(name=NAME)
    UserFactory(phone="+84912000005", display_name="Lan")
    cooperative.memberships.create(user_id=_id_of(TYPED_PHONE), role="manager")
    page.goto(f"/lam-viec/{cooperative.slug}/thanh-vien/")
    page.get_by_label("Số điện thoại của người đó").fill("0912 000 005")
    page.get_by_role("radio", name="Người đóng gói").check()
    page.get_by_role("button", name="Thêm", exact=True).click()
    expect(main(page)).to_contain_text("Lan đã vào hợp tác xã")
    axe(page)

    other.goto("/dang-nhap/")
    other.get_by_label("Số điện thoại của bạn").fill("0912000005")
    other.get_by_label("Mật khẩu").fill(PASSWORD)
    other.get_by_role("button", name="Đăng nhập").click()
    expect(other.get_by_role("heading", level=1)).to_have_text(NAME)

    page.get_by_role("button", name="Bỏ vai trò").click()
    page.get_by_role("dialog").get_by_role("button", name="Bỏ vai trò").click()
    expect(main(page)).to_contain_text("Đã bỏ vai trò.")
    other.reload()
    expect(other.get_by_role("heading", level=1)).not_to_have_text(NAME)
    page.get_by_role("button", name="Thôi vai trò").click()
    page.get_by_role("dialog").get_by_role("button", name="Thôi vai trò").click()
    expect(main(page)).to_contain_text("phải có người quản lý")


def _id_of(typed_phone: str) -> int:
    from accounts.models import User
    from core.phones import normalize_phone

    return User.objects.get(phone=normalize_phone(typed_phone)).pk


def test_a_manager_loses_the_phone_and_gets_in_with_a_code_on_paper(
    phone_page: Page, axe: Axe
) -> None:
    cast = make_cast()
    page, desk = phone_page, f"/lam-viec/{cast.coop_a.slug}/"

    people.sign_in(page, cast.mai, then=desk)
    page.get_by_role("link", name="Cài đặt bước thứ hai").click()
    show_that_the_phone_is_yours(page, axe)
    app = Authenticator(page.locator(".code").inner_text())
    page.get_by_label("Mã trong ứng dụng").fill(app.code())
    page.get_by_role("button", name="Hoàn tất").click()
    codes = page.locator(".paper-codes li").all_inner_texts()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="Tôi đã ghi lại rồi").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(cast.coop_a.name)

    page.context.clear_cookies()
    page.goto(desk)
    page.get_by_label("Số điện thoại của bạn").fill(cast.mai.phone)
    page.get_by_label("Mật khẩu").fill(people.PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bước thứ hai")
    axe(page)
    page.goto(desk)
    expect(page.get_by_role("heading", level=1)).to_have_text("Bước thứ hai")
    page.get_by_label("Mã trong ứng dụng").fill(codes[0])
    page.get_by_role("button", name="Tiếp").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(cast.coop_a.name)
    expect(main(page)).to_contain_text("còn 9 mã")
