"""The outbox and its relay on a real PostgreSQL and a real broker, also while these fail."""

import socket
import time
from collections.abc import Iterator, Sequence
from threading import Event, Thread
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction
from pytest_django import Settings

from core import outbox, snapshots
from core.models import FeedCounter, OutboxMessage
from core.realtime import BEAT, Frame, NchanPublisher, RedisPublisher, Several
from core.relay import Relay
from tests.core.listening import QUEUE, TIMEOUT_S, Listener, add, numbers, waiting


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener(settings.REDIS_URL)
    yield found
    found.client.delete(QUEUE)
    found.subscription.close()
    found.client.close()


@pytest.fixture
def relay() -> Relay:
    return Relay(RedisPublisher(settings.REDIS_URL))


class FailingPublisher(RedisPublisher):
    """The line breaks after `good` frames."""

    def __init__(self, good: int) -> None:
        super().__init__(settings.REDIS_URL)
        self.good = good

    def publish(self, feed: str, kind: str, number: int, data: Any) -> None:
        if self.good == 0:
            raise redis.ConnectionError("gone")
        self.good -= 1
        super().publish_all([(feed, kind, number, data)])

    def publish_all(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            self.publish(*frame)


# Numbering


@pytest.mark.django_db
def test_each_feed_counts_by_itself_and_without_gaps(relay: Relay, listener: Listener):
    for feed in ("session:1", "session:2", "session:1", "", "session:1"):
        add(feed)
    assert relay.drain() == 5
    add("session:2")
    assert relay.drain() == 1
    assert relay.drain() == 0
    assert numbers("session:1") == [1, 2, 3]
    assert numbers("session:2") == [1, 2]
    assert numbers("") == [None]
    assert waiting() == 0
    heard = [(frame["feed"], frame["number"]) for frame in listener.frames()]
    assert heard == [
        ("session:1", 1),
        ("session:2", 1),
        ("session:1", 2),
        ("session:1", 3),
        ("session:2", 2),
    ]


@pytest.mark.django_db
def test_numbers_go_on_after_old_messages_were_swept(relay: Relay, listener: Listener):
    add("session:1")
    relay.drain()
    OutboxMessage.objects.all().delete()
    add("session:1")
    relay.drain()
    assert numbers("session:1") == [2]
    assert FeedCounter.objects.get(feed="session:1").last_number == 2


def test_word_of_a_change_needs_the_changes_transaction(transactional_db: None):
    with pytest.raises(outbox.NotInTransaction):
        outbox.add("tests.thing.happened")
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
def test_word_is_taken_back_with_its_change():
    with transaction.atomic():
        outbox.add("tests.thing.happened")
        transaction.set_rollback(True)
    assert not OutboxMessage.objects.exists()


class SlowWriter:
    """Another connection that has written its message and commits when told."""

    def __init__(self, feed: str) -> None:
        self.written, self.may_commit = Event(), Event()
        self.thread = Thread(target=self._write, args=(feed,))
        self.thread.start()
        assert self.written.wait(TIMEOUT_S)

    def _write(self, feed: str) -> None:
        with transaction.atomic():
            outbox.add("tests.thing.happened", feed=feed, who="slow")
            self.written.set()
            self.may_commit.wait(TIMEOUT_S)
        connection.close()

    def commit(self) -> None:
        self.may_commit.set()
        self.thread.join(TIMEOUT_S)


def naive_cursor(feed: str, after: int) -> list[int]:
    """What a reader that remembers the last id it saw would find."""
    rows = OutboxMessage.objects.filter(feed=feed, pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def test_a_late_commit_is_read_last_but_never_lost(
    transactional_db: None, relay: Relay, listener: Listener
):
    slow = SlowWriter("session:1")
    add("session:1", who="quick")
    relay.drain()
    slow.commit()
    relay.drain()
    told = [(frame["number"], frame["data"]["who"]) for frame in listener.frames()]
    assert told == [(1, "quick"), (2, "slow")]


def test_control_a_cursor_over_ids_loses_the_late_commit(transactional_db: None):
    slow = SlowWriter("session:1")
    add("session:1", who="quick")
    seen = naive_cursor("session:1", after=0)
    slow.commit()
    seen += naive_cursor("session:1", after=seen[-1])
    assert OutboxMessage.objects.count() == 2
    assert len(seen) == 1  # the slow one has the lower id and is never seen


# Handing on


@pytest.mark.django_db
def test_work_and_news_are_handed_on(relay: Relay, listener: Listener, settings: Settings):
    settings.OUTBOX_TASKS = {"tests.thing.happened": [("tests.count", ("thing_id",))]}
    add("session:1", thing_id=7, note="a")
    add("session:1", thing_id=7, note="b")
    add("session:1", thing_id=8)
    add(topic="tests.thing.ignored")
    relay.drain()
    assert listener.tasks() == [("tests.count", [7]), ("tests.count", [8])]
    assert listener.frames()[0] == {
        "feed": "session:1",
        "kind": "event",
        "number": 1,
        "data": {"topic": "tests.thing.happened", "thing_id": 7, "note": "a"},
    }


@pytest.mark.django_db
def test_one_bad_message_keeps_no_other_waiting(
    relay: Relay, listener: Listener, settings: Settings, caplog: pytest.LogCaptureFixture
):
    settings.OUTBOX_TASKS = {"tests.thing.happened": [("tests.count", ("thing_id",))]}
    add(other=1)
    add(thing_id=2)
    relay.drain()
    assert listener.tasks() == [("tests.count", [2])]
    assert waiting() == 0
    assert "lacks" in caplog.text


def broken_board(key: str) -> dict[str, Any]:
    raise ValueError(key)


def plain_board(key: str) -> dict[str, Any]:
    return {"key": key}


@pytest.mark.django_db
def test_a_changed_feed_is_drawn_once_a_quarter_second(
    relay: Relay, listener: Listener, settings: Settings
):
    settings.LIVE_SNAPSHOTS = {"session": f"{__name__}.plain_board"}
    until = time.monotonic() + 1
    while time.monotonic() < until:
        add("session:1")
        relay.turn()
    time.sleep(0.3)
    relay.turn()
    boards = listener.frames("board")
    assert 4 <= len(boards) <= 6
    assert boards[-1]["data"] == {"key": "1"}
    assert boards[-1]["number"] == numbers("session:1")[-1]


SLOW_S, MANY = 0.2, 10


def slow_board(key: str) -> dict[str, Any]:
    time.sleep(SLOW_S)
    return {"key": key}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_apart", [True, False])
def test_no_message_waits_for_boards_to_be_drawn(
    relay: Relay, settings: Settings, *, is_apart: bool
):
    settings.LIVE_SNAPSHOTS = {"session": f"{__name__}.slow_board"}
    for number in range(MANY):
        add(f"session:{number}")
    if is_apart:
        relay._boards.begin()
    began = time.monotonic()
    relay.turn()
    add("session:1")
    relay.turn()
    took_s = time.monotonic() - began
    relay._boards.stop()
    assert waiting() == 0
    assert (took_s < SLOW_S * MANY / 2) is is_apart


def two_watched() -> list[str]:
    return ["1", "2"]


@pytest.mark.django_db
def test_a_watched_board_is_drawn_though_nothing_happens(
    relay: Relay, listener: Listener, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    settings.LIVE_SNAPSHOTS = {"session": f"{__name__}.plain_board"}
    settings.LIVE_FEEDS = {"session": f"{__name__}.two_watched"}
    monkeypatch.setattr(snapshots, "REDRAWN_S", 0.6)
    for _ in range(3):
        add("session:1")
    relay.turn()
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        relay.turn()
        time.sleep(0.02)
    boards = [(frame["feed"], frame["number"]) for frame in listener.frames("board")]
    for board in (("session:1", 3), ("session:2", 0)):
        assert 3 <= boards.count(board) <= 6
    assert len(set(boards)) == 2


@pytest.mark.django_db
def test_a_board_that_cannot_be_drawn_stops_nothing(
    relay: Relay, listener: Listener, settings: Settings
):
    settings.LIVE_SNAPSHOTS = {
        "broken": f"{__name__}.broken_board",
        "session": f"{__name__}.plain_board",
    }
    add("broken:1")
    add("session:1")
    relay.turn()
    assert [frame["feed"] for frame in listener.frames("board")] == ["session:1"]
    assert waiting() == 0


@pytest.mark.django_db
def test_the_relay_says_every_two_seconds_that_all_is_handed_on(relay: Relay, listener: Listener):
    relay.turn()
    relay.turn()
    assert len(listener.frames(BEAT)) == 1


# Crashes between two steps


@pytest.mark.django_db
@pytest.mark.parametrize("good", [0, 1, 2])
def test_a_line_that_breaks_on_the_way_repeats_and_loses_nothing(
    good: int, relay: Relay, listener: Listener
):
    for _ in range(3):
        add("session:1")
    with pytest.raises(redis.ConnectionError):
        Relay(FailingPublisher(good)).drain()
    assert numbers("session:1") == [1, 2, 3]  # given before anything was sent
    assert waiting() == 3
    relay.drain()
    assert waiting() == 0
    heard = [frame["number"] for frame in listener.frames()]
    assert heard == [*range(1, good + 1), 1, 2, 3]


@pytest.mark.django_db
def test_work_goes_on_while_nginx_takes_no_boards(listener: Listener, settings: Settings):
    settings.LIVE_SNAPSHOTS = {"session": f"{__name__}.plain_board"}
    settings.OUTBOX_TASKS = {"tests.thing.happened": [("tests.count", ("thing_id",))]}
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = NchanPublisher(f"http://127.0.0.1:{nobody.getsockname()[1]}/publish/")
        relay = Relay(Several(RedisPublisher(settings.REDIS_URL), away))
        for number in (1, 2):
            add("session:1", thing_id=number)
            with pytest.raises(OSError, match="refused"):
                relay.turn()
    assert waiting() == 0
    assert listener.tasks() == [("tests.count", [1]), ("tests.count", [2])]
    assert [frame["number"] for frame in listener.frames()] == [1, 2]
    assert not listener.frames(BEAT)  # nobody is told that boards are current


@pytest.mark.django_db
def test_a_crash_before_marking_repeats_with_the_same_numbers(relay: Relay, listener: Listener):
    add("session:1")
    crashed = Relay(RedisPublisher(settings.REDIS_URL))
    messages = crashed._number()
    crashed._send_tasks(messages)
    crashed._tell_viewers(messages)
    del crashed
    relay.drain()
    assert [frame["number"] for frame in listener.frames()] == [1, 1]


@pytest.mark.django_db
def test_one_recount_serves_all_orders_of_a_second(
    relay: Relay, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task with a pause is sent at once, and once more when the pause is over."""
    settings.OUTBOX_TASKS = {"tests.thing.changed": [("tests.count", ("thing",))]}
    settings.OUTBOX_PAUSES_S = {"tests.count": 0.3}
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        "core.relay.current_app.send_task", lambda task, args, **_: sent.append((task, *args))
    )
    for thing in (1, 1, 2, 1):
        with transaction.atomic():
            outbox.add("tests.thing.changed", thing=thing)
        relay.turn()
    assert sent == [("tests.count", 1), ("tests.count", 2)]

    time.sleep(0.35)
    relay.turn()
    relay.turn()

    assert sent == [("tests.count", 1), ("tests.count", 2), ("tests.count", 1)]
