"""Honey, sauces, pickles, fish, shrimp and crab."""

import math
from random import Random

from config.demo.drawings import creatures, packs, things
from config.demo.drawings.canvas import (
    BROCADE,
    TEA,
    Canvas,
    Colour,
    arc,
    curve,
    darker,
    mix,
    turned,
)

HONEYS = {
    "amber": "#D98A1F",
    "gold": "#EBAE2C",
    "dark": "#8A4A16",
    "mint": "#E9D774",
    "pale": "#F2CC63",
}
BLOSSOMS = {
    "amber": "#F4C9CF",
    "gold": "#FFFFFF",
    "dark": "#F5F0DC",
    "mint": "#A487C0",
    "pale": "#FFFFFF",
}
CRABS = {"brown": "#7A4A2E", "red": "#B5452A", "tamarind": "#8C3F22"}


def honey(c: Canvas, words: str, tone: str, rng: Random) -> None:
    fill = HONEYS[tone]
    if tone in {"dark", "mint"}:
        packs.bottle(c, 400, 820, 240, 470, words, fill, "#5A3D2B")
    else:
        packs.jar(c, 400, 820, 300, 380, words, fill, "#E5B95C")
    _comb(c, 770, 680, fill, rng)
    things.bowl(c, 1060, 730, 110, "#F3EEE2", fill)
    c.line([(1070, 726), (1150, 520)], "#A9743F", 15)
    for i in range(5):
        c.oval(
            1066 + i * 6,
            722 - i * 17,
            30 - abs(i - 2) * 5,
            10,
            darker("#C08A4C", 0.08 * (i % 2)),
            20,
        )
    things.flowers(c, 620, 846, 100, BLOSSOMS[tone], rng)
    for x, y in ((960, 500), (620, 470)):
        creatures.bee(c, x, y)


def _comb(c: Canvas, x: float, y: float, fill: str | Colour, rng: Random) -> None:
    c.shade(x, y + 118, 170, 24)
    r = 34
    for row in range(-3, 4):
        for col in range(-3, 4):
            px = x + col * r * 1.76 + (row % 2) * r * 0.88
            py = y + row * r * 1.53
            if abs(row) + abs(col) > 4:
                continue
            cell = [
                (px + math.sin(math.radians(60 * k)) * r, py + math.cos(math.radians(60 * k)) * r)
                for k in range(6)
            ]
            c.poly(cell, darker("#E3A83A", 0.12))
            inner = [(px + (qx - px) * 0.8, py + (qy - py) * 0.8) for qx, qy in cell]
            c.poly(inner, mix(fill, "#F6D98A", rng.uniform(0.1, 0.6)))
            c.oval(px - 8, py - 10, 7, 4, "#FFF3CF")


def jar(c: Canvas, words: str, tone: str, rng: Random) -> None:
    """Floss of fish or shrimp: a jar, a bowl of fluff, and what it was made from."""
    fluff = {"fish": "#CF9A4E", "shrimp": "#E08A5B"}[tone]
    packs.jar(c, 370, 820, 290, 370, words, fluff, TEA if tone == "fish" else BROCADE)
    things.bowl(c, 780, 710, 160, "#3F6B8C", fluff)

    def thread(x: float, y: float) -> None:
        path = turned([(-22, 0), (-6, -9), (8, 6), (24, -3)], x, y, rng.uniform(0, 360))
        c.line(curve(path, closed=False, fineness=4), mix(fluff, "#F3D9A8", rng.uniform(0, 0.7)), 5)

    things.heap(c, 780, 706, 130, 86, 230, rng, thread)
    if tone == "fish":
        creatures.fish(c, 1060, 800, 300, -8, "#8FA3A8")
    else:
        for x, y, turn in ((1040, 790, 0), (1140, 830, 40)):
            creatures.shrimp(c, x, y, 74, turn, "#E8794A")
    things.garlic(c, 600, 846, 34)
    things.chilli(c, 660, 862, 70, 6)


def bottle(c: Canvas, words: str, tone: str, rng: Random) -> None:
    sauce = {"chilli": "#BF2E1C", "brown": "#5A2E1C"}[tone]
    packs.bottle(c, 420, 820, 230, 540, words, sauce, TEA if tone == "chilli" else "#8E4B32")
    things.bowl(c, 770, 720, 140, "#F3EEE2", sauce)
    for _ in range(16):
        angle, far = rng.uniform(0, math.tau), rng.random() * 100
        c.oval(770 + math.cos(angle) * far, 722 + math.sin(angle) * far * 0.2, 5, 3, "#F0D27A")
    if tone == "chilli":
        for x, y, turn in (
            (960, 800, 10),
            (1040, 770, -20),
            (1010, 846, 30),
            (1120, 810, -6),
            (1090, 850, 14),
        ):
            c.shade(x + 40, y + 24, 60, 9)
            things.chilli(c, x, y, 110, turn)
    else:
        creatures.crab(c, 1060, 770, 84, CRABS["brown"])
    things.garlic(c, 620, 846, 38)
    things.garlic(c, 570, 862, 28)


def pickle(c: Canvas, words: str, tone: str, rng: Random) -> None:
    x, y, wide, high = 420, 820, 320, 420
    packs.jar_glass(c, x, y, wide, high, "#E9E2B8" if tone == "pale" else "#E3A07A")
    if tone == "pale":
        for i in range(13):
            px = x - 126 + i * 21
            c.line(
                [(px, y - 20), (px + rng.uniform(-9, 9), y - high * 0.84)],
                mix("#F7F5DE", "#CBD69A", rng.random()),
                15,
            )
    else:
        for _ in range(36):
            creatures.shrimp(
                c,
                x + rng.uniform(-116, 116),
                y - rng.uniform(34, high * 0.8),
                27,
                rng.uniform(0, 360),
                mix("#E8794A", "#D9542E", rng.random()),
            )
        for _ in range(6):
            things.chilli(
                c,
                x + rng.uniform(-100, 80),
                y - rng.uniform(40, high * 0.76),
                40,
                rng.uniform(0, 360),
            )
    packs.jar_finish(c, x, y, wide, high, words, "#8FAE5A" if tone == "pale" else BROCADE)
    things.bowl(c, 820, 716, 150, "#F3EEE2", "#E9E2B8" if tone == "pale" else "#D9744A")

    def piece(px: float, py: float) -> None:
        if tone == "pale":
            c.line(
                turned([(-36, 0), (36, 4)], px, py, rng.uniform(-30, 30)),
                mix("#F7F5DE", "#CBD69A", rng.random()),
                15,
            )
        else:
            creatures.shrimp(c, px, py, 30, rng.uniform(0, 360), "#E2703F")

    things.heap(c, 820, 712, 110, 56, 34, rng, piece)
    if tone == "pale":
        for turn in (-112, -96, -82):
            c.leaf(1110, 850, 380, 34, turn, "#6E9A4C")
    else:
        things.garlic(c, 1050, 820, 42)
        things.garlic(c, 1120, 846, 34)
    things.chilli(c, 620, 856, 80, 10)


def fish(c: Canvas, words: str, tone: str, rng: Random) -> None:
    skin = {"silver": "#93A4A3", "brown": "#9A6B3E"}[tone]
    if tone == "silver":  # on a line in the wind
        c.line([(60, 210), (900, 190)], "#8A6B3F", 10)
        for i in range(6):
            x = 140 + i * 128
            c.line([(x, 204), (x, 236)], "#E0CFA2", 5)
            creatures.fish(
                c, x, 360, 250, 90 + rng.uniform(-4, 4), mix(skin, "#B9C2B8", rng.random() * 0.5)
            )
        things.tray(c, 480, 800, 330, 90)
        for i, (x, y) in enumerate(((380, 770), (520, 786), (430, 816))):
            creatures.fish(c, x, y, 290, -6 + i * 7, mix(skin, "#C08A5A", 0.25))
    else:
        things.tray(c, 500, 740, 390, 150)
        for i in range(7):
            turn = -62 + i * 21
            spot = turned([(0, -150)], 500, 800, turn)[0]
            creatures.fish(c, *spot, 270, turn + 90, mix(skin, "#C9975A", rng.random()))
    packs.pouch(c, 1050, 810, 280, 400, words, "#C7B58F")
    things.chilli(c, 820, 860, 80, -8)
    things.lime(c, 780, 838, 34)


def shrimp(c: Canvas, words: str, tone: str, rng: Random) -> None:
    packs.pouch(c, 350, 810, 300, 420, words, "#D9C29A")
    things.tray(c, 790, 770, 330, 116)

    def one(x: float, y: float) -> None:
        creatures.shrimp(
            c,
            x,
            y,
            rng.uniform(30, 40),
            rng.uniform(0, 360),
            mix("#E8794A", "#F0A06B", rng.random()),
        )

    things.heap(c, 790, 770, 250, 130, 130, rng, one)
    for x, y, turn in ((1120, 850, 20), (560, 856, -30)):
        creatures.shrimp(c, x, y, 46, turn, "#E8794A")


def crab_jar(c: Canvas, words: str, tone: str, rng: Random) -> None:
    x, y, wide, high = 430, 820, 390, 450
    packs.jar_glass(c, x, y, wide, high, "#C9A876")
    for dx, dy in (
        (-84, -90),
        (84, -96),
        (0, -74),
        (-76, -200),
        (76, -220),
        (0, -310),
        (-82, -320),
        (84, -330),
    ):
        creatures.crab(
            c, x + dx, y + dy, 56, mix(CRABS[tone], "#A5633A", rng.random() * 0.5), shadow=False
        )
    for _ in range(4):
        things.chilli(
            c, x + rng.uniform(-140, 110), y - rng.uniform(60, 340), 50, rng.uniform(0, 360)
        )
    packs.jar_finish(c, x, y, wide, high, "", BROCADE)
    packs.label(c, x, y - 150, 330, 118, words)
    creatures.crab(c, 930, 770, 118, CRABS[tone])
    things.garlic(c, 700, 846, 42)
    things.lime(c, 1130, 800, 50)
    things.chilli(c, 1040, 856, 90, 8)


def crab_bowl(c: Canvas, words: str, tone: str, rng: Random) -> None:
    dressing = {"red": "#D9693A", "tamarind": "#7A3A1E"}[tone]
    things.bowl(c, 520, 660, 250, "#3F6B8C" if tone == "red" else "#4A3A30", dressing)
    for dx, dy in ((-120, -20), (110, -26), (0, 6), (-50, -64), (60, -70)):
        creatures.crab(
            c, 520 + dx, 650 + dy, 84, mix(CRABS[tone], dressing, rng.random() * 0.5), shadow=False
        )
    for _ in range(18):
        angle, far = rng.uniform(0, math.tau), math.sqrt(rng.random()) * 200
        px, py = 520 + math.cos(angle) * far, 640 + math.sin(angle) * far * 0.36
        c.oval(px, py, 7, 5, rng.choice(["#F4ECE2", "#C93A22", "#6F9E3F"]), rng.uniform(0, 90))
    for turn in (-20, 30):
        things.chilli(c, 500 + turn * 2, 600, 70, turn)
    if tone == "red":
        packs.jar(c, 960, 810, 250, 300, words, dressing, TEA)
        things.lime(c, 1150, 826, 46)
    else:
        c.shade(980, 810, 180, 22)
        c.box(820, 690, 1140, 806, "#E9E4D8", 18)
        c.box(832, 676, 1128, 712, "#F7F4EC", 12)
        packs.label(c, 980, 756, 260, 80, words)
        for i in range(3):
            c.line(turned(arc(54, 36, 20, 170), 880 + i * 74, 838, 180), "#6B4226", 20)
    things.garlic(c, 210, 846, 36)


def live_crab(c: Canvas, words: str, tone: str, rng: Random) -> None:
    things.basket(c, 470, 660, 320, 160)
    for x, y in ((320, 620), (620, 620), (470, 580)):
        creatures.crab(c, x, y, 124, mix("#4F6B4A", "#6B5A3A", rng.random()), shadow=False)
        c.line([(x - 120, y + 26), (x + 120, y - 20)], "#C9B26B", 11)
        c.line([(x - 110, y - 26), (x + 116, y + 30)], "#C9B26B", 11)
    things.basket_front(c, 470, 660, 320, 160)
    creatures.crab(c, 960, 780, 122, "#56704A")
    for lean in (-30, 24):
        c.line([(862, 784 + lean), (1058, 776 - lean)], "#C9B26B", 12)
    packs.label(c, 1000, 540, 300, 92, words)
