"""The live channel as a viewer meets it: real PostgreSQL, real broker, the RSGI application itself."""

import asyncio
import contextlib
import shutil
import tempfile
import threading
from pathlib import Path

import pytest
from pytest_django import Settings

from config import hub, live
from core.live_grants import grant
from core.local.broker import Broker
from core.local.paths import Places
from core.realtime import BEAT
from tests.core.live_stream import (
    FEED,
    TIMEOUT_S,
    console,
    drawn,
    event,
    in_thread,
    publisher,
    run,
    stream,
    subscribed,
)
from tests.threads import beside

pytestmark = pytest.mark.usefixtures("live_channel")


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


# The broker goes away and comes back


def test_what_was_published_while_nobody_listened_is_made_up(settings: Settings):
    event(1)
    with tempfile.TemporaryDirectory(prefix="live-") as folder:
        places = Places(Path(folder))
        settings.REDIS_URL = places.redis_url
        broker = Broker(places)
        broker.start()
        missed = threading.Event()

        async def story() -> None:
            async with console(after="after=1") as minh, stream("/live/board/7") as lan:
                await subscribed(settings)
                broker.stop()
                await asyncio.sleep(0.3)
                for number in (2, 3):  # another process heard these, this one could not
                    await in_thread(event, number)
                before = len(lan.of("board"))
                missed.set()
                await minh.until(lambda: [n for n, _ in minh.of("event")] == [2, 3])
                await lan.until(lambda: len(lan.of("board")) > before)
                assert lan.of("board")[-1] == (3, {"key": "7", "newest": 3})

        try:
            finished = beside(lambda: run(story))
            if missed.wait(TIMEOUT_S):
                broker.start()  # in the main thread: a child ends with the thread that started it
            finished()
        finally:
            broker.stop()
            shutil.rmtree(places.sockets)


def test_without_a_broker_a_viewer_still_gets_the_board_and_no_beat(settings: Settings):
    settings.REDIS_URL = "unix:///nowhere/redis.sock"

    async def story() -> None:
        async with stream("/live/board/7") as lan:
            await lan.until(lambda: bool(lan.of("board")))
            await asyncio.sleep(0.5)
            assert not lan.of("beat")

    run(story)
