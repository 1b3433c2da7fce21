"""The live channel's receiving side: one broker subscription fanned out to this process's viewers.

Board viewers need only the newest snapshot, so a slow one skips frames; console viewers need each
event once, so one that falls behind is cut and resumes by Last-Event-ID. Whatever was published
while there was no subscription (broker away, connection lost) is read from PostgreSQL as soon as
the hub is subscribed again.
"""

import asyncio
import contextlib
import json
import logging
import random
import resource
import sys
import time
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis.asyncio as aredis
from django.conf import settings
from django.db import close_old_connections
from django.utils.module_loading import import_string
from redis.exceptions import RedisError

from core.models import FeedCounter, OutboxMessage
from core.realtime import BEAT, channel_name

log = logging.getLogger(__name__)

BEAT_S = 5.0  # sent only while the relay sends beats: without them viewers poll
HEARD_S = 5.0  # the relay sends a beat every two seconds while all is handed on
SILENCE_S = 10.0  # then the subscription itself is doubted and made anew
SNAPSHOT_KEPT_S = 1.0
CONSOLE_BACKLOG = 500
# A crowd is served in slices, within 160 ms and the work: a burst would keep buyers' orders waiting
SLICE, SLICES, PAUSE_S = 25, 40, 0.004
SWITCH_S = 0.0005  # how long a thread may keep others from running: orders are threads here
BEAT_FRAME = b"event: beat\ndata: 1\n\n"
database_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live-db")


class Viewer:
    """Frames waiting for one connection. `last` is the highest number it has been given."""

    def __init__(self, kind: str, last: int = 0) -> None:
        self.kind = kind
        self.frames: deque[tuple[int, bytes]] = deque(
            maxlen=1 if kind == "board" else CONSOLE_BACKLOG
        )
        self.is_behind = False
        self.is_joined = False  # a console that has everything up to `last`
        self.last = last
        self._has_beat = False
        self._sleeping: asyncio.Future[None] | None = None

    def offer(self, number: int, frame: bytes) -> None:
        """Put a frame in line, but no older board and no event the viewer has already."""
        if number < self.last or (self.kind == "event" and number == self.last):
            return
        if self.is_joined and number > self.last + 1:  # feeds have no gaps: something was lost
            self.fall_behind()
            return
        self.last = number
        self.is_behind |= self.kind == "event" and len(self.frames) == CONSOLE_BACKLOG
        self.frames.append((number, frame))
        self.wake()

    def fall_behind(self) -> None:
        """The connection is cut, and the viewer resumes from the last number it was sent."""
        self.is_behind = True
        self.wake()

    def beat(self) -> None:
        self._has_beat = True
        self.wake()

    def wake(self) -> None:
        if self._sleeping is not None and not self._sleeping.done():
            self._sleeping.set_result(None)

    async def something(self) -> None:
        """Return when there is something to take, or on `wake`."""
        if not self.frames and not self._has_beat:
            self._sleeping = asyncio.get_running_loop().create_future()
            await self._sleeping

    def take(self) -> bytes:
        """Every frame that waits; a beat when there is none."""
        waiting = b"".join(frame for _number, frame in self.frames)
        self.frames.clear()
        if self._has_beat:
            self._has_beat = False
            waiting = waiting or BEAT_FRAME
        return waiting


class Hub:
    """Viewers by feed, and the one subscription that feeds them."""

    def __init__(self) -> None:
        self.viewers: dict[str, set[Viewer]] = {}
        self.boards = 0  # connections that watch a board, from their first moment on
        self._heard_at = -HEARD_S
        self._snapshots: dict[str, tuple[float, int, bytes]] = {}
        self._drawing: dict[str, asyncio.Lock] = {}
        self._newest: dict[
            str, tuple[int, bytes]
        ] = {}  # boards that viewers have not been given yet
        self._giving: dict[str, asyncio.Task[None]] = {}
        self._at_work: asyncio.Future[Any] | None = None

    @property
    def is_current(self) -> bool:
        """Whether the relay said a moment ago that everything is handed on."""
        return time.monotonic() - self._heard_at < HEARD_S

    def join(self, feed: str, viewer: Viewer) -> None:
        self.viewers.setdefault(feed, set()).add(viewer)
        if self._at_work is None or self._at_work.done():
            let_many_in()
            sys.setswitchinterval(SWITCH_S)
            self._at_work = asyncio.gather(self._listen(), self._beat())

    def leave(self, feed: str, viewer: Viewer) -> None:
        self.viewers.get(feed, set()).discard(viewer)
        if not self.viewers.get(feed):
            self.viewers.pop(feed, None)
            self._snapshots.pop(feed, None)
            self._drawing.pop(feed, None)

    async def snapshot(self, feed: str) -> tuple[int, bytes]:
        """Number and frame of the feed's board, rendered at most once a second for all requests."""
        async with self._drawing.setdefault(feed, asyncio.Lock()):
            kept_at, number, frame = self._snapshots.get(feed, (-SNAPSHOT_KEPT_S, 0, b""))
            if time.monotonic() - kept_at < SNAPSHOT_KEPT_S:
                return number, frame
            number, data = await in_database_thread(draw_snapshot, feed)
            self._keep(feed, number, sse_frame("board", number, data))
            return self._snapshots[feed][1:]

    def _keep(self, feed: str, number: int, frame: bytes) -> None:
        """Remember the newest board; one that arrives while another is rendered is not lost."""
        if number >= self._snapshots.get(feed, (0.0, 0, b""))[1]:
            self._snapshots[feed] = (time.monotonic(), number, frame)

    async def _beat(self) -> None:
        """Send viewers a regular beat while their boards are current."""
        while True:
            await asyncio.sleep(BEAT_S)
            if self.is_current:
                for viewers in list(self.viewers.values()):
                    await in_slices(viewers, Viewer.beat)

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except (RedisError, OSError) as fault:
                log.warning("live channel: broker or relay not heard: %s", fault)
            except Exception:
                log.exception("live channel: listening failed")
            self._heard_at = -HEARD_S
            await asyncio.sleep(0.5 + random.random())  # noqa: S311 - spreads reconnects

    async def _listen_once(self) -> None:
        client = aredis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=settings.REDIS_TIMEOUT_S,
            socket_timeout=settings.REDIS_TIMEOUT_S,
        )
        async with client, client.pubsub() as subscription:
            await subscription.subscribe(channel_name())
            heard_at = time.monotonic()
            while time.monotonic() - heard_at < SILENCE_S:
                message = await subscription.get_message(timeout=1.0)
                if message is None:
                    continue
                heard_at = time.monotonic()
                if message["type"] == "subscribe":
                    await self._make_whole()
                elif message["type"] == "message":
                    self._fan_out(json.loads(message["data"]))
        raise RedisError(f"nothing for {SILENCE_S:.0f} s")

    async def _make_whole(self) -> None:
        """Give every viewer what was published before the subscription stood."""
        for feed, viewers in list(self.viewers.items()):
            self._snapshots.pop(feed, None)
            boards = [viewer for viewer in viewers if viewer.kind == "board"]
            if boards:
                number, frame = await self.snapshot(feed)
                for viewer in boards:
                    viewer.offer(number, frame)
            for viewer in [viewer for viewer in viewers if viewer.kind == "event"]:
                missed = await in_database_thread(missed_events, feed, viewer.last)
                if len(missed) == CONSOLE_BACKLOG:
                    viewer.fall_behind()
                for number, frame in missed:
                    viewer.offer(number, frame)

    def _fan_out(self, message: dict[str, Any]) -> None:
        if message["kind"] == BEAT:
            self._heard_at = time.monotonic()
            return
        if not (viewers := self.viewers.get(message["feed"])):
            return
        kind, number = message["kind"], message["number"]
        frame = sse_frame(kind, number, message["data"])
        if kind == "board":
            self._keep(message["feed"], number, frame)
            self._newest[message["feed"]] = number, frame
            if message["feed"] not in self._giving:
                giving = asyncio.create_task(self._give_boards(message["feed"]))
                self._giving[message["feed"]] = giving
            return
        for viewer in viewers:
            if viewer.kind == kind:
                viewer.offer(number, frame)

    async def _give_boards(self, feed: str) -> None:
        """Give everybody the newest board; those that came meanwhile are merged into the last."""
        try:
            while feed in self._newest:
                number, frame = self._newest.pop(feed)
                watching = [v for v in self.viewers.get(feed, ()) if v.kind == "board"]
                await in_slices(watching, lambda v, n=number, f=frame: v.offer(n, f))
        finally:
            del self._giving[feed]


def let_many_in() -> None:
    """Raise this process's limit of open files, often 1,024, to what the system allows."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def in_slices(viewers: Collection[Viewer], give: Callable[[Viewer], None]) -> None:
    """Give to each, with pauses in which the process takes orders: no crowd wakes at once."""
    size = max(SLICE, -(-len(viewers) // SLICES))
    for number, viewer in enumerate(list(viewers), start=1):
        give(viewer)
        if number % size == 0:
            await asyncio.sleep(PAUSE_S)


def sse_frame(kind: str, number: int, data: Any) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {number}\nevent: {kind}\ndata: {text}\n\n".encode()


def draw_snapshot(feed: str) -> tuple[int, Any]:
    """Newest number of the feed and its public board, from PostgreSQL."""
    kind, _, key = feed.partition(":")
    return newest_number(feed), import_string(settings.LIVE_SNAPSHOTS[kind])(key)


def newest_number(feed: str) -> int:
    """Of its messages, or where these were swept, of its counter."""
    numbered = OutboxMessage.objects.filter(feed=feed, feed_number__isnull=False)
    number = numbered.order_by("-feed_number").values_list("feed_number", flat=True).first()
    if number is None:
        counted = FeedCounter.objects.filter(feed=feed).values_list("last_number", flat=True)
        number = counted.first()
    return number or 0


def missed_events(feed: str, after: int) -> list[tuple[int, bytes]]:
    """Numbers and frames of the feed's events since number `after`, oldest first."""
    rows = OutboxMessage.objects.filter(feed=feed, feed_number__gt=after).order_by("feed_number")
    return [
        (row.feed_number, sse_frame("event", row.feed_number, {"topic": row.topic, **row.payload}))
        for row in rows[:CONSOLE_BACKLOG]
        if row.feed_number is not None
    ]


async def in_database_thread(work: Callable[..., Any], *args: Any) -> Any:
    def run() -> Any:
        close_old_connections()
        try:
            return work(*args)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(database_threads, run)
