"""The outbox and its relay on a real PostgreSQL and a real broker, also while these fail."""

import base64
import json
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction
from pytest_django import Settings

import core.relay
from core import outbox
from core.local import roles
from core.local.broker import Broker
from core.local.paths import Places
from core.local.process import Child
from core.models import FeedCounter, OutboxMessage
from core.realtime import BEAT, Frame, NchanPublisher, RedisPublisher, Several, channel_name
from core.relay import RELAY_LOCK, Relay
from tests.servers import environment_of_children

TIMEOUT_S = 20
QUEUE = f"{settings.REDIS_PREFIX}:celery"


def add(feed: str = "", topic: str = "tests.thing.happened", **payload: Any) -> None:
    with transaction.atomic():
        outbox.add(topic, feed=feed, **payload)


def numbers(feed: str) -> list[int | None]:
    """The feed's numbers in the order of ids."""
    rows = OutboxMessage.objects.filter(feed=feed).order_by("pk")
    return list(rows.values_list("feed_number", flat=True))


def waiting() -> int:
    return OutboxMessage.objects.filter(published_at=None).count()


class Listener:
    """What is published to viewers, and which tasks are in the queue."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url)
        self.client.delete(QUEUE)
        self.subscription = self.client.pubsub(ignore_subscribe_messages=True)
        self.subscription.subscribe(channel_name())
        while self.subscription.get_message(timeout=0.2):
            pass
        self.seen: list[dict[str, Any]] = []

    def frames(self, kind: str = "event") -> list[dict[str, Any]]:
        """Everything of this kind since the beginning."""
        while message := self.subscription.get_message(timeout=0.1):
            self.seen.append(json.loads(message["data"]))
        return [frame for frame in self.seen if frame["kind"] == kind]

    def tasks(self) -> list[tuple[str, list[Any]]]:
        """Tasks in the queue, oldest first."""
        found = [json.loads(raw) for raw in reversed(self.client.lrange(QUEUE, 0, -1))]
        return [
            (task["headers"]["task"], json.loads(base64.b64decode(task["body"]))[0])
            for task in found
        ]


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


def two_watched() -> list[str]:
    return ["1", "2"]


@pytest.mark.django_db
def test_a_watched_board_is_drawn_though_nothing_happens(
    relay: Relay, listener: Listener, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    settings.LIVE_SNAPSHOTS = {"session": f"{__name__}.plain_board"}
    settings.LIVE_FEEDS = {"session": f"{__name__}.two_watched"}
    monkeypatch.setattr(core.relay, "REDRAWN_S", 0.6)
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


# As processes, with a broker of their own


class Wire:
    """A broker that may stop or freeze, relays beside it, and what comes through."""

    def __init__(self, folder: Path) -> None:
        self.places = Places(folder)
        self.broker = Broker(self.places)
        self.broker.start()
        self.listener = Listener(self.places.redis_url)
        self.relays: list[Child] = []
        self.log = folder / "relay.log"

    def start_relay(self) -> Child:
        env = environment_of_children("http://localhost:8000", 8000)
        env |= {"REDIS_URL": self.places.redis_url, "LOG_LEVEL": "WARNING"}
        child = Child("relay", [sys.executable, *roles.relay()[1:]], env=env, log=self.log)
        self.relays.append(child)
        return child

    def signal_broker(self, number: signal.Signals) -> None:
        assert self.broker.child is not None
        self.broker.child.process.send_signal(number)

    def heard(self) -> list[int]:
        return [frame["number"] for frame in self.listener.frames()]

    def stop(self) -> None:
        self.signal_broker(signal.SIGCONT)
        for relay in self.relays:
            relay.stop()
        self.listener.client.close()
        self.broker.stop()


@pytest.fixture
def wire(transactional_db: None) -> Iterator[Wire]:
    with tempfile.TemporaryDirectory(prefix="wire-") as folder:
        made = Wire(Path(folder))
        yield made
        made.stop()


def until(condition: Callable[[], bool], words: str) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, words
        time.sleep(0.05)


def leaders() -> list[int]:
    """Process ids (in PostgreSQL) that hold the relay's lock in this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND objid = %s AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())",
            [RELAY_LOCK],
        )
        return [row[0] for row in cursor.fetchall()]


RECOUNT = ("orders.recount_session", [7])


def test_a_stopped_broker_lets_the_outbox_wait_and_then_all_comes_in_order(wire: Wire):
    wire.start_relay()
    add("session:1")
    until(lambda: wire.heard() == [1], "the relay never began")
    wire.broker.stop()
    for _ in range(5):
        add("session:1", "livestreams.session.ended", session_id=7)
    time.sleep(1.5)
    assert waiting() == 5
    wire.broker = Broker(wire.places)
    wire.broker.start()
    wire.listener = Listener(wire.places.redis_url)
    until(lambda: waiting() == 0, "the outbox still waits")
    # Whatever was repeated, the order of first arrival is the order of the numbers
    assert list(dict.fromkeys(wire.heard()))[-1] == 6
    assert sorted(set(wire.heard())) == list(dict.fromkeys(wire.heard()))
    assert RECOUNT in wire.listener.tasks()
    assert wire.relays[0].is_alive()


def test_a_frozen_broker_lets_the_outbox_wait_and_then_all_comes_in_order(wire: Wire):
    wire.start_relay()
    add("session:1")
    until(lambda: wire.heard() == [1], "the relay never began")
    wire.signal_broker(signal.SIGSTOP)
    for _ in range(5):
        add("session:1", "livestreams.session.ended", session_id=7)
    time.sleep(4)  # longer than the relay waits for an answer
    assert waiting() == 5
    wire.signal_broker(signal.SIGCONT)
    until(lambda: waiting() == 0, "the outbox still waits")
    until(lambda: 6 in wire.heard(), "the last one never came")
    assert list(dict.fromkeys(wire.heard())) == [1, 2, 3, 4, 5, 6]
    assert RECOUNT in wire.listener.tasks()


def test_of_two_relays_one_works_and_the_other_takes_over(wire: Wire):
    wire.start_relay()
    until(lambda: len(leaders()) == 1, "no relay leads")
    first = leaders()
    wire.start_relay()
    for _ in range(20):
        add("session:1")
    until(lambda: len(wire.heard()) >= 20, "not all was handed on")
    assert wire.heard() == list(range(1, 21))  # nothing twice: only one is at work
    assert leaders() == first
    wire.relays[0].kill()
    add("session:1")
    until(lambda: 21 in wire.heard(), "nobody took over")
    assert leaders() != first


def test_who_takes_over_draws_the_boards_the_other_left(wire: Wire):
    add("session:1")
    dead = Relay(RedisPublisher(wire.places.redis_url))
    dead.drain()  # and dies before drawing
    assert wire.listener.frames("board") == []
    wire.start_relay()
    until(lambda: bool(wire.listener.frames("board")), "the board was never drawn")
    assert wire.listener.frames("board")[0]["data"] == {"s": "gone"}


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
