"""Draws the pictures that are missing and takes them in like any upload, two at a time."""

import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connection, transaction

from config.demo import content, drawings
from coops.models import Cooperative, CooperativePhoto
from core import outbox
from core.models import Picture
from core.pictures import keep_picture
from livestreams.models import LivestreamSession
from products.models import Product, ProductPhoto
from traceability.models import TraceEvent, TracePhoto

AT_ONCE = 2
MOST_WORDS = 5  # on the cards of a market stall
DRAWING = 7_305_091  # advisory lock: a second process would draw the same pictures


@dataclass(frozen=True)
class Wish:
    """A picture to draw, and what to do with it."""

    draw: Callable[[], bytes]
    hang: Callable[[Picture], None]


@dataclass(frozen=True)
class Hung:
    drawn: int
    left: int


def load_pictures(*, within_s: float) -> Hung:
    """Draw what is missing, what is on air first, and begin nothing after `within_s` seconds.

    What is left is for a worker. Does nothing while another process draws.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [DRAWING])
        if not cursor.fetchone()[0]:
            return Hung(0, 0)
        try:
            hung = _draw(time.monotonic() + within_s)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [DRAWING])
    if hung.left:
        with transaction.atomic():
            outbox.add("config.pictures.wanted")
    return hung


def _draw(deadline: float) -> Hung:
    wishes = [*_of_sessions(), *_of_products(), *_of_cooperatives()]
    drawn = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        kept = pool.map(lambda wish: _keep(wish, deadline), wishes)
        for picture, wish in zip(kept, wishes, strict=True):
            if picture:
                wish.hang(picture)
                drawn += 1
    return Hung(drawn, len(wishes) - drawn)


def _keep(wish: Wish, deadline: float) -> Picture | None:
    """The picture, kept; None when time is up."""
    if time.monotonic() >= deadline:
        return None
    try:
        return keep_picture(io.BytesIO(wish.draw()))
    finally:
        connection.close()


def _of_sessions() -> Iterator[Wish]:
    planned = content.sessions()
    words = {p.slug: p.drawing["words"] for c in content.cooperatives() for p in c.products}
    for demo in (planned.live, planned.coming, *planned.past):
        bare = LivestreamSession.objects.filter(
            title=demo.title, cooperative__slug=demo.cooperative, is_simulated=True, cover=None
        )
        if bare.exists():
            goods = list(dict.fromkeys(words[offer.product_slug] for offer in demo.offers))
            yield Wish(
                draw=_drawer(drawings.draw_session, demo.key, demo.scene, goods[:MOST_WORDS]),
                hang=_cover_of(demo),
            )


def _of_products() -> Iterator[Wish]:
    on_air = {offer.product_slug for offer in content.sessions().live.offers}
    bare = {p.slug: p for p in Product.objects.filter(photos=None)}
    rows = [(c, p) for c in content.cooperatives() for p in c.products if p.slug in bare]
    for coop, row in sorted(rows, key=lambda pair: pair[1].slug not in on_air):
        product = bare[row.slug]
        yield Wish(
            draw=_drawer(drawings.draw_product, row.slug, scene=coop.scene, **row.drawing),
            hang=_photo_of(product),
        )


def _of_cooperatives() -> Iterator[Wish]:
    bare = {c.slug: c for c in Cooperative.objects.filter(photos=None)}
    for row in content.cooperatives():
        if row.slug in bare:
            yield Wish(
                draw=_drawer(drawings.draw_cover, row.slug, row.scene),
                hang=_place_of(bare[row.slug]),
            )


def _drawer(draw: Callable[..., bytes], *args: object, **named: object) -> Callable[[], bytes]:
    return lambda: draw(*args, **named)


def _cover_of(demo: content.Session) -> Callable[[Picture], None]:
    def hang(picture: Picture) -> None:
        LivestreamSession.objects.filter(
            title=demo.title, cooperative__slug=demo.cooperative, is_simulated=True, cover=None
        ).update(cover=picture)

    return hang


def _photo_of(product: Product) -> Callable[[Picture], None]:
    def hang(picture: Picture) -> None:
        ProductPhoto.objects.create(
            product=product, picture=picture, alt=f"Hình minh hoạ: {product.name}"
        )

    return hang


def _place_of(cooperative: Cooperative) -> Callable[[Picture], None]:
    """Also beside the harvests of its lots: it is where they were."""

    def hang(picture: Picture) -> None:
        caption = f"Hình minh hoạ: nơi làm ra hàng của {cooperative.name}"
        CooperativePhoto.objects.create(
            cooperative=cooperative, picture=picture, caption=caption[:160]
        )
        harvests = TraceEvent.objects.filter(
            lot__variant__product__cooperative=cooperative,
            step=TraceEvent.Step.HARVEST,
            photos=None,
        )
        TracePhoto.objects.bulk_create(
            TracePhoto(event=event, picture=picture) for event in harvests
        )

    return hang
