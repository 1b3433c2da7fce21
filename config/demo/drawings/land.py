"""The country the goods come from: one drawing for each kind of place."""

import math
from collections.abc import Callable
from random import Random

from config.demo.drawings.canvas import (
    BROCADE,
    INDIGO,
    Canvas,
    Colour,
    Point,
    arc,
    darker,
    lighter,
    mix,
    turned,
)

GREEN, MOSS, GOLD, STRAW = "#5E8C4A", "#3F6B3C", "#D9A441", "#EBCB7A"
WATER, MUD, SKY = "#9CC3C4", "#8A6B4A", "#DCE9E4"
# sky above, sky below, halo, sun
HOURS = (
    ("#DCE9E4", "#F0EBDC", "#F8E3B4", "#F2B85C"),
    ("#CFE3EC", "#E6F0EA", "#FBF0CF", "#F6CF72"),
    ("#F3D9C4", "#FAEBD3", "#F9D9A8", "#E98B4A"),
    ("#E9DDE6", "#F7E8DC", "#F9E0C4", "#EFA56B"),
)


def draw_land(c: Canvas, scene: str, rng: Random) -> None:
    """Fill the sheet with the place called `scene`."""
    _sky(c, rng)
    SCENES[scene](c, rng)


def house(c: Canvas, x: float, y: float, size: float, roof: str = "#7A4B2E") -> None:
    """A house on stilts whose floor stands over (x, y); `size` is its width."""
    wall, dark = "#B98A5B", darker("#7A5236", 0.2)
    for post in (-0.4, -0.13, 0.13, 0.4):
        c.line([(x + post * size, y), (x + post * size, y - 0.3 * size)], dark, size * 0.035)
    c.box(x - 0.46 * size, y - 0.62 * size, x + 0.46 * size, y - 0.26 * size, wall)
    for door in (-0.28, 0.0, 0.28):
        left, right = x + (door - 0.08) * size, x + (door + 0.08) * size
        c.box(left, y - 0.54 * size, right, y - 0.3 * size, darker(wall, 0.35))
    c.poly(
        [
            (x - 0.64 * size, y - 0.56 * size),
            (x - 0.3 * size, y - 0.98 * size),
            (x + 0.3 * size, y - 0.98 * size),
            (x + 0.64 * size, y - 0.56 * size),
        ],
        roof,
    )
    c.line(
        [(x - 0.64 * size, y - 0.56 * size), (x + 0.64 * size, y - 0.56 * size)],
        lighter(roof, 0.2),
        size * 0.03,
    )


def tree(c: Canvas, x: float, y: float, size: float, fill: str | Colour) -> None:
    c.line([(x, y), (x, y - size * 0.55)], darker(MUD, 0.2), size * 0.1)
    c.oval(x, y - size * 0.75, size * 0.36, size * 0.4, fill)
    c.oval(x - size * 0.1, y - size * 0.85, size * 0.18, size * 0.2, lighter(fill, 0.18))


def boat(c: Canvas, x: float, y: float, size: float, fill: str = "#6B4630") -> None:
    c.blob([(x - size, y - size * 0.12), (x, y + size * 0.16), (x + size, y - size * 0.14)], fill)
    c.line(
        [(x - size * 0.7, y - size * 0.02), (x + size * 0.7, y - size * 0.03)], STRAW, size * 0.05
    )


def _ridge(
    c: Canvas, y: float, rise: float, fill: str | Colour, rng: Random, waves: float = 2.2
) -> list[Point]:
    """Hills from edge to edge whose line runs around `y`; everything below is filled."""
    start, second = rng.uniform(0, 6), rng.uniform(0, 6)

    def height(x: float) -> float:
        turn = x / c.width * waves * math.tau
        return y - rise * (0.6 * math.sin(turn + start) + 0.4 * math.sin(2.3 * turn + second))

    line = [(float(x), height(x)) for x in range(0, c.width + 20, 20)]
    c.poly([*line, (c.width, c.height), (0, c.height)], fill)
    return line


def _sky(c: Canvas, rng: Random) -> None:
    high, low, halo, sun = rng.choice(HOURS)
    for band in range(6):
        c.box(0, c.height * 0.07 * band, c.width, c.height, mix(high, low, band / 5))
    x = c.width * rng.uniform(0.66, 0.84)
    c.oval(x, c.height * 0.2, 78, 78, halo)
    c.oval(x, c.height * 0.2, 54, 54, sun)
    for _ in range(3):
        left, top = rng.uniform(0, c.width * 0.8), rng.uniform(40, c.height * 0.26)
        for dx, size in ((0, 26), (46, 36), (100, 24)):
            c.oval(left + dx, top, size * 1.7, size * 0.62, "#FFFDF6")


def _far_mountains(c: Canvas, rng: Random, top: float = 0.36) -> None:
    _ridge(c, c.height * top, 60, mix(INDIGO, SKY, 0.62), rng, 1.6)
    _ridge(c, c.height * (top + 0.1), 46, mix(INDIGO, GREEN, 0.55), rng, 2.1)


def _terraces(c: Canvas, rng: Random) -> None:
    _far_mountains(c, rng)
    start = rng.uniform(0, 6)
    bands = [GREEN, STRAW, "#7DA353", GOLD, MOSS, "#A9B85A"]
    for row in range(13):
        y = c.height * 0.47 + row * c.height * 0.047
        line = []
        for x in range(0, c.width + 16, 16):
            turn = x / c.width * math.tau
            lift = 46 * math.sin(turn * 1.2 + start + row * 0.16) + 20 * math.sin(
                turn * 3 + row * 0.5
            )
            line.append((float(x), y - lift * (1 - row / 26)))
        fill = bands[row % len(bands)]
        c.poly([*line, (c.width, c.height), (0, c.height)], fill)
        c.line(line, lighter(fill, 0.45), 4)
    house(c, c.width * 0.2, c.height * 0.56, 96)
    house(c, c.width * 0.31, c.height * 0.6, 76, "#8C5A35")
    for across in (0.1, 0.55, 0.62, 0.9):
        tree(c, c.width * across, c.height * rng.uniform(0.52, 0.6), rng.uniform(60, 90), MOSS)


def _tea_hills(c: Canvas, rng: Random) -> None:
    _far_mountains(c, rng)
    for x, y, size, fill in (
        (0.2, 0.95, 0.46, "#6E9A4C"),
        (0.88, 1.0, 0.5, "#5E8C4A"),
        (0.54, 1.16, 0.56, "#7FAA55"),
    ):
        cx, cy, rx = c.width * x, c.height * y, c.width * size
        c.oval(cx, cy, rx, rx * 0.62, fill)
        for row in range(1, 9):
            shrink = 1 - row * 0.1
            hedge = turned(arc(rx * shrink, rx * 0.62 * shrink, 186, 354), cx, cy + row * 8, 0)
            c.line(hedge, darker(fill, 0.26), 13)
            c.line([(px, py - 4) for px, py in hedge], lighter(fill, 0.14), 5)
    house(c, c.width * 0.5, c.height * 0.58, 84)
    tree(c, c.width * 0.42, c.height * 0.58, 90, MOSS)


def _valley(c: Canvas, rng: Random) -> None:
    _ridge(c, c.height * 0.3, 90, mix(INDIGO, SKY, 0.55), rng, 1.2)
    _ridge(c, c.height * 0.43, 50, mix(INDIGO, MOSS, 0.6), rng, 1.9)
    _ridge(c, c.height * 0.55, 22, GREEN, rng, 2.4)
    fields = [STRAW, "#8FB05A", GOLD, "#6E9A4C", "#B9C46A"]
    for row in range(5):
        top, bottom = c.height * (0.58 + row * 0.09), c.height * (0.68 + row * 0.1)
        shift = rng.uniform(-80, 0)
        wide = 190 + row * 60
        for i in range(-1, 9):
            x = shift + i * wide
            fill = fields[(i * 2 + row * 3) % len(fields)]
            lean = 50 + row * 12
            shape = [(x, top), (x + wide, top), (x + wide + lean, bottom), (x + lean, bottom)]
            c.poly(shape, fill)
            c.line([*shape, shape[0]], lighter(fill, 0.4), 4)
    for x, y, size in ((0.14, 0.6, 110), (0.26, 0.63, 86), (0.8, 0.6, 96)):
        house(c, c.width * x, c.height * y, size)
    for x in (0.07, 0.33, 0.7, 0.88, 0.95):
        tree(c, c.width * x, c.height * rng.uniform(0.58, 0.64), rng.uniform(70, 110), MOSS)


def _karst(c: Canvas, rng: Random) -> None:
    for y, tall, fill in (
        (0.6, 0.34, mix(INDIGO, SKY, 0.5)),
        (0.68, 0.3, mix("#6B7480", MOSS, 0.3)),
    ):
        x = -60.0
        while x < c.width + 100:
            wide, high = rng.uniform(90, 170), c.height * tall * rng.uniform(0.6, 1.1)
            base = c.height * y
            peak = [
                (x - wide, base + 60), (x - wide * 0.7, base - high * 0.5),
                (x - wide * 0.2, base - high), (x + wide * 0.3, base - high * 0.94),
                (x + wide * 0.75, base - high * 0.4), (x + wide, base + 60),
            ]  # fmt: skip
            c.blob(peak, fill)
            c.stroke(
                [(x, base - high * 0.8), (x + wide * 0.1, base - high * 0.4)], lighter(fill), 5
            )
            x += wide * rng.uniform(1.0, 1.4)
    _ridge(c, c.height * 0.66, 20, "#7C9A55", rng, 1.5)
    for row in range(7):
        y = c.height * (0.7 + row * 0.05)
        for i in range(26):
            x = i * c.width / 24 + (row % 2) * 26 + rng.uniform(-6, 6)
            for side in (-118, -90, -62):
                c.leaf(x, y + 26, 34 + row * 3, 11, side, mix(GREEN, MOSS, rng.random()))
    house(c, c.width * 0.74, c.height * 0.69, 104, "#6B5A4A")


def _orchard(c: Canvas, rng: Random) -> None:
    _far_mountains(c, rng, 0.3)
    _ridge(c, c.height * 0.54, 40, "#9DB765", rng, 1.4)
    _ridge(c, c.height * 0.66, 30, "#84A656", rng, 1.8)
    fruit = rng.choice([BROCADE, "#E08A2B"])
    for row in range(4):
        size = 104 + row * 34
        for i in range(10):
            x = i * c.width / 8 + (row % 2) * c.width / 16 + rng.uniform(-16, 16) - 30
            y = c.height * (0.62 + row * 0.125) + rng.uniform(-8, 8)
            tree(c, x, y, size, mix(GREEN, MOSS, rng.random()))
            for _ in range(5):
                dx, dy = rng.uniform(-0.26, 0.26) * size, rng.uniform(-1.0, -0.52) * size
                c.oval(x + dx, y + dy, size * 0.05, size * 0.05, fruit)


def _lake(c: Canvas, rng: Random) -> None:
    _far_mountains(c, rng)
    c.box(0, c.height * 0.52, c.width, c.height, WATER)
    for _ in range(44):
        x, y = rng.uniform(0, c.width), rng.uniform(c.height * 0.55, c.height)
        c.line([(x, y), (x + rng.uniform(30, 120), y)], lighter(WATER, 0.4), 4)
    for x, y, size in ((0.16, 0.56, 150), (0.5, 0.545, 110), (0.84, 0.58, 190)):
        cx, cy = c.width * x, c.height * y
        c.oval(cx, cy, size, size * 0.12, darker(WATER, 0.14))
        c.poly(turned(arc(size, size * 0.46, 180, 360), cx, cy, 0), mix(GREEN, MOSS, 0.4))
        for dx in (-0.5, -0.1, 0.35):
            tree(c, cx + dx * size, cy - size * 0.34, size * 0.5, MOSS)
    boat(c, c.width * 0.36, c.height * 0.74, 84)
    boat(c, c.width * 0.66, c.height * 0.86, 108, "#5A3D2B")


def _palm(c: Canvas, x: float, y: float, size: float) -> None:
    """Water coconut: fronds that rise from the bank."""
    for turn in (-150, -128, -106, -84, -62, -40):
        tip = turned([(size, 0)], x, y, turn)[0]
        c.stroke(
            [(x, y), ((x + tip[0]) / 2, (y + tip[1]) / 2 - size * 0.08), tip], MOSS, size * 0.03
        )
        for step in range(3, 10):
            t = step / 10
            px, py = x + (tip[0] - x) * t, y + (tip[1] - y) * t - size * 0.3 * t * (1 - t)
            for side in (-46, 46):
                c.leaf(px, py, size * 0.3 * (1.1 - t * 0.6), size * 0.06, turn + side, GREEN)


def _river(c: Canvas, rng: Random) -> None:
    _ridge(c, c.height * 0.5, 14, mix(MOSS, SKY, 0.4), rng, 2)
    c.box(0, c.height * 0.53, c.width, c.height, WATER)
    for _ in range(40):
        x, y = rng.uniform(0, c.width), rng.uniform(c.height * 0.56, c.height)
        c.line([(x, y), (x + rng.uniform(30, 120), y)], lighter(WATER, 0.4), 4)
    bank = [(0, 0.5), (0.3, 0.53), (0.24, 0.66), (0, 0.72)]
    c.poly([(c.width * x, c.height * y) for x, y in bank], MUD)
    c.poly([(c.width * (1 - x), c.height * (y + 0.02)) for x, y in bank], darker(MUD, 0.1))
    house(c, c.width * 0.83, c.height * 0.6, 150, "#5E6B4A")
    for x, y, size in ((0.05, 0.62, 190), (0.2, 0.6, 150), (0.97, 0.66, 200), (0.7, 0.56, 110)):
        _palm(c, c.width * x, c.height * y, size)
    boat(c, c.width * 0.46, c.height * 0.7, 110)
    c.line([(c.width * 0.5, c.height * 0.7), (c.width * 0.56, c.height * 0.63)], "#4A3222", 6)


def _mangrove(c: Canvas, rng: Random) -> None:
    _ridge(c, c.height * 0.42, 24, mix(MOSS, SKY, 0.45), rng, 3)
    c.box(0, c.height * 0.5, c.width, c.height, mix(WATER, MUD, 0.25))
    bark = "#5F4632"
    trunks = sorted((rng.uniform(0.6, 0.8), (i + rng.uniform(-0.2, 0.2)) / 7) for i in range(8))
    for foot, x in trunks:
        px, py, size = c.width * x, c.height * foot, 240 * foot
        for spread in (-0.46, -0.26, -0.1, 0.12, 0.3, 0.5):
            c.stroke(
                [(px, py - size * 0.5), (px + spread * size * 0.6, py - size * 0.3),
                 (px + spread * size, py)],
                bark, size * 0.034,
            )  # fmt: skip
        c.line(
            [(px, py - size * 0.45), (px + rng.uniform(-10, 10), py - size * 1.3)],
            bark,
            size * 0.06,
        )
        for _ in range(9):
            dx, dy = rng.uniform(-0.5, 0.5) * size, rng.uniform(-1.7, -1.15) * size
            c.oval(px + dx, py + dy, size * 0.24, size * 0.16, mix(GREEN, MOSS, rng.random()))
    c.box(0, c.height * 0.84, c.width, c.height, MUD)
    for _ in range(26):
        x, y = rng.uniform(0, c.width), rng.uniform(c.height * 0.85, c.height)
        c.oval(x, y, rng.uniform(16, 50), 6, darker(MUD, 0.14))


def _forest(c: Canvas, rng: Random) -> None:
    c.box(0, c.height * 0.16, c.width, c.height * 0.62, mix(MOSS, SKY, 0.5))
    c.box(0, c.height * 0.6, c.width, c.height, mix(WATER, MOSS, 0.25))
    for depth in range(3):
        bark = mix("#EFE6D2", MOSS, 0.5 - depth * 0.2)
        for i in range(9):
            x = (i + rng.uniform(-0.3, 0.3)) * c.width / 8
            foot = c.height * (0.62 + depth * 0.09)
            wide = 12 + depth * 7
            c.line([(x, foot), (x + rng.uniform(-14, 14), -20)], bark, wide)
            c.line([(x, foot), (x, foot + 60 + depth * 30)], mix(bark, WATER, 0.6), wide)
            for knot in range(5):
                y = foot - 60 - knot * rng.uniform(60, 90)
                c.line([(x - wide * 0.3, y), (x + wide * 0.2, y)], darker(bark, 0.3), 3)
        for _ in range(16):
            c.oval(
                rng.uniform(0, c.width), rng.uniform(-20, c.height * 0.2), 90, 40,
                mix(GREEN, MOSS, rng.random()),
            )  # fmt: skip
    for _ in range(30):
        x, y = rng.uniform(0, c.width), rng.uniform(c.height * 0.7, c.height)
        c.line([(x, y), (x + rng.uniform(30, 100), y)], lighter(WATER, 0.3), 4)
    boat(c, c.width * 0.7, c.height * 0.84, 110)


SCENES: dict[str, Callable[[Canvas, Random], None]] = {
    "terraces": _terraces,
    "tea_hills": _tea_hills,
    "valley": _valley,
    "karst": _karst,
    "orchard": _orchard,
    "lake": _lake,
    "river": _river,
    "mangrove": _mangrove,
    "forest": _forest,
}
