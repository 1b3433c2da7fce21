"""Vietnamese tax codes (mã số thuế): 10 digits, 13 for a branch, 12 for a person."""

import re
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from core.refusals import InputRefused
from core.typed import as_meant

_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_TYPED = re.compile(r"[0-9][0-9 .\-]*")
# A person's number: province of birth (001–096), century and sex, year, six digits.
_PERSON = re.compile(r"0(?!00)[0-9]{2}[0-9]{9}")


class InvalidTaxCode(InputRefused):
    """Not a tax code that the tax office could have given."""

    messages: ClassVar[dict[str, Any]] = {
        "empty": _("Enter a tax code."),
        "characters": _("A tax code has digits only, for example 0312687878 or 0312687878-001."),
        "length": _("A tax code has 10 digits, 13 for a branch, or 12 for a person."),
        "check_digit": _("One of the digits is wrong. Please compare with the certificate."),
        "branch": _("The branch number after the dash runs from 001 to 999."),
        "person": _("This is not a personal identification number of 12 digits."),
    }


def normalize_tax_code(raw: str) -> str:
    """The digits of a tax code: 10 (organisation), 13 (its branch) or 12 (a person's number).

    Raises InvalidTaxCode (code: empty, characters, length, check_digit, branch, person). There is
    no public check digit for a person's number: only its shape is looked at.
    """
    text = as_meant(raw)
    if not text:
        raise InvalidTaxCode("empty")
    if not _TYPED.fullmatch(text):
        raise InvalidTaxCode("characters")
    digits = re.sub(r"[^0-9]", "", text)
    if len(digits) == 12:
        return _person(digits)
    if len(digits) not in {10, 13}:
        raise InvalidTaxCode("length")
    if int(digits[9]) != _check_digit(digits):
        raise InvalidTaxCode("check_digit")
    if digits[10:] == "000":
        raise InvalidTaxCode("branch")
    return digits


def format_tax_code(digits: str) -> str:
    """0312687878001 as “0312687878-001”; the others as they are."""
    return f"{digits[:10]}-{digits[10:]}" if len(digits) == 13 else digits


def _person(digits: str) -> str:
    if not _PERSON.fullmatch(digits):
        raise InvalidTaxCode("person")
    return digits


def _check_digit(digits: str) -> int:
    """10 less the weighted sum modulo 11; 10 itself fits no digit, so such codes do not exist."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False))
    return 10 - total % 11
