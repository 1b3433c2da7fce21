"""A buyer's whole path: from the session to the parcel, on a phone, at a desk, on a bad line."""

import io
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, Route, expect

from core.templatetags.chophien import local_time
from livestreams.models import LivestreamSession, Offer
from orders.models import Order
from orders.services import paying
from tests.browser import PHONE_THEN_DESK
from tests.cast import make_cast
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.journeys.people import sign_in
from tests.servers import Platform

Axe = Callable[[Page], None]
OpenPage = Callable[..., Page]
BYTES = 60_000


@pytest.fixture
def tea(platform_server: Platform) -> Offer:
    """Tea on sale in a live session, honey and crab beside it; the crab comes from another co-op."""
    CommuneFactory()
    session = SessionFactory(title="Chợ chè Phình Hồ", shipping_fee_vnd=25_000)
    tea = OfferFactory(session=session, quantity_offered=40, unit_price_vnd=115_000)
    OfferFactory(session=session, lot__variant__product__name="Mật ong bạc hà")
    crab = SlotFactory(session=session).cooperative
    OfferFactory(session=session, cooperative=crab, lot__variant__product__name="Ba khía muối")
    LivestreamSession.objects.filter(pk=session.pk).update(now_selling=tea)
    return tea


def order_page(page: Page, offer: Offer) -> None:
    page.goto(f"/phien/{offer.session_id}/dat/?suat={offer.pk}")


def fill_in(page: Page, *, pay: str = "Trả tiền mặt khi nhận hàng") -> None:
    page.get_by_label("Tên người nhận").fill("Nguyễn Thị Lan")
    page.get_by_label("Số điện thoại").fill("0912 345 678")
    commune = page.get_by_role("combobox")
    commune.press_sequentially("phinh ho")
    page.get_by_role("option", name=re.compile("Phình Hồ")).click()
    page.get_by_label("Thôn bản, đường, số nhà").fill("Thôn Nậm Đâu, nhà cạnh trạm xá")
    page.get_by_text(pay).click()


def press(page: Page) -> None:
    page.locator(".action-bar").get_by_role("button", name="Chốt đơn").click()


@pytest.mark.parametrize("device", ["phone", "desk"])
def test_from_the_board_to_cash_on_delivery(
    open_page: OpenPage, axe: Axe, tea: Offer, device: str
) -> None:
    page = open_page(device)
    page.goto(f"/phien/{tea.session_id}/")
    page.locator(f"#offer-{tea.pk}").get_by_role("link", name=re.compile("Chốt đơn")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Chốt đơn")
    axe(page)

    page.get_by_role("button", name="Thêm một").first.click()
    expect(page.locator(".action-bar")).to_contain_text("255.000")
    page.get_by_text("2 món khác đang bán").click()
    page.get_by_label(re.compile("Ba khía muối")).fill("1")
    expect(page.locator(".action-bar")).to_contain_text("395.000")  # a second parcel's fee is told
    fill_in(page)
    press(page)

    page.wait_for_url("**/don/**")
    expect(page.get_by_text("Đã nhận đơn của bạn")).to_be_visible()
    expect(page.locator("main")).to_contain_text("395.000 ₫")
    axe(page)
    order = Order.objects.get()
    assert order.total_vnd == 395_000
    assert {line.quantity for line in order.lines.all()} == {2, 1}
    assert order.commune_id == CommuneFactory().pk


def test_a_transfer_by_the_picture_on_the_screen(open_page: OpenPage, axe: Axe, tea: Offer) -> None:
    page = open_page("phone")
    order_page(page, tea)
    fill_in(page, pay="Chuyển khoản bằng mã QR")
    press(page)
    page.wait_for_url("**/don/**")
    axe(page)

    shot = page.locator("[data-payment-code]").screenshot()
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(shot)))
    order = Order.objects.get()
    assert code.text == order.vietqr
    expect(page.locator("time.clock")).to_have_text(re.compile(r"^1[45]:\d\d$"))
    with page.expect_download() as saved:
        page.get_by_role("link", name="Lưu ảnh mã QR").click()
    (again,) = zxingcpp.read_barcodes(Image.open(saved.value.path()))
    assert again.text == code.text

    paying.confirm_payment(order=order, user=make_cast().minh)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("[data-payment-code]")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("Hợp tác xã đã nhận tiền")


def test_the_countdown_trusts_the_server_and_not_the_phone(open_page: OpenPage, tea: Offer) -> None:
    page = open_page("phone")
    page.clock.install(time=time.time() + 3 * 3600)  # this phone is three hours ahead
    order_page(page, tea)
    fill_in_without_waiting(page)
    page.get_by_text("Chuyển khoản bằng mã QR").click()
    press(page)
    page.wait_for_url("**/don/**")
    expect(page.locator("time.clock")).to_have_text(re.compile(r"^1[45]:\d\d$"))


def fill_in_without_waiting(page: Page) -> None:
    """As somebody who types the whole name of the commune and takes no suggestion."""
    page.get_by_label("Tên người nhận").fill("Nguyễn Thị Lan")
    page.get_by_label("Số điện thoại").fill("0912345678")
    page.get_by_role("combobox").fill("xã Phình Hồ, Lào Cai")
    page.get_by_label("Thôn bản, đường, số nhà").fill("Thôn Nậm Đâu")


def fill_in_without_script(page: Page) -> None:
    """The province first; its communes come with the page drawn anew, which keeps what was typed."""
    page.get_by_label("Tên người nhận").fill("Nguyễn Thị Lan")
    page.get_by_label("Số điện thoại").fill("0912345678")
    page.get_by_label("Thôn bản, đường, số nhà").fill("Thôn Nậm Đâu")
    page.locator("select[name=commune_province]").select_option(label="Lào Cai")
    page.locator("button[name=commune_show]").click()
    expect(page.get_by_label("Tên người nhận")).to_have_value("Nguyễn Thị Lan")
    page.locator("select[name=commune]").select_option(label="xã Phình Hồ")


def test_pressing_twice_is_one_order(open_page: OpenPage, tea: Offer) -> None:
    page = open_page("phone")
    order_page(page, tea)
    fill_in(page)
    button = page.locator(".action-bar").get_by_role("button", name="Chốt đơn")
    button.dblclick()
    page.wait_for_url("**/don/**")
    assert Order.objects.count() == 1


def test_an_answer_lost_on_the_way_is_asked_for_again(open_page: OpenPage, tea: Offer) -> None:
    """The order arrives, its answer does not: the page says so, sends again, one order."""
    page = open_page("phone")
    order_page(page, tea)
    fill_in(page)
    lost: list[int] = []

    def lose_first(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(1)
            route.fetch(max_redirects=0)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/dat/**", lose_first)
    press(page)
    expect(page.get_by_text(re.compile("Mạng yếu, đơn của bạn chưa tới nơi"))).to_be_visible()
    assert Order.objects.count() == 1
    page.wait_for_url("**/don/**", timeout=15_000)
    assert (len(lost), Order.objects.count()) == (1, 1)


def test_without_network_the_order_waits_and_goes_by_itself(
    open_page: OpenPage, tea: Offer
) -> None:
    page = open_page("phone")
    order_page(page, tea)
    fill_in(page)
    page.context.set_offline(True)
    press(page)
    expect(page.get_by_text(re.compile("Mất mạng. Đơn còn giữ trên trang này"))).to_be_visible()
    expect(page.get_by_label("Tên người nhận")).to_have_value("Nguyễn Thị Lan")
    assert not Order.objects.exists()

    page.context.set_offline(False)

    page.wait_for_url("**/don/**", timeout=15_000)
    assert Order.objects.count() == 1


def test_sold_out_in_between_the_rest_is_one_press_away(
    open_page: OpenPage, axe: Axe, tea: Offer
) -> None:
    page = open_page("phone")
    order_page(page, tea)
    page.get_by_label(re.compile("Lấy bao nhiêu A01")).fill("3")
    fill_in(page)
    Offer.objects.filter(pk=tea.pk).update(quantity_claimed=39)
    press(page)

    expect(page.get_by_role("alert")).to_contain_text("Còn 1")
    expect(page.get_by_label("Tên người nhận")).to_have_value("Nguyễn Thị Lan")
    axe(page)
    page.get_by_role("button", name="Chốt phần còn lại").first.click()

    page.wait_for_url("**/don/**")
    assert Order.objects.get().lines.get().quantity == 1


def test_wrong_input_is_said_and_nothing_typed_is_lost(
    open_page: OpenPage, axe: Axe, tea: Offer
) -> None:
    page = open_page("phone")
    order_page(page, tea)
    page.get_by_label("Tên người nhận").fill("Nguyễn Thị Lan")
    page.get_by_label("Số điện thoại").fill("09123")
    press(page)

    expect(page.locator("[data-errors]")).to_be_focused()
    expect(page.get_by_label("Tên người nhận")).to_have_value("Nguyễn Thị Lan")
    expect(page.get_by_label("Số điện thoại")).to_have_value("09123")
    expect(page.get_by_label("Số điện thoại")).to_have_attribute("aria-invalid", "true")
    axe(page)
    fill_in(page)
    press(page)
    page.wait_for_url("**/don/**")


def test_who_wants_it_is_remembered_on_this_device_alone(open_page: OpenPage, tea: Offer) -> None:
    page = open_page("phone")
    order_page(page, tea)
    remember = page.get_by_label("Nhớ trên máy này cho lần sau")
    expect(remember).not_to_be_checked()
    fill_in(page)
    remember.check()
    press(page)
    page.wait_for_url("**/don/**")

    order_page(page, tea)
    expect(page.get_by_label("Tên người nhận")).to_have_value("Nguyễn Thị Lan")
    expect(page.get_by_label("Thôn bản, đường, số nhà")).not_to_have_value("")
    press(page)
    page.wait_for_url("**/don/**")
    assert Order.objects.count() == 2
    stranger = open_page("phone")
    order_page(stranger, tea)
    expect(stranger.get_by_label("Tên người nhận")).to_have_value("")


@pytest.mark.parametrize("device", PHONE_THEN_DESK)
def test_finding_the_order_again_and_cancelling_it(
    open_page: OpenPage, axe: Axe, tea: Offer, device: str
) -> None:
    page = open_page(device)
    order_page(page, tea)
    fill_in(page)
    press(page)
    page.wait_for_url("**/don/**")
    order = Order.objects.get()

    page.goto("/tra-don/")
    axe(page)
    page.get_by_label("Mã đơn").fill(order.code.lower())
    page.get_by_label("Số điện thoại lúc đặt đơn").fill("0900000000")
    page.get_by_role("button", name="Tìm đơn").click()
    expect(page.get_by_role("alert").first).to_contain_text("Không có đơn nào")
    axe(page)
    page.get_by_label("Số điện thoại lúc đặt đơn").fill("0912345678")
    page.get_by_role("button", name="Tìm đơn").click()
    page.wait_for_url(f"**/don/{order.token}/")

    page.get_by_role("button", name="Hủy đơn").click()
    page.get_by_role("dialog").get_by_role("button", name="Hủy đơn").click()
    expect(page.get_by_text("Đơn này đã hủy")).to_be_visible()
    axe(page)
    tea.refresh_from_db()
    assert tea.quantity_claimed == 0


def test_everything_works_without_javascript(open_page: OpenPage, tea: Offer) -> None:
    page = open_page("phone", java_script_enabled=False)
    order_page(page, tea)
    page.get_by_label(re.compile("Lấy bao nhiêu A01")).fill("2")
    page.get_by_role("button", name="Tính lại tiền").click()
    expect(page.locator(".action-bar")).to_contain_text("255.000 ₫")
    assert not Order.objects.exists()
    fill_in_without_script(page)
    page.get_by_text("Chuyển khoản bằng mã QR").click()
    press(page)

    page.wait_for_url("**/don/**")
    expect(page.locator("[data-payment-code] svg")).to_be_visible()
    held_until = local_time(Order.objects.get().pay_by)
    expect(page.get_by_text(f"Giữ cho bạn đến {held_until}")).to_be_visible()
    expect(page.locator("time.clock")).to_have_text(held_until)
    page.get_by_role("button", name="Hủy đơn").click()
    expect(page.get_by_text("Đơn này đã hủy")).to_be_visible()


@pytest.mark.parametrize("where", ["order", "own", "find"])
def test_pages_are_small(open_page: OpenPage, tea: Offer, where: str) -> None:
    """First load over the wire, everything but pictures."""
    page = open_page("phone")
    if where == "own":
        order_page(page, tea)
        fill_in(page, pay="Chuyển khoản bằng mã QR")
        press(page)
        page.wait_for_url("**/don/**")
        address = page.url
        page = open_page("phone")
    addresses = {
        "order": f"/phien/{tea.session_id}/dat/?suat={tea.pk}",
        "find": "/tra-don/",
        "own": address if where == "own" else "",
    }
    seen: list[Any] = []

    def note(request: Any) -> None:
        seen.append(request)

    page.on("requestfinished", note)
    page.goto(addresses[where], wait_until="networkidle")

    sent = sum(
        r.sizes()["responseBodySize"] + r.sizes()["responseHeadersSize"]
        for r in seen
        if r.resource_type != "image" or ".svg" in r.url
    )
    assert sent <= BYTES, {r.url: r.sizes()["responseBodySize"] for r in seen}


@pytest.mark.parametrize("device", PHONE_THEN_DESK)
def test_a_host_sees_the_money_and_a_packer_sends_the_parcel(
    open_page: OpenPage, axe: Axe, platform_server: Platform, device: str
) -> None:
    cast = make_cast()
    session = SessionFactory(cooperative=cast.coop_a)
    buyer = open_page("phone")
    order_page(buyer, OfferFactory(session=session))
    fill_in(buyer, pay="Chuyển khoản bằng mã QR")
    press(buyer)
    buyer.wait_for_url("**/don/**")
    order = Order.objects.get()
    buyer.get_by_role("button", name="Tôi đã chuyển").click()
    buyer.get_by_role("dialog").get_by_role("button", name="Đã chuyển xong").click()
    expect(buyer.get_by_role("heading", name=re.compile("Bạn đã báo chuyển tiền"))).to_be_visible()
    axe(buyer)

    page = open_page(device)
    sign_in(page, cast.mai, then=f"/lam-viec/phien/{session.pk}/don/")
    expect(page.get_by_text("Người mua báo đã chuyển", exact=True)).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Đã nhận tiền").click()
    page.get_by_role("dialog").get_by_role("button", name="Đã thấy tiền").click()
    expect(page.get_by_text(re.compile(f"Đơn {order.code} đã trả tiền"))).to_be_visible()

    page.goto(f"/lam-viec/{cast.coop_a.slug}/kien-hang/")
    axe(page)
    page.get_by_label("Tất cả trong trang này").check()
    page.get_by_role("button", name="Đã đóng gói").click()
    expect(page.get_by_text(re.compile("Đã chuyển 1 kiện hàng"))).to_be_visible()
    page.get_by_role("link", name=re.compile("Chờ gửi đi")).click()
    page.get_by_role("link", name=order.code).click()
    axe(page)
    expect(page.locator("main")).to_contain_text("09•• ••• 678")
    page.get_by_role("button", name="Hiện số điện thoại").click()
    expect(page.get_by_role("link", name="0912 345 678")).to_be_visible()
    page.get_by_role("button", name="Đã gửi đi").click()
    expect(page.get_by_text(re.compile("đang giao", re.IGNORECASE)).first).to_be_visible()

    buyer.reload()
    expect(buyer.locator("main")).to_contain_text("Hàng đang trên đường")
