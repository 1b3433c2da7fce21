"""Tables for spreadsheets, as CSV and XLSX. What strangers typed never becomes a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

Kind = Literal["text", "number", "vnd", "weight", "day"]
Value = Any  # text, number, date, datetime, bool, None or a lazy translation

# A spreadsheet takes these for the beginning of a formula; so do some for their full-width twins.
_FORMULA = r"[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]"
_UNSEEN = r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\x00-\x1f\"']"
_AT_START = re.compile(rf"(?:[\t\r]|{_UNSEEN}*{_FORMULA})")
# A program that cuts cells at another sign, or a row at a line break, sees a cell begin there.
_INSIDE = re.compile(rf"(?<=[;|\t\r\n])(?={_UNSEEN}*{_FORMULA})")

_WHOLE, _WITH_PART = "#,##0", "#,##0.###"
_OF_KIND = {"vnd": '#,##0" ₫"', "weight": '#,##0.0##" kg"'}
_DAY, _INSTANT = "DD/MM/YYYY", "DD/MM/YYYY HH:MM"
_MAX_CELL = 32_767  # characters: a limit of the format
_MAX_EXACT = 15  # digits: what lies beyond is rounded by spreadsheets
_FORBIDDEN_IN_TITLE = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_NARROWEST, _WIDEST = 8, 60


@dataclass(frozen=True)
class Column:
    """A column's heading and how its numbers are shown in XLSX: đồng (vnd), kilograms (weight)."""

    title: Any
    kind: Kind = "text"


Header = Any  # a Column, or its title alone


def csv_bytes(headers: Sequence[Header], rows: Iterable[Sequence[Value]]) -> bytes:
    """UTF-8 with a byte order mark, commas, CRLF: what Excel in Viet Nam opens by itself.

    A Vietnamese spreadsheet reads a decimal point as a mark of thousands: weights are whole grams,
    decimals are written after a comma. Days are 2025-11-04, instants 2025-11-04 20:15
    local time. Text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    columns = [_column(header) for header in headers]
    writer.writerow([_csv_cell(_csv_title(column)) for column in columns])
    writer.writerows(
        [
            _csv_cell(_in_grams(cell) if kind == "weight" else cell)
            for cell, kind in _by_kind(row, columns)
        ]
        for row in rows
    )
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


def _csv_title(column: Column) -> str:
    title = str(column.title)
    return title.replace("(kg)", "(g)") if column.kind == "weight" else title


def _in_grams(kilograms: Value) -> Value:
    return kilograms if kilograms is None else round(Decimal(str(kilograms)) * 1000)


def _by_kind(row: Sequence[Value], columns: Sequence[Column]) -> list[tuple[Value, Kind]]:
    return [(value, columns[i].kind if i < len(columns) else "text") for i, value in enumerate(row)]


def _csv_cell(cell: Value) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, int | float | Decimal):
        return f"{Decimal(str(cell)):f}".replace(".", ",")
    if isinstance(cell, datetime):
        return _local(cell).strftime("%Y-%m-%d %H:%M")
    if isinstance(cell, date):
        return cell.isoformat()
    return guarded(str(cell).replace("\0", ""))


def guarded(text: str) -> str:
    """`text` with an apostrophe wherever a spreadsheet would see a formula begin."""
    inside = _INSIDE.sub("'", text)
    return f"'{inside}" if _AT_START.match(text) else inside


def xlsx_bytes(
    sheet_title: str, headers: Sequence[Header], rows: Iterable[Sequence[Value]]
) -> bytes:
    """One sheet: bold headings that stay in view, widths that fit, đồng as 125.000 ₫.

    Text is stored as text and never evaluated; days and instants (local time) are real dates.
    """
    columns = [_column(header) for header in headers]
    table = [[str(column.title) for column in columns], *([*row] for row in rows)]
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_title(str(sheet_title)))
    sheet.freeze_panes = "A2"
    for i, width in enumerate(_widths(table), start=1):
        sheet.column_dimensions[get_column_letter(i)].width = width
    sheet.append([_heading(sheet, title) for title in table[0]])
    for row in table[1:]:
        sheet.append([_cell(sheet, value, kind) for value, kind in _by_kind(row, columns)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _column(header: Header) -> Column:
    return header if isinstance(header, Column) else Column(header)


def _local(instant: datetime) -> datetime:
    """`instant` on the clock of Viet Nam, without its zone."""
    return timezone.make_naive(instant) if timezone.is_aware(instant) else instant


def _sheet_title(title: str) -> str:
    return _FORBIDDEN_IN_TITLE.sub(" ", title).strip(" '")[:31] or "1"


def _widths(table: list[list[Value]]) -> list[float]:
    widths: list[float] = []
    for i in range(max(map(len, table))):
        cells = (row[i] for row in table[:500] if i < len(row))
        longest = max(max(map(len, _shown(cell).split("\n"))) for cell in cells)
        widths.append(min(max(longest + 2, _NARROWEST), _WIDEST))
    return widths


def _shown(cell: Value) -> str:
    """About as long as the cell will look."""
    if isinstance(cell, datetime):
        return _INSTANT
    if isinstance(cell, int | float | Decimal):
        return f"{cell:,} ₫"
    return "" if cell is None else str(cell)


def _heading(sheet: Any, title: str) -> Cell:
    cell = _text(sheet, title)
    cell.font = Font(bold=True)
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    return cell


def _cell(sheet: Any, value: Value, kind: Kind) -> Cell | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return WriteOnlyCell(sheet, value)
    if isinstance(value, int | float | Decimal):
        return _number(sheet, value, kind)
    if isinstance(value, datetime):
        return _formatted(sheet, _local(value), _INSTANT)
    if isinstance(value, date):
        return _formatted(sheet, value, _DAY)
    return _text(sheet, str(value))


def _number(sheet: Any, value: float | Decimal, kind: Kind) -> Cell:
    exact = Decimal(str(value))
    if not exact.is_finite() or len(exact.as_tuple().digits) > _MAX_EXACT:
        return _text(sheet, str(value))
    plain = _WHOLE if exact == exact.to_integral_value() else _WITH_PART
    return _formatted(sheet, value, _OF_KIND.get(kind, plain))


def _formatted(sheet: Any, value: Any, number_format: str) -> Cell:
    cell = WriteOnlyCell(sheet, value)
    cell.number_format = number_format
    return cell


def _text(sheet: Any, text: str) -> Cell:
    """A text cell whatever its content, also after it has been edited."""
    safe = ILLEGAL_CHARACTERS_RE.sub("", text).encode("utf-16-le", "replace").decode("utf-16-le")
    cell = WriteOnlyCell(sheet)
    cell.value = safe[:_MAX_CELL]
    cell.data_type = "s"
    cell.quotePrefix = bool(_AT_START.match(safe))
    return cell
