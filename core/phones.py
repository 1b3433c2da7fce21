"""Vietnamese phone numbers: read, shown, masked. Stored as E.164, e.g. +84912345678."""

import re
import unicodedata
from typing import Any, ClassVar

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from core.phone_spotting import LANDLINE, MOBILE, OLD_MOBILE, phone_spans
from core.refusals import InputRefused
from core.typed import as_meant

_TYPED = re.compile(r"\(?\+?[0-9][0-9 .()\-]*")
_BETWEEN_NUMBERS = re.compile(r"[;,/|&\n]| - ")
_DOT = "•"
ERASED = "x"  # prefix of the placeholder for an erased phone number


class InvalidPhone(InputRefused):
    """Not a Vietnamese phone number that could be rung."""

    messages: ClassVar[dict[str, Any]] = {
        "empty": _("Enter a phone number."),
        "letters": _("A phone number has digits only. Is an O there instead of a 0?"),
        "characters": _("Write the phone number with digits only, for example 0912 345 678."),
        "two_numbers": _("These look like two phone numbers. Enter one."),
        "length": _("A mobile number has 10 digits. You entered %(digits)s."),
        "prefix": _("No Vietnamese number begins like this. Example: 0912 345 678."),
        "foreign": _("Only Vietnamese numbers can be used here, for example 0912 345 678."),
        "hotline": _("This is a service number. Enter a mobile or a home number."),
        "old_11_digit": _("Numbers with 11 digits ended in 2018. Is yours now %(suggestion)s?"),
    }


def normalize_phone(raw: str) -> str:
    """The E.164 form of one Vietnamese mobile or landline number in any usual spelling.

    Raises InvalidPhone (code: empty, letters, characters, two_numbers, length, prefix, foreign,
    hotline, old_11_digit); nothing is guessed and nothing typed is silently left out.
    """
    text = as_meant(raw)
    if not text:
        raise InvalidPhone("empty")
    if any(c.isalpha() for c in text):
        raise InvalidPhone("letters")
    if _holds_two(text):
        raise InvalidPhone("two_numbers")
    if not _TYPED.fullmatch(text):
        raise InvalidPhone("characters")
    national = _national(text)
    if MOBILE.fullmatch(national) or LANDLINE.fullmatch(national):
        return f"+84{national}"
    raise _refusal(national)


def _holds_two(text: str) -> bool:
    """Two numbers with a sign between them, or simply one after the other."""
    parts = [re.sub(r"\D", "", part) for part in _BETWEEN_NUMBERS.split(text)]
    if sum(len(part) >= 9 for part in parts) > 1:
        return True
    digits = re.sub(r"\D", "", text)
    cuts = range(10, len(digits) - 8)
    return any(_looks_whole(digits[:cut]) and _looks_whole(digits[cut:]) for cut in cuts)


def _looks_whole(digits: str) -> bool:
    national = re.sub(r"^(?:0084|84|0)", "", digits)
    return bool(MOBILE.fullmatch(national) or LANDLINE.fullmatch(national))


def _national(text: str) -> str:
    """The digits after 0 or +84. A mobile number may lack both: spreadsheets eat the 0."""
    digits = re.sub(r"\D", "", text)
    abroad = text.lstrip("(").startswith("+")
    if digits.startswith("00"):
        abroad, digits = True, digits[2:]
    if abroad and not digits.startswith("84"):
        raise InvalidPhone("foreign")
    if abroad or (digits.startswith("84") and len(digits) > 9):
        return digits[2:].removeprefix("0")
    if digits.startswith("0"):
        return digits[1:]
    if digits.startswith(("1800", "1900")) and 8 <= len(digits) <= 10:
        raise InvalidPhone("hotline")
    if MOBILE.fullmatch(digits) and not digits.startswith("84"):
        return digits
    raise (
        InvalidPhone("length", digits=len(digits)) if len(digits) < 9 else InvalidPhone("prefix")
    )


def _refusal(national: str) -> InvalidPhone:
    now = OLD_MOBILE.get(national[:3])
    if now and len(national) == 10:
        return InvalidPhone("old_11_digit", suggestion=format_phone(f"+84{now}{national[3:]}"))
    expected = 10 if national.startswith("2") else 9
    if len(national) != expected:
        return InvalidPhone("length", digits=len(national) + 1)
    return InvalidPhone("prefix")


def is_mobile(e164: str) -> bool:
    return e164.startswith("+84") and bool(MOBILE.fullmatch(e164[3:]))


def format_phone(e164: str) -> str:
    """+84912345678 as “0912 345 678”; other countries' numbers as they are; an erased one as dots."""
    if e164.startswith(ERASED):
        return _DOT * 3
    if not e164.startswith("+84"):
        return e164
    national = f"0{e164[3:]}"
    if national.startswith(("024", "028")):
        cuts = (3, 7)
    elif national.startswith("02"):
        cuts = (4, 8)
    else:
        cuts = (4, 7)
    return f"{national[: cuts[0]]} {national[cuts[0] : cuts[1]]} {national[cuts[1] :]}"


def mask_phone(e164: str) -> str:
    """+84912345678 as “09•• ••• 678”: enough to know one's own number, not to ring another's."""
    shown = format_phone(e164)
    if e164.startswith(ERASED):
        return shown
    return shown[:2] + re.sub(r"\d", _DOT, shown[2:-3]) + shown[-3:]


def mask_phones_in_text(s: str) -> str:
    """`s` with every Vietnamese phone number in it masked, in whatever way it is written.

    For whatever others may read: comments, chat, logs. Prefers one mask too many to one too few,
    but leaves prices, dates and times alone.
    """
    s = unicodedata.normalize("NFC", s)
    parts: list[str] = []
    end = 0
    for start, stop, digits in phone_spans(s):
        parts += [s[end:start], mask_phone(f"+84{digits}")]
        end = stop
    return "".join([*parts, s[end:]])


def phone_hash(e164: str) -> str:
    """A name for a number in logs: the same for the same number, useless without SECRET_KEY."""
    return salted_hmac("core.phones.phone_hash", e164, algorithm="sha256").hexdigest()[:16]
