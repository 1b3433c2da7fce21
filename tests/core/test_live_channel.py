"""The live channel as a viewer meets it: real PostgreSQL, real broker, the RSGI application itself."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import signing
from django.db import connections
from pytest_django import Settings

from config import hub, live, rsgi
from core import live_grants
from core.live_grants import grant
from core.local.broker import Broker
from core.local.paths import Places
from core.models import FeedCounter, OutboxMessage
from core.realtime import BEAT, RedisPublisher
from tests.threads import run_apart

TIMEOUT_S = 10.0
FEED = "session:7"
drawn: list[str] = []


def counted_board(key: str) -> dict[str, Any]:
    """A board that tells how often it was drawn."""
    drawn.append(key)
    return {"key": key, "newest": OutboxMessage.objects.filter(feed=f"session:{key}").count()}


@pytest.fixture(autouse=True)
def channel(
    transactional_db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A channel of this test's own, with short waits and threads that are closed afterwards."""
    settings.LIVE_SNAPSHOTS = {"session": f"{__name__}.counted_board"}
    threads = ThreadPoolExecutor(max_workers=1)
    monkeypatch.setattr(live, "hub", hub.Hub())
    monkeypatch.setattr(hub, "database_threads", threads)
    monkeypatch.setattr(hub, "BEAT_S", 0.2)
    monkeypatch.setattr(hub, "HEARD_S", 1.0)
    monkeypatch.setattr(hub, "SNAPSHOT_KEPT_S", 0.2)
    drawn.clear()
    yield
    threads.submit(connections.close_all).result()
    threads.shutdown()


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


# Boards


def test_a_viewer_gets_the_board_at_once_and_each_new_one(settings: Settings):
    async def story() -> None:
        async with stream("/live/board/7") as lan:
            await lan.until(lambda: bool(lan.of("board")))
            assert (lan.status, lan.headers["cache-control"]) == (200, "no-store")
            assert lan.headers["content-type"].startswith("text/event-stream")
            assert lan.of("board")[0] == (0, {"key": "7", "newest": 0})
            await subscribed(settings)
            publisher(settings).publish(FEED, "board", 5, {"key": "7", "newest": 5})
            publisher(settings).publish("session:8", "board", 9, {"key": "8"})
            publisher(settings).publish(FEED, "event", 5, {"topic": "not for boards"})
            await lan.until(lambda: lan.of("board")[-1] == (5, {"key": "7", "newest": 5}))
            assert not lan.of("event")

    run(story)


def test_many_who_arrive_together_cost_one_drawing():
    async def story() -> None:
        async with contextlib.AsyncExitStack() as crowd:
            viewers = [await crowd.enter_async_context(stream("/live/board/7")) for _ in range(50)]
            for viewer in viewers:
                await viewer.until(lambda viewer=viewer: bool(viewer.of("board")))
            assert len(drawn) <= 2  # for the crowd, and once the subscription stands
        assert live.hub.viewers == {}

    run(story)


def test_a_full_house_sends_viewers_to_the_plain_board_and_lets_consoles_in(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(live, "MOST_BOARDS", 2)

    async def story() -> None:
        async with stream("/live/board/7") as lan, stream("/live/board/8") as minh:
            await lan.until(lambda: bool(lan.of("board")) and bool(minh.of("board")))
            async with (
                stream("/live/board/7") as third,
                stream(f"/live/console/{grant(FEED)}") as ha,
            ):
                await third.until(lambda: third.is_over)
                assert (third.status, third.headers["retry-after"]) == (503, "30")
                await ha.until(lambda: bool(ha.status))
                assert ha.status == 200
            await minh.leave()
            async with stream("/live/board/7") as fourth:
                await fourth.until(lambda: bool(fourth.of("board")))
        assert live.hub.boards == 0

    run(story)


def test_a_slow_viewer_skips_to_the_newest_board():
    viewer = hub.Viewer("board")
    for number in (*range(10), 3):
        viewer.offer(number, b"%d" % number)
    assert viewer.take() == b"9"
    assert not viewer.is_behind


def test_a_board_that_was_drawn_slowly_does_not_hide_a_newer_one():
    one = hub.Hub()
    one._keep(FEED, 5, b"newer, from the relay")
    one._keep(FEED, 4, b"older, drawn meanwhile")
    assert one._snapshots[FEED][1:] == (5, b"newer, from the relay")


def test_a_crowd_is_served_in_slices_and_gets_the_newest_of_what_came_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(hub, "PAUSE_S", 0.002)

    async def story() -> None:
        crowd = {hub.Viewer("board") for _ in range(2000)}
        live.hub.viewers[FEED] = crowd
        other_work = 0
        for number in range(1, 6):
            live.hub._fan_out({"feed": FEED, "kind": "board", "number": number, "data": number})
        while live.hub._giving:
            await asyncio.sleep(0)
            other_work += 1
        assert other_work >= hub.SLICES  # others had their turn between the slices
        assert {viewer.last for viewer in crowd} == {5}
        assert all(b"data: 5" in viewer.take() for viewer in crowd)

    run(story)


def test_what_came_while_the_missed_was_read_follows_it():
    for number in (1, 2):
        event(number)

    async def story() -> None:
        viewer = hub.Viewer("event", 0)
        resuming = asyncio.create_task(live._resume(FEED, viewer, 0))
        await asyncio.sleep(0)
        viewer.offer(2, b"repeated")
        viewer.offer(3, b"meanwhile")
        await resuming
        assert [number for number, _ in viewer.frames] == [1, 2, 3]

    run(story)


# Beats


def test_beats_come_only_while_the_relay_says_that_all_is_handed_on(settings: Settings):
    async def story() -> None:
        async with stream("/live/board/7") as lan:
            await subscribed(settings)
            await asyncio.sleep(hub.HEARD_S + 0.3)
            lan.frames.clear()
            await asyncio.sleep(0.6)
            assert not lan.of("beat")  # the broker answers, but no relay is at work
            publisher(settings).publish("", BEAT, 0, None)
            await lan.until(lambda: bool(lan.of("beat")))
            await asyncio.sleep(hub.HEARD_S + 0.3)
            count = len(lan.of("beat"))
            await asyncio.sleep(0.6)
            assert len(lan.of("beat")) == count  # silence again: viewers poll

    run(story)


# Consoles


def console(after: str = "", last_event_id: str = "") -> Any:
    return stream(f"/live/console/{grant(FEED)}", query=after, last_event_id=last_event_id)


@pytest.mark.parametrize("how", ["after=2", "header"])
def test_a_console_resumes_without_loss_or_repeat(settings: Settings, how: str):
    for number in range(1, 6):
        event(number, n=number)
    event(None, n=99)  # not numbered yet: not handed on yet
    last = {"last_event_id": "2"} if how == "header" else {"after": how}

    async def story() -> None:
        async with console(**last) as minh:
            await minh.until(lambda: len(minh.of("event")) >= 3)
            await subscribed(settings)
            wire = publisher(settings)
            for number in (4, 5, 6, 5, 6, 7):  # the relay may repeat
                wire.publish(FEED, "event", number, {"topic": "t", "n": number})
            await minh.until(lambda: len(minh.of("event")) >= 5)
            await asyncio.sleep(0.2)
            assert [number for number, _ in minh.of("event")] == [3, 4, 5, 6, 7]
            assert minh.of("event")[0] == (3, {"topic": "t", "n": 3})
            assert not minh.of("board")

    run(story)


def test_a_new_console_begins_with_what_happens_from_now_on(settings: Settings):
    event(1)

    async def story() -> None:
        async with console() as minh:
            await subscribed(settings)
            publisher(settings).publish(FEED, "event", 1, {"topic": "t"})
            publisher(settings).publish(FEED, "event", 2, {"topic": "t"})
            await minh.until(lambda: bool(minh.of("event")))
            assert minh.of("event") == [(2, {"topic": "t"})]

    run(story)


def test_a_console_that_falls_behind_is_cut_so_that_it_resumes():
    viewer = hub.Viewer("event")
    for number in range(1, hub.CONSOLE_BACKLOG + 1):
        viewer.offer(number, b"x")
    assert not viewer.is_behind
    viewer.offer(hub.CONSOLE_BACKLOG + 1, b"x")
    assert viewer.is_behind


def test_the_cut_ends_the_connection():
    async def story() -> None:
        async with console() as minh:
            await minh.until(lambda: FEED in live.hub.viewers)
            (viewer,) = live.hub.viewers[FEED]
            viewer.is_behind = True
            viewer.wake()
            await minh.until(lambda: minh.is_over)
        assert live.hub.viewers == {}

    run(story)


def test_a_console_is_cut_when_its_grant_is_over_and_does_not_come_back(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(live_grants, "LASTS_S", 1)
    address = f"/live/console/{grant(FEED)}"

    async def story() -> None:
        async with stream(address) as minh, stream("/live/board/7") as lan:
            await minh.until(lambda: FEED in live.hub.viewers)
            await minh.until(lambda: minh.is_over)
            assert not lan.is_over  # boards are for everybody
        async with stream(address) as minh:
            await minh.until(lambda: minh.is_over)
            assert minh.status == 404

    run(story)


@pytest.mark.parametrize("word", ["", "x", "x:y:z", "a" * 500])
def test_a_false_word_grants_nothing(word: str):
    assert live_grants.read_grant(word) is None
    assert live_grants.read_grant(signing.dumps("session:7", salt=live_grants.SALT)) is None


# The broker goes away and comes back


def test_what_was_published_while_nobody_listened_is_made_up(settings: Settings):
    event(1)
    with tempfile.TemporaryDirectory(prefix="live-") as folder:
        places = Places(Path(folder))
        settings.REDIS_URL = places.redis_url
        broker = Broker(places)
        broker.start()

        async def story() -> None:
            async with console(after="after=1") as minh, stream("/live/board/7") as lan:
                await subscribed(settings)
                broker.stop()
                await asyncio.sleep(0.3)
                for number in (2, 3):  # another process heard these, this one could not
                    await in_thread(event, number)
                before = len(lan.of("board"))
                broker.start()
                await minh.until(lambda: [n for n, _ in minh.of("event")] == [2, 3])
                await lan.until(lambda: len(lan.of("board")) > before)
                assert lan.of("board")[-1] == (3, {"key": "7", "newest": 3})

        try:
            run(story)
        finally:
            broker.stop()


def test_without_a_broker_a_viewer_still_gets_the_board_and_no_beat(settings: Settings):
    settings.REDIS_URL = "unix:///nowhere/redis.sock"

    async def story() -> None:
        async with stream("/live/board/7") as lan:
            await lan.until(lambda: bool(lan.of("board")))
            await asyncio.sleep(0.5)
            assert not lan.of("beat")

    run(story)


# Who may listen


FALSE_PLACES = [
    "/",  # pages have a server of their own
    "/quan-ly/",
    "/live/",
    "/live/board/",
    "/live/board/x",
    "/live/board/-1",
    "/live/board/123456789012",
    "/live/board/7/more",
    "/live/console/session:7",
    "/live/console/",
    f"/live/console/{'x' * 40}",
]


@pytest.mark.parametrize("path", FALSE_PLACES)
def test_false_addresses_and_grants_are_missing(path: str):
    async def story() -> None:
        async with stream(path) as stranger:
            await stranger.until(lambda: stranger.is_over)
            assert stranger.status == 404
            assert not stranger.frames

    run(story)


def test_only_reading_is_answered():
    async def story() -> None:
        async with stream("/live/board/7", method="POST") as stranger:
            await stranger.until(lambda: stranger.is_over)
            assert (stranger.status, stranger.frames) == (404, [])

    run(story)


def test_a_grant_is_for_one_feed_and_for_two_minutes(monkeypatch: pytest.MonkeyPatch):
    word = grant(FEED)
    place = live.place_of(f"/live/console/{word}")
    assert place is not None
    assert place[:2] == (FEED, "event")
    assert 110 < (place.lasts_s or 0) <= 120
    assert live.place_of(f"/live/console/{word[:-1]}") is None
    monkeypatch.setattr("core.live_grants.LASTS_S", -1)
    assert live.place_of(f"/live/console/{grant(FEED)}") is None


@pytest.mark.parametrize("last", ["-1", "x", "9" * 40, "1;2", "\u0661"])
def test_a_strange_last_number_is_no_number(last: str):
    assert live.last_seen("after=%FF", last) is None
