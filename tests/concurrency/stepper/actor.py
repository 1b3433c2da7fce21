"""One thread with one database connection, which waits before every statement and every commit."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from django.db import connection
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

Act = Callable[[], object]
COMMIT, ROLLBACK = "COMMIT", "ROLLBACK"
# A paused neighbour holds its locks as long as the schedule says: only a true deadlock may end that
PATIENT = (
    "SET lock_timeout = 0; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"
)


class Mood(Enum):
    IDLE = auto()  # has nothing to do
    RUNNING = auto()  # between two stops, or waiting inside the database
    STOPPED = auto()  # before the statement `pending`
    DONE = auto()


@dataclass
class Answer:
    """What an act returned or raised."""

    value: object = None
    fault: Exception | None = None


class Actor:
    """Runs acts one after the other. `bell` rings whenever it stops or is done."""

    def __init__(self, number: int, bell: threading.Condition) -> None:
        self.number = number
        self.bell = bell
        self.mood = Mood.IDLE
        self.pending = ""
        self.in_transaction = False
        self.answer = Answer()
        self.pid = 0
        self._is_leaving = False
        self._acts: queue.SimpleQueue[Act | None] = queue.SimpleQueue()
        self._go = threading.Semaphore(0)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._live, name=f"actor-{number}", daemon=True)
        self._thread.start()
        if not self._ready.wait(30):
            msg = f"actor {number} has no connection"
            raise RuntimeError(msg)

    def begin(self, act: Act) -> None:
        """Run `act` up to its first stop."""
        self.mood = Mood.RUNNING
        self._acts.put(act)

    def go(self) -> None:
        """Let the pending statement run."""
        self.mood = Mood.RUNNING
        self._go.release()

    def leave(self) -> None:
        """Run no further than what is under way, without a stop."""
        self._is_leaving = True
        self._acts.put(None)
        self._go.release()
        self._thread.join(10)

    @property
    def is_free(self) -> bool:
        return self.mood in {Mood.IDLE, Mood.DONE}

    @property
    def has_arrived(self) -> bool:
        return self.mood is not Mood.RUNNING

    def _live(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(PATIENT)
                cursor.execute("SELECT set_config('stepper.actor', %s, false)", [str(self.number)])
            self.pid = connection.connection.info.backend_pid
            self._ready.set()
            with connection.execute_wrapper(self._before_statement):
                self._before_ends()
                while act := self._acts.get():
                    self._run(act)
        finally:
            connection.close()

    def _run(self, act: Act) -> None:
        try:
            self.answer = Answer(value=act())
        except Exception as fault:  # noqa: BLE001 - the schedule judges what went wrong
            self.answer = Answer(fault=fault)
        self._arrive(Mood.DONE)

    def _before_statement(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        self._stop(str(sql))
        return execute(sql, params, many, context)

    def _before_ends(self) -> None:
        """Commit and rollback are no statements to Django, but steps to everybody else."""
        commit, rollback = connection._commit, connection._rollback

        def stop_and_commit() -> None:
            self._stop(COMMIT)
            commit()

        def stop_and_roll_back() -> None:
            self._stop(ROLLBACK)
            rollback()

        connection._commit, connection._rollback = stop_and_commit, stop_and_roll_back

    def _stop(self, pending: str) -> None:
        if self._is_leaving:
            return
        self.pending = pending
        self._arrive(Mood.STOPPED)
        self._go.acquire()

    def _arrive(self, mood: Mood) -> None:
        with self.bell:
            self.in_transaction = _has_begun()
            self.mood = mood
            self.bell.notify_all()


def _has_begun() -> bool:
    """Whether a transaction is open in the database; Django alone would know only of its blocks."""
    if connection.connection is None:
        return False
    return connection.connection.info.transaction_status != TRANSACTION_STATUS_IDLE
