"""Tea, rice, dried and powdered goods."""

import math
from random import Random

from config.demo.drawings import packs, things
from config.demo.drawings.canvas import (
    BROCADE,
    INK,
    PAPER,
    TEA,
    Canvas,
    Colour,
    arc,
    darker,
    lighter,
    mix,
    turned,
)

TEAS = {
    # dry leaf, drink, pack
    "green": ("#56663A", "#C9C46A", TEA),
    "jade": ("#4E7A4C", "#D5D98A", "#7FA38A"),
    "white": ("#C9CDB4", "#EBDFA4", "#E8E2D2"),
    "red": ("#5A2E22", "#B5522B", BROCADE),
    "copper": ("#7A452B", "#C8743A", "#B8734A"),
    "leaf": ("#4B6A35", "#BFC25E", "#5C8A45"),
    "dark": ("#3B2A20", "#7A3B22", "#6B5138"),
}
RICES = {
    "white": ("#F3F0E6", "#E2DCCB"),
    "ivory": ("#F0E6CC", "#DCCBA0"),
    "cream": ("#F7F0DC", "#E6D7AE"),
    "straw": ("#E6D3A0", "#CDB272"),
}


def tea(c: Canvas, words: str, tone: str, rng: Random) -> None:
    leaf, drink, pack = TEAS[tone]
    packs.pouch(c, 330, 790, 300, 430, words, pack)
    things.tray(c, 700, 770, 260, 96)

    def curl(x: float, y: float) -> None:
        turn, long = rng.uniform(0, 360), rng.uniform(22, 38)
        shade = mix(
            leaf,
            "#E9EAD8" if tone in {"green", "white", "jade"} else "#1E120C",
            rng.uniform(0, 0.4),
        )
        c.line(
            turned([(-long / 2, -5), (0, 4), (long / 2, -3)], x, y, turn), shade, rng.uniform(5, 9)
        )

    things.heap(c, 700, 770, 205, 74, 230, rng, curl)
    if tone != "white":
        things.teapot(c, 1030, 690, 100, things.CLAY if tone != "red" else "#5B3A52")
    else:
        things.flowers(c, 1060, 720, 80, "#FFFFFF", rng)
    things.cup(c, 1110, 770, 66, drink)
    things.sprig(c, 520, 850, 110, "#5E8C4A", -20)


def tea_cake(c: Canvas, words: str, tone: str, rng: Random) -> None:
    leaf, drink, _pack = TEAS[tone]
    x, y, r = 420, 600, 220
    c.shade(x, 800, r * 0.9, 34)
    c.oval(x, y, r, r, darker(leaf, 0.25))
    c.oval(x, y, r * 0.95, r * 0.95, leaf)
    for _ in range(260):
        angle, far = rng.uniform(0, math.tau), math.sqrt(rng.random()) * r * 0.88
        px, py = x + math.cos(angle) * far, y + math.sin(angle) * far
        long = rng.uniform(16, 34)
        c.line(
            turned([(0, 0), (long, 4)], px, py, rng.uniform(0, 360)),
            mix(leaf, "#B59A6A", rng.uniform(0, 0.45)),
            5,
        )
    c.oval(x, y, r * 0.16, r * 0.16, darker(leaf, 0.5))
    px = 760
    c.shade(px, 806, 190, 30)
    c.oval(px, 660, 176, 150, "#EFE3C6")
    for i in range(16):
        angle = math.tau * i / 16
        c.line([(px, 660), (px + math.cos(angle) * 170, 660 + math.sin(angle) * 144)], "#E0D0AA", 3)
    c.oval(px, 660, 96, 82, BROCADE)
    c.oval(px, 660, 88, 74, PAPER)
    c.text(px, 660, words, 30, INK, fit=150)
    things.teapot(c, 1060, 690, 92)
    things.cup(c, 1150, 786, 54, drink)
    for i in range(7):
        c.oval(
            560 + i * 26, 830 + (i % 3) * 9, 13, 8, mix(leaf, "#B59A6A", 0.2), rng.uniform(0, 90)
        )


def tea_box(c: Canvas, words: str, tone: str, rng: Random) -> None:
    _leaf, drink, pack = TEAS[tone]
    packs.carton(c, 400, 800, 330, 380, words, pack)
    things.bowl(c, 800, 700, 130, "#F7F3EA", drink)
    c.line(turned(arc(52, 46, -70, 80), 928, 730, 0), "#F7F3EA", 18)
    c.line([(800, 700), (866, 640), (900, 760)], PAPER, 3)
    c.box(876, 756, 934, 806, PAPER, 4)
    c.text(905, 781, "trà", 22, TEA)
    for x, turn in ((1050, -8), (1130, 9)):
        corners = turned([(-46, -60), (46, -60), (46, 60), (-46, 60)], x, 790, turn)
        c.shade(x, 846, 56, 12)
        c.poly(corners, "#F3ECD9")
        c.poly(
            turned([(-40, -8), (40, -8), (40, 54), (-40, 54)], x, 790, turn),
            mix(pack, "#F3ECD9", 0.5),
        )
        c.line(turned([(0, -60), (0, -120)], x, 790, turn), PAPER, 3)
    things.sprig(c, 620, 850, 130, "#5E8C4A", -14)


def rice(c: Canvas, words: str, tone: str, rng: Random) -> None:
    grain, shade = RICES[tone]
    packs.sack(c, 400, 820, 370, 430, words, grain)
    things.bowl(c, 860, 700, 160, "#3F6B8C" if tone != "straw" else "#8E4B32", grain)

    def kernel(x: float, y: float) -> None:
        c.oval(x, y, 13, 5.5, mix(grain, shade, rng.random()), rng.uniform(0, 180))

    things.heap(c, 860, 704, 130, 76, 260, rng, kernel)
    things.heap(c, 650, 846, 120, 16, 90, rng, kernel)
    for i in range(3):
        _rice_ear(c, 1070 + i * 30, 850, 300 - i * 30, -112 + i * 17, rng)


def _rice_ear(c: Canvas, x: float, y: float, size: float, turn: float, rng: Random) -> None:
    tip = turned([(size, 0)], x, y, turn)[0]
    c.stroke([(x, y), ((x + tip[0]) / 2, (y + tip[1]) / 2), tip], "#B79A45", 5)
    for i in range(16):
        share = 0.5 + 0.5 * i / 16
        px, py = x + (tip[0] - x) * share, y + (tip[1] - y) * share
        side = turn + (34 if i % 2 else -34)
        c.oval(
            *turned([(14, 0)], px, py, side)[0],
            15,
            6.5,
            mix("#D9A441", "#EBCB7A", rng.random()),
            side,
        )


def green_rice(c: Canvas, words: str, tone: str, rng: Random) -> None:
    for turn in (-10, 20, 170, 200):
        c.leaf(560, 780, 330, 150, turn, "#3F7A45")
    c.oval(560, 770, 230, 84, "#4C8A50")

    def flake(x: float, y: float) -> None:
        c.oval(x, y, 13, 7, mix("#A8C46A", "#7FA64A", rng.random()), rng.uniform(0, 180))

    things.heap(c, 560, 770, 205, 108, 420, rng, flake)
    c.shade(1000, 800, 150, 26)
    c.box(860, 610, 1140, 800, "#3F7A45", 22)
    for i in range(5):
        c.line([(872, 636 + i * 36), (1128, 630 + i * 36)], "#4C8A50", 4)
    c.box(986, 606, 1014, 802, "#D8B271")
    c.box(858, 690, 1142, 712, "#D8B271")
    packs.label(c, 1000, 700, 210, 90, words)
    for i in range(3):
        _rice_ear(c, 250 + i * 26, 850, 280, -78 + i * 16, rng)


def noodles(c: Canvas, words: str, tone: str, rng: Random) -> None:
    strand = "#C9C6B8"

    def bundle(x: float, y: float, long: float, turn: float) -> None:
        c.shade(x, y + 60, long * 0.54, 18)
        for i in range(26):
            off = (i - 13) * 4.6
            bend = rng.uniform(-5, 5)
            path = turned(
                [(-long / 2, off + bend), (0, off * 0.7), (long / 2, off - bend)], x, y, turn
            )
            c.line(path, mix(strand, "#F1EEE2" if i % 3 else "#8E8A78", 0.45), 5)
        band = turned([(-26, -52), (26, -52), (26, 52), (-26, 52)], x, y, turn)
        c.poly(band, BROCADE)
        c.poly(turned([(-18, -52), (-14, -52), (-14, 52), (-18, 52)], x, y, turn), "#E5B95C")

    bundle(480, 690, 460, -6)
    bundle(440, 770, 500, 3)
    bundle(560, 812, 480, -3)
    packs.pouch(c, 1010, 800, 270, 380, words, "#D9D3BE")
    c.shade(800, 600, 10, 4)
    for i in range(3):
        c.oval(806 + i * 34, 838 - i * 5, 26, 17, mix("#8E5A44", "#C98A6A", i / 3), 20 * i)


def pouch(c: Canvas, words: str, tone: str, rng: Random) -> None:
    fruit = {"plum": "#7A2234", "orange": "#E08A2B"}[tone]
    packs.pouch(c, 420, 810, 350, 470, words, "#E9DCC0")
    things.tray(c, 860, 770, 250, 92)

    def piece(x: float, y: float) -> None:
        turn = rng.uniform(0, 360)
        if tone == "plum":
            c.oval(x, y, 30, 21, mix(fruit, "#B5404A", rng.random()), turn)
            c.line(turned([(-16, -4), (8, -8)], x, y, turn), lighter(fruit, 0.3), 4)
        else:
            c.line(
                turned([(-30, 0), (0, -12), (30, 4)], x, y, turn),
                mix(fruit, "#F2B85C", rng.random()),
                15,
            )
            c.line(turned([(-26, -4), (0, -15), (26, 0)], x, y, turn), lighter(fruit, 0.45), 3)

    things.heap(c, 860, 772, 190, 84, 90, rng, piece)
    if tone == "plum":
        for dx, dy in ((0, 0), (58, -12), (30, 36)):
            c.shade(1130 + dx, 812 + dy, 36, 10)
            c.oval(1130 + dx, 780 + dy, 37, 36, "#9C2F45")
            c.oval(1118 + dx, 768 + dy, 10, 8, "#D88A92")
    else:
        things.lime(c, 1140, 780, 66, "#F2A33C", "#E08A2B")
    things.sprig(c, 630, 856, 110, "#5E8C4A", -18)


def powder(c: Canvas, words: str, tone: str, rng: Random) -> None:
    fill = "#E3A21A"
    packs.jar(c, 380, 810, 280, 360, words, fill, TEA)
    things.bowl(c, 780, 712, 150, "#7A5138", fill)
    c.poly(turned(arc(134, 96, 180, 360), 780, 716, 0), fill)
    c.oval(744, 668, 44, 22, lighter(fill, 0.22), -24)
    c.line([(800, 676), (990, 560)], "#B5824F", 16)
    c.oval(790, 680, 42, 24, "#9C6B3D", -32)
    for x, y, turn in ((1040, 790, -12), (1140, 820, 24)):
        _turmeric(c, x, y, turn)
    for i in range(4):
        c.oval(960 + i * 48, 862 - (i % 2) * 12, 25, 19, "#B5702A")
        c.oval(960 + i * 48, 861 - (i % 2) * 12, 20, 14, "#F0A92B")


def _turmeric(c: Canvas, x: float, y: float, turn: float) -> None:
    c.shade(x, y + 34, 80, 14)
    for dx, dy, rx, ry, lean in (
        (0, 0, 74, 30, 0),
        (-34, -30, 40, 20, -60),
        (36, -28, 44, 19, -40),
        (20, 24, 40, 17, 30),
    ):
        px, py = turned([(dx, dy)], x, y, turn)[0]
        c.oval(px, py, rx, ry, "#B5702A", turn + lean)
        c.oval(px - 4, py - 5, rx * 0.7, ry * 0.5, "#CE8B3D", turn + lean)


def cinnamon(c: Canvas, words: str, tone: str, rng: Random) -> None:
    def quills(x: float, y: float, turn: float, long: float) -> None:
        c.shade(x, y + 74, long * 0.5, 20)
        for dx, dy in ((0, -46), (0, -8), (0, 30), (10, -28), (10, 12), (0, 52)):
            bark = mix("#8A4B2A", "#B8703F", rng.random())
            ends = turned([(-long / 2 + dx, dy), (long / 2 + dx, dy)], x, y, turn)
            c.line(ends, bark, 38)
            c.line([(px, py - 8) for px, py in ends], lighter(bark, 0.2), 5)
            end = ends[1]
            c.oval(end[0] + 6, end[1], 15, 19, darker(bark, 0.3))
            c.oval(end[0] + 7, end[1], 8, 12, lighter(bark, 0.35))
        for tie in (-long * 0.24, long * 0.2):
            c.line(turned([(tie, -72), (tie + 6, 74)], x, y, turn), "#E0CFA2", 11)

    quills(560, 660, -7, 620)
    quills(620, 780, 4, 560)
    tag = turned([(-130, -50), (130, -50), (150, 0), (130, 50), (-130, 50)], 1040, 700, 8)
    c.line([(880, 670), (930, 690)], "#E0CFA2", 5)
    c.poly(tag, PAPER)
    c.text(1040, 700, words, 38, INK, fit=220)
    for i in range(5):
        cx, cy = 960 + i * 54, 846 - (i % 2) * 18
        for k in range(8):
            c.leaf(cx, cy, 25, 12, k * 45, "#7A4526")


def pods(c: Canvas, words: str, tone: str, rng: Random) -> None:
    things.basket(c, 480, 640, 260, 170)

    def pod(x: float, y: float) -> None:
        fill, turn = mix("#6B3A2A", "#9C5A3A", rng.random()), rng.uniform(-40, 40) + 90
        c.oval(x, y, 36, 22, fill, turn)
        for side in (-8, 0, 8):
            c.line(turned([(-28, side), (28, side * 0.7)], x, y, turn), darker(fill, 0.22), 2.5)

    things.heap(c, 480, 636, 220, 110, 110, rng, pod)
    things.basket_front(c, 480, 640, 260, 170)
    packs.pouch(c, 960, 800, 260, 370, words, "#C9B48A")
    for x, y in ((700, 840), (760, 862), (1140, 850), (820, 834), (1170, 806)):
        c.shade(x, y + 20, 34, 8)
        pod(x, y)


def nuts(c: Canvas, words: str, tone: str, rng: Random) -> None:
    packs.pouch(c, 370, 810, 310, 430, words, "#B9A27C")
    things.bowl(c, 800, 690, 180, "#5E7A55", "#4A3222")

    def nut(x: float, y: float) -> None:
        fill = mix("#8A5A33", "#A9713F", rng.random())
        c.oval(x, y, 31, 31, fill)
        c.oval(x - 9, y - 10, 10, 8, lighter(fill, 0.35))
        if rng.random() < 0.6:
            c.line(turned([(-20, 6), (0, 10), (20, 6)], x, y, rng.uniform(-30, 30)), "#F0E2C0", 5)

    things.heap(c, 800, 690, 150, 100, 70, rng, nut)
    for x, y in ((1050, 810), (1110, 842), (990, 850), (1150, 796)):
        c.shade(x, y + 26, 34, 9)
        nut(x, y)
    for x, y in ((1040, 740), (1110, 730)):
        c.shade(x, y + 26, 36, 9)
        c.oval(x, y, 36, 34, "#7A4E2C")
        c.oval(x, y - 3, 27, 24, "#F4E8CC")
    things.sprig(c, 560, 862, 110, "#3F6B3C", -12)


def crackers(c: Canvas, words: str, tone: str, rng: Random) -> None:
    def disc(x: float, y: float, r: float, fill: str | Colour) -> None:
        c.oval(x, y + 7, r, r * 0.34, darker(fill, 0.16))
        c.oval(x, y, r, r * 0.34, fill)
        for _ in range(7):
            angle, far = rng.uniform(0, math.tau), rng.random() * r * 0.7
            c.oval(
                x + math.cos(angle) * far,
                y + math.sin(angle) * far * 0.34,
                6,
                2.5,
                mix(fill, "#D98A5A", 0.5),
            )

    for tower, (x, count) in enumerate(((380, 10), (570, 7))):
        c.shade(x, 808, 120, 24)
        for i in range(count):
            disc(
                x + rng.uniform(-9, 9),
                790 - i * 20,
                104,
                mix("#F1D9B0", "#EBC593", (i + tower) % 2),
            )
    for x, y, r in ((760, 800, 92), (850, 770, 100), (810, 720, 88)):
        wave = [
            (
                math.cos(math.tau * i / 12) * r * rng.uniform(0.86, 1.1),
                math.sin(math.tau * i / 12) * r * 0.62 * rng.uniform(0.86, 1.1),
            )
            for i in range(12)
        ]
        c.shade(x, y + 44, r, 16)
        c.blob(turned(wave, x, y, 0), "#F7E6C4")
        for _ in range(10):
            c.oval(
                x + rng.uniform(-0.6, 0.6) * r, y + rng.uniform(-0.36, 0.36) * r, 9, 6, "#EFCF9E"
            )
    packs.pouch(c, 1080, 810, 270, 390, words, "#E3B98A")
    things.chilli(c, 610, 850, 70, 8)


def smoked(c: Canvas, words: str, tone: str, rng: Random) -> None:
    c.line([(120, 250), (1160, 230)], "#7A5A36", 20)
    c.line([(120, 244), (1160, 224)], "#A67C4C", 5)
    for i in range(7):
        x = 190 + i * 106
        long = rng.uniform(250, 340)
        meat = mix("#4A241A", "#7A3A26", rng.random())
        c.line([(x, 238), (x, 290)], "#D8C9A0", 5)
        shape = [
            (x - 22, 290),
            (x + 24, 284),
            (x + 40, 290 + long * 0.5),
            (x + 22, 290 + long),
            (x - 20, 286 + long),
            (x - 36, 290 + long * 0.44),
        ]
        c.blob(shape, meat)
        for k in range(4):
            c.stroke(
                [
                    (x - 20 + k * 13, 310),
                    (x - 24 + k * 15, 290 + long * 0.5),
                    (x - 12 + k * 9, 270 + long),
                ],
                mix(meat, "#B5704A", 0.45),
                4,
            )
    packs.pouch(c, 1060, 810, 270, 390, words, "#8C6A4A")
    things.tray(c, 560, 800, 270, 84)
    for i in range(7):
        x, y = 400 + i * 50, 790 + (i % 2) * 22
        c.line(
            [(x - 30, y + 8), (x, y - 6), (x + 34, y + 4)],
            mix("#5A2A1C", "#8A4630", rng.random()),
            30,
        )
        c.line([(x - 26, y), (x + 30, y - 3)], "#B5704A", 3)
    things.chilli(c, 380, 850, 64, -14)
    for _ in range(9):
        c.oval(760 + rng.uniform(-40, 40), 852 + rng.uniform(-14, 14), 7, 7, "#3A3024")
