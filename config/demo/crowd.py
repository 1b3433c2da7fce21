"""A crowd of buyers, without a database: who orders what and when in a past session.

Rushes follow the host's “now selling”, buyers come back, packs sell out, some transfers are never
made. The same session gives the same crowd.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

RUSH_SHARE = 0.26  # of an offer's turn: how long the rush after “now” lasts on average
STROLLERS = 0.14  # order something whenever they like
SECOND_LINE = 0.24
RETURNING = 0.2
BY_TRANSFER = 0.34
MAX_SEARCH = 400

DELIVERED, RETURNED, CANCELLED, RELEASED = "delivered", "returned", "cancelled", "released"


@dataclass(frozen=True)
class OnOffer:
    """What the crowd may buy: how many units, how many each, how strongly it is wanted."""

    units: int
    limit: int
    wanted: int


@dataclass
class CrowdOrder:
    """`second` after the beginning; `lines` units by index of the offer; `buyer` counts from 0."""

    second: float
    buyer: int
    lines: dict[int, int]
    is_transfer: bool
    fate: str

    @property
    def is_open(self) -> bool:
        return self.fate in {DELIVERED, RETURNED}


@dataclass
class _Books:
    """What is left, and what each buyer holds of each offer."""

    left: list[int]
    held: Counter[tuple[int, int]] = field(default_factory=Counter)
    buyers: int = 0

    def possible(self, offers: Sequence[OnOffer], index: int, buyer: int) -> int:
        return min(self.left[index], offers[index].limit - self.held[index, buyer])

    def take(self, order: CrowdOrder) -> None:
        for index, quantity in order.lines.items():
            self.left[index] -= quantity
            self.held[index, order.buyer] += quantity


def gather(key: str, *, offers: Sequence[OnOffer], orders: int, minutes: int) -> list[CrowdOrder]:
    """Exactly `orders` orders in the order of time; none sells more than there is or may be.

    Raises ValueError when so many orders cannot be served from these offers.
    """
    rng = Random(key)
    turns = _turns(offers, minutes * 60)
    moments = sorted(_moment(rng, offers, turns, minutes * 60) for _ in range(orders))
    books = _Books([offer.units for offer in offers])
    found: list[CrowdOrder] = []
    for second, index in moments:
        order = _order(rng, offers, books, second, index)
        books.buyers = max(books.buyers, order.buyer + 1)
        if order.is_open:
            books.take(order)
        found.append(order)
    return found


def _turns(offers: Sequence[OnOffer], seconds: int) -> list[tuple[float, float]]:
    """When each offer is being sold: in line, the more wanted the longer."""
    total = sum(math.sqrt(offer.wanted) for offer in offers)
    turns, start = [], 0.0
    for offer in offers:
        length = seconds * math.sqrt(offer.wanted) / total
        turns.append((start, length))
        start += length
    return turns


def _moment(
    rng: Random, offers: Sequence[OnOffer], turns: Sequence[tuple[float, float]], seconds: int
) -> tuple[float, int]:
    index = rng.choices(range(len(offers)), [offer.wanted for offer in offers])[0]
    start, length = turns[index]
    if rng.random() < STROLLERS:
        return rng.uniform(start, seconds), index
    return start + min(rng.expovariate(1 / (length * RUSH_SHARE)), length * 0.999), index


def _order(
    rng: Random, offers: Sequence[OnOffer], books: _Books, second: float, index: int
) -> CrowdOrder:
    for _try in range(MAX_SEARCH):
        buyer = rng.randrange(books.buyers) if _comes_back(rng, books) else books.buyers
        lines = _lines(rng, offers, books, buyer, index)
        if lines:
            is_transfer = rng.random() < BY_TRANSFER
            return CrowdOrder(
                second, buyer, lines, is_transfer, _fate(rng, is_transfer=is_transfer)
            )
        index = rng.randrange(len(offers))
    msg = "nothing is left to order"
    raise ValueError(msg)


def _comes_back(rng: Random, books: _Books) -> bool:
    return books.buyers > 0 and rng.random() < RETURNING


def _lines(
    rng: Random, offers: Sequence[OnOffer], books: _Books, buyer: int, index: int
) -> dict[int, int]:
    wanted = [index]
    if rng.random() < SECOND_LINE:
        wanted.append(rng.randrange(len(offers)))
    lines = {}
    for each in dict.fromkeys(wanted):
        quantity = min(_quantity(rng, offers[each].limit), books.possible(offers, each, buyer))
        if quantity > 0:
            lines[each] = quantity
    return lines


def _quantity(rng: Random, limit: int) -> int:
    return rng.choices((1, 2, 3, 5, limit), (58, 25, 9, 6, 2))[0]


def _fate(rng: Random, *, is_transfer: bool) -> str:
    if is_transfer:
        return rng.choices((DELIVERED, RETURNED, CANCELLED, RELEASED), (880, 12, 18, 90))[0]
    return rng.choices((DELIVERED, RETURNED, CANCELLED), (935, 30, 35))[0]
