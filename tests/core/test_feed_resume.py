"""Readers of a feed that are cut at random moments lose nothing, see nothing twice, and in order.

Writers with overlapping transactions, the relay, a broker that drops its subscribers now and then,
and the live channel's own code; real PostgreSQL and broker.
"""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection, connections, transaction
from pytest_django import Settings

from config import hub, live
from core import outbox
from core.live_grants import grant
from core.models import OutboxMessage
from core.realtime import BEAT, Frame, RedisPublisher
from core.relay import Relay
from tests.threads import run_apart

FEED = "session:77"
WRITERS, EACH = 6, 400
EVENTS = WRITERS * EACH
READERS = 8
WHOLE_S = 60.0


@pytest.fixture(autouse=True)
def channel(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    threads = ThreadPoolExecutor(max_workers=2)
    monkeypatch.setattr(live, "hub", hub.Hub())
    monkeypatch.setattr(hub, "database_threads", threads)
    yield
    for _ in range(2):
        threads.submit(connections.close_all).result()
    threads.shutdown()


def write_events(seed: int) -> None:
    """Events whose transactions stay open for a moment: ids and commits come in different order."""
    dice = random.Random(seed)
    try:
        for _ in range(EACH):
            with transaction.atomic():
                outbox.add("tests.thing.happened", feed=FEED)
                time.sleep(dice.random() * 0.012)
    finally:
        connection.close()


class Background:
    """The relay, and a reader that remembers the last id it saw, until everything is written."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.seen_by_id: list[int] = []
        self.failures: list[str] = []

    def run_relay(self) -> None:
        relay = Relay(RedisPublisher(settings.REDIS_URL))
        try:
            while not self.over.is_set():
                relay.turn()
                time.sleep(0.02)
        except Exception as fault:
            self.failures.append(repr(fault))
            raise
        finally:
            connection.close()

    def read_by_id(self) -> None:
        try:
            while not self.over.is_set():
                last = self.seen_by_id[-1] if self.seen_by_id else 0
                rows = OutboxMessage.objects.filter(feed=FEED, pk__gt=last).order_by("pk")
                self.seen_by_id += rows.values_list("pk", flat=True)
                time.sleep(0.01)
        finally:
            connection.close()

    def drop_subscribers(self, seed: int) -> None:
        dice = random.Random(seed)
        client = redis.Redis.from_url(settings.REDIS_URL)
        ours = str(client.connection_pool.connection_kwargs["db"])
        while not self.over.wait(0.5 + dice.random()):
            for line in client.client_list(_type="pubsub"):
                if line["db"] == ours:  # the broker is shared with the tests beside these
                    client.client_kill_filter(_id=line["id"])
        client.close()


class Reader:
    """A console's browser: comes again after each cut with the last number it has read."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.numbers: list[int] = []
        self.cuts = 0
        self._rest = ""

    async def follow(self, until: int) -> None:
        path = f"/live/console/{grant(FEED)}"
        while not self.numbers or self.numbers[-1] < until:
            self._rest = ""
            gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            last = str(self.numbers[-1]) if self.numbers else "0"
            by_header = self.dice.random() < 0.5
            serving = asyncio.ensure_future(
                live.stream(
                    path,
                    "" if by_header else f"after={last}",
                    last if by_header else "",
                    lambda body, gone=gone: self._read(body, gone),
                    gone,
                )
            )
            await asyncio.wait({serving}, timeout=self.dice.random() * 1.5)
            if not gone.done():
                gone.set_result(None)
            await serving
            self.cuts += 1

    async def _read(self, body: bytes, gone: asyncio.Future[None]) -> None:
        """Take what came, or a part of it and then no more: the cut may fall into a frame."""
        await asyncio.sleep(0)
        if gone.done():
            raise ConnectionResetError
        text = body.decode()
        is_cut = self.dice.random() < 0.05
        if is_cut:
            text = text[: self.dice.randrange(len(text) + 1)]
        *whole, self._rest = (self._rest + text).split("\n\n")
        for frame in whole:
            fields = dict(line.split(": ", 1) for line in frame.split("\n") if ": " in line)
            if fields.get("event") == "event":
                self.numbers.append(int(fields["id"]))
        if is_cut:
            gone.set_result(None)
            raise ConnectionResetError


async def read_all(readers: list[Reader], until: int) -> None:
    try:
        async with asyncio.timeout(WHOLE_S):
            await asyncio.gather(*(reader.follow(until) for reader in readers))
    finally:
        if live.hub._at_work:
            live.hub._at_work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await live.hub._at_work


def test_readers_that_are_cut_at_random_lose_nothing_and_see_nothing_twice(settings: Settings):
    settings.LIVE_SNAPSHOTS = {}
    background = Background()
    readers = [Reader(seed) for seed in range(READERS)]
    at_work = [
        threading.Thread(target=background.run_relay),
        threading.Thread(target=background.read_by_id),
        threading.Thread(target=background.drop_subscribers, args=(1,)),
        *(threading.Thread(target=write_events, args=(seed,)) for seed in range(WRITERS)),
    ]
    for thread in at_work:
        thread.start()
    try:
        run_apart(read_all(readers, EVENTS))
    finally:
        background.over.set()
        for thread in at_work:
            thread.join(WHOLE_S)
    assert not background.failures
    for reader in readers:
        assert reader.numbers == list(range(1, EVENTS + 1))
    assert sum(reader.cuts for reader in readers) > READERS * 3
    # The control: a cursor over ids loses what commits late
    assert OutboxMessage.objects.filter(feed=FEED).count() == EVENTS
    assert len(background.seen_by_id) <= EVENTS * 0.95


def numbered(count: int) -> None:
    OutboxMessage.objects.bulk_create(
        OutboxMessage(topic="t", feed=FEED, feed_number=number, payload={})
        for number in range(1, count + 1)
    )


def test_who_was_away_for_thousands_of_events_gets_each(settings: Settings):
    count = hub.CONSOLE_BACKLOG * 3 + 17
    numbered(count)
    readers = [Reader(seed) for seed in range(3)]
    run_apart(read_all(readers, count))
    for reader in readers:
        assert reader.numbers == list(range(1, count + 1))


def test_a_gap_cuts_the_viewer_so_that_it_resumes() -> None:
    async def story() -> None:
        viewer = hub.Viewer("event", 4)
        await live._resume(FEED, viewer, 4)
        viewer.offer(5, b"5")
        assert not viewer.is_behind
        viewer.offer(7, b"7")
        assert viewer.is_behind
        assert viewer.take() == b"5"

    run_apart(story())


class Collected:
    def __init__(self) -> None:
        self.numbers: list[int] = []

    def publish(self, feed: str, kind: str, number: int, data: Any) -> None:
        if kind not in {BEAT, "board"}:
            self.numbers.append(number)

    def publish_all(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            self.publish(*frame)


class Away(Collected):
    def publish(self, feed: str, kind: str, number: int, data: Any) -> None:
        raise redis.ConnectionError("away")


def test_what_was_numbered_before_a_fault_goes_before_what_committed_after_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    """A message with a lower id that commits after the fault must not overtake the others."""
    settings.LIVE_SNAPSHOTS = {}
    monkeypatch.setattr("core.relay.BATCH", 3)
    rows = [OutboxMessage(pk=pk, topic="t", feed=FEED, payload={}) for pk in (11, 12, 13, 14)]
    OutboxMessage.objects.bulk_create(rows)
    with pytest.raises(redis.ConnectionError):
        Relay(Away()).drain()
    late = [OutboxMessage(pk=pk, topic="t", feed=FEED, payload={}) for pk in (1, 2, 3)]
    OutboxMessage.objects.bulk_create(late)
    heard = Collected()
    relay = Relay(heard)
    while relay.drain():
        pass
    assert heard.numbers == [1, 2, 3, 4, 5, 6, 7]


def test_a_feed_whose_messages_were_swept_keeps_its_number() -> None:
    with transaction.atomic():
        outbox.add("tests.thing.happened", feed=FEED)
    Relay(RedisPublisher(settings.REDIS_URL)).drain()
    before = hub.newest_number(FEED)
    OutboxMessage.objects.all().delete()

    assert hub.newest_number(FEED) == before > 0
