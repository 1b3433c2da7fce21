"""Amounts in whole đồng (`_vnd`): shown, read and divided. There are no smaller units."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, ClassVar

from django.utils.translation import get_language, gettext_lazy as _

from core.refusals import InputRefused
from core.typed import as_meant

MEANT_WITH_DECIMALS = 4  # digits from which 125000.00 is read as a spreadsheet's whole amount
MAX_VND = 9_999_999_999_999  # thirteen digits: what a VietQR payment can carry

_NUMBER = r"[0-9]+(?:[., ][0-9]{3})*(?:[.,][0-9]+)?"
_AMOUNT = re.compile(
    rf"(?P<number>{_NUMBER}) ?"
    r"(?:(?P<unit>k|nghin|ngan|tr|trieu|ty|ti)(?P<rest>[0-9]{1,3})?)? ?(?:d|dong|vnd|₫)?"
)
_WITH_NO_HUNDREDTHS = re.compile(
    r"(\d{1,3}(?P<mark>[., ])\d{3}(?:(?P=mark)\d{3})*)(?!(?P=mark))[.,]00?"
)
_GROUPED = re.compile(r"\d{1,3}(?P<mark>[., ])\d{3}(?:(?P=mark)\d{3})*")
_UNITS = {
    "k": 1_000,
    "nghin": 1_000,
    "ngan": 1_000,
    "tr": 1_000_000,
    "trieu": 1_000_000,
    "ty": 1_000_000_000,
    "ti": 1_000_000_000,
}


class InvalidAmount(InputRefused):
    """Not an amount of whole đồng that could be meant."""

    messages: ClassVar[dict[str, Any]] = {
        "empty": _("Enter an amount in đồng."),
        "unreadable": _("Enter an amount in whole đồng, for example 125,000."),
        "fraction": _("Đồng have no decimals. Enter a whole amount, for example 125,000."),
        "negative": _("The amount cannot be below zero."),
        "too_large": _("This amount is too large. Please check the zeros."),
    }


def format_vnd(amount_vnd: int) -> str:
    """125000 as “125.000 ₫”, or “125,000 ₫” where English is read; the space does not break."""
    digits = f"{amount_vnd:,d}"
    if (get_language() or "vi").startswith("vi"):
        digits = digits.replace(",", ".")
    return f"{digits}\N{NO-BREAK SPACE}₫"


def parse_vnd(raw: str) -> int:
    """Read an amount as people write it: 125000, 125.000đ, 125,000 ₫, 125k, 1tr2, 1,5 triệu.

    Raises InvalidAmount (code: empty, unreadable, fraction, negative, too_large).
    """
    text = as_meant(raw).lower()
    if not text:
        raise InvalidAmount("empty")
    if text[0] == "-" and text[1:2].isdigit():
        raise InvalidAmount("negative")
    bare = _without_marks(text)
    found = _AMOUNT.fullmatch(bare) if bare.isascii() or "₫" in bare else None
    if found is None:
        raise InvalidAmount("unreadable")
    amount_vnd = _whole(found["number"], _UNITS.get(found["unit"] or "", 1), found["rest"] or "")
    if amount_vnd > MAX_VND:
        raise InvalidAmount("too_large")
    return amount_vnd


def _without_marks(text: str) -> str:
    parts = unicodedata.normalize("NFD", text.replace("đ", "d"))
    return "".join(c for c in parts if not unicodedata.combining(c))


def _whole(number: str, unit: int, rest: str) -> int:
    """`number` times `unit`, as a whole: grouping marks go, a decimal part needs a unit.

    Spreadsheets write 125.000,00; a bare 25.00 is refused, for it may lack a nought.
    """
    if found := _WITH_NO_HUNDREDTHS.fullmatch(number):
        number = found[1]
    if _GROUPED.fullmatch(number):
        if unit != 1:  # 1.250k: a thousand or a million? Better to ask.
            raise InvalidAmount("unreadable")
        return int(re.sub(r"\D", "", number))
    if number.isdigit():
        whole, decimals = number, rest
    elif rest or not re.fullmatch(r"\d+[.,]\d{1,9}", number):
        raise InvalidAmount("unreadable")
    else:
        whole, decimals = re.split(r"[.,]", number)
        if unit == 1 and len(whole) < 4:
            raise InvalidAmount("fraction")
    if len(whole) > 15:
        raise InvalidAmount("too_large")
    if decimals and unit == 1 and len(whole) < MEANT_WITH_DECIMALS:
        raise InvalidAmount("fraction")  # 25.00 may be twenty-five thousand
    decimals = decimals.rstrip("0")
    scaled, remainder = divmod(int(decimals or "0") * unit, int("1" + "0" * len(decimals)))
    if remainder:
        raise InvalidAmount("fraction")
    return int(whole) * unit + scaled


def split_largest_remainder(total_vnd: int, weights: Sequence[int]) -> list[int]:
    """Divide `total_vnd` in proportion to `weights`; the parts are whole and add up to it.

    Each part is its exact share rounded down or up; the đồng left over go to the largest
    remainders, to the earlier one where they are equal. Raises ValueError for a negative total or
    weight, and when there is something to divide but all weights are zero.
    """
    if total_vnd < 0 or any(weight < 0 for weight in weights):
        msg = "total and weights must not be negative"
        raise ValueError(msg)
    whole = sum(weights)
    if whole == 0:
        if total_vnd:
            msg = "nothing to divide by: all weights are zero"
            raise ValueError(msg)
        return [0] * len(weights)
    shares = [divmod(total_vnd * weight, whole) for weight in weights]
    parts = [share for share, _remainder in shares]
    left = total_vnd - sum(parts)
    by_remainder = sorted(range(len(shares)), key=lambda i: -shares[i][1])
    for i in by_remainder[:left]:
        parts[i] += 1
    return parts
