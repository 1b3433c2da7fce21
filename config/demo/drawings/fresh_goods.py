"""Roots, fruit, leaves, mushrooms and shoots."""

import math
from random import Random

from config.demo.drawings import packs, things
from config.demo.drawings.canvas import Canvas, Colour, darker, lighter, mix, turned

LEAVES = {"oval": "#5A8A4A", "palm": "#4C7F55", "purple": "#4F7A4A"}


def sweet_potato(c: Canvas, words: str, tone: str, rng: Random) -> None:
    skin, flesh = "#A14A4E", "#EE9A3C"

    def tuber(x: float, y: float, long: float, turn: float) -> None:
        fill = mix(skin, "#7F3540", rng.random() * 0.6)
        side = [
            (-0.5, 0.02),
            (-0.3, -0.2),
            (0.05, -0.25),
            (0.34, -0.17),
            (0.52, 0.05),
            (0.3, 0.2),
            (-0.1, 0.24),
            (-0.36, 0.16),
        ]
        c.blob(turned([(px * long, py * long) for px, py in side], x, y, turn), fill)
        c.stroke(
            turned(
                [(-0.3 * long, -0.09 * long), (0, -0.14 * long), (0.28 * long, -0.08 * long)],
                x,
                y,
                turn,
            ),
            lighter(fill, 0.25),
            6,
        )
        for _ in range(5):
            px, py = turned(
                [(rng.uniform(-0.3, 0.3) * long, rng.uniform(-0.06, 0.14) * long)], x, y, turn
            )[0]
            c.line(
                turned([(-9, 0), (9, 0)], px, py, turn + rng.uniform(-20, 20)), darker(fill, 0.3), 3
            )

    things.basket(c, 470, 640, 290, 180)
    for x, y, turn in (
        (330, 600, -30),
        (470, 560, 12),
        (600, 600, 28),
        (400, 630, 4),
        (540, 640, -10),
        (450, 590, -70),
    ):
        tuber(x, y, 230, turn)
    things.basket_front(c, 470, 640, 290, 180)
    c.shade(960, 828, 210, 26)
    tuber(950, 780, 300, -6)
    for x in (880, 1010, 1100):
        c.shade(x, 870, 62, 12)
        c.oval(x, 838, 62, 46, skin)
        c.oval(x, 835, 54, 38, flesh)
        c.oval(x - 6, 832, 30, 18, lighter(flesh, 0.25))
    packs.label(c, 1010, 640, 300, 92, words)
    things.sprig(c, 740, 850, 120, "#5E8C4A", -50)


def root(c: Canvas, words: str, tone: str, rng: Random) -> None:
    skin, flesh, ring = (
        ("#C99A5B", "#F3DC8E", "#E3BE62") if tone == "ginger" else ("#8C5F45", "#F6E7C9", "#EBCF9C")
    )

    def knob(x: float, y: float, size: float, turn: float) -> None:
        c.shade(x, y + size * 0.36, size * 0.8, size * 0.14)
        parts = (
            [
                (0, 0, 0.62, 0.3, 0),
                (-0.42, -0.24, 0.34, 0.2, -50),
                (0.4, -0.26, 0.36, 0.2, -40),
                (0.5, 0.14, 0.32, 0.2, 24),
                (-0.1, -0.34, 0.26, 0.18, -84),
            ]
            if tone == "ginger"
            else [(0, 0, 0.66, 0.3, 0), (0.5, 0.02, 0.3, 0.16, 6), (-0.52, 0, 0.26, 0.15, -6)]
        )
        for dx, dy, rx, ry, lean in parts:
            px, py = turned([(dx * size, dy * size)], x, y, turn)[0]
            c.oval(px, py, rx * size, ry * size, skin, turn + lean)
            for k in (-0.4, 0.1, 0.5):
                c.line(
                    turned(
                        [(k * rx * size, -ry * size * 0.7), (k * rx * size + 5, ry * size * 0.7)],
                        px,
                        py,
                        turn + lean,
                    ),
                    darker(skin, 0.14),
                    3,
                )
            c.line(
                turned(
                    [(-rx * size * 0.5, -ry * size * 0.5), (rx * size * 0.4, -ry * size * 0.55)],
                    px,
                    py,
                    turn + lean,
                ),
                lighter(skin, 0.35),
                5,
            )

    things.tray(c, 560, 780, 380, 110)
    for x, y, size, turn in (
        (380, 690, 150, -16),
        (600, 650, 165, 10),
        (760, 720, 140, 20),
        (480, 760, 150, 6),
        (660, 780, 160, -8),
    ):
        knob(x, y, size, turn)
    for i in range(4):
        x, y = 960 + (i % 2) * 110, 770 + (i // 2) * 66
        c.shade(x, y + 26, 54, 12)
        c.oval(x, y, 54, 40, darker(skin, 0.06))
        c.oval(x, y - 2, 47, 33, flesh)
        c.oval(x, y - 2, 29, 19, ring)
        c.oval(x, y - 2, 22, 13, flesh)
    packs.label(c, 1030, 640, 290, 92, words)
    for turn in (-100, -78, -60):
        c.leaf(980, 600, 210, 44, turn, "#6E9A4C")


def fruit(c: Canvas, words: str, tone: str, rng: Random) -> None:
    skin, r = ("#E7C93F", 92) if tone == "pomelo" else ("#E39A2D", 66)
    flesh = "#F3E7A8" if tone == "pomelo" else "#F2A33C"

    def whole(x: float, y: float, size: float) -> None:
        fill = mix(skin, "#9DB53C", rng.uniform(0, 0.34))
        if tone == "pomelo":
            c.blob(
                [
                    (x, y - size * 1.22),
                    (x + size * 0.55, y - size * 0.8),
                    (x + size, y + 4),
                    (x + size * 0.6, y + size * 0.84),
                    (x, y + size),
                    (x - size * 0.6, y + size * 0.84),
                    (x - size, y + 4),
                    (x - size * 0.55, y - size * 0.8),
                ],
                fill,
            )
        else:
            c.oval(x, y, size, size * 0.94, fill)
        c.oval(x - size * 0.34, y - size * 0.36, size * 0.26, size * 0.18, lighter(fill, 0.4), -30)
        for _ in range(14):
            angle, far = rng.uniform(0, math.tau), rng.random() * size * 0.8
            c.oval(
                x + math.cos(angle) * far, y + math.sin(angle) * far, 2.6, 2.6, darker(fill, 0.14)
            )
        top = y - size * (1.2 if tone == "pomelo" else 0.92)
        c.line([(x, top + 6), (x + 4, top - 14)], "#6B5A33", 7)
        c.leaf(x + 4, top - 8, size * 0.8, size * 0.34, -20, "#4E7F3F")

    if tone == "pomelo":
        c.shade(470, 826, 330, 40)
        for x, y in ((300, 690), (640, 700), (470, 640), (390, 730), (560, 740)):
            whole(x, y, r)
        things.lime(c, 920, 740, 110, flesh, "#D8BF45")
    else:
        things.basket(c, 460, 650, 290, 170)
        for x, y in (
            (290, 610),
            (400, 580),
            (520, 580),
            (630, 610),
            (350, 640),
            (460, 530),
            (470, 630),
            (580, 640),
        ):
            whole(x, y, r)
        things.basket_front(c, 460, 650, 290, 170)
        whole(830, 790, r)
        things.lime(c, 980, 770, 84, flesh, "#E08A2B")
    packs.label(c, 1040, 620, 300, 92, words)
    for i in range(2):
        angle = 200 + i * 26
        x, y = 1090 + i * 60, 820 + i * 18
        c.shade(x, y + 22, 58, 10)
        c.poly(
            turned([(-56, 0), (-30, -30), (30, -30), (56, 0), (0, 20)], x, y, angle - 205), flesh
        )
        c.line(turned([(-56, 0), (0, 20), (56, 0)], x, y, angle - 205), lighter(flesh, 0.6), 6)


def herb(c: Canvas, words: str, tone: str, rng: Random) -> None:
    fill = LEAVES[tone]
    if tone == "purple":
        _fresh_bunch(c, fill, rng)
    else:
        _drying_bunches(c, fill, tone, rng)
    packs.pouch(c, 1040, 810, 280, 400, words, packs.KRAFT if tone != "purple" else "#BFCBA4")


def _drying_bunches(c: Canvas, fill: str, tone: str, rng: Random) -> None:
    c.line([(80, 170), (860, 186)], "#8A6B3F", 14)
    for i, x in enumerate((190, 380, 570, 750)):
        c.line([(x, 178), (x, 240)], "#E0CFA2", 5)
        for k in range(11):
            turn = 90 + (k - 5) * 8
            shade = mix(fill, "#A8A05A", rng.uniform(0, 0.5))
            long = rng.uniform(150, 230) - i % 2 * 24
            tip = turned([(long, 0)], x, 236, turn)[0]
            c.line([(x, 236), tip], darker(shade, 0.2), 4)
            for share in (0.45, 0.7, 1.0):
                _one_leaf(
                    c, x + (tip[0] - x) * share, 236 + (tip[1] - 236) * share, tone, turn, shade
                )
        c.box(x - 20, 230, x + 20, 252, "#B3261E", 5)
    things.tray(c, 470, 780, 330, 100)

    def dried(x: float, y: float) -> None:
        shade = mix(fill, "#B5A860", rng.uniform(0.1, 0.7))
        _one_leaf(c, x, y, tone, rng.uniform(0, 360), shade)

    things.heap(c, 470, 786, 260, 76, 120, rng, dried)


def _one_leaf(c: Canvas, x: float, y: float, tone: str, turn: float, fill: Colour) -> None:
    if tone == "palm":  # five fingers
        for spread, long in ((-56, 34), (-28, 46), (0, 52), (28, 46), (56, 34)):
            c.leaf(x, y, long, 15, turn + spread, fill)
    else:
        c.leaf(x, y, 58, 30, turn, fill)


def _fresh_bunch(c: Canvas, fill: str, rng: Random) -> None:
    """Leaves green above and purple below, tied and laid on a banana leaf."""
    for turn in (172, 186, 4):
        c.leaf(470, 800, 380, 150, turn, "#4C8A50")
    c.shade(470, 810, 330, 40)
    for bunch in (300, 560):
        for k in range(15):
            turn = -90 + (k - 7) * 9
            long = rng.uniform(210, 320)
            tip = turned([(long, 0)], bunch, 790, turn)[0]
            c.line([(bunch, 790), tip], "#8A4A72", 7)
            for share in (0.5, 0.66, 0.82, 1.0):
                px, py = bunch + (tip[0] - bunch) * share, 790 + (tip[1] - 790) * share
                purple = rng.random() < 0.4
                shade = (
                    mix("#7A3F6B", "#9C5A86", rng.random())
                    if purple
                    else mix(fill, "#6FA05A", rng.random())
                )
                c.leaf(px, py, 74, 38, turn + rng.uniform(-50, 50), shade)
        c.box(bunch - 34, 742, bunch + 34, 768, "#D8B271", 8)


def herb_glass(c: Canvas, words: str, tone: str, rng: Random) -> None:
    drink = "#A62F22"
    packs.pouch(c, 340, 800, 290, 410, words)
    c.shade(680, 826, 110, 20)
    c.poly([(592, 520), (768, 520), (744, 820), (616, 820)], packs.GLASS)
    c.poly([(603, 570), (757, 570), (736, 808), (624, 808)], drink)
    c.oval(680, 570, 77, 15, lighter(drink, 0.25))
    c.line([(622, 600), (640, 780)], lighter(drink, 0.4), 8)
    things.tray(c, 1000, 790, 220, 80)

    def slice_of_vine(x: float, y: float) -> None:
        c.oval(x, y, 38, 27, "#6B4630")
        c.oval(x, y - 2, 31, 20, mix("#C9744E", "#D98F62", rng.random()))
        c.oval(x, y - 2, 18, 11, "#A62F22")
        c.oval(x, y - 2, 7, 4, "#F0D9B5")

    things.heap(c, 1000, 790, 165, 64, 46, rng, slice_of_vine)
    for x, y in ((520, 850), (860, 858), (800, 838)):
        c.shade(x, y + 18, 38, 9)
        slice_of_vine(x, y)


def mushroom(c: Canvas, words: str, tone: str, rng: Random) -> None:
    things.tray(c, 520, 770, 360, 116)

    def cap(x: float, y: float) -> None:
        fill, r = mix("#5A3B28", "#8A6242", rng.random()), rng.uniform(38, 54)
        if rng.random() < 0.3:  # seen from below
            c.oval(x, y, r, r * 0.68, darker(fill, 0.2))
            c.oval(x, y, r * 0.9, r * 0.58, "#EBD9B4")
            for i in range(14):
                angle = math.tau * i / 14
                c.line(
                    [(x, y), (x + math.cos(angle) * r * 0.86, y + math.sin(angle) * r * 0.54)],
                    "#D2BA8B",
                    2.5,
                )
            c.oval(x, y, r * 0.2, r * 0.14, "#C9AE7C")
            return
        c.box(x - r * 0.2, y, x + r * 0.2, y + r * 0.7, "#DCC79E", 8)
        c.blob(
            [
                (x - r, y + r * 0.24),
                (x - r * 0.7, y - r * 0.42),
                (x, y - r * 0.7),
                (x + r * 0.7, y - r * 0.42),
                (x + r, y + r * 0.24),
                (x, y + r * 0.34),
            ],
            fill,
        )
        for _ in range(4):
            px, py = x + rng.uniform(-0.5, 0.5) * r, y + rng.uniform(-0.4, 0.05) * r
            c.line([(px - 9, py), (px, py + 6), (px + 9, py - 2)], lighter(fill, 0.4), 3)

    things.heap(c, 520, 760, 280, 110, 54, rng, cap)
    packs.pouch(c, 1040, 810, 280, 400, words, "#B9A486")
    things.sprig(c, 820, 860, 110, "#3F6B3C", -24)


def bamboo(c: Canvas, words: str, tone: str, rng: Random) -> None:
    def strip(x: float, y: float, long: float, turn: float) -> None:
        fill = mix("#C98F3D", "#E3B765", rng.random())
        shape = [
            (0, -0.03),
            (0.3, -0.11),
            (0.7, -0.13),
            (1, -0.02),
            (0.72, 0.12),
            (0.3, 0.1),
            (0, 0.03),
        ]
        c.blob(turned([(px * long, py * long) for px, py in shape], x, y, turn), fill)
        for k in (-0.05, 0.0, 0.05):
            c.line(
                turned([(0.16 * long, k * long), (0.8 * long, k * 1.4 * long)], x, y, turn),
                darker(fill, 0.16),
                3,
            )

    things.tray(c, 480, 780, 370, 116)
    for _ in range(34):
        strip(
            480 + rng.uniform(-230, 90),
            760 + rng.uniform(-120, 50),
            rng.uniform(170, 240),
            rng.uniform(-26, 26),
        )
    for x, size in ((900, 1.0), (1010, 0.8)):
        c.shade(x, 828, 70 * size, 16)
        for k in range(7):
            half, level = (74 - k * 10) * size, 820 - k * 46 * size
            sheath = mix("#B08A4A", "#6E8A45", k / 7)
            c.blob(
                [
                    (x - half, level),
                    (x - half * 0.4, level - 90 * size),
                    (x, level - 112 * size),
                    (x + half * 0.4, level - 90 * size),
                    (x + half, level),
                    (x, level + 14),
                ],
                sheath,
            )
            c.line([(x, level - 106 * size), (x, level)], lighter(sheath, 0.3), 3)
    packs.label(c, 1050, 620 - 90, 290, 92, words)
