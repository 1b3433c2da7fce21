"""What goods are packed in, with a paper label: pouches, sacks, jars, bottles, cartons."""

from config.demo.drawings.canvas import (
    BROCADE,
    INDIGO,
    INK,
    PAPER,
    Canvas,
    Colour,
    arc,
    darker,
    lighter,
    turned,
    veil,
)

KRAFT, GLASS = "#CDA775", "#DDE9E6"


def label(
    c: Canvas,
    x: float,
    y: float,
    wide: float,
    high: float,
    words: str,
    ground: Colour | str = PAPER,
) -> None:
    """A paper label around (x, y) with the goods' name."""
    c.box(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2, ground, 10)
    inner = (x - wide / 2 + 7, y - high / 2 + 7, x + wide / 2 - 7, y + high / 2 - 7)
    c.line([inner[:2], (inner[2], inner[1])], BROCADE, 3)
    c.line([(inner[0], inner[3]), inner[2:]], BROCADE, 3)
    c.text(x, y, words, min(42, high * 0.44), INDIGO, fit=wide - 20)


def pouch(
    c: Canvas, x: float, y: float, wide: float, high: float, words: str, fill: str | Colour = KRAFT
) -> None:
    """A stand-up pack whose foot is at (x, y)."""
    c.shade(x, y, wide * 0.62, wide * 0.12)
    left, right, top = x - wide / 2, x + wide / 2, y - high
    c.poly(
        [
            (left + 8, top),
            (right - 8, top),
            (right, y - 12),
            (right - 14, y + 4),
            (left + 14, y + 4),
            (left, y - 12),
        ],
        fill,
    )
    c.box(left + 8, top, right - 8, top + 22, darker(fill, 0.14))
    c.line([(left + 10, top + 34), (right - 10, top + 34)], darker(fill, 0.1), 3)
    c.poly(
        [(right - 8, top + 22), (right, y - 12), (right - 14, y + 4), (right - 30, top + 22)],
        darker(fill, 0.07),
    )
    label(c, x, y - high * 0.46, wide * 0.86, high * 0.28, words)


def sack(
    c: Canvas, x: float, y: float, wide: float, high: float, words: str, inside: str | Colour
) -> None:
    """An open burlap sack whose foot is at (x, y), full of `inside`."""
    jute = "#C9A26B"
    c.shade(x, y, wide * 0.62, wide * 0.13)
    shape = [
        (x - wide * 0.42, y - high), (x - wide * 0.5, y - high * 0.5), (x - wide * 0.48, y - 10), (x, y + 12),
        (x + wide * 0.48, y - 10), (x + wide * 0.5, y - high * 0.5), (x + wide * 0.42, y - high),
    ]  # fmt: skip
    c.blob(shape, jute)
    for i in range(1, 8):
        level = y - high * i / 8
        c.line([(x - wide * 0.46, level), (x + wide * 0.46, level + 4)], darker(jute, 0.08), 2)
    c.oval(x, y - high, wide * 0.46, wide * 0.14, darker(jute, 0.3))
    c.oval(x, y - high + 2, wide * 0.41, wide * 0.11, inside)
    c.poly(turned(arc(wide * 0.38, wide * 0.18, 180, 360), x, y - high + 4, 0), inside)
    c.line(turned(arc(wide * 0.46, wide * 0.14, 5, 175), x, y - high, 0), lighter(jute, 0.18), 16)
    if words:
        label(c, x, y - high * 0.44, wide * 0.74, high * 0.26, words)


def jar(
    c: Canvas,
    x: float,
    y: float,
    wide: float,
    high: float,
    words: str,
    fill: str | Colour,
    lid: str | Colour = BROCADE,
) -> None:
    """A glass jar whose foot is at (x, y); what is in it may be drawn first with `jar_glass`."""
    jar_glass(c, x, y, wide, high, fill)
    jar_finish(c, x, y, wide, high, words, lid)


def jar_glass(c: Canvas, x: float, y: float, wide: float, high: float, fill: str | Colour) -> None:
    c.shade(x, y, wide * 0.6, wide * 0.12)
    c.box(x - wide / 2, y - high, x + wide / 2, y, GLASS, wide * 0.16)
    c.box(x - wide / 2 + 9, y - high * 0.9, x + wide / 2 - 9, y - 9, fill, wide * 0.13)
    c.box(
        x - wide / 2 + 9, y - high * 0.9, x + wide / 2 - 9, y - high * 0.8, lighter(fill, 0.16), 8
    )


def jar_finish(
    c: Canvas, x: float, y: float, wide: float, high: float, words: str, lid: str | Colour
) -> None:
    c.box(x - wide * 0.46, y - high - 44, x + wide * 0.46, y - high + 8, lid, 10)
    c.box(x - wide * 0.46, y - high - 44, x + wide * 0.46, y - high - 30, lighter(lid, 0.2), 8)
    for i in range(-4, 5):
        c.line(
            [(x + i * wide * 0.1, y - high - 26), (x + i * wide * 0.1, y - high + 2)],
            darker(lid, 0.18),
            3,
        )
    c.box(x - wide * 0.4, y - high * 0.86, x - wide * 0.33, y - high * 0.2, veil("#FFFFFF", 110), 8)
    if words:
        label(c, x, y - high * 0.4, wide * 0.86, high * 0.3, words)


def bottle(
    c: Canvas,
    x: float,
    y: float,
    wide: float,
    high: float,
    words: str,
    fill: str | Colour,
    cap: str | Colour = INK,
) -> None:
    c.shade(x, y, wide * 0.6, wide * 0.14)
    body = high * 0.66
    for inset, paint in ((0, GLASS), (8, fill)):
        half = wide / 2 - inset
        c.poly(
            [(x - half, y - inset), (x - half, y - body + inset), (x - wide * 0.17 + inset / 2, y - high * 0.84),
             (x - wide * 0.17 + inset / 2, y - high), (x + wide * 0.17 - inset / 2, y - high),
             (x + wide * 0.17 - inset / 2, y - high * 0.84), (x + half, y - body + inset), (x + half, y - inset)],
            paint,
        )  # fmt: skip
    c.box(x - wide * 0.2, y - high - 40, x + wide * 0.2, y - high + 8, cap, 6)
    c.box(x - wide * 0.38, y - body, x - wide * 0.3, y - high * 0.1, veil("#FFFFFF", 100), 8)
    label(c, x, y - body * 0.46, wide * 0.96, high * 0.2, words)


def carton(
    c: Canvas, x: float, y: float, wide: float, high: float, words: str, fill: str | Colour
) -> None:
    """A paper box seen a little from the side, its foot at (x, y)."""
    c.shade(x + wide * 0.1, y, wide * 0.72, wide * 0.12)
    left, right, deep = x - wide / 2, x + wide / 2, wide * 0.22
    c.poly(
        [
            (right, y - high),
            (right + deep, y - high - deep * 0.5),
            (right + deep, y - deep * 0.5),
            (right, y),
        ],
        darker(fill, 0.25),
    )
    c.poly(
        [
            (left, y - high),
            (left + deep, y - high - deep * 0.5),
            (right + deep, y - high - deep * 0.5),
            (right, y - high),
        ],
        lighter(fill, 0.2),
    )
    c.box(left, y - high, right, y, fill)
    c.box(left, y - high * 0.2, right, y - high * 0.14, "#E5B95C")
    label(c, x, y - high * 0.56, wide * 0.84, high * 0.34, words)
