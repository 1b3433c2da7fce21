"""Browsers of docs/browsers.md: the features they lack are taken out of a new one, and people go on."""

import re

import pytest
from playwright.sync_api import Page, expect

from livestreams.models import LivestreamSession, Offer
from livestreams.services.selling import sell_now
from orders.models import Order
from products.models import Product
from tests.browser import OpenPage
from tests.cast import make_cast
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.products import ProductPhotoFactory
from tests.journeys.people import sign_in
from tests.journeys.test_buyer import (
    fill_in,
    fill_in_without_script,
    fill_in_without_waiting,
    order_page,
    press,
)
from tests.journeys.test_listing import at_work, camera, saved, type_pack
from tests.servers import Platform

# What Chrome 80, Safari 13.1 and Firefox 78 lack between them, and a phone that forbids to keep anything
TAKE_AWAY = """() => {
  delete AbortSignal.timeout; delete AbortSignal.any;
  for (const { prototype } of [Element, DocumentFragment, Document]) delete prototype.replaceChildren;
  delete SubmitEvent.prototype.submitter;
  delete HTMLFormElement.prototype.requestSubmit;
  delete HTMLDialogElement.prototype.showModal; delete HTMLDialogElement.prototype.show;
  for (const { prototype } of [Array, String, Object.getPrototypeOf(Uint8Array)]) delete prototype.at;
  for (const name of ["findLast", "findLastIndex", "toSorted", "toReversed", "toSpliced", "with"]) delete Array.prototype[name];
  delete String.prototype.replaceAll; delete String.prototype.matchAll;
  delete Object.hasOwn; delete Object.groupBy; delete Promise.any; delete Promise.withResolvers;
  delete Crypto.prototype.randomUUID;
  for (const name of ["EventSource", "IntersectionObserver", "ResizeObserver", "createImageBitmap", "structuredClone",
    "requestIdleCallback", "navigation", "scheduler", "caches", "BroadcastChannel", "WeakRef", "OffscreenCanvas"]) delete window[name];
  for (const name of ["share", "clipboard", "serviceWorker", "locks", "userAgentData", "connection"]) delete Navigator.prototype[name];
  const send = window.fetch;
  delete Request.prototype.keepalive;
  window.fetch = (where, { keepalive, ...how } = {}) => send(where, how);
  for (const name of ["localStorage", "sessionStorage", "indexedDB"]) {
    Object.defineProperty(window, name, { get() { throw new DOMException("forbidden", "SecurityError"); } });
  }
}"""


def older(page: Page) -> Page:
    page.add_init_script(f"({TAKE_AWAY})()")
    return page


@pytest.fixture
def tea(platform_server: Platform) -> Offer:
    CommuneFactory()
    return OfferFactory(quantity_offered=40, unit_price_vnd=115_000)


def test_an_older_browser_orders_and_calls_off(open_page: OpenPage, tea: Offer) -> None:
    page = older(open_page("phone"))
    page.goto(f"/phien/{tea.session_id}/")
    page.locator(f"#offer-{tea.pk}").get_by_role("link", name=re.compile("Chốt đơn")).click()
    page.get_by_role("button", name="Thêm một").first.click()
    fill_in(page)
    press(page)

    page.wait_for_url("**/don/**")
    assert Order.objects.get().lines.get().quantity == 2
    page.on("dialog", lambda question: question.accept())
    page.get_by_role("button", name="Hủy đơn").click()
    expect(page.get_by_text("Đơn này đã hủy")).to_be_visible()


IS_SHOWN = "img => img.complete && img.naturalWidth > 0"


def test_where_neither_avif_nor_webp_is_read_pictures_come_as_jpeg(
    open_page: OpenPage, tea: Offer
) -> None:
    """Safari 13: it passes over what a page offers it in those formats, and fails at a file."""
    ProductPhotoFactory(product=tea.lot.variant.product)
    page = open_page("phone")
    page.route(re.compile(r"\.(avif|webp)$"), lambda route: route.fulfill(status=200, body="?"))
    page.add_init_script(
        "new MutationObserver(() => document.querySelectorAll('source').forEach((s) => s.remove()))"
        ".observe(document, { childList: true, subtree: true })"
    )
    page.goto(f"/san-pham/{tea.lot.variant.product.slug}/")
    shown = page.locator("picture img").first
    expect(shown).to_have_attribute("src", re.compile(r"-640\.jpg$"))
    page.wait_for_function(f"({IS_SHOWN})(document.querySelector('picture img'))")

    page.goto(f"/phien/{tea.session_id}/")  # where the script draws what is being sold
    sell_now(offer=tea)
    expect(page.locator('[data-place="now"] img')).to_have_attribute("src", re.compile("-640.jpg$"))
    page.wait_for_function(f"({IS_SHOWN})(document.querySelector('[data-place=now] img'))")


@pytest.mark.parametrize("lost", ["all", "older"])
def test_when_scripts_do_not_load_the_plain_form_orders(
    open_page: OpenPage, page_problems: list[str], tea: Offer, lost: str
) -> None:
    page = older(open_page("phone"))
    page.route("**/*.js" if lost == "all" else "**/older*.js", lambda route: route.abort())
    order_page(page, tea)
    if lost == "all":
        fill_in_without_script(page)
    else:
        fill_in_without_waiting(page)
    press(page)

    page.wait_for_url("**/don/**")
    assert Order.objects.count() == 1
    page_problems[:] = [p for p in page_problems if "replaceChildren" not in p]  # as it must be


@pytest.mark.long
def test_an_older_browser_lists_a_product(open_page: OpenPage) -> None:
    page = older(open_page("phone"))
    at_work(page, make_cast())
    page.get_by_role("button", name="Thêm sản phẩm").click()
    page.locator("input[type=file][name=photos]").set_input_files(camera("doi.jpg"))
    expect(page.locator("#step-photos li")).to_have_count(1)
    page.locator("#step-photos").get_by_role("link", name="Tiếp").click()
    page.get_by_label("Tên sản phẩm").press_sequentially("Chè Shan tuyết")
    saved(page)
    page.get_by_label("Loại sản phẩm").select_option("tea")
    page.get_by_role("button", name="Lưu và tiếp").click()
    page.get_by_label("Câu chuyện").fill("Hái tay từ cây cổ thụ.")
    page.get_by_role("button", name="Lưu và tiếp").click()
    type_pack(page)
    page.locator("#step-packs").get_by_role("link", name="Tiếp").click()
    page.locator("#step-stars").get_by_role("link", name="Tiếp").click()
    page.get_by_role("button", name="Đăng bán").click()
    expect(page.get_by_role("link", name="Xem trên trang hợp tác xã")).to_be_visible()
    assert Product.objects.get().variants.get().lots.get().quantity_available == 40


@pytest.mark.long
def test_an_older_browser_hosts_and_an_older_one_watches(open_page: OpenPage) -> None:
    cast = make_cast()
    session = SessionFactory(cooperative=cast.coop_a, state=LivestreamSession.State.SCHEDULED)
    offer = OfferFactory(session=session, state=Offer.State.LINED_UP)
    ProductPhotoFactory(product=offer.lot.variant.product)
    host, viewer = older(open_page("phone")), older(open_page("phone"))
    for page in (host, viewer):
        page.on("dialog", lambda question: question.accept())

    sign_in(host, cast.minh, then=f"/lam-viec/phien/{session.pk}/")
    host.get_by_role("button", name="Lên sóng").click()
    host.get_by_role("button", name=re.compile("Bán món này")).click()
    expect(host.locator("[data-stage] [data-offer]").first).to_contain_text(offer.live_code)
    viewer.goto(f"/phien/{session.pk}/")
    expect(viewer.locator('[data-place="now"]')).to_contain_text(offer.live_code)
    host.get_by_role("button", name=re.compile("Hết hàng")).click()
    card = viewer.locator(f"#offer-{offer.pk}")  # polled: there is no EventSource
    expect(card).to_have_class(re.compile("offer--gone"), timeout=15_000)
