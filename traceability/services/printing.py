"""What a print shop or a kitchen printer needs: a label sheet (PDF) and each code as PNG and SVG.

Modules are at least 0.396 mm (GS1 General Specifications 5.12.3.1) with four quiet modules; on
rolls they are whole dots of a 203 dpi printer.
"""

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from core.codes import in_groups
from core.qr import QUIET_ZONE, Matrix, qr_matrix, qr_png, qr_svg
from traceability.models import OriginCode, OriginCodeBatch

FONT, BOLD = "BeVietnamPro", "BeVietnamPro-Bold"
FOLDER = "labels"  # below MEDIA_ROOT, never served as media
TELL_EVERY = 50
LINE_MM = 0.4  # from one line of a label to the next, for each point of its font's size
MOST_LINES = 2  # of one name
EDGE_MM = 0.8  # above and below the words


@dataclass(frozen=True)
class Layout:
    """Millimetres. `columns` × `rows` labels on a page, `module` the side of one QR module.

    `inset` keeps ink off both sides of a label. On sheets without a border it is what office
    printers cannot reach.
    """

    page: tuple[float, float]
    columns: int
    rows: int
    label: tuple[float, float]
    margin: tuple[float, float]  # left, top
    gap: tuple[float, float]
    inset: float
    module: float
    font_size: float


A4_PAGE = (A4[0] / mm, A4[1] / mm)
LAYOUTS = {
    OriginCodeBatch.Sheet.A4_24: Layout(
        A4_PAGE, 3, 8, (70.0, 37.0), (0.0, 0.5), (0.0, 0.0), 5.0, 0.72, 7.2
    ),
    OriginCodeBatch.Sheet.A4_65: Layout(
        A4_PAGE, 5, 13, (38.1, 21.2), (4.75, 10.7), (2.5, 0.0), 1.0, 0.44, 4.6
    ),
    OriginCodeBatch.Sheet.ROLL_50X30: Layout(
        (50.0, 30.0), 1, 1, (50.0, 30.0), (0.0, 0.0), (0.0, 0.0), 1.5, 0.5, 5.6
    ),
}


def address_of(code: str) -> str:
    """What the QR of `code` holds."""
    return f"{settings.SITE_URL}/t/{code}"


def label_path(batch: OriginCodeBatch, kind: str) -> Path:
    """Where the batch's `pdf` or `zip` is kept."""
    return Path(settings.MEDIA_ROOT) / FOLDER / f"batch-{batch.pk}.{kind}"


def draw_files(batch: OriginCodeBatch, *, told: Callable[[int], object]) -> str:
    """Draw the sheet and the single codes of a whole batch; returns the sheet's name.

    Both grow together, and `told` hears now and then how many codes are drawn.
    """
    sheet, singles = io.BytesIO(), io.BytesIO()
    canvas, layout, lines = _new_sheet(sheet, batch)
    with zipfile.ZipFile(singles, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, code in enumerate(batch.codes.order_by("serial")):
            _put_on_sheet(canvas, layout, number, code, lines)
            _put_single(archive, code)
            if number % TELL_EVERY == 0:
                told(number)
    canvas.save()
    _replace(label_path(batch, "pdf"), sheet.getvalue())
    _replace(label_path(batch, "zip"), singles.getvalue())
    return label_path(batch, "pdf").name


def _put_single(archive: zipfile.ZipFile, code: OriginCode) -> None:
    name, address = f"{code.serial:04d}-{code.code}", address_of(code.code)
    archive.writestr(f"svg/{name}.svg", qr_svg(address, width_mm=20))
    archive.writestr(f"png/{name}.png", qr_png(address))


def _new_sheet(file: BinaryIO, batch: OriginCodeBatch) -> tuple[Canvas, Layout, list[str]]:
    """An empty sheet in millimetres of the batch's paper, to be printed at 100 %."""
    layout = LAYOUTS[OriginCodeBatch.Sheet(batch.sheet)]
    _register_fonts()
    canvas = Canvas(file, pagesize=(layout.page[0] * mm, layout.page[1] * mm))
    canvas.setTitle(f"{batch.product_name} {batch.lot.code}")
    with translation.override("vi"):  # labels speak to buyers here
        return canvas, layout, label_lines(batch)


def _put_on_sheet(
    canvas: Canvas, layout: Layout, number: int, code: OriginCode, lines: list[str]
) -> None:
    page, place = divmod(number, layout.columns * layout.rows)
    if page and not place:
        canvas.showPage()
    x, y = _corner(layout, place)
    _draw_label(canvas, layout, x, y, code, lines)


def label_lines(batch: OriginCodeBatch) -> list[str]:
    """What a label says beside its code. No stars: a recognition may lapse, a print does not."""
    lot = batch.lot
    site = settings.SITE_URL.partition("://")[2]
    return [
        batch.product_name,
        batch.pack_with_weight,
        batch.cooperative_name,
        _("Lot %(code)s") % {"code": lot.code},
        _("Harvested %(day)s") % {"day": f"{lot.harvested_on:%d/%m/%Y}"},
        _("Scan, or type this at %(address)s:") % {"address": f"{site}/t"},
    ]


def _corner(layout: Layout, place: int) -> tuple[float, float]:
    """Lower left corner (mm) of the label at `place`, counted from the top left."""
    row, column = divmod(place, layout.columns)
    x = layout.margin[0] + column * (layout.label[0] + layout.gap[0])
    top = layout.page[1] - layout.margin[1] - row * (layout.label[1] + layout.gap[1])
    return x, top - layout.label[1]


def _draw_label(
    canvas: Canvas, layout: Layout, x: float, y: float, code: OriginCode, lines: list[str]
) -> None:
    """The code at the left, the words beside it, both in the middle of the label's height."""
    matrix = qr_matrix(address_of(code.code))
    side = (len(matrix) + 2 * QUIET_ZONE) * layout.module
    left = x + max(0.0, layout.inset - QUIET_ZONE * layout.module)
    _draw_qr(canvas, matrix, layout.module, left, y + (layout.label[1] - side) / 2)
    width = x + layout.label[0] - layout.inset - left - side
    step = layout.font_size * LINE_MM
    parts = _label_parts(lines, code, layout.font_size, width * mm)
    room = int((layout.label[1] - 2 * EDGE_MM) / step)
    del parts[:-room]
    baseline = y + (layout.label[1] + (len(parts) - 1.5) * step) / 2
    for number, (font, part) in enumerate(parts):
        canvas.setFont(font, layout.font_size)
        canvas.drawString((left + side) * mm, (baseline - number * step) * mm, part)


def _label_parts(
    lines: list[str], code: OriginCode, size: float, width: float
) -> list[tuple[str, str]]:
    """(font, text) of each line on a label, the code last."""
    words = [(BOLD, lines[0]), *((FONT, line) for line in [*lines[1:], in_groups(code.code)])]
    return [
        (font, part)
        for font, line in words
        for part in _wrapped(line, font, size, width)[:MOST_LINES]
    ]


def _draw_qr(canvas: Canvas, matrix: Matrix, module: float, x: float, y: float) -> None:
    rows = len(matrix)
    path = canvas.beginPath()
    for row, start, length in _runs(matrix):
        path.rect(
            (x + (QUIET_ZONE + start) * module) * mm,
            (y + (QUIET_ZONE + rows - 1 - row) * module) * mm,
            length * module * mm,
            module * mm,
        )
    canvas.drawPath(path, stroke=0, fill=1)


def _runs(matrix: Matrix) -> Iterator[tuple[int, int, int]]:
    """(row, first column, length) of each run of dark modules."""
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:
                yield y, x, end - x
            x = end + 1


def _wrapped(text: str, font: str, size: float, width: float) -> list[str]:
    """`text` broken at spaces into lines no wider than `width` points; the last may be cut."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and pdfmetrics.stringWidth(longer, font, size) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    return [_cut(line, font, size, width) for line in lines]


def _cut(line: str, font: str, size: float, width: float) -> str:
    if pdfmetrics.stringWidth(line, font, size) <= width:
        return line
    while line and pdfmetrics.stringWidth(line + "…", font, size) > width:
        line = line[:-1]
    return line + "…"


@cache
def _register_fonts() -> None:
    folder = files("fontpkg_be_vietnam_pro")
    for name, weight in ((FONT, "Regular"), (BOLD, "Bold")):
        found = next(p for p in Path(str(folder)).rglob(f"BeVietnamPro-{weight}.ttf"))
        pdfmetrics.registerFont(TTFont(name, str(found)))


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)
