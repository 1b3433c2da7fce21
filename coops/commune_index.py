"""Communes by what people write as an address: names of today, former ones, with or without marks.

The index is built once from the tables of places and kept in the process; a look-up takes no more
than a few milliseconds. It reads an address as its parts: every run of words that is a name of a
commune, district or province (blanks do not count, one wrong letter is forgiven) is a reading, and
a commune is the likelier the more of the address its readings explain.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from core.text import fold, nfc

MAX_WORDS = 16
LONGEST_NAME = 6  # words
WORTH_SHOWING = 70  # less likely than the best by no more than this
FEW = 12
MOST_READ = 120  # names that begin like what was typed
SHORTEST_WITH_ERROR = 5  # letters

# What people write for a kind of unit; a number after it is a name
KINDS = {
    **dict.fromkeys(("x", "xa", "p", "f", "ph", "phuong", "tt", "thi tran"), "commune"),
    **dict.fromkeys(("dac khu", "dk"), "commune"),
    **dict.fromkeys(("q", "quan", "h", "huien", "huyen", "tx", "thi xa"), "district"),
    **dict.fromkeys(("tp", "thanh pho", "t", "tinh"), "province"),
}
KIND_PARTS = {"thi", "tran", "thanh", "pho", "so", "duong", "thon", "ap", "ban", "khu", "to"}
WRITTEN_OUT = {
    "p": "phuong",
    "f": "phuong",
    "ph": "phuong",
    "q": "quan",
    "x": "xa",
    "h": "huyen",
    "tt": "thi tran",
    "tx": "thi xa",
    "tp": "thanh pho",
}
NUMBERED = re.compile(r"^(p|f|ph|phuong|q|quan)(\d{1,2})$")
ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7"}
# Folded and without blanks, as compact() makes them
PROVINCE_ALIASES = {
    "hochiminh": ("hcm", "tphcm", "tphochiminh", "saigon", "sg"),
    "hanoi": ("hn", "tphn"),
    "hue": ("thuathienhue", "tthue"),
    "thuathienhue": ("hue", "tthue"),
    "bariavungtau": ("brvt", "vungtau", "bariavt"),
    "daklak": ("daclac", "daclak", "darlac"),
    "daknong": ("dacnong",),
    "kontum": ("contum",),
    "danang": ("dn",),
    "haiphong": ("hp",),
    "cantho": ("ct",),
}


class Unit(NamedTuple):
    """One name a commune is or was known by, with the district and province it stood under."""

    code: str
    province_code: str  # of today
    name: str  # without kind
    kind: str  # as written before the name: xã, phường, thị trấn
    district: str  # without kind; empty for names of today
    district_kind: str
    province: str
    is_today: bool

    def __str__(self) -> str:
        district = f"{self.district_kind} {self.district}".strip()
        return f"{self.kind} {self.name}, {district or self.province}"


class Reading(NamedTuple):
    """Words `start` to `end` of what was typed, read as a name; `loss` is 0 for an exact one."""

    start: int
    end: int
    loss: int

    def overlaps(self, other: "Reading") -> bool:
        return self.start < other.end and other.start < self.end


class Found(NamedTuple):
    """A unit, how likely it is meant, and the words it leaves unexplained."""

    score: float
    number: int
    unread: AbstractSet[int]


class Typed:
    """What was typed, as words; `marked` are the same words with their marks."""

    def __init__(self, marked: list[str]) -> None:
        self.marked = [word.replace("ð", "đ") for word in marked]
        self.words = [fold(word) or word for word in marked]
        self.has_marks = self.words != self.marked
        self.needs_reading = {
            at
            for at, word in enumerate(self.words)
            if word not in KINDS and word not in KIND_PARTS and not word.isdigit()
        }
        self._marked_keys: dict[tuple[int, int], str] = {}

    def kind_before(self, start: int) -> str | None:
        two = " ".join(self.words[max(0, start - 2) : start])
        return KINDS.get(two) or (KINDS.get(self.words[start - 1]) if start else None)

    def marked_key(self, reading: Reading) -> str:
        """The words as typed, without blanks; empty where they bear no marks."""
        where = reading.start, reading.end
        if where not in self._marked_keys:
            typed = "".join(self.marked[slice(*where)])
            self._marked_keys[where] = "" if fold(typed) == typed else typed
        return self._marked_keys[where]

    def unread(self, read: list[Reading]) -> AbstractSet[int]:
        """The words that no reading explains; words for kinds need no explaining."""
        explained = {at for reading in read for at in range(reading.start, reading.end)}
        return self.needs_reading - explained


@dataclass
class Index:
    units: list[Unit] = field(default_factory=list)
    today: dict[str, int] = field(default_factory=dict)
    names: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    tails: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    districts: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    provinces: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    near: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    in_order: dict[str, list[str]] = field(default_factory=dict)

    def add(self, unit: Unit) -> None:
        """Units of today come before the former ones that went into them."""
        number = len(self.units)
        self.units.append(unit)
        for key in keys_of(unit.name, unit.kind):
            self.names[key].append(number)
        words = folded(unit.name).split()
        for start in range(1, len(words)):
            self.tails["".join(words[start:])].append(number)
        # Under their old district and province people write the new name too, and the other way round
        own = [number, self.today.setdefault(unit.code, number)]
        if unit.district:
            for key in keys_of(unit.district, unit.district_kind):
                self.districts[key].update(own)
        today = self.units[self.today[unit.code]]
        for key in {compact(unit.province), compact(today.province)}:
            for written in (key, *PROVINCE_ALIASES.get(key, ())):
                self.provinces[written].update(own)

    def finish(self) -> None:
        levels: dict[str, Iterable[str]] = {
            "name": self.names,
            "district": self.districts,
            "province": self.provinces,
        }
        self.in_order = {level: sorted(known) for level, known in levels.items()}
        for known in levels.values():
            for key in known:
                if len(key) >= SHORTEST_WITH_ERROR:
                    for shorter in {key, *without_one_letter(key)}:
                        self.near[shorter].add(key)

    # Reading

    def find(self, typed: str, limit: int, province_code: str = "") -> list[Unit]:
        """Communes that may be meant, each by the name it was found by, likeliest first."""
        text = words_of(typed)
        if not text.words or sum(map(len, text.words)) < 2:
            return []
        found = self.ranked(text)
        if not found or found[0].unread:
            found = self.ranked(text, found[0].unread if found else text.needs_reading)
        units = [self.units[one.number] for one in found]
        return [unit for unit in units if province_code in {"", unit.province_code}][:limit]

    def ranked(self, text: Typed, wrong: AbstractSet[int] = frozenset()) -> list[Found]:
        """Readings that explain the words at `wrong` may have one letter wrong."""
        provinces = self.readings(text, "province", wrong)
        districts = self.readings(text, "district", wrong)
        exact = [numbers for reading, numbers in provinces.items() if not reading.loss]
        somewhere = set().union(*exact)
        likeliest: dict[str, Found] = {}
        for name, numbers in self.candidates(text, districts, wrong):
            for number in those_in(somewhere, numbers):
                found = self.weigh(number, name, text, districts, provinces)
                code = self.units[number].code
                if code not in likeliest or found.score > likeliest[code].score:
                    likeliest[code] = found
        best = sorted(likeliest.values(), key=lambda found: (-found.score, found.number))
        return [one for one in best if one.score >= best[0].score - WORTH_SHOWING]

    def readings(self, text: Typed, level: str, wrong: AbstractSet[int]) -> dict[Reading, set[int]]:
        known = self.provinces if level == "province" else self.districts
        found: dict[Reading, set[int]] = {}
        for start, end, key in runs(text.words):
            if key in known:
                found[Reading(start, end, 0)] = known[key]
            elif end == len(text.words) and len(key) >= 2 and start:
                for begun in self.beginning_with(key, level):
                    found.setdefault(Reading(start, end, 1), set()).update(known[begun])
            elif may_be_wrong(start, end, key, wrong):
                for meant in self.meant_by(key):
                    if meant in known:
                        found[Reading(start, end, 1)] = known[meant]
        return found

    def candidates(
        self, text: Typed, districts: dict[Reading, set[int]], wrong: AbstractSet[int]
    ) -> list[tuple[Reading | None, Iterable[int]]]:
        found: list[tuple[Reading | None, Iterable[int]]] = []
        for start, end, key in runs(text.words):
            if key in self.names:
                found.append((Reading(start, end, 0), self.names[key]))
            elif may_be_wrong(start, end, key, wrong):
                meant = self.meant_by(key)
                found += [
                    (Reading(start, end, 3), self.names[one]) for one in meant & self.names.keys()
                ]
        found += self.begun(text, [name for name, _numbers in found if name])
        if not found and not districts:
            return [
                (Reading(start, end, 3), islice(self.tails[key], MOST_READ))
                for start, end, key in runs(text.words)
                if key in self.tails
            ]
        return found + [(None, numbers) for numbers in districts.values()]

    def begun(
        self, text: Typed, names: list[Reading]
    ) -> list[tuple[Reading | None, Iterable[int]]]:
        """The last words as the beginning of a name, unless a whole name precedes them."""
        last = len(text.words)
        for start, end, key in runs(text.words):
            if end == last and len(key) >= 2:
                if any(name.end <= start for name in names):
                    break
                begun = (
                    number
                    for name in self.beginning_with(key, "name")
                    for number in self.names[name]
                )
                if numbers := list(islice(begun, MOST_READ)):
                    return [(Reading(start, end, 2), numbers)]
        return []

    def beginning_with(self, key: str, level: str) -> Iterator[str]:
        keys = self.in_order[level]
        for at in range(bisect_left(keys, key), len(keys)):
            if not keys[at].startswith(key):
                return
            yield keys[at]

    def meant_by(self, key: str) -> set[str]:
        """Names that differ from `key` in one letter: missing, added, another, or two swapped."""
        return {
            name
            for shorter in {key, *without_one_letter(key)}
            for name in self.near.get(shorter, ())
            if abs(len(name) - len(key)) <= 1
        }

    # Weighing

    def weigh(
        self,
        number: int,
        name: Reading | None,
        text: Typed,
        districts: dict[Reading, set[int]],
        provinces: dict[Reading, set[int]],
    ) -> Found:
        unit = self.units[number]
        read = [name] if name else []
        score = 0.0
        if name:
            score += 100 - 18 * name.loss + 2 * (name.end - name.start)
            score += 12 if unit.is_today else 0
            score += kind_fits(text.kind_before(name.start), "commune")
            score += marks_fit(unit.name, text, name)
        district = best_reading(districts, number, read)
        if district:
            score += (40 if name else 60) - 10 * district.loss
            score += kind_fits(text.kind_before(district.start), "district")
            score += marks_fit(unit.district, text, district) if unit.district else 0
            if not name:
                score += 12 if unit.kind == "thị trấn" or unit.name == unit.district else 0
            read.append(district)
        province = best_reading(provinces, number, read)
        if province:
            score += 45 - 10 * province.loss
            read.append(province)
        elif any(not any(other.overlaps(one) for one in read) for other in provinces):
            score -= 60
        unread = text.unread(read)
        return Found(score - 10 * len(unread), number, unread)


def kind_fits(kind: str | None, level: str) -> int:
    """The level that the word before a name implies; a city may be a district."""
    if kind is None:
        return 0
    return 14 if kind == level or (kind == "province" and level == "district") else -14


def words_of(typed: str) -> Typed:
    """Words of an address, abbreviations with a number taken apart: q7, P.25, phường 2."""
    marked: list[str] = []
    for word in re.findall(r"\w+", nfc(typed[:200]).casefold()):
        numbered = NUMBERED.match(fold(word))
        marked += numbered.groups() if numbered else [word]
    return Typed(marked[:MAX_WORDS])


def runs(words: list[str]) -> Iterator[tuple[int, int, str]]:
    """Every run of up to LONGEST_NAME words as a key; a number counts only behind its kind."""
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + LONGEST_NAME) + 1):
            run = words[start:end]
            if run[-1].isdigit() and end - start == 1:
                continue
            if len(run) == 2 and run[1].lstrip("0").isdigit():
                run = [WRITTEN_OUT.get(run[0], run[0]), run[1].lstrip("0")]
            if len(run) == 1 and run[0] in KINDS:
                continue
            yield start, end, "".join(run)


def keys_of(name: str, kind: str) -> Iterator[str]:
    """Keys a name is found by; numbers go by their kind alone, Roman ones also as digits."""
    words = folded(name).split()
    if len(words) == 1 and (words[0].isdigit() or words[0] in ROMAN):
        number = ROMAN.get(words[0], words[0].lstrip("0"))
        yield compact(kind) + number
        return
    yield "".join(words)


def compact(name: str) -> str:
    return folded(name).replace(" ", "")


@lru_cache(4096)
def folded(name: str) -> str:
    return fold(name)


def may_be_wrong(start: int, end: int, key: str, wrong: AbstractSet[int]) -> bool:
    return len(key) >= SHORTEST_WITH_ERROR and any(at in wrong for at in range(start, end))


def without_one_letter(key: str) -> Iterator[str]:
    for at in range(len(key)):
        yield key[:at] + key[at + 1 :]


def best_reading(
    readings: dict[Reading, set[int]], number: int, taken: Iterable[Reading]
) -> Reading | None:
    """The longest reading that holds for this unit, of words not read otherwise."""
    fitting = [
        reading
        for reading, numbers in readings.items()
        if number in numbers and not any(reading.overlaps(other) for other in taken)
    ]
    return max(fitting, key=lambda one: (-one.loss, one.end - one.start, one.start), default=None)


def marks_fit(name: str, text: Typed, reading: Reading) -> int:
    """Marks that were typed say more than letters: Bắc Hà is not bạc hà."""
    typed = text.marked_key(reading) if text.has_marks else ""
    if not typed:
        return 0
    return 10 if with_marks(name).startswith(typed) else -12


@lru_cache(16_384)
def with_marks(name: str) -> str:
    return "".join(re.findall(r"\w+", nfc(name).casefold()))


def those_in(somewhere: set[int], numbers: Iterable[int]) -> Iterable[int]:
    """Of many, those in a province that was named; all where none is."""
    every = list(numbers)
    if len(every) <= FEW or not somewhere:
        return every
    return [number for number in every if number in somewhere] or every
