"""Barcode numbers of packs (GTIN-8, -12, -13, -14; GS1 General Specifications, section 3)."""

import re
from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.refusals import InputRefused
from core.typed import as_meant

LENGTHS = {8, 12, 13, 14}
DEMONSTRATION = "952"
INSIDE_A_SHOP = re.compile(r"02|04|2\d")  # restricted circulation: any shop gives these itself
NOT_GOODS = re.compile(r"97[789]|98|99")  # periodicals, books, coupons


class GtinRefused(InputRefused):
    """Not a number by which this pack could be known outside the co-op."""

    messages: ClassVar[dict[str, Any]] = {
        "length": _("A barcode number has 8, 12, 13 or 14 digits."),
        "check": _(
            "The last digit does not fit the others. Please compare with the barcode once more."
        ),
        "restricted": _(
            "Numbers that begin with 02, 04 or 20 to 29 are for use inside one shop only."
            " Leave the field empty, or enter a number issued by GS1."
        ),
        "not_goods": _("This number belongs to a book, a magazine or a coupon."),
        "demonstration": _("Numbers that begin with 952 are for demonstrations only."),
    }


def normalize_gtin(typed: str) -> str:
    """`typed` as 14 digits, zeros in front. Raises GtinRefused."""
    digits = re.sub(r"[\s.\-]", "", as_meant(typed))
    if len(digits) not in LENGTHS or not (digits.isascii() and digits.isdigit()):
        raise GtinRefused("length")
    gtin = digits.zfill(14)
    if int(gtin[-1]) != check_digit(gtin[:-1]):
        raise GtinRefused("check")
    is_short = len(digits) == 8 or gtin.startswith("000000")
    prefix = gtin[6:9] if is_short else gtin[1:4]
    if INSIDE_A_SHOP.match(prefix) or (is_short and prefix.startswith("0")):
        raise GtinRefused("restricted")
    if NOT_GOODS.match(prefix) and not is_short:
        raise GtinRefused("not_goods")
    if prefix == DEMONSTRATION and not settings.DEMO:
        raise GtinRefused("demonstration")
    return gtin


def check_digit(first_digits: str) -> int:
    """The last digit of a GTIN: weights 3 and 1 from the right, up to the next ten."""
    total = sum(int(d) * (3 if n % 2 == 0 else 1) for n, d in enumerate(reversed(first_digits)))
    return -total % 10
