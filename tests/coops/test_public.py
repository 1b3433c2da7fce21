"""What anyone sees: the list of co-ops, and communes as one types."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from coops.models import FormerCommune
from tests.factories.coops import CommuneFactory, CooperativeFactory, CooperativePhotoFactory

pytestmark = pytest.mark.django_db
BLNS = Path(__file__).parents[3] / "shared/data/hostile/blns/blns.json"  # ../shared/data


def names(client: Client, query: str = "") -> list[str]:
    return [coop.name for coop in client.get(f"/htx/{query}").context["page"]]


@pytest.fixture
def coops() -> None:
    CooperativeFactory(name="HTX Chè Phình Hồ", is_women_led=True)
    CooperativeFactory(name="HTX Ba khía Đầm Dơi", commune=CommuneFactory(ca_mau=True))
    CooperativeFactory(name="HTX Chờ duyệt", waiting=True)


def test_only_approved_co_ops_are_listed_in_vietnamese_order(client: Client, coops: None) -> None:
    assert names(client) == ["HTX Ba khía Đầm Dơi", "HTX Chè Phình Hồ"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=che+phinh+ho", ["HTX Chè Phình Hồ"]),
        ("?q=CA+MAU", ["HTX Ba khía Đầm Dơi"]),
        ("?q=cho+duyet", []),
        ("?province=96", ["HTX Ba khía Đầm Dơi"]),
        ("?women_led=on", ["HTX Chè Phình Hồ"]),
        ("?province=15&women_led=on", ["HTX Chè Phình Hồ"]),
        ("?province=99", ["HTX Ba khía Đầm Dơi", "HTX Chè Phình Hồ"]),
        ("?page=999", ["HTX Ba khía Đầm Dơi", "HTX Chè Phình Hồ"]),
    ],
)
def test_the_list_is_searched_and_filtered(
    client: Client, coops: None, query: str, found: list[str]
) -> None:
    assert names(client, query) == found


def test_a_market_without_co_ops_says_how_to_be_the_first(client: Client) -> None:
    assert "/dang-ky/" in client.get("/htx/").content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_database_a_fixed_number_of_times(
    client: Client, count: int, django_assert_max_num_queries: Any
) -> None:
    for _ in range(count):
        CooperativePhotoFactory(cooperative=CooperativeFactory())
    with django_assert_max_num_queries(6):
        client.get("/htx/")


def suggestions(client: Client, **query: str) -> list[dict[str, str]]:
    answer = client.get("/dia-gioi/", query)
    assert answer.status_code == 200
    found: list[dict[str, str]] = answer.json()["communes"]
    return found


def test_communes_are_suggested_while_typing(client: Client) -> None:
    commune = CommuneFactory(lai_chau=True)
    place = {"district": "Tam Đường", "district_kind": "huyện", "province": "Lai Châu"}
    FormerCommune.objects.create(commune=commune, name="Thèn Sin", kind="xã", **place)
    assert suggestions(client, q="binh lu") == [
        {"code": "03390", "text": "xã Bình Lư, Lai Châu", "was": ""}
    ]
    assert suggestions(client, q="then s")[0]["was"] == "xã Thèn Sin, huyện Tam Đường"
    assert suggestions(client, q="binh lu", tinh="15") == []
    assert suggestions(client, q="binh lu", tinh="12") != []
    assert suggestions(client, q="b") == suggestions(client) == []


@pytest.mark.parametrize("share", [10, pytest.param(1, marks=pytest.mark.long)])
def test_hostile_words_are_only_words(client: Client, share: int) -> None:
    CommuneFactory()
    if not BLNS.exists():
        pytest.skip("../shared/data is not here")
    for words in json.loads(BLNS.read_text())[::share]:
        assert client.get("/dia-gioi/", {"q": words, "tinh": words}).status_code == 200, words
        assert client.get("/htx/", {"q": words, "province": words}).status_code == 200, words
