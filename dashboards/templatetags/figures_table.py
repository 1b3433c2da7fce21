"""One cell of a table of figures, as its column reads it."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.numbers import NO_BREAK_SPACE, format_number
from core.templatetags import chophien

if TYPE_CHECKING:
    from dashboards.tables import Column

register = template.Library()
FINE_BELOW_KG = 10  # grams still tell something there
NUMBERS = {"number", "vnd", "weight"}


@register.filter
def kilograms(grams: int) -> str:
    """17936807 as “17.936,8 kg”: one unit down a whole column, so that the eye can compare."""
    kg = Decimal(grams) / 1000
    shown = kg.quantize(Decimal("0.01" if kg < FINE_BELOW_KG else "0.1"))
    return f"{format_number(shown)}{NO_BREAK_SPACE}kg"


SHOW = {
    "number": chophien.number,
    "vnd": chophien.vnd,
    "weight": lambda kg: kilograms(round(kg * 1000)),
    "day": chophien.local_date,
}


@register.simple_tag
def head(column: "Column", row: dict[str, Any]) -> SafeString:
    """The cell that names the row."""
    return format_html('<th scope="row" class="words">{}</th>', _shown(column, row))


@register.simple_tag
def cell(column: "Column", row: dict[str, Any]) -> SafeString:
    """With its column's title for narrow screens, where a row is a card."""
    kind = {"text": "words"}.get(column.kind, "num" if column.kind in NUMBERS else "day")
    return format_html(
        '<td class="{}" data-label="{}">{}</td>', kind, column.title, _shown(column, row)
    )


def _shown(column: "Column", row: dict[str, Any]) -> str:
    return str(SHOW.get(column.kind, str)(column.read(row)))
