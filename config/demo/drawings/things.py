"""What stands on the table beside the packs: trays, bowls, baskets, pots, and what lies about."""

import math
from collections.abc import Callable
from random import Random

from config.demo.drawings.canvas import (
    BROCADE,
    INK,
    MIST,
    PAPER,
    Canvas,
    Colour,
    arc,
    darker,
    lighter,
    mix,
    turned,
    veil,
)

WOOD, BAMBOO, CLAY = "#B5824F", "#D8B271", "#8E4B32"


def table(c: Canvas, cloth: str | Colour, rng: Random) -> None:
    """A wooden table from the middle of the sheet down, with a woven runner at its front."""
    top, edge = c.height * 0.6, c.height * 0.9
    c.box(0, top, c.width, c.height, WOOD)
    for i in range(7):
        y = top + (c.height - top) * (i / 7) ** 1.3
        c.line([(0, y), (c.width, y + rng.uniform(-3, 3))], darker(WOOD, 0.12), 3)
    c.line([(0, top), (c.width, top)], lighter(WOOD, 0.3), 5)
    woven_band(c, edge, c.height, cloth)


def woven_band(
    c: Canvas, top: float, bottom: float, cloth: str | Colour, *, inset: float = 0
) -> None:
    """Brocade: a row of lozenges below two stripes, `inset` from both edges of the sheet."""
    left, right = inset, c.width - inset
    c.box(left, top, right, bottom, cloth)
    c.box(left, top, right, top + 8, "#E5B95C")
    c.box(left, top + 13, right, top + 17, PAPER)
    middle, reach = (top + 20 + bottom) / 2, (bottom - top) * 0.3
    count = int((right - left) / (reach * 2.6))
    step = (right - left) / count
    for i in range(count):
        x = left + (i + 0.5) * step
        for share, fill in ((1.0, PAPER), (0.62, BROCADE), (0.28, "#E5B95C")):
            r = reach * share
            c.poly([(x - r, middle), (x, middle - r), (x + r, middle), (x, middle + r)], fill)
        c.oval(x + step / 2, middle, 5, 5, "#E5B95C")


def tray(c: Canvas, x: float, y: float, rx: float, ry: float) -> None:
    """A flat round bamboo tray (nong)."""
    c.shade(x, y + ry * 0.22, rx * 1.04, ry)
    c.oval(x, y, rx, ry, darker(BAMBOO, 0.25))
    c.oval(x, y - 5, rx * 0.96, ry * 0.94, BAMBOO)
    c.oval(x, y - 2, rx * 0.87, ry * 0.82, lighter(BAMBOO, 0.18))
    for i in range(-9, 10):
        share = i / 10
        half = math.sqrt(1 - share * share) * 0.86
        dim = darker(BAMBOO, 0.06)
        c.line(
            [
                (x + share * rx * 0.86, y - half * ry * 0.9),
                (x + share * rx * 0.86, y + half * ry * 0.9),
            ],
            dim,
            2,
        )
        c.line(
            [(x - half * rx, y + share * ry * 0.82), (x + half * rx, y + share * ry * 0.82)], dim, 2
        )


def heap(
    c: Canvas, x: float, y: float, rx: float, high: float, count: int, rng: Random,
    piece: Callable[[float, float], None],
) -> None:  # fmt: skip
    """Many pieces piled around (x, y): wide at the foot, `high` in the middle, nearest last."""
    places = []
    for _ in range(count):
        angle, far = rng.uniform(0, math.tau), math.sqrt(rng.random())
        depth = math.sin(angle) * far
        lift = high * (1 - far) * 1.0
        places.append((depth, x + math.cos(angle) * far * rx, y + depth * rx * 0.3 - lift))
    for _depth, px, py in sorted(places):
        piece(px, py)


def bowl(
    c: Canvas, x: float, y: float, rx: float, fill: str | Colour, inside: str | Colour
) -> None:
    """A bowl whose rim is around (x, y); the foot stands at y + 0.72 rx."""
    c.shade(x, y + rx * 0.72, rx * 0.8, rx * 0.16)
    c.poly(turned(arc(rx, rx * 0.78, 0, 180), x, y, 0), fill)
    c.box(x - rx * 0.42, y + rx * 0.64, x + rx * 0.42, y + rx * 0.76, darker(fill), 6)
    c.line(turned(arc(rx * 0.9, rx * 0.5, 25, 155), x, y, 0), lighter(fill, 0.5), 5)
    c.oval(x, y, rx, rx * 0.26, lighter(fill, 0.3))
    c.oval(x, y + 2, rx * 0.92, rx * 0.22, inside)


def basket(c: Canvas, x: float, y: float, rx: float, high: float) -> None:
    """A woven basket whose opening is around (x, y); goods are drawn before its front."""
    c.shade(x, y + high, rx * 0.9, rx * 0.2)
    c.oval(x, y, rx, rx * 0.26, darker(BAMBOO, 0.45))


def basket_front(c: Canvas, x: float, y: float, rx: float, high: float) -> None:
    rim, foot = (
        turned(arc(rx, rx * 0.26, 180, 0), x, y, 0),
        turned(arc(rx * 0.74, rx * 0.2, 0, 180), x, y + high, 0),
    )
    c.poly([*rim, *foot], BAMBOO)
    rows = 6
    for row in range(rows):
        share = (row + 0.5) / rows
        r = rx * (1 - 0.26 * share)
        c.line(
            turned(arc(r, rx * 0.26 * (1 - 0.2 * share), 2, 178), x, y + high * share, 0),
            darker(BAMBOO, 0.18),
            5,
        )
    for i in range(1, 14):
        angle = math.pi * i / 14
        top = (x + math.cos(angle) * rx, y + math.sin(angle) * rx * 0.26)
        bottom = (x + math.cos(angle) * rx * 0.74, y + high + math.sin(angle) * rx * 0.2)
        c.line([top, bottom], darker(BAMBOO, 0.28), 4)
    c.line(turned(arc(rx, rx * 0.26, 0, 180), x, y, 0), lighter(BAMBOO, 0.25), 14)


def cup(c: Canvas, x: float, y: float, rx: float, drink: str | Colour) -> None:
    """A small tea cup with steam."""
    bowl(c, x, y, rx, "#F3EEE2", drink)
    for side in (-0.25, 0.2):
        base = x + side * rx
        points = [(base, y - 16), (base - 12, y - 46), (base + 10, y - 76), (base - 4, y - 108)]
        c.stroke(points, veil("#FFFFFF", 150), 6)


def teapot(c: Canvas, x: float, y: float, r: float, fill: str | Colour = CLAY) -> None:
    """A clay pot whose belly is around (x, y)."""
    c.shade(x, y + r * 0.86, r * 1.2, r * 0.2)
    c.line(
        turned(arc(r * 0.42, r * 0.44, -80, 80), x + r * 0.86, y - r * 0.05, 0),
        darker(fill, 0.1),
        r * 0.13,
    )
    spout = [
        (-0.7, 0.1),
        (-1.25, -0.3),
        (-1.45, -0.62),
        (-1.22, -0.6),
        (-0.95, -0.3),
        (-0.6, -0.34),
    ]
    c.poly([(x + px * r, y + py * r) for px, py in spout], darker(fill, 0.08))
    c.oval(x, y, r, r * 0.84, fill)
    c.oval(x - r * 0.3, y - r * 0.26, r * 0.34, r * 0.24, lighter(fill, 0.14))
    c.oval(x, y - r * 0.72, r * 0.5, r * 0.16, darker(fill, 0.2))
    c.poly(turned(arc(r * 0.46, r * 0.26, 180, 360), x, y - r * 0.74, 0), fill)
    c.oval(x, y - r * 1.04, r * 0.11, r * 0.1, darker(fill, 0.15))


def sprig(
    c: Canvas, x: float, y: float, size: float, fill: str | Colour, turn: float = -60
) -> None:
    """A twig with leaves on both sides, from (x, y) in direction `turn`."""
    tip = turned([(size, 0)], x, y, turn)[0]
    c.line([(x, y), tip], darker(fill, 0.2), max(3, size * 0.03))
    for i in range(1, 6):
        px, py = x + (tip[0] - x) * i / 6, y + (tip[1] - y) * i / 6
        for side in (-48, 48):
            c.leaf(px, py, size * 0.36, size * 0.15, turn + side, fill)
    c.leaf(*tip, size * 0.34, size * 0.15, turn, lighter(fill, 0.12))


def chilli(
    c: Canvas, x: float, y: float, long: float, turn: float, fill: str | Colour = "#C93A22"
) -> None:
    shape = [(0, -0.13), (0.5, -0.15), (1, 0.06), (0.5, 0.13), (0, 0.13)]
    c.blob(turned([(px * long, py * long) for px, py in shape], x, y, turn), fill)
    c.line(
        [turned([(0, 0)], x, y, turn)[0], turned([(-0.22 * long, -0.08 * long)], x, y, turn)[0]],
        "#4F7A3A",
        long * 0.07,
    )


def garlic(c: Canvas, x: float, y: float, r: float) -> None:
    c.blob(
        [
            (x, y - r * 1.3),
            (x + r * 0.3, y - r * 0.7),
            (x + r, y),
            (x + r * 0.4, y + r * 0.6),
            (x - r * 0.4, y + r * 0.6),
            (x - r, y),
            (x - r * 0.3, y - r * 0.7),
        ],
        "#F4ECE2",
    )
    for side in (-0.4, 0, 0.4):
        c.stroke(
            [
                (x, y - r * 0.8),
                (x + side * r * 1.2, y - r * 0.1),
                (x + side * r * 0.5, y + r * 0.5),
            ],
            mix("#F4ECE2", "#B79AA0", 0.4),
            3,
        )


def lime(
    c: Canvas,
    x: float,
    y: float,
    r: float,
    flesh: str | Colour = "#D6E08A",
    rind: str | Colour = "#6F9E3F",
) -> None:
    """A fruit cut through: rind, pith and segments."""
    c.oval(x, y, r, r, rind)
    c.oval(x, y, r * 0.88, r * 0.88, lighter(rind, 0.75))
    for i in range(9):
        middle = math.tau * i / 9
        wedge = [
            (x + math.cos(middle) * r * 0.1, y + math.sin(middle) * r * 0.1),
            *((x + math.cos(middle + d) * r * 0.78, y + math.sin(middle + d) * r * 0.78) for d in (-0.28, -0.1, 0.1, 0.28)),
        ]  # fmt: skip
        c.poly(wedge, flesh)


def flowers(c: Canvas, x: float, y: float, size: float, fill: str | Colour, rng: Random) -> None:
    for _ in range(7):
        px, py = x + rng.uniform(-1, 1) * size, y + rng.uniform(-0.5, 0.5) * size
        r = size * 0.13
        for i in range(5):
            angle = math.tau * i / 5
            c.oval(px + math.cos(angle) * r, py + math.sin(angle) * r, r * 0.8, r * 0.8, fill)
        c.oval(px, py, r * 0.5, r * 0.5, "#E5B95C")


def signature(c: Canvas) -> None:
    """The words that say what this is: a drawing."""
    wide, high = 196, 38
    right, bottom = c.width - 18, c.height - 16
    c.box(right - wide, bottom - high, right, bottom, mix(PAPER, MIST, 0.2), 8)
    c.text(right - wide / 2, bottom - high / 2 - 1, "Hình minh hoạ", 22, INK, bold=False)
