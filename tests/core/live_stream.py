"""A viewer's connection to the live channel, and the stories that tests tell with it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from django.db import connections

from config import live, rsgi
from core.live_grants import grant
from core.models import FeedCounter, OutboxMessage
from core.realtime import BEAT, RedisPublisher
from tests.threads import run_apart

TIMEOUT_S = 10.0
FEED = "session:7"
drawn: list[str] = []


def counted_board(key: str) -> dict[str, Any]:
    """A board that counts how often it was rendered."""
    drawn.append(key)
    return {"key": key, "newest": OutboxMessage.objects.filter(feed=f"session:{key}").count()}


def event(number: int | None = None, **payload: Any) -> None:
    """A message of the feed, as the relay leaves it when `number` is given."""
    OutboxMessage.objects.create(topic="t", feed=FEED, feed_number=number, payload=payload)
    FeedCounter.objects.get_or_create(feed=FEED)


class Stream:
    """One viewer's connection, as the server hands it to an RSGI application."""

    def __init__(
        self, path: str, query: str = "", last_event_id: str = "", method: str = "GET"
    ) -> None:
        self.gone = asyncio.Event()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.frames: list[tuple[str, int, Any]] = []
        self.is_over = False
        self._text = ""
        scope = SimpleNamespace(
            proto="http",
            method=method,
            path=path,
            query_string=query,
            headers={"last-event-id": last_event_id} if last_event_id else {},
        )
        self.task = asyncio.create_task(rsgi.application(scope, self))
        self.task.add_done_callback(self._end)

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status, dict(headers)

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> "Stream":
        self.response_empty(status, headers)
        return self

    async def client_disconnect(self) -> None:
        await self.gone.wait()

    async def send_bytes(self, body: bytes) -> None:
        self._text += body.decode()
        *whole, self._text = self._text.split("\n\n")
        for frame in whole:
            fields = dict(line.split(": ", 1) for line in frame.split("\n"))
            if "event" in fields:
                number = int(fields.get("id", 0))
                self.frames.append((fields["event"], number, json.loads(fields["data"])))

    def _end(self, _task: Any) -> None:
        self.is_over = True

    def of(self, kind: str) -> list[tuple[int, Any]]:
        return [(number, data) for name, number, data in self.frames if name == kind]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while not condition():  # noqa: ASYNC110 - conditions of many kinds
                await asyncio.sleep(0.02)

    async def leave(self) -> None:
        self.gone.set()
        await asyncio.wait_for(self.task, TIMEOUT_S)


@contextlib.asynccontextmanager
async def stream(*args: Any, **kwargs: Any) -> AsyncIterator[Stream]:
    found = Stream(*args, **kwargs)
    try:
        yield found
    finally:
        await found.leave()


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        try:
            await story()
        finally:
            if live.hub._at_work:
                live.hub._at_work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await live.hub._at_work

    run_apart(whole())


async def in_thread(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Database work of the story, on a connection that is closed again."""

    def done() -> Any:
        try:
            return work(*args, **kwargs)
        finally:
            connections.close_all()

    return await asyncio.to_thread(done)


def publisher(settings: Any) -> RedisPublisher:
    return RedisPublisher(settings.REDIS_URL)


async def subscribed(settings: Any) -> None:
    """Wait until the hub hears what is published."""
    async with asyncio.timeout(TIMEOUT_S):
        while not live.hub.is_current:
            publisher(settings).publish("", BEAT, 0, None)
            await asyncio.sleep(0.05)


def console(after: str = "", last_event_id: str = "") -> Any:
    return stream(f"/live/console/{grant(FEED)}", query=after, last_event_id=last_event_id)
