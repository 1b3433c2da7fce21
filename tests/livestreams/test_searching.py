"""The one search: words as people write them lead to what they mean."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from coops.models import FormerCommune
from core import search_limits
from core.codes import order_code
from core.limits import Limit
from core.search_terms import terms_of
from products.models import Product
from tests.factories.coops import CommuneFactory, CooperativeFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.products import ProductFactory

pytestmark = pytest.mark.django_db


def shown(words: str) -> str:
    response = Client().get(reverse("search-market"), {"q": words})
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def tea() -> Product:
    commune = CommuneFactory()
    place = {"district": "Trạm Tấu", "district_kind": "huyện", "province": "Yên Bái"}
    FormerCommune.objects.create(commune=commune, name="Phình Hồ", kind="xã", **place)
    coop = CooperativeFactory(name="Chè Phình Hồ", commune=commune)
    return ProductFactory(name="Chè Shan tuyết", cooperative=coop)


@pytest.mark.parametrize(
    "words",
    [
        "chè shan", "CHE  SHAN", "trà shan tuyết", "yên bái", "tram tau", "htx phình hồ",
        "hợp tác xã phình hồ", "Chè Shan, Lào Cai", "shan\u200b tuyết",
    ],
)  # fmt: skip
def test_goods_are_found_by_old_places_other_words_and_the_legal_form(tea, words) -> None:
    page = shown(words)

    assert tea.name in page
    assert "Không tìm thấy" not in page


@pytest.mark.parametrize("words", ["che sahn tuyet", "chè san tuyêt", "shan tuyt", "cheshan tuyet"])
def test_a_slip_leads_to_what_was_meant(tea, words) -> None:
    page = shown(words)

    assert "Có phải bạn tìm" in page
    assert tea.name in page


def test_words_like_nothing_lead_to_nothing(tea) -> None:
    page = shown("zzqx vwwk")

    assert tea.name not in page
    assert "Có phải bạn tìm" not in page


def test_marks_that_were_typed_come_first() -> None:
    mint = ProductFactory(name="Bạc hà khô")
    place = CommuneFactory(code="02839", name="Bắc Hà")
    plum = ProductFactory(name="Mận tam hoa", cooperative=CooperativeFactory(commune=place))
    named = {product.name for product in Product.objects.matching("Bắc Hà")}
    assert named == {mint.name, plum.name}

    by_place = [product.name for product in Product.objects.matching("Bắc Hà").best_first("Bắc Hà")]
    by_herb = [product.name for product in Product.objects.matching("bạc hà").best_first("bạc hà")]

    assert by_place == [plum.name, mint.name]
    assert by_herb == [mint.name, plum.name]
    page = shown("Bắc Hà")
    assert page.index(plum.name) < page.index(mint.name)


def test_a_live_code_leads_to_its_offer_on_air() -> None:
    offer = OfferFactory(live_code="B07")
    OfferFactory(live_code="B07", session=SessionFactory(coming=True), state="lined_up")

    page = shown("b07")

    assert page.count(f"#offer-{offer.pk}") == 1
    assert page.count("#offer-") == 1
    assert "Không tìm thấy" not in page


def test_an_order_code_leads_to_where_orders_are_found_and_says_nothing_else() -> None:
    code = order_code()

    page = shown(code.lower())

    assert reverse("find-order") in page
    assert f"{code} là mã" in page
    assert "Không tìm thấy" not in page


def test_other_words_for_a_thing_go_both_ways() -> None:
    assert terms_of("đậu phộng rang") == [["dau phong", "lac"], ["rang"]]
    assert terms_of("lạc rang") == [["lac", "dau phong"], ["rang"]]
    assert terms_of("HTX Bình Lư") == [["htx", "hop tac xa"], ["binh"], ["lu"]]


# How often


ONE_TOO_MANY = "Rất nhiều lượt tìm"
CARRIER = "27.64.10.7"


def search_often(monkeypatch: pytest.MonkeyPatch, at_most: int = 2) -> None:
    """Two searches of one client spend what 3,000 spend in earnest."""
    few = Limit("core.search.client", at_most, 600)
    monkeypatch.setattr(search_limits, "OF_CLIENT", few)
    for _ in range(at_most):
        assert Client(REMOTE_ADDR=CARRIER).get("/tim/", {"q": "chè"}).status_code == 200


def test_a_thousand_behind_one_address_may_search_and_one_machine_without_a_pause_may_not() -> None:
    per_person = search_limits.OF_CLIENT.at_most / 1_000
    assert per_person >= 3
    assert search_limits.OF_CLIENT.pause_s * 1_000 <= 300  # and again every few minutes
    assert search_limits.OF_NETWORK.at_most >= 2 * search_limits.OF_CLIENT.at_most


def test_a_search_too_many_is_told_to_wait_and_keeps_its_words(
    tea: Product, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    search_often(monkeypatch)
    with django_assert_num_queries(1):  # nothing is looked for
        response = Client(REMOTE_ADDR=CARRIER).get("/tim/", {"q": "chè"})
    page = response.content.decode()

    assert response.status_code == 429
    assert 290 <= int(response["Retry-After"]) <= 300
    assert ONE_TOO_MANY in page
    assert 'value="chè"' in page
    assert "Không tìm thấy" not in page
    assert Client(REMOTE_ADDR="14.1.2.3").get("/tim/", {"q": "chè"}).status_code == 200
    assert Client(REMOTE_ADDR=CARRIER).get("/tim/").status_code == 200  # nothing searched


@pytest.mark.parametrize("page", ["/san-pham/", "/htx/", "/phien/"])
def test_each_list_counts_its_searches(
    tea: Product, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    search_often(monkeypatch)
    client = Client(REMOTE_ADDR=CARRIER)
    response = client.get(page, {"q": "chè"})

    assert (response.status_code, ONE_TOO_MANY in response.content.decode()) == (429, True)
    assert response["Retry-After"]
    assert client.get(page).status_code == 200


@pytest.mark.parametrize("path", ["products", "cooperatives", "sessions"])
def test_programs_search_under_the_same_limit(
    tea: Product, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    search_often(monkeypatch)
    client = Client(REMOTE_ADDR=CARRIER)
    response = client.get(f"/api/{path}/", {"q": "chè"})

    assert (response.status_code, response.json()["code"]) == (429, "too_many_searches")
    assert response["Retry-After"]
    assert client.get(f"/api/{path}/").status_code == 200
