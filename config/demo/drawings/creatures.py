"""Creatures of water and air."""

from config.demo.drawings.canvas import INK, Canvas, Colour, arc, darker, lighter, turned


def bee(c: Canvas, x: float, y: float) -> None:
    for side in (-30, 20):
        c.oval(x + side * 0.4, y - 20, 22, 13, (255, 255, 255, 190), side - 40)
    c.oval(x, y, 28, 18, "#E5A92C")
    for dx in (-10, 2, 14):
        c.line([(x + dx, y - 15), (x + dx, y + 15)], INK, 6)
    c.oval(x - 26, y - 2, 11, 11, INK)


def fish(c: Canvas, x: float, y: float, long: float, turn: float, fill: str | Colour) -> None:
    """A fish whose head lies in direction `turn`."""
    tail = [(-0.34, 0), (-0.54, -0.15), (-0.48, 0), (-0.54, 0.15)]
    c.poly(turned([(px * long, py * long) for px, py in tail], x, y, turn), darker(fill, 0.15))
    body = [(-0.38, 0), (-0.12, -0.13), (0.2, -0.15), (0.46, -0.01), (0.2, 0.13), (-0.12, 0.11)]
    c.blob(turned([(px * long, py * long) for px, py in body], x, y, turn), fill)
    c.stroke(
        turned(
            [(-0.28 * long, 0.02 * long), (0, 0.06 * long), (0.26 * long, 0.05 * long)], x, y, turn
        ),
        lighter(fill, 0.4),
        long * 0.035,
    )
    for k in range(5):
        px, py = turned([((-0.22 + k * 0.09) * long, -0.035 * long)], x, y, turn)[0]
        c.line(
            turned(arc(long * 0.032, long * 0.045, -80, 80, 8), px, py, turn),
            darker(fill, 0.22),
            2.5,
        )
    c.line(
        turned(
            arc(long * 0.05, long * 0.1, 100, 260, 10),
            *turned([(0.31 * long, 0)], x, y, turn)[0],
            turn,
        ),
        darker(fill, 0.3),
        4,
    )
    eye = turned([(0.36 * long, -0.04 * long)], x, y, turn)[0]
    c.oval(*eye, long * 0.026, long * 0.026, "#F7F3E6")
    c.oval(*eye, long * 0.014, long * 0.014, INK)


def shrimp(c: Canvas, x: float, y: float, r: float, turn: float, fill: str | Colour) -> None:
    """A curled shrimp: rings along an arc, a tail fan, feelers."""
    for i in range(7):
        px, py = turned(arc(r * 0.66, r * 0.62, 200 + i * 36, 200 + i * 36, 1)[:1], x, y, turn)[0]
        size = r * (0.44 - i * 0.036)
        c.oval(px, py, size, size, lighter(fill, 0.16) if i % 2 else fill)
    tail = turned(arc(r * 0.66, r * 0.62, 458, 458, 1)[:1], x, y, turn)[0]
    for spread in (-26, 16):
        c.leaf(*tail, r * 0.5, r * 0.24, turn + 190 + spread, darker(fill, 0.1))
    head = turned(arc(r * 0.66, r * 0.62, 196, 196, 1)[:1], x, y, turn)[0]
    for spread in (-10, 14):
        c.line(
            [head, turned([(r * 0.95, 0)], *head, turn + 120 + spread)[0]],
            darker(fill, 0.25),
            max(1.5, r * 0.05),
        )
    c.oval(*head, r * 0.07, r * 0.07, INK)


def crab(
    c: Canvas, x: float, y: float, r: float, fill: str | Colour, *, shadow: bool = True
) -> None:
    """A crab seen from above; claws up, three pale stripes on the shell as on a ba khía."""
    if shadow:
        c.shade(x, y + r * 0.62, r * 1.4, r * 0.24)
    for side in (-1, 1):
        for k, reach in enumerate((1.3, 1.42, 1.36, 1.16)):
            lift = (-0.32 + k * 0.32) * r
            knee = (x + side * r * 1.06, y + lift - r * 0.2)
            c.line(
                [
                    (x + side * r * 0.6, y + lift * 0.6),
                    knee,
                    (x + side * r * reach, y + lift + r * 0.34),
                ],
                darker(fill, 0.12),
                r * 0.12,
            )
        elbow = (x + side * r * 1.06, y - r * 0.6)
        c.line([(x + side * r * 0.6, y - r * 0.36), elbow], fill, r * 0.24)
        claw = [
            (0, 0.16),
            (0.12, -0.3),
            (0.02, -0.72),
            (-0.16, -0.42),
            (-0.24, -0.7),
            (-0.4, -0.3),
            (-0.26, 0.1),
        ]
        c.blob(
            [(elbow[0] + side * px * r * 0.9, elbow[1] + py * r * 0.9) for px, py in claw],
            lighter(fill, 0.12),
        )
    shell = [
        (-0.82, -0.3),
        (-0.4, -0.58),
        (0.4, -0.58),
        (0.82, -0.3),
        (0.6, 0.36),
        (0.24, 0.58),
        (-0.24, 0.58),
        (-0.6, 0.36),
    ]
    c.blob([(x + px * r, y + py * r) for px, py in shell], fill)
    for level in (-0.3, -0.04, 0.22):
        half = 0.56 - abs(level) * 0.4
        c.stroke(
            [
                (x - half * r, y + level * r),
                (x, y + (level + 0.09) * r),
                (x + half * r, y + level * r),
            ],
            lighter(fill, 0.34),
            r * 0.06,
        )
    for side in (-1, 1):
        c.line(
            [(x + side * r * 0.24, y - r * 0.52), (x + side * r * 0.28, y - r * 0.72)],
            darker(fill, 0.2),
            r * 0.07,
        )
        c.oval(x + side * r * 0.28, y - r * 0.76, r * 0.09, r * 0.09, INK)
