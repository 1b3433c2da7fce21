"""Market days over two years, planned first so that lots are made large enough for them."""

import datetime as dt
import random
from dataclasses import dataclass, field

from config.scale.copying import copy_rows, reserve_ids
from config.scale.ground import CoopPlan, Ground, LotPlan
from core import text
from livestreams.models import LETTERS, LivestreamSession, Offer, Slot

DAYS = 730
LIVE = 3  # sessions on air now, the first by the big co-op
COMING = 8
FEE_VND = 25_000
LIMIT = 10  # units of an offer for each buyer
UNITS_AN_ORDER = 3.2  # at most, over all its lines, on the average
OFFERS = (6, 12)  # of each co-op in a session
LATE_EVERY = 40  # of the sessions goes on air after the midnight of its planned day


@dataclass
class OfferPlan:
    pk: int
    coop: CoopPlan
    lot: LotPlan
    live_code: str
    position: int
    price_vnd: int
    offered: int
    claimed: int = 0
    waited: int = 0


@dataclass
class SessionPlan:
    pk: int
    coops: list[CoopPlan]
    starts_at: dt.datetime
    went_live_at: dt.datetime | None
    state: str
    order_count: int
    offers: list[OfferPlan] = field(default_factory=list)

    @property
    def ended_at(self) -> dt.datetime | None:
        return self.starts_at + dt.timedelta(hours=5) if self.state == "ended" else None

    @property
    def title(self) -> str:
        return f"Phiên chợ {self.coops[0].commune.name} {self.starts_at:%d/%m}"


def plan(ground: Ground, draw: random.Random, now: dt.datetime) -> list[SessionPlan]:
    """Sessions from the oldest to those to come, with their offers; nothing is written."""
    shape = ground.shape
    first = reserve_ids(LivestreamSession, shape.sessions)
    sold_in = shape.sessions - COMING
    spacing = max(sold_in // shape.big_sessions, 1)
    is_big = [
        n % spacing == spacing - 1 and n // spacing < shape.big_sessions for n in range(sold_in)
    ]
    is_big[-1] = True
    shares = _shares(shape.orders - shape.big_orders, sold_in - sum(is_big), draw)
    big_shares = _shares(shape.big_orders, sum(is_big), draw)
    sessions = []
    for n in range(shape.sessions):
        if n >= sold_in:
            starts_at = now + dt.timedelta(days=n - sold_in + 1)
            sessions.append(_session(first + n, ground, draw, starts_at, "scheduled", 0, False))
            continue
        state = "live" if n >= sold_in - LIVE else "ended"
        age = dt.timedelta(days=DAYS * (1 - (n + 1) / sold_in) + 0.3)
        starts_at = now - (dt.timedelta(minutes=20) if state == "live" else age)
        count = big_shares.pop() if is_big[n] else shares.pop()
        sessions.append(_session(first + n, ground, draw, starts_at, state, count, is_big[n]))
    _line_up(ground, sessions, draw)
    return sessions


def _shares(whole: int, parts: int, draw: random.Random) -> list[int]:
    """`whole` in `parts` of unlike size."""
    weights = [draw.uniform(0.5, 1.5) for _ in range(parts)]
    scale = whole / (sum(weights) or 1)
    shares = [int(weight * scale) for weight in weights]
    shares[-1] += whole - sum(shares)
    return shares


def _session(  # noqa: PLR0913 - facts of one session
    pk: int,
    ground: Ground,
    draw: random.Random,
    starts_at: dt.datetime,
    state: str,
    count: int,
    is_big: bool,  # noqa: FBT001
) -> SessionPlan:
    others = ground.coops[1:]
    lead = ground.coops[0] if is_big else draw.choice(others)
    guests = draw.sample(others, 2) if draw.random() < 0.3 and not is_big else []
    coops = [lead, *(coop for coop in guests if coop is not lead)]
    late = dt.timedelta(hours=8) if state == "ended" and pk % LATE_EVERY == 0 else dt.timedelta()
    went_live_at = None if state == "scheduled" else starts_at + late / 4
    return SessionPlan(pk, coops, starts_at, went_live_at, state, count)


def _line_up(ground: Ground, sessions: list[SessionPlan], draw: random.Random) -> None:
    """Offers of each session; a co-op goes through its lots one after the other."""
    places: dict[int, int] = {}
    for session in sessions:
        for coop in session.coops:
            places[coop.pk] = places.get(coop.pk, 0) + 1
    seen: dict[int, int] = {}
    for session in sessions:
        for at, coop in enumerate(session.coops):
            number = min(draw.randint(*OFFERS), len(coop.lots))
            begin = seen.get(coop.pk, 0) * len(coop.lots) // places[coop.pk]
            seen[coop.pk] = seen.get(coop.pk, 0) + 1
            for k in range(number):
                lot = coop.lots[(begin + k) % len(coop.lots)]
                code = f"{LETTERS[at]}{k + 1:02d}"
                price_vnd = max(lot.price_vnd - draw.randrange(0, 20) * 1000, 5000)
                position = len(session.offers)
                session.offers.append(OfferPlan(0, coop, lot, code, position, price_vnd, 0))
        each = int(session.order_count * UNITS_AN_ORDER / len(session.offers)) + 20
        for offer in session.offers:
            offer.offered = each
            offer.lot.quantity_made += each
            day = session.starts_at.date() - dt.timedelta(days=10)
            offer.lot.harvested_on = min(offer.lot.harvested_on, day)
    first = reserve_ids(Offer, sum(len(session.offers) for session in sessions))
    for n, offer in enumerate(offer for session in sessions for offer in session.offers):
        offer.pk = first + n


def write_sessions(sessions: list[SessionPlan]) -> None:
    rows, slots = [], []
    for s in sessions:
        lead = s.coops[0]
        words = text.fold(f"{s.title} {lead.name} {lead.commune.province.name}")
        rows.append(
            (s.pk, lead.pk, s.title, s.starts_at, FEE_VND, s.state, s.went_live_at, s.ended_at,
             words, text.sort_key(s.title))
        )  # fmt: skip
        slots += [(s.pk, coop.pk, n, s.starts_at) for n, coop in enumerate(s.coops)]
    names = (
        "id", "cooperative_id", "title", "starts_at", "shipping_fee_vnd", "state", "went_live_at",
        "ended_at", "search_text", "sort_key",
    )  # fmt: skip
    copy_rows(LivestreamSession, names, rows)
    copy_rows(Slot, ("session_id", "cooperative_id", "position", "joined_at"), slots)


def write_offers(sessions: list[SessionPlan]) -> None:
    """Write offers in their final state; the claimed quantities are generated before."""
    states = {"ended": "closed", "live": "open", "scheduled": "lined_up"}
    names = (
        "id", "session_id", "cooperative_id", "lot_id", "live_code", "position", "unit_price_vnd",
        "quantity_offered", "quantity_claimed", "standby_waiting", "standby_issued",
        "limit_per_buyer", "state", "opened_at", "closed_at",
    )  # fmt: skip
    copy_rows(
        Offer,
        names,
        (
            (o.pk, s.pk, o.coop.pk, o.lot.pk, o.live_code, o.position, o.price_vnd, o.offered,
             o.claimed, 0, o.waited, LIMIT, states[s.state], s.went_live_at, s.ended_at)
            for s in sessions
            for o in s.offers
        ),
    )  # fmt: skip
