"""The public board of a session: what a viewer sees, as small plain values.

    at  milliseconds since 1970 of the database's clock when the board was read
    r   a number that never goes back: of two boards, the one with the lower was read first
    s   state: scheduled, live, ended, cancelled; gone when there is nothing to show
    t   title
    n   id of the offer being sold now, or null
    h   names of the co-ops, by the letter that their live codes begin with
    o   offers in the order of selling, closed ones left out:
        i id · c live code · n product · p pack · v price in đồng · q units offered ·
        l units left · m limit for each buyer · k token of the picture (left out when none) ·
        g crop sign while there is none · x state when not on sale: w lined up, s sold out ·
        w how many wait in line for it (left out when zero)
    v  version of the line-up: all of this but at, r, s, n and each offer's l, x and w. Viewers are
       sent what changes beside it (livestreams/updates.py)

Nothing personal is in it, and nothing in a language: names are as the co-ops wrote them.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet

from core.clock import Instant, Revision
from livestreams.models import LivestreamSession, Offer
from products.models import ProductPhoto

Board = dict[str, Any]
OFFERING = {LivestreamSession.State.SCHEDULED, LivestreamSession.State.LIVE}
LINED_UP, SOLD_OUT = "w", "s"
NUMBERS = {"l", "x", "w"}  # of an offer, what changes while it is sold
_MARKS: dict[str, str] = {Offer.State.LINED_UP: LINED_UP, Offer.State.SOLD_OUT: SOLD_OUT}


def snapshot(key: str) -> Board:
    """The board of the session with this id; `{"s": "gone"}` when viewers may not see it."""
    shown = LivestreamSession.objects.addressable().annotate(read_at=Instant(), revision=Revision())
    session = shown.filter(pk=int(key)).first() if key.isdecimal() else None
    return of_session(session) if session else {"s": "gone"}


def of_session(session: LivestreamSession) -> Board:
    """The board of a session fetched with its `read_at` and `revision`; two queries more."""
    return draw(session, list(offers_shown(session)))


def draw(session: LivestreamSession, offers: list[Offer]) -> Board:
    """The board as plain values, of a session with its `read_at` and `revision`, and `offers_shown` of it."""
    drawn = {
        "at": int(session.read_at.timestamp() * 1000),  # type: ignore[attr-defined]
        "r": session.revision,  # type: ignore[attr-defined]
        "s": session.state,
        "t": session.title,
        "n": session.now_selling_id,
        "h": {offer.live_code[0]: offer.cooperative.name for offer in offers},
        "o": [_offer(offer) for offer in offers],
    }
    return {**drawn, "v": _version(drawn)}


def _version(drawn: Board) -> str:
    """Eight letters that differ when the line-up does."""
    offers = [[pair for pair in offer.items() if pair[0] not in NUMBERS] for offer in drawn["o"]]
    line_up = [drawn["t"], drawn["h"], offers]
    return hashlib.sha256(json.dumps(line_up).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Places:
    """The position of each offer of a live session on the page; board.js arranges the same way."""

    now: Offer | None
    next: Offer | None  # the first after `now` in the order of selling that can still be sold
    others: list[Offer]  # on sale
    waiting: list[Offer]  # lined up
    gone: list[Offer]


def arrange(now_selling_id: int | None, offers: list[Offer]) -> Places:
    now = next((offer for offer in offers if offer.pk == now_selling_id), None)
    after = offers[offers.index(now) + 1 :] if now else []
    coming = next((offer for offer in after if not offer.is_gone), None)
    rest = [offer for offer in offers if offer not in {now, coming}]
    return Places(
        now=now,
        next=coming,
        others=[o for o in rest if o.state == Offer.State.OPEN and not o.is_gone],
        waiting=[o for o in rest if o.state == Offer.State.LINED_UP and not o.is_gone],
        gone=[o for o in rest if o.is_gone],
    )


def offers_shown(session: LivestreamSession) -> QuerySet[Offer]:
    """Offers shown on the board, in the order of selling, with the data of their cards."""
    if session.state not in OFFERING:
        return Offer.objects.none()
    covers = ProductPhoto.objects.select_related("picture").order_by("position", "pk")
    return (
        session.offers.exclude(state=Offer.State.CLOSED)
        .presentable()
        .select_related("lot__variant__product", "cooperative")
        .prefetch_related(Prefetch("lot__variant__product__photos", covers))
        .order_by("position", "pk")
    )


def _offer(offer: Offer) -> Board:
    product = offer.lot.variant.product
    shown: Board = {
        "i": offer.pk,
        "c": offer.live_code,
        "n": product.name,
        "p": offer.lot.variant.name,
        "v": offer.unit_price_vnd,
        "q": offer.quantity_offered,
        "l": offer.quantity_left,
        "m": offer.limit_per_buyer,
    }
    if product.cover:
        shown["k"] = product.cover.token
    else:
        shown["g"] = product.sign
    if mark := _MARKS.get(offer.state, ""):
        shown["x"] = mark
    if offer.standby_waiting:
        shown["w"] = offer.standby_waiting
    return shown


def etag(board: Board) -> str:
    """Changes with the board's content, not with the clock."""
    content = {key: value for key, value in board.items() if key not in {"at", "r"}}
    return f'"{hashlib.sha256(as_json(content).encode()).hexdigest()[:20]}"'


def as_json(board: Board) -> str:
    return json.dumps(board, ensure_ascii=False, separators=(",", ":"))
