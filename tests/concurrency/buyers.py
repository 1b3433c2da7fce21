"""Buyers for races: many of them, what they got, and what that adds up to."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from livestreams.models import Offer
from orders.models import Order, OrderLine
from tests.factories.coops import CommuneFactory
from tests.orders.helpers import order_of

BUYERS = 20


def phone(number: int) -> str:
    return f"+8490{number:07d}"


def buyers_of(
    *lines: tuple[Offer, int], count: int = BUYERS, first: int = 0
) -> list[Callable[[], Order]]:
    """`count` people, from number `first`, who each order `lines`."""
    commune = CommuneFactory()
    return [
        partial(order_of, *lines, buyer_phone=phone(first + n), commune=commune)
        for n in range(count)
    ]


def sold(offer: Offer) -> int:
    return sum(line.quantity for line in OrderLine.objects.filter(offer=offer))


def kinds(results: Iterable[object]) -> dict[str, int]:
    return dict(sorted(Counter(type(result).__name__ for result in results).items()))
