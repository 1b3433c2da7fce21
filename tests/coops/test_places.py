"""The official list of provinces and communes, and finding one in it."""

import json
import time
from pathlib import Path

import pytest
from django.core.management import call_command

from coops.models import Commune, Province
from coops.places import former_names, load_places
from core.text import fold
from tests.factories.coops import CommuneFactory, CooperativeFactory

VECTORS = Path(__file__).parents[3] / "shared/data/admin_vectors.json"  # ../shared/data
FIELD_NOTES = {
    "04609": "xã Phình Hồ, Lào Cai",
    "04714": "xã Yên Bình, Lào Cai",
    "02890": "xã Bảo Nhai, Lào Cai",
    "03390": "xã Bình Lư, Lai Châu",
    "32002": "phường An Xuyên, Cà Mau",
    "32182": "xã Quách Phẩm, Cà Mau",
    "32152": "xã Đầm Dơi, Cà Mau",
    "00889": "xã Nghĩa Thuận, Tuyên Quang",
}


@pytest.fixture(scope="module")
def places(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> None:
    """The whole list, once for this module; taken away at the end."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        load_places()
        yield
        Commune.objects.all().delete()
        Province.objects.all().delete()


def vectors(kind: str) -> list[dict]:
    if not VECTORS.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason="../shared/data is not here"))]
    rows = json.loads(VECTORS.read_text())["vectors"]
    return [pytest.param(row, id=row["id"]) for row in rows if row["kind"] == kind]


def current(code: str) -> str:
    commune = Commune.objects.select_related("province").get(code=code)
    return f"{commune} {commune.province.name}".casefold()


@pytest.mark.django_db
def test_there_are_34_provinces_and_3321_communes(places: None) -> None:
    assert Province.objects.count() == 34
    assert Commune.objects.count() == 3321
    assert Province.objects.filter(kind="city").count() == 9
    kinds = {kind: Commune.objects.filter(kind=kind).count() for kind in Commune.Kind.values}
    assert kinds == {"commune": 2599, "ward": 709, "special_zone": 13}


@pytest.mark.django_db
@pytest.mark.parametrize("code", FIELD_NOTES)
def test_the_communes_of_the_field_notes_are_there(places: None, code: str) -> None:
    assert Commune.objects.get(code=code).full_name == FIELD_NOTES[code]


@pytest.mark.django_db
def test_a_slip_of_the_package_is_put_right(places: None) -> None:
    assert Commune.objects.get(code="06978").full_name == "xã Ba Chẽ, Quảng Ninh"
    assert not Commune.objects.filter(code="06970").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("row", vectors("exists"))
def test_official_rows_exist(places: None, row: dict) -> None:
    commune = Commune.objects.get(code=row["code"])
    assert str(commune).casefold() == row["full_name"].casefold()
    assert commune.province_id == row["province_code"]


@pytest.mark.django_db
@pytest.mark.parametrize("row", vectors("renamed_2026"))
def test_later_changes_are_in(places: None, row: dict) -> None:
    commune = Commune.objects.get(code=row["code"])
    assert str(commune).casefold() == row["full_name"].casefold()
    assert f"Thành phố {commune.province.name}" == row["province"]
    assert commune.province.kind == "city"


@pytest.mark.django_db
@pytest.mark.parametrize("row", vectors("legacy_to_current"))
def test_the_name_of_a_merged_commune_leads_to_todays(places: None, row: dict) -> None:
    old = row["old"]["commune"].removeprefix("xã ").removeprefix("phường ")
    typed = f"{old.removeprefix('thị trấn ')} {row['new']['province']}"
    found = Commune.objects.suggest(typed, limit=50)
    assert row["new"]["code"] in {commune.code for commune in found}
    assert fold(row["new"]["commune"]) in fold(current(row["new"]["code"]))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("binh lu", "xã Bình Lư, Lai Châu"),
        ("Bình Lư", "xã Bình Lư, Lai Châu"),
        ("binh lu lai", "xã Bình Lư, Lai Châu"),
        ("xa phinh ho", "xã Phình Hồ, Lào Cai"),
        ("quach pham ca mau", "xã Quách Phẩm, Cà Mau"),
        ("dam doi", "xã Đầm Dơi, Cà Mau"),
        ("PHUONG AN XUYEN", "phường An Xuyên, Cà Mau"),
        ("phu quoc", "đặc khu Phú Quốc, An Giang"),
        ("yên bình, lào cai", "xã Yên Bình, Lào Cai"),
        ("sung phai", "phường Đoàn Kết, Lai Châu"),
    ],
)
def test_what_people_type_finds_the_commune_first(places: None, typed: str, first: str) -> None:
    assert Commune.objects.suggest(typed)[0].full_name == first


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["", " ", "x", "%", "_", "\\", "'; drop", "🍵", "zzzzqq"])
def test_odd_words_find_nothing_and_break_nothing(places: None, typed: str) -> None:
    assert Commune.objects.suggest(typed) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed", ["xã Bình Lư, Lai Châu", "Bình Lư, tỉnh Lai Châu", "binh lu lai chau", "bình lư"]
)
def test_a_whole_name_means_one_commune(places: None, typed: str) -> None:
    assert [commune.code for commune in Commune.objects.named(typed)] == ["03390"]


@pytest.mark.django_db
def test_a_name_borne_by_several_means_none_of_them_alone(places: None) -> None:
    assert len(Commune.objects.named("Tân Tiến")) > 1


@pytest.mark.django_db
def test_every_full_name_means_its_own_commune(places: None) -> None:
    """Two units whose names differ in accents only are told apart by the list, not by typing."""
    twins = [
        commune.full_name
        for commune in Commune.objects.of_province("15").select_related("province")
        if Commune.objects.named(commune.full_name) != [commune]
    ]
    assert twins == []


@pytest.mark.django_db
def test_loading_again_keeps_rows_that_orders_and_coops_name() -> None:
    commune = CommuneFactory(code="03390", name="Tên cũ", kind="ward")
    cooperative = CooperativeFactory(commune=commune)
    gone = CommuneFactory(code="99999", name="Đã giải thể")

    load_places()
    call_command("load_places")

    cooperative.refresh_from_db()
    assert cooperative.commune.full_name == "xã Bình Lư, Lai Châu"
    assert Commune.objects.filter(pk=gone.pk).exists()
    assert Commune.objects.count() == 3322


@pytest.mark.django_db
def test_loading_takes_no_more_than_three_seconds() -> None:
    start = time.monotonic()
    load_places()
    assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    ("note", "names"),
    [
        ("Hợp nhất xã Sinh Long, xã Côn Lôn. Bỏ cấp huyện. Số: 1684", ["Sinh Long"]),
        (
            "Đổi tên từ xã Hoằng Thanh thành xã Côn Lôn và hợp nhất các xã Hoằng Thịnh, 1 phần xã Hoằng Thái.",
            ["Hoằng Thanh", "Hoằng Thịnh", "Hoằng Thái"],
        ),
        ("Bỏ cấp huyện. Số: 1684/NQ-UBTVQH15", []),
        ("", []),
    ],
)
def test_former_names_are_read_out_of_the_sentence(note: str, names: list[str]) -> None:
    assert former_names(note, "Côn Lôn") == names
