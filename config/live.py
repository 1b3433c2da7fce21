"""What a viewer is served on the live channel.

`/live/board/<session>`: the public board's snapshots. `/live/console/<grant>`: events of a session
for those who run it; the page hands out the grant, a signed token with a date, so that permissions
need no database here. The server meets it at `show_live`.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from config.hub import (
    CONSOLE_BACKLOG,
    Hub,
    Viewer,
    in_database_thread,
    missed_events,
    newest_number,
)
from core.live_grants import read_grant

log = logging.getLogger(__name__)

HEADERS = [
    ("content-type", "text/event-stream; charset=utf-8"),
    ("cache-control", "no-store"),
    ("x-accel-buffering", "no"),
    ("x-content-type-options", "nosniff"),
]
COME_LATER = [("retry-after", "30"), ("cache-control", "no-store")]
# The server lets 8,192 connections in (core/local/roles.py), and one more waits for one to end:
# however many watch, buyers and consoles must find room
MOST_BOARDS = 6000
Write = Callable[[bytes], Awaitable[None]]

hub = Hub()


class Place(NamedTuple):
    feed: str
    kind: str  # of frames: "board" or "event"
    lasts_s: float | None = None  # a console's grant, and its stream with it


def place_of(path: str) -> Place | None:
    """The feed and kind of frames that an address of the live channel names; None when missing."""
    match path.strip("/").split("/"):
        case ["live", "board", key] if key.isascii() and key.isdigit() and len(key) < 12:
            return Place(f"session:{key}", "board")
        case ["live", "console", word] if granted := read_grant(word):
            return Place(granted.feed, "event", granted.lasts_s)
    return None


async def stream(
    path: str, query: str, last_event_id: str, write: Write, gone: asyncio.Future[Any]
) -> None:
    """Serve one viewer at `path`, an address that `place_of` knows, with HEADERS already sent.

    Returns when `gone` is done, when `write` says so by ConnectionError or RuntimeError, when its
    grant is over, or when the viewer fell behind; it must come again then. Never closes the
    connection itself.
    """
    if (place := place_of(path)) is None:
        return
    last = last_seen(query, last_event_id)
    viewer = Viewer(place.kind, last or 0)
    gone.add_done_callback(lambda _gone: viewer.wake())
    ending = _end_later(viewer, place.lasts_s)
    try:
        retry_ms = 2000 + random.randrange(3000)  # noqa: S311 - spreads reconnects
        await write(f"retry: {retry_ms}\n\n: welcome\n\n".encode())
        await _open(place.feed, viewer, write, begins_now=last is None)
        while not gone.done() and not viewer.is_behind:
            if waiting := viewer.take():
                await write(waiting)
            await viewer.something()
    except (ConnectionError, RuntimeError):
        log.debug("viewer went away")
    finally:
        if ending:
            ending.cancel()
        hub.leave(place.feed, viewer)


def _end_later(viewer: Viewer, lasts_s: float | None) -> asyncio.TimerHandle | None:
    if lasts_s is None:
        return None
    return asyncio.get_running_loop().call_later(lasts_s, viewer.fall_behind)


def last_seen(query: str, last_event_id: str) -> int | None:
    """Number of the last event the viewer has, or None.

    A browser that reconnects sends it in Last-Event-ID; a page that opens the channel anew in
    `after`, for it cannot set the header.
    """
    asked = parse_qs(query).get("after", [""])[0]
    for value in (last_event_id, asked):
        if value.isascii() and value.isdigit() and len(value) < 19:
            return int(value)
    return None


async def _open(feed: str, viewer: Viewer, write: Write, *, begins_now: bool) -> None:
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
        viewer.last = await _catch_up(feed, viewer.last, write)
        hub.join(feed, viewer)
        await _resume(feed, viewer, viewer.last)
    except (ConnectionError, RuntimeError):
        raise  # the viewer went away
    except Exception:
        log.exception("live channel: no opening for %s", feed)
        viewer.is_behind = viewer.kind == "event"


async def _catch_up(feed: str, last: int, write: Write) -> int:
    """Write all that was missed but the last few hundred events; the number of the last written."""
    while len(missed := await in_database_thread(missed_events, feed, last)) == CONSOLE_BACKLOG:
        await write(b"".join(frame for _number, frame in missed))
        last = missed[-1][0]
    return last


async def _resume(feed: str, viewer: Viewer, last_id: int) -> None:
    """Put what was missed before what came meanwhile, each event once."""
    missed = await in_database_thread(missed_events, feed, last_id)
    meanwhile = list(viewer.frames)
    viewer.frames.clear()
    viewer.last = last_id
    viewer.is_joined = True
    for number, frame in [*missed, *meanwhile]:
        viewer.offer(number, frame)


async def show_live(scope: Any, proto: Any) -> None:
    """Answer an RSGI request: a viewer's stream, or 404 for every other address.

    With MOST_BOARDS served, further viewers get 503 and Retry-After; their pages poll meanwhile.
    """
    place = place_of(scope.path) if scope.method == "GET" else None
    if place is None:
        proto.response_empty(404, [])
        return
    if place.kind == "board" and hub.boards >= MOST_BOARDS:
        proto.response_empty(503, COME_LATER)
        return
    transport = proto.response_stream(200, HEADERS)
    gone = asyncio.ensure_future(proto.client_disconnect())
    hub.boards += place.kind == "board"
    try:
        last_seen = scope.headers.get("last-event-id", "")
        await stream(scope.path, scope.query_string, last_seen, transport.send_bytes, gone)
    finally:
        hub.boards -= place.kind == "board"
        gone.cancel()
