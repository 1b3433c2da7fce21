"""Find Vietnamese phone numbers in a text, however they are disguised.

Digits of any script, digits spoken as words, letters used as digits (O, l) and digits set
apart by spaces, dots or signs are read as one run; dates, times and prices end a run.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

# National numbers without the leading 0, by the numbering plan in force since 2018.
MOBILE = re.compile(
    r"(?:3\d|5[1689]|7[06-9]|8[1-8]|9[0-8])\d{7}|(?:52[238]|559|89[6-9]|99[013-9])\d{6}"
)
LANDLINE = re.compile(
    r"2(?:0[3-9]|1[0-689]|2[0-25-9]|[38][2-9]|4[2-8]|5[124-9]|6[0-39]|7[0-7]|9[0-4679])\d{7}"
)
# First three digits of the 11-digit mobiles that ended in 2018, and what they became.
OLD_MOBILE = {
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    **{f"16{n}": f"3{n}" for n in range(2, 10)},
    "186": "56", "188": "58", "199": "59",
}  # fmt: skip

_SPOKEN = {
    "không": "0", "khong": "0", "một": "1", "mot": "1", "mốt": "1", "hai": "2", "ba": "3",
    "bốn": "4", "bon": "4", "tư": "4", "năm": "5", "nam": "5", "lăm": "5", "sáu": "6", "sau": "6",
    "bảy": "7", "bẩy": "7", "bay": "7", "tám": "8", "tam": "8", "chín": "9", "chin": "9",
}  # fmt: skip
_LOOKALIKES = {"o": "0", "l": "1", "i": "1"}
_WORD = re.compile(r"[^\W_]+")
_DATE = (
    r"(?:[0-3]?\d([/.-])[01]?\d\1(?:19|20)\d\d|(?:19|20)\d\d([/.-])[01]\d\2[0-3]\d)"
    r"(?=\s*$|\s+[0-2]?\d\s?[:hg]|[T ][0-2]\d:|\s*[^\d\s./-])"
)
_TIME = r"[0-2]?\d:[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?(?!:?\d)"
_PRICE = (
    r"(?<!\w)(?<![\doO][\s.-])(?!84)[1-9](?:\d{0,2}|\d?[.,]\d{3})[.,]\d{3}(?!\d|[.,]\d)(?!\s?\d{2,3}(?!\d|[.,]\d))"
    r"|[1-9]\d{0,2}(?:[.,]\d{3})*[.,]000(?!\d|[.,]\d)"
)
_NOT_A_PHONE = re.compile(rf"(?<!\d)(?:{_DATE}|{_TIME}|{_PRICE})")
_MAX_GAP = 4  # visible signs between two digits of one number
_MAX_GROUP = 12  # longer unbroken digits are parcel numbers, bar codes, accounts
_MAX_EXTRA = 3  # digits that may hang on behind a number

_PREFIXED = re.compile(r"(?:(?:00)?840?|0)([235789]\d{8,9}|1[2689]\d{8})")
_BARE = re.compile(r"([35789]\d{8})")


class _Digit(NamedTuple):
    value: str
    start: int
    end: int


def phone_spans(s: str) -> list[tuple[int, int, str]]:
    """Start, end and national digits (without 0 or +84) of each number in `s`, in order."""
    rest = _NOT_A_PHONE.sub(lambda found: "x" * len(found[0]), s)
    return sorted(span for run in _runs(rest) for span in _numbers_in(run, s))


def _runs(s: str) -> Iterator[list[_Digit]]:
    run: list[_Digit] = []
    for digit in _digits(s):
        if run and digit.start > run[-1].end and not _same_number(s[run[-1].end : digit.start]):
            yield run
            run = []
        run.append(digit)
    if run:
        yield run


def _same_number(gap: str) -> bool:
    """Whether `gap` may occur inside one number: a few signs, no letter, currency or percent."""
    seen = [c for c in gap if unicodedata.category(c) not in {"Cf", "Mn", "Me"}]
    return len(seen) <= _MAX_GAP and not any(
        c.isalnum() or c == "%" or unicodedata.category(c) == "Sc" for c in seen
    )


def _digits(s: str) -> Iterator[_Digit]:
    """Every digit of `s` in whatever form."""
    for word in _WORD.finditer(s):
        start = word.start()
        for _is_number, letters in groupby(word[0], str.isdigit):
            part = "".join(letters)
            yield from _read(part, start, alone=len(word[0]) == len(part) > 1)
            start += len(part)


def _read(part: str, start: int, *, alone: bool) -> Iterator[_Digit]:
    """The digits in `part`. `alone` says that `part` is a whole word of several letters."""
    plain = unicodedata.normalize("NFKC", part).lower()
    if part.isdigit():  # also ①, ⁰ and the digits of other scripts
        for i, c in enumerate(part):
            yield _Digit(str(unicodedata.digit(c)), start + i, start + i + 1)
    elif plain in _SPOKEN:
        yield _Digit(_SPOKEN[plain], start, start + len(part))
    elif set(plain) <= ({"o"} if alone else _LOOKALIKES.keys()):
        for i, c in enumerate(plain):
            at = start + min(i, len(part) - 1)  # Ⅱ is one sign and two letters
            yield _Digit(_LOOKALIKES[c], at, at + 1)


def _numbers_in(run: list[_Digit], s: str) -> Iterator[tuple[int, int, str]]:
    """Numbers with 0 or 84 first, so that a quantity before one is not taken for its beginning."""
    digits, groups = "".join(digit.value for digit in run), _groups(run)
    free = [(0, len(run))]
    for pattern in (_PREFIXED, _BARE):
        rest: list[tuple[int, int]] = []
        for low, high in free:
            at = low
            for first, last, national in _found(pattern, digits, groups, low, high):
                yield _whole_span(s, run[first].start, run[last - 1].end, national)
                rest.append((at, first))
                at = last
            rest.append((at, high))
        free = rest


def _groups(run: list[_Digit]) -> list[tuple[int, int]]:
    """For each digit, the range of the unbroken digits it belongs to."""
    groups: list[tuple[int, int]] = []
    low = 0
    for i in range(1, len(run) + 1):
        if i == len(run) or run[i - 1].end < run[i].start:
            groups += [(low, i)] * (i - low)
            low = i
    return groups


def _whole_span(s: str, start: int, end: int, national: str) -> tuple[int, int, str]:
    """The span extended by signs that belong to the digits: +, (+, keycaps."""
    if s[start - 1 : start] == "+":
        start -= 1
        if s[start - 1 : start] == "(" and ")" in s[start:end]:
            start -= 1
    while end < len(s) and unicodedata.category(s[end]) in {"Mn", "Me"}:
        end += 1
    return start, end, national


def _found(
    pattern: re.Pattern[str], digits: str, groups: list[tuple[int, int]], low: int, high: int
) -> Iterator[tuple[int, int, str]]:
    at = low
    while at < high:
        found = pattern.match(digits, at, high)
        national = _national(found[1]) if found else ""
        last = found.start(1) + len(national) if found else at
        if national and _fits(pattern, digits, groups, at, last):
            yield at, last, national
            at = last
        else:
            at += 1


def _fits(
    pattern: re.Pattern[str], digits: str, groups: list[tuple[int, int]], first: int, last: int
) -> bool:
    """Whether a number may be here: at the edge of a group of digits, not inside a bar code."""
    begins, ends = groups[first], groups[last - 1]
    tail = ends[1] - last
    if pattern is _BARE:
        return first == begins[0] and tail == 0 and not digits.startswith("000", last - 3)
    size = begins[1] - begins[0]
    if size > _MAX_GROUP:
        in_tens = size % 10 == 0 and (first - begins[0]) % 10 == 0
        return in_tens or (first == begins[0] and tail == 0 and digits.startswith("0084", first))
    return (first == begins[0] or last <= begins[1]) and tail <= _MAX_EXTRA


def _national(digits: str) -> str:
    """The number that `digits` begins with, or nothing."""
    for kind, length in ((MOBILE, 9), (LANDLINE, 10)):
        if kind.fullmatch(digits[:length]):
            return digits[:length]
    return digits if digits[:3] in OLD_MOBILE and len(digits) == 10 else ""
