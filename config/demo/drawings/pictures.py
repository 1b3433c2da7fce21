"""Whole pictures: goods on a table before their country, covers of co-ops and of sessions."""

from collections.abc import Callable
from random import Random

from config.demo.drawings import dry_goods, fresh_goods, jar_goods, packs, things
from config.demo.drawings.canvas import BROCADE, INDIGO, PAPER, TEA, Canvas, veil
from config.demo.drawings.land import draw_land

PRODUCT_SIZE = (1280, 960)
COVER_SIZE = (1280, 720)
CLOTHS = (INDIGO, TEA, "#5B2A4A", "#1E2433", "#7A3B22")

GOODS: dict[str, Callable[[Canvas, str, str, Random], None]] = {
    "tea": dry_goods.tea,
    "tea_cake": dry_goods.tea_cake,
    "tea_box": dry_goods.tea_box,
    "rice": dry_goods.rice,
    "green_rice": dry_goods.green_rice,
    "noodles": dry_goods.noodles,
    "pouch": dry_goods.pouch,
    "powder": dry_goods.powder,
    "cinnamon": dry_goods.cinnamon,
    "pods": dry_goods.pods,
    "nuts": dry_goods.nuts,
    "crackers": dry_goods.crackers,
    "smoked": dry_goods.smoked,
    "sweet_potato": fresh_goods.sweet_potato,
    "root": fresh_goods.root,
    "fruit": fresh_goods.fruit,
    "herb": fresh_goods.herb,
    "herb_glass": fresh_goods.herb_glass,
    "mushroom": fresh_goods.mushroom,
    "bamboo": fresh_goods.bamboo,
    "honey": jar_goods.honey,
    "jar": jar_goods.jar,
    "bottle": jar_goods.bottle,
    "pickle": jar_goods.pickle,
    "fish": jar_goods.fish,
    "shrimp": jar_goods.shrimp,
    "crab_jar": jar_goods.crab_jar,
    "crab_bowl": jar_goods.crab_bowl,
    "live_crab": jar_goods.live_crab,
}


def draw_product(slug: str, kind: str, words: str, *, tone: str = "", scene: str) -> bytes:
    """A JPEG of goods of `kind`, labelled `words`; `slug` decides all that is left to chance."""
    c, rng = Canvas(*PRODUCT_SIZE), Random(slug)
    draw_land(c, scene, rng)
    c.box(0, 0, c.width, c.height, veil(PAPER, 128))
    things.table(c, rng.choice(CLOTHS), rng)
    GOODS[kind](c, words, tone, rng)
    c.come_closer(34, 51)
    things.signature(c)
    return c.finish()


def draw_cover(slug: str, scene: str) -> bytes:
    """A JPEG of the place a co-op works in."""
    c = Canvas(*COVER_SIZE)
    draw_land(c, scene, Random(slug))
    things.signature(c)
    return c.finish()


def draw_session(key: str, scene: str, goods: list[str]) -> bytes:
    """A JPEG of a market stall before `scene`; `goods` are words for its cards."""
    c, rng = Canvas(*COVER_SIZE), Random(key)
    draw_land(c, scene, rng)
    c.box(0, 0, c.width, c.height, veil(PAPER, 70))
    _stall(c, goods, rng)
    things.signature(c)
    return c.finish()


def _stall(c: Canvas, goods: list[str], rng: Random) -> None:
    counter = 486
    for x in (170, c.width - 170):
        c.line([(x, 100), (x, c.height)], "#8A5A33", 22)
    _awning(c, 70, 186, 11)
    c.box(110, counter + 30, c.width - 110, c.height, "#9C6B3D")
    things.woven_band(c, counter + 52, counter + 152, INDIGO, inset=110)
    c.box(90, counter, c.width - 90, counter + 34, "#C08A54", 6)
    step = (c.width - 300) / max(1, len(goods))
    for i, words in enumerate(goods):
        middle = 150 + step * (i + 0.5)
        _pile(c, middle, counter, i, rng)
        c.box(middle - 92, counter + 78, middle + 92, counter + 136, PAPER, 8)
        c.text(middle, counter + 107, words, 27, INDIGO, fit=168)


def _awning(c: Canvas, top: float, bottom: float, stripes: int) -> None:
    """A striped roof, narrower above than below; its first and last stripes are red."""
    for i in range(stripes):
        above = [140 + (c.width - 280) * k / stripes for k in (i, i + 1)]
        below = [90 + (c.width - 180) * k / stripes for k in (i, i + 1)]
        fill = PAPER if i % 2 else BROCADE
        c.poly([(above[0], top), (above[1], top), (below[1], bottom), (below[0], bottom)], fill)
        c.oval(sum(below) / 2, bottom, (below[1] - below[0]) / 2, 32, fill)
    c.line([(140, top), (c.width - 140, top)], "#8A5A33", 12)


def _pile(c: Canvas, x: float, foot: float, turn: int, rng: Random) -> None:
    """What lies on the counter: a basket, a jar or a sack in turn."""
    match turn % 3:
        case 0:
            things.basket(c, x, foot - 90, 92, 84)
            for _ in range(16):
                c.oval(
                    x + rng.uniform(-66, 66),
                    foot - 108 + rng.uniform(-24, 18),
                    24,
                    20,
                    rng.choice(["#E39A2D", "#A14A4E", "#6E9A4C"]),
                )
            things.basket_front(c, x, foot - 90, 92, 84)
        case 1:
            for dx, fill in ((-52, "#D98A1F"), (52, "#8A4A16")):
                packs.jar(c, x + dx, foot, 90, 120, "", fill, "#E5B95C")
        case _:
            packs.sack(c, x, foot, 150, 150, "", "#F0E6CC")
