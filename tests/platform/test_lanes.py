"""Pages give way to orders, and stand still for nobody."""

import asyncio
import time

from config import lanes
from config.lanes import Lane
from tests.threads import run_apart


def lane(name: str, *first: Lane) -> Lane:
    return Lane(
        name, threads=1, waiting=9, longest_wait_s=1, longest_answer_s=1, first=first, beside=2
    )


async def most_at_once(pages: Lane, count: int = 6, lasts_s: float = 0.05) -> int:
    """How many of `count` requests ran together."""
    most = 0

    async def one() -> None:
        nonlocal most
        async with pages.pass_through():
            most = max(most, pages.running)
            await asyncio.sleep(lasts_s)

    await asyncio.gather(*(one() for _ in range(count)))
    return most


def test_pages_are_few_at_once_while_an_order_is_inside() -> None:
    orders = lane("orders")
    pages = lane("pages", orders)
    assert run_apart(most_at_once(pages)) == 6
    orders.inside = 1
    assert run_apart(most_at_once(lane("pages", orders))) == 2


def test_orders_give_way_to_nobody() -> None:
    orders = lane("orders")
    orders.inside = 20
    assert run_apart(most_at_once(orders)) == 6


def test_pages_that_stand_still_let_others_pass() -> None:
    orders = lane("orders")
    orders.inside = 1
    began = time.monotonic()
    assert run_apart(most_at_once(lane("pages", orders), count=4, lasts_s=1.0)) == 4
    assert time.monotonic() - began < 1.0 + 6 * lanes.GIVE_WAY_S
