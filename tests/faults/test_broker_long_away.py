"""The broker is frozen for long, emptied, or comes back to a heap of work."""

import json
import os
import signal
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import pytest
import redis
from django.conf import settings

from core.models import OutboxMessage
from core.realtime import RedisPublisher, channel_name
from core.relay import Relay
from livestreams.models import Offer
from orders.models import Order, SessionTally
from orders.services.cancelling import cancel_order
from orders.tasks import recount_live_sessions
from products.models import Lot
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import OrderFactory
from tests.orders.test_broker_away import (  # noqa: F401 - fixtures
    await_nothing_waiting,
    broker,
    order_over_http,
    pid_of,
    shop,
    waiting,
)

DRAINED_WITHIN_S = 60
WAITING = 10_000
FEEDS = 20
ACCEPTED_SHARE = 0.999


class Listener:
    """Everything viewers would be sent while the `with` block lasts."""

    def __init__(self, url: str) -> None:
        self.line = redis.Redis.from_url(url).pubsub()
        self.events: list[tuple[str, int]] = []
        self.stopping = threading.Event()

    def __enter__(self) -> Self:
        self.line.subscribe(channel_name())
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep(0.5)
        self.stopping.set()
        self.thread.join()
        self.line.close()

    def listen(self) -> None:
        while not self.stopping.is_set():
            message = self.line.get_message(ignore_subscribe_messages=True, timeout=0.1)
            if message:
                frame = json.loads(message["data"])
                if frame["kind"] == "event":
                    self.events.append((frame["feed"], frame["number"]))


@pytest.mark.django_db(transaction=True)
def test_ten_thousand_that_waited_are_handed_on_in_a_minute_in_order_and_once() -> None:
    OutboxMessage.objects.bulk_create(
        OutboxMessage(
            topic="orders.order.placed",
            feed=f"session:{n % FEEDS + 1}",
            payload={"session_id": n % FEEDS + 1, "n": n},
        )
        for n in range(WAITING)
    )
    relay = Relay(RedisPublisher(settings.REDIS_URL))
    began = time.monotonic()

    with Listener(settings.REDIS_URL) as heard:
        while OutboxMessage.objects.filter(published_at=None).exists():
            relay.turn()
        took_s = time.monotonic() - began

    assert took_s <= DRAINED_WITHIN_S
    for feed in {feed for feed, _number in heard.events}:
        numbers = [number for name, number in heard.events if name == feed]
        assert numbers == list(range(1, WAITING // FEEDS + 1))
    assert len(heard.events) == WAITING
    first = OutboxMessage.objects.filter(feed="session:1").order_by("feed_number")
    assert [m.payload["n"] for m in first] == list(range(0, WAITING, FEEDS))


@pytest.mark.django_db(transaction=True)
def test_a_broker_emptied_in_mid_session_costs_no_figure() -> None:
    line = redis.Redis.from_url(settings.REDIS_URL)
    order = OrderFactory(quantity=3)
    recount_live_sessions()
    cancel_order(order=order)
    Relay(RedisPublisher(settings.REDIS_URL)).turn()
    assert waiting() == 0

    line.flushdb()  # the request to count again is gone
    line.close()
    tally = SessionTally.objects.get(session=order.session_id, cooperative=None)
    assert tally.unit_count == 3  # wrong now: nobody was told

    recount_live_sessions()  # the clock rings once a minute

    tally.refresh_from_db()
    assert (tally.unit_count, tally.closed_order_count) == (0, 1)


@pytest.mark.parametrize("orders", [60, pytest.param(2_000, marks=pytest.mark.long)])
def test_buyers_notice_nothing_and_all_of_it_arrives_afterwards(
    shop: object,  # noqa: F811
    broker: object,  # noqa: F811
    orders: int,
) -> None:
    offer = OfferFactory(quantity_offered=50, limit_per_buyer=5)
    make_room(offer, orders + 20)
    plain = sorted(press_many(shop, offer, 20))
    assert len(plain) == 20
    await_nothing_waiting(shop)
    os.kill(pid_of(broker), signal.SIGSTOP)

    took = sorted(press_many(shop, offer, orders))

    assert len(took) >= orders * ACCEPTED_SHARE
    assert took[int(len(took) * 0.99)] <= max(2 * plain[-1], 1.0)
    assert statistics.median(took) <= max(2 * statistics.median(plain), 0.25)
    assert waiting() == orders
    os.kill(pid_of(broker), signal.SIGCONT)
    began = time.monotonic()
    with Listener(broker.here.redis_url) as heard:
        await_nothing_waiting(shop)
    assert time.monotonic() - began <= DRAINED_WITHIN_S
    numbers = [number for _feed, number in heard.events]
    assert numbers == sorted(set(numbers))  # in order, and once
    assert Order.objects.count() == orders + 20


def make_room(offer: Offer, units: int) -> None:
    """A harvest large enough for all of them."""
    Lot.objects.filter(pk=offer.lot_id).update(quantity_made=units + 50)
    Offer.objects.filter(pk=offer.pk).update(quantity_offered=units)
    offer.session.is_simulated = True  # strangers of one network would be asked for a code
    offer.session.save()


def press_many(shop: object, offer: Offer, count: int) -> list[float]:  # noqa: F811
    """Seconds each accepted order took."""

    def press(n: int) -> tuple[int, float]:
        return order_over_http(shop, offer.pk, offer.session_id, phone=f"0912{n:06d}")

    with ThreadPoolExecutor(4) as pool:
        return [seconds for status, seconds in pool.map(press, range(count)) if status == 303]
