"""Waiting for what is sold out: from the board into the line, one's turn, and when time runs out."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, expect

from core.clock import db_now
from livestreams.models import LivestreamSession, Offer
from orders.books import differences
from orders.models import Order, StandbyEntry
from orders.services import cancelling
from tests.browser import PHONE_THEN_DESK, OpenPage
from tests.cast import make_cast
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.journeys.people import sign_in
from tests.journeys.test_budgets import MOST, bytes_fetched
from tests.journeys.test_buyer import Axe, fill_in, fill_in_without_script
from tests.orders.helpers import in_line, phone_of
from tests.servers import Platform

SOON = dt.timedelta(seconds=4)
PATIENCE_MS = 45_000  # the worker may have only just been started


@pytest.fixture
def tea(platform_server: Platform) -> Offer:
    """Two bags of tea, both in somebody's order; honey is on sale beside it."""
    CommuneFactory()
    session = SessionFactory(title="Chợ chè Phình Hồ", shipping_fee_vnd=25_000)
    tea = OfferFactory(session=session, quantity_offered=2, unit_price_vnd=115_000)
    OfferFactory(session=session, lot__variant__product__name="Mật ong bạc hà")
    for number in (901, 902):
        OrderFactory(offer=tea, buyer_phone=phone_of(number))
    LivestreamSession.objects.filter(pk=session.pk).update(now_selling=tea)
    tea.refresh_from_db()
    return tea


def let_go(offer: Offer) -> None:
    taken = Order.objects.filter(lines__offer=offer, state=Order.State.CONFIRMED)
    cancelling.cancel_order(order=taken.earliest("pk"))


def look_again(page: Page) -> None:
    """As somebody who returns to the page, which asks at once."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.parametrize("device", PHONE_THEN_DESK)
def test_from_the_board_into_the_line_and_to_the_order(
    open_page: OpenPage, axe: Axe, tea: Offer, device: str
) -> None:
    in_line(tea, buyer_phone=phone_of(1))
    page = open_page(device)
    page.goto(f"/phien/{tea.session_id}/")
    card = page.locator(f"#offer-{tea.pk}")
    expect(card).to_contain_text("1 người đang chờ")
    card.get_by_role("link", name=re.compile("Xếp hàng chờ")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xếp hàng chờ")
    axe(page)
    page.get_by_role("button", name="Thêm một").click()
    fill_in(page)
    page.locator(".action-bar").get_by_role("button", name="Xếp hàng chờ").click()

    page.wait_for_url("**/hang-cho/**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bạn đứng thứ 2")
    expect(page.locator("[data-waiting]")).to_have_text("trong 2 người đang chờ")
    axe(page)

    let_go(tea)  # who stood before is served, this page moves up by itself
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Bạn đứng đầu hàng", timeout=PATIENCE_MS
    )
    let_go(tea)
    expect(page.get_by_role("heading", level=1)).to_have_text("Đến lượt bạn!", timeout=PATIENCE_MS)
    expect(page.locator("main")).to_contain_text("1 trong 2")
    expect(page.locator("time.clock")).to_have_text(re.compile(r"^1[45]:\d\d$"))
    axe(page)
    page.get_by_role("button", name="Chốt đơn").click()

    page.wait_for_url("**/don/**")
    expect(page.get_by_text("Đã nhận đơn của bạn")).to_be_visible()
    entry = StandbyEntry.objects.latest("pk")
    assert entry.order
    assert (entry.order.state, entry.quantity) == (Order.State.CONFIRMED, 2)
    assert not differences()


def test_when_time_runs_out_the_next_is_served(open_page: OpenPage, axe: Axe, tea: Offer) -> None:
    first, second = (in_line(tea, buyer_phone=phone_of(number)) for number in (1, 2))
    late, patient = open_page("phone"), open_page("phone")
    patient.goto(f"/hang-cho/{second.token}/")
    let_go(tea)
    late.goto(f"/hang-cho/{first.token}/")
    expect(late.get_by_role("heading", level=1)).to_have_text("Đến lượt bạn!", timeout=PATIENCE_MS)
    Order.objects.filter(state=Order.State.HELD).update(pay_by=db_now() + SOON)
    late.reload()
    expect(late.locator("time.clock")).to_be_visible()

    expect(late.locator("[data-standby-done]")).to_have_count(1, timeout=PATIENCE_MS)
    expect(late.locator("main")).to_contain_text("Đã hết giờ giữ")
    axe(late)
    assert cancelling.release_overdue() == 1

    look_again(patient)
    expect(patient.get_by_role("heading", level=1)).to_have_text(
        "Đến lượt bạn!", timeout=PATIENCE_MS
    )
    late.get_by_role("link", name="Xếp hàng lại").click()
    expect(late.get_by_role("heading", level=1)).to_have_text("Xếp hàng chờ")


def test_leaving_the_line_is_asked_for_once_more(open_page: OpenPage, axe: Axe, tea: Offer) -> None:
    entry = in_line(tea)
    page = open_page("phone")
    page.goto(f"/hang-cho/{entry.token}/")
    page.get_by_role("button", name="Rời hàng chờ").click()
    axe(page)
    page.get_by_role("button", name="Ở lại").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bạn đứng đầu hàng")
    page.get_by_role("button", name="Rời hàng chờ").click()
    page.get_by_role("dialog").get_by_role("button", name="Rời hàng chờ").click()

    expect(page.locator("main")).to_contain_text("Bạn đã rời hàng chờ")
    axe(page)
    tea.refresh_from_db()
    assert tea.standby_waiting == 0


def test_what_is_held_is_left_to_the_next(open_page: OpenPage, tea: Offer) -> None:
    entry = in_line(tea)
    let_go(tea)
    page = open_page("phone")
    page.goto(f"/hang-cho/{entry.token}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Đến lượt bạn!", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Nhường cho người sau").click()
    page.get_by_role("dialog").get_by_role("button", name="Nhường cho người sau").click()
    page.wait_for_url("**/don/**")
    assert Order.objects.get(standby_entry=entry).state == Order.State.CANCELLED


def test_the_whole_way_without_script(open_page: OpenPage, tea: Offer) -> None:
    page = open_page("phone", java_script_enabled=False)
    page.goto(f"/phien/{tea.session_id}/cho/{tea.pk}/")
    fill_in_without_script(page)
    page.get_by_role("button", name="Xếp hàng chờ").click()
    page.wait_for_url("**/hang-cho/**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bạn đứng đầu hàng")

    let_go(tea)
    place = page.url
    for _ in range(PATIENCE_MS // 500):
        page.goto(place)
        if page.get_by_role("heading", name="Đến lượt bạn!").count():
            break
        page.wait_for_timeout(500)
    page.get_by_role("button", name="Chốt đơn").click()
    page.wait_for_url("**/don/**")
    assert Order.objects.latest("pk").state == Order.State.CONFIRMED


def test_the_host_sees_who_waits_and_the_board_follows(open_page: OpenPage, tea: Offer) -> None:
    cast = make_cast()
    LivestreamSession.objects.filter(pk=tea.session_id).update(cooperative=cast.coop_a)
    board, console = open_page("phone"), open_page("desk")
    board.goto(f"/phien/{tea.session_id}/")
    sign_in(console, cast.minh, then=f"/lam-viec/phien/{tea.session_id}/dieu-khien/")
    expect(board.locator(f"#offer-{tea.pk} [data-in-line]")).to_be_hidden()

    in_line(tea)

    expect(board.locator(f"#offer-{tea.pk} [data-in-line]")).to_have_text("1 người đang chờ")
    expect(console.locator(f"[data-offer='{tea.pk}'] [data-in-line]").first).to_have_text(
        "1 người đang chờ"
    )


def test_the_pages_of_the_line_are_small(open_page: OpenPage, tea: Offer) -> None:
    entry = in_line(tea)
    for address in (f"/phien/{tea.session_id}/cho/{tea.pk}/", f"/hang-cho/{entry.token}/"):
        assert 5_000 < bytes_fetched(open_page("phone"), address) < MOST


def test_a_phone_that_may_remember_finds_its_place_again(open_page: OpenPage, tea: Offer) -> None:
    page = open_page("phone")
    page.goto(f"/phien/{tea.session_id}/cho/{tea.pk}/")
    page.get_by_text("Nhớ trên máy này").click()
    fill_in(page)
    page.locator(".action-bar").get_by_role("button", name="Xếp hàng chờ").click()
    page.wait_for_url("**/hang-cho/**")
    place = page.url

    page.goto(f"/phien/{tea.session_id}/cho/{tea.pk}/")
    page.get_by_role("link", name="Mở chỗ chờ của bạn").click()
    assert page.url == place
    page.get_by_role("button", name="Rời hàng chờ").click()
    page.get_by_role("dialog").get_by_role("button", name="Rời hàng chờ").click()
    expect(page.locator("main")).to_contain_text("Bạn đã rời hàng chờ")

    page.goto(f"/phien/{tea.session_id}/cho/{tea.pk}/")
    expect(page.get_by_role("link", name="Mở chỗ chờ của bạn")).to_be_hidden()
