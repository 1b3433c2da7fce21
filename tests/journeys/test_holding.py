"""Held goods on a phone: refused in part, counted down, changed, run out, paid late, sent back."""

import datetime as dt
import re
import time
from collections.abc import Callable

import pytest
from django.db.models import F
from playwright.sync_api import Page, expect

from core.clock import db_now
from core.templatetags.chophien import local_time
from livestreams.models import LivestreamSession, Offer
from orders.models import Order, Refund
from tests.browser import PHONE_THEN_DESK
from tests.cast import make_cast
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory
from tests.journeys.people import sign_in
from tests.journeys.test_buyer import fill_in_without_waiting, press
from tests.servers import Platform

Axe = Callable[[Page], None]
OpenPage = Callable[..., Page]
COUNTING = re.compile(r"^1[345]:\d\d$")


@pytest.fixture
def tea(platform_server: Platform) -> Offer:
    """Tea, of which five packs are left, and crab of another co-op in one live session."""
    CommuneFactory()
    session = SessionFactory(title="Chợ chè Phình Hồ", shipping_fee_vnd=25_000)
    tea = OfferFactory(session=session, quantity_offered=5, unit_price_vnd=115_000)
    crab = SlotFactory(session=session).cooperative
    OfferFactory(session=session, cooperative=crab, lot__variant__product__name="Ba khía muối")
    LivestreamSession.objects.filter(pk=session.pk).update(now_selling=tea)
    return tea


def waiting(tea: Offer, **details: object) -> Order:
    return OrderFactory(offer=tea, quantity=2, transfer=True, **details)


@pytest.mark.parametrize("device", PHONE_THEN_DESK)
def test_a_refused_basket_is_had_in_part_with_one_press(
    open_page: OpenPage, axe: Axe, page_problems: list[str], tea: Offer, device: str
) -> None:
    page = open_page(device)
    crab = tea.session.offers.exclude(pk=tea.pk).get()
    page.goto(f"/phien/{tea.session_id}/dat/?suat={tea.pk}&suat={crab.pk}")
    fill_in_without_waiting(page)
    page.get_by_label(re.compile("Số suất.*Chè|.*Chè Shan")).first.fill("3")
    OrderFactory(offer=tea, quantity=4)
    Offer.objects.filter(pk=crab.pk).update(quantity_claimed=F("quantity_offered"))

    press(page)

    expect(page.get_by_role("alert").first).to_contain_text("Còn 1")
    expect(page.get_by_role("link", name=re.compile("Chờ suất|Xếp hàng|chờ")).first).to_be_visible()
    axe(page)
    page.locator(".action-bar").get_by_role("button", name="Chốt phần còn lại").click()
    page.wait_for_url("**/don/**")
    assert Order.objects.latest("pk").lines.get().quantity == 1
    page_problems[:] = [p for p in page_problems if "409" not in p]


@pytest.mark.parametrize("device", PHONE_THEN_DESK)
def test_who_comes_too_late_hears_it_on_the_same_page(
    open_page: OpenPage, axe: Axe, page_problems: list[str], tea: Offer, device: str
) -> None:
    page = open_page(device)
    page.goto(f"/phien/{tea.session_id}/dat/?suat={tea.pk}")
    fill_in_without_waiting(page)
    page.evaluate("document.body.dataset.same = 'yes'")
    OrderFactory(offer=tea, quantity=5)

    press(page)

    notice = page.get_by_role("alert").first
    expect(notice).to_contain_text("món khác bên dưới")
    expect(notice).to_be_focused()
    expect(notice.get_by_role("link", name=re.compile("Xếp hàng chờ"))).to_be_visible()
    assert page.evaluate("document.body.dataset.same") == "yes"
    tea_row = page.locator("[data-line]").first
    expect(tea_row.locator("input[name^=quantity]")).to_have_value("0")
    expect(tea_row).not_to_contain_text("Còn ")
    expect(tea_row.get_by_role("button", name="Thêm một")).to_be_disabled()
    expect(page.locator(".action-bar [data-total]")).to_have_text("0 ₫")
    axe(page)
    page.locator("[data-line] input[name^=quantity]").nth(1).fill("1")
    press(page)
    page.wait_for_url("**/don/**")
    page_problems[:] = [p for p in page_problems if "409" not in p]


def test_the_countdown_stays_right_when_the_phones_clock_is_set(
    open_page: OpenPage, tea: Offer
) -> None:
    order = waiting(tea)
    page = open_page("phone")
    page.clock.install(time=time.time() - 5 * 3600)
    page.goto(f"/don/{order.token}/")
    clock = page.locator("time.clock")
    expect(clock).to_have_text(COUNTING)

    page.clock.set_system_time(time.time() + 9 * 3600)  # somebody puts the clock "right"
    page.clock.run_for(3_000)

    expect(clock).to_have_text(COUNTING)
    assert page.locator("[data-payment-code]").is_visible()


def test_after_a_sleep_the_server_is_asked_and_without_it_the_time_of_day_stands(
    open_page: OpenPage, page_problems: list[str], tea: Offer
) -> None:
    order = waiting(tea)
    page = open_page("phone")
    page.clock.install(time=time.time())
    page.goto(f"/don/{order.token}/")
    page.context.set_offline(offline=True)
    page.clock.set_system_time(time.time() + 600)  # ten minutes that the browser did not count
    page.clock.run_for(2_000)
    expect(page.locator("time.clock")).to_have_text(local_time(order.pay_by))

    page.context.set_offline(offline=False)
    page.evaluate("dispatchEvent(new Event('online'))")

    expect(page.locator("time.clock")).to_have_text(COUNTING)
    page_problems[:] = [p for p in page_problems if "ERR_INTERNET_DISCONNECTED" not in p]


def test_when_the_time_runs_out_the_page_says_what_to_do(
    open_page: OpenPage, axe: Axe, tea: Offer
) -> None:
    order = waiting(tea, pay_by=db_now() + dt.timedelta(seconds=4))
    page = open_page("phone")
    page.goto(f"/don/{order.token}/")
    expect(page.get_by_role("alert")).to_contain_text("đừng chuyển tiền nữa", timeout=8_000)
    expect(page.locator("[data-payment-code]")).to_be_hidden()
    expect(page.locator("[data-payment-code]")).to_have_count(0, timeout=15_000)  # drawn anew
    axe(page)
    page.get_by_role("link", name="Chốt lại các món này").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Chốt đơn")


@pytest.mark.parametrize("has_script", [True, False])
def test_an_order_is_changed_behind_its_link(
    open_page: OpenPage, axe: Axe, tea: Offer, has_script: bool
) -> None:
    order = OrderFactory(offer=tea, quantity=2)
    page = open_page("phone", java_script_enabled=has_script)
    page.goto(f"/don/{order.token}/")
    page.get_by_role("link", name="Sửa đơn").click()
    if has_script:
        axe(page)
        page.get_by_role("button", name="Thêm một").click()
        expect(page.locator(".action-bar")).to_contain_text("370.000 ₫")
    else:
        page.locator("[data-line] input").fill("3")
    page.get_by_label("Lời nhắn").or_(page.locator("[name=note]")).first.fill("Gọi trước khi giao")
    page.locator(".action-bar button").click()
    expect(page.locator("main")).to_contain_text("Đã lưu thay đổi")
    expect(page.locator("main")).to_contain_text("3 × Chè Shan tuyết")
    order.refresh_from_db()
    assert (order.note, order.goods_vnd) == ("Gọi trước khi giao", 345_000)


@pytest.mark.parametrize("device", PHONE_THEN_DESK)
def test_late_money_is_noted_and_sent_back(
    open_page: OpenPage, axe: Axe, tea: Offer, device: str
) -> None:
    cast = make_cast()
    LivestreamSession.objects.filter(pk=tea.session_id).update(cooperative=cast.coop_a)
    order = OrderFactory(offer=tea, quantity=2, transfer=True, state="released")
    page = open_page(device)
    sign_in(page, cast.minh, then=f"/lam-viec/phien/{tea.session_id}/don/")
    page.get_by_role("button", name="Tiền đến muộn").click()
    page.get_by_role("button", name="Đã thấy tiền").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tiền cần trả lại")
    expect(page.locator("main")).to_contain_text(order.code)
    axe(page)
    page.get_by_label("Số ngân hàng của lần chuyển trả").fill("FT26110412345")
    page.get_by_role("button", name="Đã trả lại").click()
    page.get_by_role("button", name="Đã chuyển trả").click()
    expect(page.locator("main")).to_contain_text("Chưa có khoản nào cần trả lại")
    assert Refund.objects.get().reference == "FT26110412345"


def test_back_in_the_packing_room_ticks_no_other_parcels(
    open_page: OpenPage, platform_server: Platform
) -> None:
    cast = make_cast()
    CommuneFactory()
    offer = OfferFactory(session__cooperative=cast.coop_a, quantity_offered=20)
    orders = [OrderFactory(offer=offer) for _ in range(6)]
    page = open_page("phone")
    sign_in(page, cast.mai)
    page.goto(f"/lam-viec/{cast.coop_a.slug}/kien-hang/")
    for order in orders[-3:]:
        page.locator(f"#kien-{order.parcels.get().pk}").check()
    page.get_by_role("button", name="Đã đóng gói: 3 kiện").click()
    expect(page.get_by_role("button", name="Hoàn tác (3)")).to_be_visible()

    page.go_back()

    expect(page.locator("input[name=parcel]:checked")).to_have_count(0)
    expect(page.locator("[data-tick-words]")).not_to_contain_text("3 kiện")
