"""The live channel's receiving side: one broker subscription fanned out to this process's viewers.

Board viewers need only the newest snapshot, so a slow one skips frames; console viewers need each
event once, so one that falls behind is cut and resumes by Last-Event-ID. Whatever was published
while nobody listened (broker away, subscription lost) is made up from PostgreSQL as soon as the
subscription stands again.
"""

import asyncio
import contextlib
import json
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import redis.asyncio as aredis
from django.conf import settings
from django.db import close_old_connections
from django.utils.module_loading import import_string
from redis.exceptions import RedisError

from core.live_grants import feed_of
from core.models import OutboxMessage
from core.realtime import BEAT, channel_name

log = logging.getLogger(__name__)

BEAT_S = 5.0  # sent only while the relay is heard: silence tells viewers to poll
HEARD_S = 5.0  # the relay says every two seconds that all is handed on
SILENCE_S = 10.0  # then the subscription itself is doubted and made anew
SNAPSHOT_KEPT_S = 1.0
CONSOLE_BACKLOG = 500
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
database_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live-db")

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Viewer:
    """Frames waiting for one connection. `last` is the highest number it has been given."""

    def __init__(self, kind: str, last: int = 0) -> None:
        self.kind = kind
        self.frames: deque[tuple[int, bytes]] = deque(
            maxlen=1 if kind == "board" else CONSOLE_BACKLOG
        )
        self.wake = asyncio.Event()
        self.is_behind = False
        self.last = last

    def offer(self, number: int, frame: bytes) -> None:
        """Put a frame in line, but no older board and no event the viewer has already."""
        if number < self.last or (self.kind == "event" and number == self.last):
            return
        self.last = number
        self.is_behind |= self.kind == "event" and len(self.frames) == CONSOLE_BACKLOG
        self.frames.append((number, frame))
        self.wake.set()

    def take(self) -> bytes:
        self.wake.clear()
        waiting = b"".join(frame for _number, frame in self.frames)
        self.frames.clear()
        return waiting


class Hub:
    """Viewers by feed, and the one subscription that feeds them."""

    def __init__(self) -> None:
        self.viewers: dict[str, set[Viewer]] = {}
        self._heard_at = -HEARD_S
        self._snapshots: dict[str, tuple[float, int, bytes]] = {}
        self._drawing: dict[str, asyncio.Lock] = {}
        self._listening: asyncio.Task[None] | None = None

    @property
    def is_current(self) -> bool:
        """Whether the relay said a moment ago that everything is handed on."""
        return time.monotonic() - self._heard_at < HEARD_S

    def join(self, feed: str, viewer: Viewer) -> None:
        self.viewers.setdefault(feed, set()).add(viewer)
        if self._listening is None or self._listening.done():
            self._listening = asyncio.get_running_loop().create_task(self._listen())

    def leave(self, feed: str, viewer: Viewer) -> None:
        self.viewers.get(feed, set()).discard(viewer)
        if not self.viewers.get(feed):
            self.viewers.pop(feed, None)
            self._snapshots.pop(feed, None)
            self._drawing.pop(feed, None)

    async def snapshot(self, feed: str) -> tuple[int, bytes]:
        """Number and frame of the feed's board, drawn at most once a second for all who ask."""
        async with self._drawing.setdefault(feed, asyncio.Lock()):
            kept_at, number, frame = self._snapshots.get(feed, (-SNAPSHOT_KEPT_S, 0, b""))
            if time.monotonic() - kept_at < SNAPSHOT_KEPT_S:
                return number, frame
            number, data = await in_database_thread(draw_snapshot, feed)
            self._keep(feed, number, sse_frame("board", number, data))
            return self._snapshots[feed][1:]

    def _keep(self, feed: str, number: int, frame: bytes) -> None:
        """Remember the newest board; one that came while another was drawn is not lost."""
        if number >= self._snapshots.get(feed, (0.0, 0, b""))[1]:
            self._snapshots[feed] = (time.monotonic(), number, frame)

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
                for number, frame in await in_database_thread(missed_events, feed, viewer.last):
                    viewer.offer(number, frame)

    def _fan_out(self, message: dict[str, Any]) -> None:
        if message["kind"] == BEAT:
            self._heard_at = time.monotonic()
            return
        frame = sse_frame(message["kind"], message["number"], message["data"])
        if message["kind"] == "board" and message["feed"] in self.viewers:
            self._keep(message["feed"], message["number"], frame)
        for viewer in self.viewers.get(message["feed"], ()):
            if viewer.kind == message["kind"]:
                viewer.offer(message["number"], frame)


hub = Hub()


def sse_frame(kind: str, number: int, data: Any) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {number}\nevent: {kind}\ndata: {text}\n\n".encode()


def draw_snapshot(feed: str) -> tuple[int, Any]:
    """Newest number of the feed and its public board, from PostgreSQL."""
    kind, _, key = feed.partition(":")
    return newest_number(feed), import_string(settings.LIVE_SNAPSHOTS[kind])(key)


def newest_number(feed: str) -> int:
    numbered = OutboxMessage.objects.filter(feed=feed, feed_number__isnull=False)
    number = numbered.order_by("-feed_number").values_list("feed_number", flat=True).first()
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


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    if (place := _place(scope["path"])) is None or scope["method"] != "GET":
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await _stream(*place, _last_seen(scope), receive, send)


def _place(path: str) -> tuple[str, str] | None:
    """(feed, kind of frames) for an address of the live channel."""
    match path.strip("/").split("/"):
        case ["live", "board", key] if key.isascii() and key.isdigit() and len(key) < 12:
            return f"session:{key}", "board"
        case ["live", "console", word] if feed := feed_of(word):
            return feed, "event"
    return None


def _last_seen(scope: dict[str, Any]) -> int | None:
    """Number of the last event the viewer has, or None.

    A browser that reconnects says it in Last-Event-ID; a page that opens the channel anew in
    `after`, for it cannot set the header.
    """
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("after", [""])[0]
    for value in (headers.get(b"last-event-id", ""), asked):
        if value.isascii() and value.isdigit() and len(value) < 19:
            return int(value)
    return None


async def _stream(feed: str, kind: str, last_id: int | None, receive: Receive, send: Send) -> None:
    viewer = Viewer(kind, last_id or 0)
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        retry_ms = 2000 + random.randrange(3000)  # noqa: S311 - spreads reconnects
        await _write(send, f"retry: {retry_ms}\n\n: welcome\n\n".encode())
        await _open(feed, viewer, begins_now=last_id is None)
        while not gone.done() and not viewer.is_behind:
            await _next_frames(viewer, gone, send)
    except (ConnectionError, RuntimeError):
        log.debug("viewer went away")
    finally:
        hub.leave(feed, viewer)
        gone.cancel()
        with contextlib.suppress(ConnectionError, RuntimeError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _open(feed: str, viewer: Viewer, *, begins_now: bool) -> None:
    """Let the viewer in and put in line what it gets first.

    Without PostgreSQL a board waits for the next snapshot, a console is cut and comes again.
    """
    try:
        if viewer.kind == "board":
            hub.join(feed, viewer)
            viewer.offer(*await hub.snapshot(feed))
            return
        if begins_now:
            viewer.last = await in_database_thread(newest_number, feed)
        hub.join(feed, viewer)
        await _resume(feed, viewer, viewer.last)
    except Exception:
        log.exception("live channel: no opening for %s", feed)
        viewer.is_behind = viewer.kind == "event"


async def _resume(feed: str, viewer: Viewer, last_id: int) -> None:
    """Put what was missed before what came meanwhile, each event once."""
    missed = await in_database_thread(missed_events, feed, last_id)
    meanwhile = list(viewer.frames)
    viewer.frames.clear()
    viewer.last = last_id
    for number, frame in [*missed, *meanwhile]:
        viewer.offer(number, frame)


async def _next_frames(viewer: Viewer, gone: asyncio.Future[None], send: Send) -> None:
    waking: asyncio.Future[Any] = asyncio.ensure_future(viewer.wake.wait())
    await asyncio.wait({waking, gone}, timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED)
    if waking.done():
        await _write(send, viewer.take())
    else:
        waking.cancel()
        if not gone.done() and hub.is_current:
            await _write(send, b"event: beat\ndata: 1\n\n")


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
