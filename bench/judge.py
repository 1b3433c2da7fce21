"""Buyers who remember: what they were promised is held against the database afterwards.

Each attempt writes a mark of its own into the order's note, so that its orders are found whatever
was answered. An attempt is sent again with the same key until it is settled, as the page does.
"""

import asyncio
import itertools
import random
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from bench.rows import FEE_VND, PRICE_VND, SessionRows

TIMEOUT_S = 15  # as long as the page waits (static/js/order_send.js)
PAUSES_S = (0.05, 0.3)  # between an answer and the next order, and before a repeat
REPEATS = 0.1  # of those that were acknowledged, as from a phone that lost the answer
TRANSFERS = 0.3


@dataclass
class Attempt:
    """One wish to order, and what the buyer knows of it."""

    mark: str
    body: bytes
    location: str = ""  # of the order, once acknowledged
    is_refused: bool = False
    presses: int = 0


@dataclass
class Ledger:
    """Kept outside the system that is judged."""

    attempts: list[Attempt] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    acknowledged_at: list[tuple[float, float]] = field(default_factory=list)  # (sent, answered)
    contradicted: list[str] = field(default_factory=list)  # marks told of two orders

    @property
    def acknowledged(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.location]

    def acknowledged_after(self, moment: float) -> float | None:
        """When the first order sent after `moment` was acknowledged (monotonic seconds)."""
        later = (answered for sent, answered in reversed(self.acknowledged_at) if sent > moment)
        return min(later, default=None)

    @property
    def worst_gap_s(self) -> float:
        """The longest time in which no order was acknowledged."""
        ends = sorted(answered for _sent, answered in self.acknowledged_at)
        return max((b - a for a, b in itertools.pairwise(ends)), default=0.0)


@dataclass
class Verdict:
    acknowledged: int
    refused: int
    unsettled: int  # attempts without an answer at the end
    lost: int  # acknowledged, but not in the database
    doubled: int  # attempts with more than one order, or told of two
    phantoms: int  # refused, yet ordered
    oversold: int  # units beyond what was offered
    stranded: int  # units claimed by no open order


class Shop:
    """Buyers of one session over HTTP, as many at once as `buy` is awaited."""

    def __init__(self, port: int, rows: SessionRows, seed: int = 1) -> None:
        self.port = port
        self.rows = rows
        self.draw = random.Random(seed)
        self.ledger = Ledger()
        self.is_closing = False

    async def buy(self) -> None:
        """Order one thing after the other until `is_closing`; each attempt is settled first."""
        while not self.is_closing:
            attempt = self.attempt()
            await self.settle(attempt)
            if attempt.location and self.draw.random() < REPEATS:
                await self.settle(attempt, again=True)
            await asyncio.sleep(self.draw.uniform(*PAUSES_S))

    def attempt(self) -> Attempt:
        mark = secrets.token_hex(8)
        offers = self.draw.sample(self.rows.offer_ids, self.draw.choice((1, 1, 1, 2, 3)))
        transfer = self.draw.random() < TRANSFERS
        fields = {
            "buyer_name": "Giàng A Sử",
            "buyer_phone": f"097{self.draw.randrange(10**7):07d}",
            "commune": self.rows.commune_code,
            "address_line": "Bản Tà Chơ, nhà 12",
            "note": mark,
            "payment_method": "transfer" if transfer else "cod",
            "idempotency_key": secrets.token_hex(16),
            "fee": str(FEE_VND),
            **{f"quantity_{offer_id}": "1" for offer_id in offers},
            **{f"price_{offer_id}": str(PRICE_VND) for offer_id in offers},
        }
        attempt = Attempt(mark, urlencode(fields).encode())
        self.ledger.attempts.append(attempt)
        return attempt

    async def settle(self, attempt: Attempt, *, again: bool = False) -> None:
        """Press until there is a word: the order, or a refusal."""
        while again or not (attempt.location or attempt.is_refused):
            sent_at = time.monotonic()
            status, headers = await self.press(attempt)
            self.ledger.statuses[status] += 1
            if status == "303":
                self.note(attempt, headers["location"], sent_at)
                return
            if status in {"409", "422"} and "retry-after" not in headers:
                attempt.is_refused = True
                return
            await asyncio.sleep(self.draw.uniform(*PAUSES_S))

    def note(self, attempt: Attempt, location: str, sent_at: float) -> None:
        if attempt.location not in {"", location}:
            self.ledger.contradicted.append(attempt.mark)
        if not attempt.location:
            self.ledger.acknowledged_at.append((sent_at, time.monotonic()))
        attempt.location = location

    async def press(self, attempt: Attempt) -> tuple[str, dict[str, str]]:
        """Status ("cut" or "silence" when there was none) and headers of one answer."""
        attempt.presses += 1
        path = f"/phien/{self.rows.session_id}/dat/"
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await post(self.port, path, attempt.body)
        except TimeoutError:
            return "silence", {}
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return "cut", {}


async def post(port: int, path: str, body: bytes) -> tuple[str, dict[str, str]]:
    """POST a form on a connection of its own and read the whole answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"X-Forwarded-For: 14.{random.randrange(250)}.{random.randrange(250)}.7\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _colon, value in pairs}
        await reader.readexactly(int(headers.get("content-length", "0")))
        return first.split(" ")[1], headers
    finally:
        writer.close()


def judge(ledger: Ledger, rows: SessionRows) -> Verdict:
    """Hold the buyers' ledger against the database. Needs Django set up on it."""
    from livestreams.models import Offer
    from orders.models import Order, OrderLine

    found: dict[str, list[str]] = {}
    orders = Order.objects.filter(session_id=rows.session_id)
    for mark, token in orders.values_list("note", "token"):
        found.setdefault(mark, []).append(token)
    claimed: Counter[int] = Counter()
    open_lines = OrderLine.objects.filter(
        order__session_id=rows.session_id,
        order__state__in=["held", "awaiting_payment", "confirmed"],
    )
    for offer_id, quantity in open_lines.values_list("offer_id", "quantity"):
        claimed[offer_id] += quantity
    offers = list(Offer.objects.filter(session_id=rows.session_id))
    doubled = {mark for mark, tokens in found.items() if len(tokens) > 1}
    refused = [attempt for attempt in ledger.attempts if attempt.is_refused]
    return Verdict(
        acknowledged=len(ledger.acknowledged),
        refused=len(refused),
        unsettled=len(ledger.attempts) - len(ledger.acknowledged) - len(refused),
        lost=sum(not _is_kept(attempt, found) for attempt in ledger.acknowledged),
        doubled=len(doubled | set(ledger.contradicted)),
        phantoms=sum(attempt.mark in found for attempt in refused),
        oversold=sum(max(0, claimed[offer.pk] - offer.quantity_offered) for offer in offers),
        stranded=sum(abs(offer.quantity_claimed - claimed[offer.pk]) for offer in offers),
    )


def _is_kept(attempt: Attempt, found: dict[str, list[str]]) -> bool:
    return any(token in attempt.location for token in found.get(attempt.mark, ()))


def as_figures(verdict: Verdict) -> dict[str, Any]:
    return dict(vars(verdict))
