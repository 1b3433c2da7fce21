"""A sheet to draw on with flat shapes: everything in picture units, smoothed when finished."""

import io
import math
from collections.abc import Iterable, Sequence
from importlib.resources import files

import fontpkg_be_vietnam_pro
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Paint = str | Colour | tuple[int, int, int, int]
Point = tuple[float, float]

REDUCED = (
    2  # drawn so many times larger, then reduced: smooth edges without an antialiasing library
)
PIXELS = (
    0.625  # of the finished picture to one picture unit: 800 wide, sharp on a phone, quick to draw
)
FINER = REDUCED * PIXELS

PAPER, INK, INDIGO = "#FBF7EF", "#1E2433", "#27406B"
BROCADE, TEA, TURMERIC, MIST = "#B3261E", "#2F6B3A", "#B26A00", "#E6E1D5"


def rgb(colour: str | Colour) -> Colour:
    if isinstance(colour, tuple):
        return colour
    value = int(colour[1:], 16)
    return value >> 16, value >> 8 & 255, value & 255


def mix(one: str | Colour, other: str | Colour, share: float) -> Colour:
    """`one` with `share` (0 to 1) of `other` stirred in."""
    a, b = rgb(one), rgb(other)
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def darker(colour: str | Colour, share: float = 0.2) -> Colour:
    return mix(colour, "#2A1A0E", share)


def lighter(colour: str | Colour, share: float = 0.25) -> Colour:
    return mix(colour, "#FFFDF6", share)


def veil(colour: str | Colour, opacity: int) -> tuple[int, int, int, int]:
    """`colour` to be laid over what is there; `opacity` 0 to 255."""
    red, green, blue = rgb(colour)
    return red, green, blue, opacity


def turned(points: Iterable[Point], x: float, y: float, degrees: float) -> list[Point]:
    """`points` around the origin, turned clockwise and moved to (x, y)."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [(x + px * cos - py * sin, y + px * sin + py * cos) for px, py in points]


def curve(points: Sequence[Point], *, closed: bool = True, fineness: int = 10) -> list[Point]:
    """A Catmull-Rom curve through `points`."""
    count = len(points)
    if not closed:
        points = [points[0], *points, points[-1]]
    spans = range(count) if closed else range(1, count)
    path: list[Point] = []
    for i in spans:
        a, b, c, d = (points[(i + k) % len(points)] for k in (-1, 0, 1, 2))
        for step in range(fineness):
            t = step / fineness
            path.append((_spline(a[0], b[0], c[0], d[0], t), _spline(a[1], b[1], c[1], d[1], t)))
    if not closed:
        path.append(points[-1])
    return path


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


def arc(rx: float, ry: float, start: float, end: float, count: int = 24) -> list[Point]:
    """Points of an ellipse around the origin from `start` to `end` degrees (0 right, 90 down)."""
    angles = (math.radians(start + (end - start) * i / count) for i in range(count + 1))
    return [(rx * math.cos(angle), ry * math.sin(angle)) for angle in angles]


class Canvas:
    def __init__(self, width: int, height: int, ground: str | Colour = PAPER) -> None:
        self.width, self.height = width, height
        size = (round(width * FINER), round(height * FINER))
        self.image = Image.new("RGB", size, rgb(ground))
        self._pen = ImageDraw.Draw(self.image, "RGBA")

    def poly(self, points: Iterable[Point], fill: Paint) -> None:
        self._pen.polygon([(x * FINER, y * FINER) for x, y in points], fill=fill)

    def blob(self, points: Sequence[Point], fill: Paint) -> None:
        """A soft closed shape through `points`."""
        self.poly(curve(points), fill)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Paint, turn: float = 0) -> None:
        if turn:
            self.poly(turned(arc(rx, ry, 0, 360, 40), x, y, turn), fill)
            return
        box = [(x - rx) * FINER, (y - ry) * FINER, (x + rx) * FINER, (y + ry) * FINER]
        self._pen.ellipse(box, fill=fill)

    def box(
        self, x0: float, y0: float, x1: float, y1: float, fill: Paint, radius: float = 0
    ) -> None:
        corners = [x0 * FINER, y0 * FINER, x1 * FINER, y1 * FINER]
        self._pen.rounded_rectangle(corners, radius * FINER, fill=fill)

    def line(self, points: Sequence[Point], fill: Paint, width: float) -> None:
        """A stroke with round ends and bends."""
        path = [(x * FINER, y * FINER) for x, y in points]
        self._pen.line(path, fill=fill, width=max(1, round(width * FINER)), joint="curve")
        if width >= 4:
            for x, y in (points[0], points[-1]):
                self.oval(x, y, width / 2, width / 2, fill)

    def stroke(self, points: Sequence[Point], fill: Paint, width: float) -> None:
        """A stroke along a curve through `points`."""
        self.line(curve(points, closed=False), fill, width)

    def leaf(
        self, x: float, y: float, long: float, wide: float, turn: float, fill: str | Colour
    ) -> None:
        """A pointed leaf whose stalk is at (x, y) and whose tip lies in direction `turn`."""
        side = [(0, 0), (0.3, -0.42), (0.65, -0.4), (1, 0), (0.65, 0.4), (0.3, 0.42)]
        shape = curve([(px * long, py * wide) for px, py in side], fineness=5)
        self.poly(turned(shape, x, y, turn), fill)
        vein = turned([(0, 0), (long * 0.86, 0)], x, y, turn)
        self.line(vein, lighter(fill, 0.3), max(1.5, wide / 16))

    def shade(self, x: float, y: float, rx: float, ry: float, opacity: int = 44) -> None:
        """The shadow of a thing that stands at (x, y)."""
        self.oval(x, y, rx, ry, veil("#3A2A1A", opacity))

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        fill: Paint = INK,
        *,
        bold: bool = True,
        fit: float = 0,
        anchor: str = "mm",
    ) -> None:
        """`words` around (x, y), made smaller until not wider than `fit`."""
        font = typeface(round(size * FINER), bold=bold)
        if fit and (wide := font.getlength(words) / FINER) > fit:
            font = typeface(int(size * FINER * fit / wide), bold=bold)
        self._pen.text((x * FINER, y * FINER), words, font=font, fill=fill, anchor=anchor)

    def come_closer(self, left: float, top: float) -> None:
        """Cut away `left` at both sides and `top` above, and enlarge the rest to the full sheet.

        Nothing is bent as long as top is to the height what twice left is to the width.
        """
        keep = (left * FINER, top * FINER, (self.width - left) * FINER, self.height * FINER)
        self.image = self.image.resize(self.image.size, Image.Resampling.BILINEAR, keep)
        self._pen = ImageDraw.Draw(self.image, "RGBA")

    def finish(self, quality: int = 88) -> bytes:
        """The picture as a JPEG file."""
        out = io.BytesIO()
        self.image.reduce(REDUCED).save(out, "JPEG", quality=quality)
        return out.getvalue()


def typeface(size: int, *, bold: bool) -> ImageFont.FreeTypeFont:
    name = "BeVietnamPro-SemiBold.ttf" if bold else "BeVietnamPro-Regular.ttf"
    return ImageFont.truetype(str(files(fontpkg_be_vietnam_pro) / "files" / name), size)
