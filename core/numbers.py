"""Numbers and weights as people here write and read them."""

import re
from decimal import Decimal

from django.utils import translation

from core.typed import as_meant

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
GROUPED = re.compile(r"\d{1,3}([.,\s])\d{3}(\1\d{3}){0,4}")
PLAIN = re.compile(r"\d{1,15}")
COUNT = re.compile(r"\+?(\d{1,100})(?:[.,]0)?")
DECIMAL = re.compile(r"\d{1,9}([.,]\d{1,3})?")
WEIGHT = re.compile(r"([\d.,\s]*\d)\s*([^\d.,\s].*)?", re.DOTALL)
GRAMS_IN = {
    **dict.fromkeys(("", "g", "gr", "gam", "gram", "grams"), 1),
    **dict.fromkeys(("lạng",), 100),
    **dict.fromkeys(("kg", "ký", "kí", "cân", "kilogam", "kilogram"), 1000),
}


def format_number(value: float | Decimal) -> str:
    """1234.5 as “1.234,5” in Vietnamese, “1,234.5” in English; at most two decimals."""
    text = f"{Decimal(str(value)).quantize(Decimal('0.01')):,}".rstrip("0").rstrip(".")
    if (translation.get_language() or "").startswith("vi"):
        text = text.translate(str.maketrans(",.", ".,"))
    return text


def format_weight(grams: int) -> str:
    """500 as “500 g”, 1200 as “1,2 kg” (in Vietnamese); never rounded to another weight."""
    if abs(grams) < 1000 or grams % 10:
        return f"{format_number(grams)}{NO_BREAK_SPACE}g"
    return f"{format_number(Decimal(grams) / 1000)}{NO_BREAK_SPACE}kg"


def parse_whole(text: str) -> int | None:
    """A whole number, plain or in groups of three; None when it is anything else."""
    text = as_meant(text)
    if GROUPED.fullmatch(text):
        return int(re.sub(r"[.,\s]", "", text))
    return int(text) if PLAIN.fullmatch(text) else None


def parse_count(text: str) -> int | None:
    """How many things: 2 in “2”, “+2”, “002”, “2.0”, “２” and “ 2 ” with marks that are not seen.

    None when it is anything else: a part of a thing, or 1.00, which may lack a nought; 1.000 is
    a thousand.
    """
    seen = as_meant(text)
    if found := COUNT.fullmatch(seen):
        return int(found[1])
    return parse_whole(seen.removeprefix("+"))


def parse_weight_g(text: str) -> int | None:
    """Grams in “500”, “500 g”, “1.200 g”, “0,5 kg”, “2 lạng”; None when unclear.

    A bare number is grams. With kilograms one mark is the decimal mark (1.200 kg is 1,2 kg).
    """
    found = WEIGHT.fullmatch(as_meant(text))
    factor = GRAMS_IN.get((found[2] or "").strip().lower()) if found else None
    if not found or factor is None:
        return None
    if factor == 1:
        return parse_whole(found[1])
    if not DECIMAL.fullmatch(found[1]):
        return None
    grams = Decimal(found[1].replace(",", ".")) * factor
    return int(grams) if grams == int(grams) else None
