"""One cell of a table of figures, as its column reads it."""

from typing import TYPE_CHECKING, Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.templatetags import chophien

if TYPE_CHECKING:
    from dashboards.tables import Column

register = template.Library()
SHOW = {
    "number": chophien.number,
    "vnd": chophien.vnd,
    "weight": lambda kg: chophien.weight(round(kg * 1000)),
    "day": chophien.local_date,
}


@register.simple_tag
def cell(column: "Column", row: dict[str, Any]) -> SafeString:
    value = column.read(row)
    shown = SHOW.get(column.kind, str)(value)
    if column.kind in {"number", "vnd", "weight"}:
        return format_html('<td class="num">{}</td>', shown)
    if column.kind == "text":
        return format_html('<td class="words">{}</td>', shown)
    return format_html("<td>{}</td>", shown)
