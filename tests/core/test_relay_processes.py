"""Relays as processes, with a broker of their own that stops and freezes."""

import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from core.local import roles
from core.local.broker import Broker
from core.local.paths import Places
from core.local.process import Child
from core.realtime import RedisPublisher
from core.relay import RELAY_LOCK, Relay
from tests.core.listening import TIMEOUT_S, Listener, add, waiting
from tests.servers import environment_of_children


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
    dismiss_leader()
    with tempfile.TemporaryDirectory(prefix="wire-") as folder:
        made = Wire(Path(folder))
        yield made
        made.stop()
        shutil.rmtree(made.places.sockets)


def dismiss_leader() -> None:
    """A platform served to earlier tests sleeps with the relay's lock in its hand."""
    with connection.cursor() as cursor:
        for pid in leaders():
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


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
