"""What a buyer's phone fetches on a first visit, as counted by the browser (bytes on the wire)."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Request

from tests.browser import OpenPage
from tests.cast import Cast, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.products import LotFactory, ProductPhotoFactory, VariantFactory
from tests.factories.traceability import OriginCodeFactory, TraceEventFactory
from tests.journeys.people import await_true

MOST = 60_000  # without pictures
MOST_OF_BOARD = MOST_OF_SCAN = 50_000


def a_full_market(cast: Cast) -> dict[str, str]:
    """Twelve products, all on sale in a live session; the addresses a buyer visits."""
    session = SessionFactory(cooperative=cast.coop_a)
    for number in range(1, 13):
        lot = LotFactory(variant=VariantFactory(product__cooperative=cast.coop_a))
        ProductPhotoFactory(product=lot.variant.product)
        OfferFactory(session=session, cooperative=cast.coop_a, lot=lot, live_code=f"A{number:02d}")
    TraceEventFactory(lot=lot)
    code = OriginCodeFactory(batch__lot=lot).code
    offer = session.offers.first()
    return {
        "home": "/",
        "sessions": reverse("list-sessions"),
        "board": reverse("show-session", args=[session.pk]),
        "order": f"{reverse('place-order', args=[session.pk])}?suat={offer.pk}",
        "products": reverse("list-products"),
        "product": reverse("show-product", args=[lot.variant.product.slug]),
        "co-ops": reverse("list-coops"),
        "co-op": reverse("show-cooperative", args=[cast.coop_a.slug]),
        "search": reverse("search-market") + "?q=che",
        "find order": reverse("find-order"),
        "scan": reverse("show-origin", args=[code]),
    }


def bytes_fetched(page: Page, address: str) -> int:
    """Everything but pictures of goods, headers counted."""
    fetched: list[Request] = []
    page.on("requestfinished", lambda request: fetched.append(request))  # noqa: PLW0108 - playwright takes no built-in
    page.goto(address, wait_until="networkidle" if "/phien/" not in address else "load")
    page.wait_for_timeout(300)
    sizes = [request.sizes() for request in fetched if "/media/" not in request.url]
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)


def test_buyers_pages_stay_small(open_page: OpenPage) -> None:
    budgets = {"board": MOST_OF_BOARD, "scan": MOST_OF_SCAN}
    too_big = {}
    for name, address in a_full_market(make_cast()).items():
        size = bytes_fetched(open_page("phone"), address)
        assert size > 5_000, f"{name}: nothing was measured"
        if size > budgets.get(name, MOST):
            too_big[name] = size
    assert not too_big


def test_buyers_fetch_no_font(open_page: OpenPage) -> None:
    page = open_page("phone")
    fonts: list[str] = []
    page.on("request", lambda r: fonts.append(r.url) if r.resource_type == "font" else None)
    for address in ("/", reverse("list-products"), reverse("find-order")):
        page.goto(address)
    assert not fonts


@pytest.mark.parametrize("dpr", [1, 2, 3])
def test_a_phone_takes_the_picture_that_fits_its_card(open_page: OpenPage, dpr: int) -> None:
    """Half of a 360 px screen needs 320 px at double density, not 640."""
    cast = make_cast()
    lot = LotFactory(variant=VariantFactory(product__cooperative=cast.coop_a))
    ProductPhotoFactory(product=lot.variant.product)
    page = open_page("phone", device_scale_factor=dpr)
    page.goto(reverse("list-products"))
    await_true(page, "document.querySelector('.tile img')?.currentSrc")
    chosen = page.evaluate("document.querySelector('.tile img').currentSrc")
    assert chosen.endswith(("-320.avif", "-320.webp") if dpr < 3 else ("-640.avif", "-640.webp"))
