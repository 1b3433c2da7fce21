"""What buyers see: only public things, found without accents, in a fixed number of queries."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.clock import db_today
from tests.factories.coops import CommuneFactory, CooperativeFactory
from tests.factories.products import (
    LotFactory,
    OcopRecognitionFactory,
    ProductFactory,
    ProductPhotoFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db


def shown(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_che_shan_tuyet_is_found_however_it_is_typed(client: Client):
    tea = ProductFactory(name="Chè Shan Tuyết cổ thụ")
    ProductFactory(name="Mật ong bạc hà", cooperative__name="HTX Ong rừng")
    for typed in ("che shan tuyet", "CHÈ SHAN TUYẾT", "tuyet shan", "Che\u0300 Shan", "co thu"):
        page = shown(client, reverse("list-products") + f"?q={typed}")
        assert tea.name in page, typed
        assert "Mật ong bạc hà" not in page, typed


def test_a_product_is_found_by_its_co_op_and_place_also_after_the_co_op_changed_its_name(
    client: Client,
):
    coop = CooperativeFactory(name="HTX Nương Mây")
    ProductFactory(name="Bánh chưng gù", cooperative=coop)
    url = reverse("list-products")
    assert "Bánh chưng gù" in shown(client, f"{url}?q=nuong may")
    assert "Bánh chưng gù" in shown(client, f"{url}?q=gu phinh ho")
    coop.name = "HTX Đỉnh Gió"
    coop.save()
    assert "Bánh chưng gù" in shown(client, f"{url}?q=dinh gio")


def test_drafts_hidden_products_and_those_of_co_ops_not_approved_are_missing(client: Client):
    names = ["Nháp chưa xong", "Đã ẩn đi", "Chưa được duyệt"]
    products = [
        ProductFactory(name=names[0], draft=True),
        ProductFactory(name=names[1], hidden=True),
        ProductFactory(name=names[2], cooperative=CooperativeFactory(waiting=True)),
    ]
    pages = [
        shown(client, reverse("list-products")),
        shown(client, reverse("search-market") + "?q=n"),
    ]
    for product, name in zip(products, names, strict=True):
        assert all(name not in page for page in pages)
        assert client.get(reverse("show-product", args=[product.slug])).status_code == 404
    waiting = products[2].cooperative
    assert client.get(reverse("show-cooperative", args=[waiting.slug])).status_code == 404


def test_filters_narrow_down_and_nonsense_is_left_out(client: Client):
    tea = VariantFactory(product__name="Chè xanh").product
    rice = ProductFactory(name="Gạo Séng Cù", category="rice")
    crab = ProductFactory(
        name="Ba khía muối",
        category="seafood",
        cooperative=CooperativeFactory(commune=CommuneFactory(ca_mau=True)),
    )
    LotFactory(variant=tea.variants.get(), quantity_available=3)
    url = reverse("list-products")

    def names(query: str) -> set[str]:
        page = shown(client, f"{url}?{query}")
        return {one.name for one in (tea, rice, crab) if one.name in page}

    assert names("category=rice") == {rice.name}
    assert names("province=96") == {crab.name}
    assert names("in_stock=on") == {tea.name}
    assert names("category=nonsense&province=xx&sort=up") == {tea.name, rice.name, crab.name}
    assert names("q=khong co gi") == set()


def test_the_cheapest_pack_decides_the_order_and_the_price_shown(client: Client):
    dear = VariantFactory(product__name="Đắt", price_vnd=900_000).product
    cheap = VariantFactory(product__name="Rẻ", price_vnd=300_000).product
    VariantFactory(product=cheap, name="Gói nhỏ", price_vnd=35_000)
    VariantFactory(product=cheap, name="Hết bán", price_vnd=1_000, is_active=False)
    page = shown(client, reverse("list-products") + "?sort=price")
    assert page.index(cheap.name) < page.index(dear.name)
    assert "35.000" in page
    assert "1.000\u00a0₫" not in page


@pytest.mark.parametrize("name", ["list-products", "search-market"])
def test_cards_cost_the_same_for_one_product_and_for_three(client: Client, name: str):
    def add() -> None:
        product = ProductPhotoFactory(product__name="Chè").product
        VariantFactory(product=product)
        OcopRecognitionFactory(product=product)

    url = reverse(name) + "?q=che"
    add()
    counts = []
    for more in (0, 2):
        for _ in range(more):
            add()
        with CaptureQueriesContext(connection) as seen:
            shown(client, url)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_product_page_tells_packs_price_per_kilogram_and_the_decision(client: Client):
    product = ProductFactory(name="Chè <b>Shan</b>")
    VariantFactory(product=product, net_weight_g=200, price_vnd=125_000)
    OcopRecognitionFactory(
        product=product, number="1842/QĐ-UBND", issued_on=dt.date(2025, 8, 5), stars=4
    )
    page = shown(client, reverse("show-product", args=[product.slug]))
    for words in (
        "125.000", "625.000", "200\u00a0g", "1842/QĐ-UBND", "05/08/2025", "05/08/2028",
        "UBND tỉnh Lào Cai", "xã Phình Hồ, Lào Cai", "Chè &lt;b&gt;Shan&lt;/b&gt;",
    ):  # fmt: skip
        assert words in page
    assert "<b>Shan</b>" not in page


@pytest.mark.parametrize(("expires_in_days", "is_shown"), [(1, True), (0, True), (-1, False)])
def test_stars_are_shown_through_their_last_day(
    client: Client, expires_in_days: int, is_shown: bool
):
    product = ProductFactory()
    issued_on = three_years_before(db_today() + dt.timedelta(days=expires_in_days))
    recognition = OcopRecognitionFactory(product=product, issued_on=issued_on)
    recognition.refresh_from_db()
    assert (recognition.expires_on - db_today()).days == expires_in_days
    for url in (reverse("list-products"), reverse("show-product", args=[product.slug])):
        assert ("OCOP 4 sao" in shown(client, url)) is is_shown


@pytest.mark.parametrize("state", ["waiting", "refused", "revoked"])
def test_no_star_is_shown_that_the_province_has_not_verified(client: Client, state: str):
    product = OcopRecognitionFactory(state=state).product
    for url in (reverse("list-products"), reverse("show-product", args=[product.slug])):
        assert 'class="stars"' not in shown(client, url)


def test_search_finds_products_and_co_ops_and_says_when_there_is_nothing(client: Client):
    coop = CooperativeFactory(name="HTX Gừng trâu")
    ProductFactory(name="Gừng sấy", cooperative=coop)
    url = reverse("search-market")
    page = shown(client, f"{url}?q=gung")
    assert "Gừng sấy" in page
    assert "HTX Gừng trâu" in page
    assert "Không tìm thấy" in shown(client, f"{url}?q=zzzz")
    shown(client, url)
    shown(client, f"{url}?q=%00%F0%9F%98%80")


def test_the_page_of_a_co_op_shows_its_products_alone(client: Client):
    product = ProductFactory(name="Chè tuyết")
    ProductFactory(name="Của nhà khác")
    page = shown(client, reverse("show-cooperative", args=[product.cooperative.slug]))
    assert "Chè tuyết" in page
    assert "Của nhà khác" not in page


def test_empty_lists_say_what_will_be_here(client: Client):
    assert "Chưa có sản phẩm" in shown(client, reverse("list-products"))
    coop = CooperativeFactory()
    page = shown(client, reverse("show-cooperative", args=[coop.slug]))
    assert "Chưa có sản phẩm" in page


def test_many_products_come_in_pages_and_any_page_number_answers(client: Client):
    coop = CooperativeFactory()
    for number in range(26):
        ProductFactory(cooperative=coop, name=f"Món {number}")
    url = reverse("list-products")
    assert 'aria-current="page">2' in shown(client, f"{url}?page=2")
    for odd in ("0", "-1", "999", "abc", "1e9"):
        shown(client, f"{url}?page={odd}")


def three_years_before(day: dt.date) -> dt.date:
    try:
        return day.replace(year=day.year - 3)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 3, day=28)
