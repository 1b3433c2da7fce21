"""Consoles on the live channel, and who may listen to what."""

import asyncio

import pytest
from django.core import signing
from pytest_django import Settings

from config import hub, live
from core import live_grants
from core.live_grants import grant
from tests.core.live_stream import (
    FEED,
    console,
    event,
    publisher,
    run,
    stream,
    subscribed,
)

pytestmark = pytest.mark.usefixtures("live_channel")


# Consoles


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


@pytest.mark.parametrize("word", ["", "x", "x:y:z", "a" * 500])
def test_a_false_word_grants_nothing(word: str):
    assert live_grants.read_grant(word) is None
    assert live_grants.read_grant(signing.dumps("session:7", salt=live_grants.SALT)) is None
