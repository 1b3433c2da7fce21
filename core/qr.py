"""QR codes as a matrix, as SVG for pages and print, and as PNG."""

import io
from functools import lru_cache
from typing import Literal

from django.utils.html import escape
from PIL import Image
from qrcode import constants
from qrcode.exceptions import DataOverflowError
from qrcode.main import QRCode

Level = Literal["L", "M", "Q", "H"]
Matrix = tuple[tuple[bool, ...], ...]

QUIET_ZONE = 4  # modules of white on every side, as ISO/IEC 18004 and GS1 ask

_LEVELS = {
    "L": constants.ERROR_CORRECT_L,
    "M": constants.ERROR_CORRECT_M,
    "Q": constants.ERROR_CORRECT_Q,
    "H": constants.ERROR_CORRECT_H,
}
_MASK = 3  # (row + column) mod 3. Any of the eight is valid; trying all is four fifths of the work


@lru_cache(maxsize=4)  # a label's code is rendered three times: on the sheet, as SVG, as PNG
def qr_matrix(data: str, level: Level = "M") -> Matrix:
    """The modules of the smallest QR code for `data`, True for dark, without the quiet zone.

    `level` is the error correction: M for clean print, Q for labels that get wet or rubbed. The
    text is one segment, of UTF-8 bytes unless all of it fits a denser kind. Raises ValueError when
    there is nothing or too much to encode.
    """
    if not data:
        msg = "nothing to encode"
        raise ValueError(msg)
    code = QRCode(error_correction=_LEVELS[level], mask_pattern=_MASK, border=0)
    code.add_data(data.encode(), optimize=0)
    try:
        code.make(fit=True)
    except (DataOverflowError, ValueError) as error:
        msg = f"too much for one QR code at level {level}: {len(data.encode())} bytes"
        raise ValueError(msg) from error
    return tuple(tuple(bool(module) for module in row) for row in code.modules)


def qr_svg(data: str, level: Level = "M", *, width_mm: float | None = None, title: str = "") -> str:
    """An <svg> of one path, black on white in any colour scheme, with its quiet zone.

    `width_mm` is the printed width with the quiet zone; without it the page's CSS decides.
    `title` is read out by screen readers; without one the image is hidden from them.
    """
    matrix = qr_matrix(data, level)
    side = len(matrix) + 2 * QUIET_ZONE
    size = f' width="{width_mm:g}mm" height="{width_mm:g}mm"' if width_mm else ""
    label = f' role="img" aria-label="{escape(title)}"' if title else ' aria-hidden="true"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"{size}{label}'
        f' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/>'
        f'<path fill="#000" d="{_path(matrix)}"/></svg>'
    )


def _path(matrix: Matrix) -> str:
    """Each run of dark modules in a row as one rectangle."""
    parts: list[str] = []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            if not row[x]:
                x += 1
                continue
            end = x
            while end < len(row) and row[end]:
                end += 1
            parts.append(f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h{end - x}v1h-{end - x}z")
            x = end
    return "".join(parts)


def qr_png(data: str, level: Level = "M", *, module_px: int = 8) -> bytes:
    """A two-colour PNG with its quiet zone; every module is `module_px` pixels square."""
    matrix = qr_matrix(data, level)
    side = len(matrix) + 2 * QUIET_ZONE
    image = Image.new("1", (side, side), 1)
    image.putdata(_pixels(matrix, side))
    image = image.resize((side * module_px, side * module_px), Image.Resampling.NEAREST)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _pixels(matrix: Matrix, side: int) -> list[int]:
    blank = [1] * side
    edge = [1] * QUIET_ZONE
    rows = [edge + [int(not dark) for dark in row] + edge for row in matrix]
    lines = [blank] * QUIET_ZONE + rows + [blank] * QUIET_ZONE
    return [pixel for line in lines for pixel in line]
