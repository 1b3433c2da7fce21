"""What any program may read: places, co-ops, products, sessions, origin. No phone in any of it."""

import pytest

from tests.api.conftest import Api
from tests.factories.coops import CommuneFactory, CooperativeFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.products import OcopRecognitionFactory, ProductFactory, VariantFactory
from tests.world import World

NOT_THERE = {
    "code": "not_found",
    "message": "Không có gì ở đây, hoặc bạn không được xem.",
    "field": None,
    "details": {},
}


def test_places_are_found_by_province_and_by_a_name_begun(guest: Api, world: World) -> None:
    CommuneFactory(lai_chau=True)

    provinces = guest.get("provinces/").json()["results"]
    in_lai_chau = guest.get("communes/", province="12").json()["results"]
    begun = guest.get("communes/", q="binh lu").json()["results"]

    assert [province["code"] for province in provinces] == ["96", "12", "15"]
    assert (
        in_lai_chau
        == begun
        == [
            {
                "code": "03390",
                "name": "Bình Lư",
                "kind": "commune",
                "full_name": "xã Bình Lư, Lai Châu",
                "province": "12",
            }
        ]
    )


def test_cooperatives_are_listed_and_shown_once_approved(guest: Api, world: World) -> None:
    CooperativeFactory(waiting=True, slug="htx-cho-duyet")

    women_led = guest.get("cooperatives/", women_led="true").json()["results"]
    in_ca_mau = guest.get("cooperatives/", province="96").json()["results"]
    shown = guest.get(f"cooperatives/{world.a.cooperative.slug}/").json()

    assert [coop["slug"] for coop in women_led] == [world.a.cooperative.slug]
    assert [coop["slug"] for coop in in_ca_mau] == [world.b.cooperative.slug]
    assert shown["commune"]["full_name"] == "xã Phình Hồ, Lào Cai"
    assert shown["photos"][0]["caption"] == "Nương chè buổi sớm"
    assert guest.get("cooperatives/htx-cho-duyet/").json() == NOT_THERE


def test_products_are_found_without_accents(guest: Api, world: World) -> None:
    honey = ProductFactory(name="Mật ong bạc hà", category="honey")
    VariantFactory(product=honey, price_vnd=90_000)
    ProductFactory(name="Chè chưa bán", draft=True)

    def found(**query: str) -> list[str]:
        return [row["slug"] for row in guest.get("products/", **query).json()["results"]]

    assert found(q="mat ong") == [honey.slug]
    assert found(category="honey") == [honey.slug]
    assert found(cooperative=world.b.cooperative.slug) == [world.b.product.slug]
    assert found(province="96") == [world.b.product.slug]
    assert set(found(in_stock="true")) == {world.a.product.slug, world.b.product.slug}
    assert found(sort="price")[0] == honey.slug


def test_a_product_shows_packs_stock_and_stars_only_while_valid(guest: Api, world: World) -> None:
    shown = guest.get(f"products/{world.a.product.slug}/").json()
    world.b.product.recognitions.update(state="revoked")
    OcopRecognitionFactory(product=world.b.product, waiting=True)
    without = guest.get(f"products/{world.b.product.slug}/").json()

    assert shown["packs"] == [
        {
            "id": world.a.variant.pk,
            "name": "Gói 200 g",
            "net_weight_g": 200,
            "price_vnd": 125_000,
            "gtin": "",
            "units_available": 90,
        }
    ]
    assert shown["recognition"]["stars"] == 4
    assert without["recognition"] is None
    assert guest.get("products/khong-co/").json() == NOT_THERE


def test_sessions_are_listed_by_state(guest: Api, world: World) -> None:
    coming = SessionFactory(cooperative=world.a.cooperative, coming=True)
    past = SessionFactory(cooperative=world.a.cooperative, ended=True)
    SessionFactory(cooperative=world.a.cooperative, draft=True)

    def found(**query: str) -> list[int]:
        return [row["id"] for row in guest.get("sessions/", **query).json()["results"]]

    assert found(state="live", cooperative=world.a.cooperative.slug) == [world.a.session.pk]
    assert found(state="scheduled") == [coming.pk]
    assert found(state="ended") == [past.pk]
    assert set(found()) == {world.a.session.pk, world.b.session.pk, coming.pk, past.pk}


def test_a_session_shows_its_offers_and_a_draft_is_not_there(guest: Api, world: World) -> None:
    draft = SessionFactory(cooperative=world.a.cooperative, draft=True)

    shown = guest.get(f"sessions/{world.a.session.pk}/").json()

    assert [(o["live_code"], o["quantity_left"]) for o in shown["offers"]] == [("A01", 8)]
    assert guest.get(f"sessions/{draft.pk}/").json() == NOT_THERE
    assert guest.get("sessions/999999/").json() == NOT_THERE


def test_the_board_answers_304_while_nothing_changed(guest: Api, world: World) -> None:
    path = f"sessions/{world.a.session.pk}/board/"
    first = guest.get(path)
    guest.headers = {"If-None-Match": first["ETag"]}

    assert (first.status_code, first.json()["o"][0]["l"]) == (200, 8)
    assert guest.get(path).status_code == 304
    OfferFactory(session=world.a.session)
    assert guest.get(path).status_code == 200


def test_a_code_tells_its_origin_and_a_made_up_one_nothing(guest: Api, world: World) -> None:
    origin = guest.get(f"origin/{world.a.code.code}/").json()

    assert origin["product"] == "Chè Shan tuyết"
    assert origin["lot"]["harvested_on"] == str(world.a.lot.harvested_on)
    assert [step["title"] for step in origin["steps"]] == ["Hái chè lúc sương chưa tan"]
    assert not world.a.code.scans.exists()
    for made_up in ("B" * 16, "1", "%00", "b" * 400):
        assert guest.get(f"origin/{made_up}/").json() == NOT_THERE


def test_nothing_public_holds_a_phone(guest: Api, world: World) -> None:
    a = world.a
    pages = [
        "cooperatives/", f"cooperatives/{a.cooperative.slug}/", "products/",
        f"products/{a.product.slug}/", "sessions/", f"sessions/{a.session.pk}/",
        f"sessions/{a.session.pk}/board/", f"origin/{a.code.code}/",
    ]  # fmt: skip
    people = [a.cooperative.phone, a.order.buyer_phone, world.cast.mai.phone]
    ends = [phone[-7:] for phone in people]
    for page in pages:
        answer = guest.get(page)
        assert answer.status_code == 200
        assert not [end for end in ends if end in answer.content.decode()], page


@pytest.mark.parametrize("page", ["0", "-1", "9999", "a", "\0", "1e9"])
def test_a_page_there_is_not_is_the_nearest(guest: Api, world: World, page: str) -> None:
    nearest, first = guest.get("products/", page=page), guest.get("products/")
    assert nearest.status_code == 200
    assert nearest.json() == first.json()


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("products/", {"category": "gold"}, "category"),
        ("products/", {"sort": "random"}, "sort"),
        ("products/", {"q": "a\0b"}, "q"),
        ("products/", {"province": "1"}, "province"),
        ("cooperatives/", {"women_led": "perhaps"}, "women_led"),
        ("communes/", {"q": "x" * 81}, "q"),
        ("sessions/", {"state": "draft"}, "state"),
    ],
)
def test_a_question_that_makes_no_sense_names_the_field(
    guest: Api, world: World, path: str, query: dict[str, str], field: str
) -> None:
    answer = guest.get(path, **query)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["field"] == field


def test_what_is_not_there_answers_in_json(guest: Api, world: World) -> None:
    answer = guest.get("nothing/of/the/kind/")

    assert (answer.status_code, answer.json()) == (404, NOT_THERE)
