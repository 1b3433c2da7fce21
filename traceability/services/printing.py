"""What a print shop or a kitchen printer needs: a label sheet (PDF) and each code as PNG and SVG.

Modules are at least 0.396 mm (GS1 General Specifications 5.12.3.1) with four quiet modules; on
rolls they are whole dots of a 203 dpi printer.
"""

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
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
STEP = 0.2  # points, from one font size that is tried to the next
MOST_TERSE = 4
ANY_CODE = "WWWW WWWW WWWW WWWW"  # as wide as a code can be: all labels of a sheet look alike


@dataclass(frozen=True)
class Layout:
    """Millimetres. `columns` × `rows` labels on a page, `module` the side of one QR module.

    `inset` keeps ink off the sides of a label, `edge` off its top and foot. On sheets without a
    border they are what office printers cannot reach. Fonts are points, the smallest and the
    largest; the largest at which all is said is taken.
    """

    page: tuple[float, float]
    columns: int
    rows: int
    label: tuple[float, float]
    margin: tuple[float, float]  # left, top
    gap: tuple[float, float]
    inset: float
    edge: float
    module: float
    fonts: tuple[float, float]


@dataclass(frozen=True)
class Words:
    """The text of a label beside its code. No stars: a recognition may lapse, a print does not."""

    name: str
    pack: str
    maker: str
    lot: str
    harvested: str
    best_before: str  # empty where the lot has no such day
    how: str
    address: str


@dataclass(frozen=True)
class Part:
    """One thing that is said, broken into lines of which the last may end in “…”."""

    lines: list[str]
    is_whole: bool
    font: str


A4_PAGE = (A4[0] / mm, A4[1] / mm)
LAYOUTS = {
    OriginCodeBatch.Sheet.A4_24: Layout(
        A4_PAGE, 3, 8, (70.0, 37.0), (0.0, 0.5), (0.0, 0.0), 5.0, 4.0, 0.9, (6.4, 9.6)
    ),
    OriginCodeBatch.Sheet.A4_65: Layout(
        A4_PAGE, 5, 13, (38.1, 21.2), (4.75, 10.7), (2.5, 0.0), 1.0, 0.8, 0.44, (4.4, 5.6)
    ),
    OriginCodeBatch.Sheet.ROLL_50X30: Layout(
        (50.0, 30.0), 1, 1, (50.0, 30.0), (0.0, 0.0), (0.0, 0.0), 1.5, 0.8, 0.625, (5.2, 7.6)
    ),
}


def address_of(code: str) -> str:
    """What the QR of `code` holds."""
    return f"{settings.SITE_URL}/t/{code}"


def label_path(batch: OriginCodeBatch, kind: str) -> Path:
    """Where the batch's `pdf` or `zip` is kept."""
    return Path(settings.MEDIA_ROOT) / FOLDER / f"batch-{batch.pk}.{kind}"


def delete_files(batch: OriginCodeBatch) -> None:
    for kind in ("pdf", "zip"):
        label_path(batch, kind).unlink(missing_ok=True)


def draw_files(batch: OriginCodeBatch, *, told: Callable[[int], object]) -> str:
    """Render the sheet and the single codes of a whole batch; returns the sheet's name.

    Both grow together, and `told` is called now and then with the number of rendered codes.
    """
    sheet, singles = io.BytesIO(), io.BytesIO()
    canvas, layout, words = _new_sheet(sheet, batch)
    with zipfile.ZipFile(singles, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, code in enumerate(batch.codes.order_by("serial")):
            _put_on_sheet(canvas, layout, number, code, words)
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


def _new_sheet(file: BinaryIO, batch: OriginCodeBatch) -> tuple[Canvas, Layout, Words]:
    """An empty sheet in millimetres of the batch's paper, to be printed at 100 %."""
    layout = LAYOUTS[OriginCodeBatch.Sheet(batch.sheet)]
    _register_fonts()
    canvas = Canvas(file, pagesize=(layout.page[0] * mm, layout.page[1] * mm))
    canvas.setTitle(f"{batch.product_name} {batch.lot.code}")
    with translation.override("vi"):  # labels speak to buyers here
        return canvas, layout, label_words(batch)


def _put_on_sheet(
    canvas: Canvas, layout: Layout, number: int, code: OriginCode, words: Words
) -> None:
    page, place = divmod(number, layout.columns * layout.rows)
    if page and not place:
        canvas.showPage()
    x, y = _corner(layout, place)
    _draw_label(canvas, layout, x, y, code, words)


def label_words(batch: OriginCodeBatch) -> Words:
    lot = batch.lot
    address = f"{settings.SITE_URL.partition('://')[2]}/t"
    until = lot.best_before_on
    return Words(
        name=batch.product_name,
        pack=batch.pack_with_weight,
        maker=batch.cooperative_name,
        lot=_("Lot %(code)s") % {"code": lot.code},
        harvested=_("Harvested %(day)s") % {"day": f"{lot.harvested_on:%d/%m/%Y}"},
        best_before=_("Best before %(day)s") % {"day": f"{until:%d/%m/%Y}"} if until else "",
        how=_("Scan, or type this at %(address)s:") % {"address": address},
        address=f"{address}:",
    )


def _corner(layout: Layout, place: int) -> tuple[float, float]:
    """Lower left corner (mm) of the label at `place`, counted from the top left."""
    row, column = divmod(place, layout.columns)
    x = layout.margin[0] + column * (layout.label[0] + layout.gap[0])
    top = layout.page[1] - layout.margin[1] - row * (layout.label[1] + layout.gap[1])
    return x, top - layout.label[1]


def _draw_label(
    canvas: Canvas, layout: Layout, x: float, y: float, code: OriginCode, words: Words
) -> None:
    """The code at the left, the words beside it, both in the middle of the label's height."""
    matrix = qr_matrix(address_of(code.code))
    module = min(layout.module, (layout.label[1] - 2 * layout.edge) / len(matrix))
    side = (len(matrix) + 2 * QUIET_ZONE) * module
    left = x + max(0.0, layout.inset - QUIET_ZONE * module)
    _draw_qr(canvas, matrix, module, left, y + (layout.label[1] - side) / 2)
    width = x + layout.label[0] - layout.inset - left - side
    size, lines = fitted(words, layout.fonts, width, layout.label[1] - 2 * layout.edge)
    step = size * LINE_MM
    baseline = y + (layout.label[1] + (len(lines) - 1.5) * step) / 2
    groups = iter(in_groups(code.code).split())
    for number, (font, line) in enumerate(lines):
        said = " ".join(next(groups) for _group in line.split()) if line in ANY_CODE else line
        canvas.setFont(font, size)
        canvas.drawString((left + side) * mm, (baseline - number * step) * mm, said)


@lru_cache(maxsize=4)  # the labels of a sheet differ in their code alone
def fitted(
    words: Words, fonts: tuple[float, float], width: float, height: float
) -> tuple[float, list[tuple[str, str]]]:
    """The font's size and (font, line) from top to foot; ANY_CODE is the placeholder of the code.

    The largest size at which all is said wins. Where the smallest is too large, the less important
    gives way, and what is cut ends in “…”: the beginning of the name is never lost.
    """
    smallest, largest = fonts
    sizes = [largest - step * STEP for step in range(round((largest - smallest) / STEP) + 1)]
    for size in sizes:
        parts = _parts(words, 0, size, width)
        if all(part.is_whole for part in parts) and _height_of(parts, size) <= height:
            return size, _lines_of(parts)
    for terseness in range(MOST_TERSE + 1):
        parts = _parts(words, terseness, smallest, width)
        if _height_of(parts, smallest) <= height:
            break
    return smallest, _lines_of(parts)


def _parts(words: Words, terseness: int, size: float, width: float) -> list[Part]:
    """All that is said, from 0 (everything, in full) to MOST_TERSE (what no label may lack)."""
    is_brief, is_short, is_bare = terseness >= 1, terseness >= 2, terseness >= 3
    told = [
        (words.name, BOLD, 1 if terseness == MOST_TERSE else 2 if is_brief else 4),
        (words.pack, FONT, 2),  # ends in the weight
        (words.maker, FONT, 1 if is_brief else 3),
        (words.lot, FONT, 1 if is_brief else 2),
        ("" if is_bare and words.best_before else words.harvested, FONT, 2),
        (words.best_before, FONT, 2),
        ("" if is_bare else words.address if is_short else words.how, FONT, 2),
    ]
    code = [ANY_CODE] if _fits(ANY_CODE, BOLD, size, width) else [ANY_CODE[:9], ANY_CODE[10:]]
    parts = [_part(text, font, size, width, most) for text, font, most in told if text]
    return [*parts, Part(code, is_whole=True, font=BOLD)]


def _height_of(parts: list[Part], size: float) -> float:
    return sum(len(part.lines) for part in parts) * size * LINE_MM


def _lines_of(parts: list[Part]) -> list[tuple[str, str]]:
    return [(part.font, line) for part in parts for line in part.lines]


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


def _part(text: str, font: str, size: float, width: float, most: int) -> Part:
    """`text` in at most `most` lines no wider than `width` mm, broken at spaces."""
    lines, line = list[str](), ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and not _fits(longer, font, size, width):
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    kept = [*lines[: most - 1], " ".join(lines[most - 1 :])] if len(lines) > most else lines
    shown = [_cut(line, font, size, width) for line in kept]
    return Part(shown, shown == kept, font)


def _fits(line: str, font: str, size: float, width: float) -> bool:
    return bool(pdfmetrics.stringWidth(line, font, size) <= width * mm)


def _cut(line: str, font: str, size: float, width: float) -> str:
    if _fits(line, font, size, width):
        return line
    while line and not _fits(f"{line.rstrip()}…", font, size, width):
        line = line[:-1]
    return f"{line.rstrip(' .,;:–-')}…"


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
