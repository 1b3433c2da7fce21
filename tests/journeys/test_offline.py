"""Sent while the network is gone: said on the page in one true sentence, and sent by itself, once."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from orders.models import Order, Parcel
from tests.browser import OpenPage
from tests.cast import make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.journeys.people import sign_in
from tests.journeys.test_buyer import fill_in_without_waiting, order_page, press


def packing_room(page: Page, count: int = 2) -> None:
    cast = make_cast()
    offer = OfferFactory(session=SessionFactory(cooperative=cast.coop_a))
    for _order in range(count):
        OrderFactory(offer=offer)
    sign_in(page, cast.minh, then=f"/lam-viec/{cast.coop_a.slug}/kien-hang/")
    page.get_by_label("Tất cả trong trang này").check()


def packed() -> int:
    return Parcel.objects.filter(state="packed").count()


def pack(page: Page) -> None:
    page.locator(".action-bar button[name=state]").first.click()


def test_parcels_are_moved_when_the_network_is_back(open_page: OpenPage) -> None:
    page = open_page("phone")
    packing_room(page)
    where = page.url
    page.context.set_offline(True)
    pack(page)

    held = page.locator("[data-held-says]")
    expect(held).to_contain_text("tự gửi khi có mạng lại")
    expect(held).to_be_in_viewport()
    assert "bấm lần nữa" not in page.locator("body").inner_text()
    assert (page.url, packed()) == (where, 0)
    page.context.set_offline(False)
    expect(page.get_by_text(re.compile("Đã chuyển 2 kiện hàng"))).to_be_visible()
    assert packed() == 2


def test_an_answer_lost_on_the_way_moves_nothing_twice(open_page: OpenPage) -> None:
    page = open_page("phone")
    packing_room(page)
    lost: list[int] = []

    def lose_first(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(1)
            route.fetch(max_redirects=0)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/kien-hang/chuyen/", lose_first)
    pack(page)
    expect(page.locator("[data-held-says]")).to_contain_text("Mạng yếu")
    expect(page.get_by_text(re.compile("Đã chuyển 2 kiện hàng"))).to_be_visible(timeout=15_000)
    assert (len(lost), packed()) == (1, 2)


def test_a_refusal_is_drawn_by_the_server(open_page: OpenPage) -> None:
    cast = make_cast()
    page = open_page("phone")
    sign_in(page, cast.minh, then=f"/lam-viec/{cast.coop_a.slug}/phien/moi/")
    page.locator("main form").evaluate("form => { form.noValidate = true; }")
    page.locator("main form .btn--main, main form .btn").last.click()
    expect(page.locator("[data-errors]")).to_be_visible()


@pytest.mark.long
def test_a_cut_between_the_order_and_its_page_loses_no_code(open_page: OpenPage) -> None:
    make_cast()
    tea = OfferFactory()
    page = open_page("phone")
    order_page(page, tea)
    fill_in_without_waiting(page)
    page.route("**/don/**", lambda route: route.abort("internetdisconnected"))
    with page.expect_event("requestfailed", lambda request: "/don/" in request.url):
        press(page)
    page.unroute("**/don/**")

    page.goto("/tra-don/")
    order = Order.objects.get()
    expect(page.locator("[data-order-kept]")).to_contain_text(order.code)
    page.get_by_role("link", name="Mở đơn").click()
    page.wait_for_url(f"**/don/{order.token}/")
    page.goto("/tra-don/")
    expect(page.locator("[data-order-kept]")).to_be_hidden()
