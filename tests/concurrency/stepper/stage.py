"""Actors, and a director who sees from inside the database who waits for whom."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import psycopg2
from django.db import connection

from tests.concurrency.stepper.actor import Actor
from tests.concurrency.stepper.functions import with_stops
from tests.concurrency.stepper.touches import Touch, known_tables, touch_of

FIRST_LOOK_S = 0.001
PATIENCE_S = 30
LOCK_CLASS = 7_305_100  # advisory locks (this + actor, stop) hold an actor inside a function

STOP_SQL = f"""
    CREATE OR REPLACE FUNCTION stepper_stop(mark text) RETURNS boolean LANGUAGE plpgsql AS $stop$
    DECLARE
        actor int := nullif(current_setting('stepper.actor', true), '')::int;
        turn int;
    BEGIN
        IF actor IS NULL THEN RETURN true; END IF;
        PERFORM set_config('application_name', mark, false);
        turn := nextval('stepper_turn_' || actor);
        PERFORM pg_advisory_lock_shared({LOCK_CLASS} + actor, turn);
        PERFORM pg_advisory_unlock_shared({LOCK_CLASS} + actor, turn);
        RETURN true;
    END $stop$
"""
LOOK_SQL = """
    SELECT pid, pg_blocking_pids(pid), application_name
    FROM pg_stat_activity WHERE pid = ANY(%s)
"""
OWN_FUNCTIONS_SQL = """
    SELECT proname, pg_get_functiondef(pg_proc.oid) FROM pg_proc
    JOIN pg_namespace ON pg_namespace.oid = pronamespace AND nspname = 'public'
    JOIN pg_language ON pg_language.oid = prolang AND lanname = 'plpgsql'
    WHERE prorettype <> 'trigger'::regtype AND prokind = 'f' AND proname ~ '^(orders|livestreams)_'
"""


class Stuck(RuntimeError):
    """An actor neither stops, ends nor waits for another."""


class Stage:
    """`count` actors on this test's database, whose functions stop inside while the stage stands.

    `inside` names the stop where an actor stands within a function, `waiting` holds those that
    wait for another actor's lock.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.bell = threading.Condition()
        self.actors: list[Actor] = []
        self.tables = known_tables()
        self.pieces: dict[str, Touch] = {}
        self.functions: dict[str, str] = {}
        self.turns = [1] * count
        self.inside: dict[int, str] = {}
        self.waiting: set[int] = set()

    def __enter__(self) -> Self:
        self.director = psycopg2.connect(**connection.get_connection_params())
        self.director.autocommit = True
        # A play that was left takes a moment to roll back on a machine with much else to do
        self.ask(f"SET lock_timeout = '{PATIENCE_S}s'")
        self.own_pid = self.director.info.backend_pid
        self._put_stops_into_functions()
        self._engage()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        _t: TracebackType | None,
    ) -> None:
        self._dismiss()
        for definition in self.functions.values():
            self.ask(definition)
        self.director.close()

    def ask(self, sql: str, params: Sequence[object] | None = None) -> list[tuple]:
        with self.director.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def altered(self, name: str, *changes: tuple[str, str]) -> Iterator[None]:
        """The function with `(old, new)` pieces put in; for controls that take a guard away."""
        definition = self.functions[name]
        for old, new in changes:
            assert old in definition, f"{name} no longer says: {old}"
            definition = definition.replace(old, new)
        self._install(name, definition)
        try:
            yield
        finally:
            self._install(name, self.functions[name])

    def rewind(self) -> None:
        """Before a play: nobody stands anywhere, and the first stop inside a function holds."""
        self.inside, self.waiting = {}, set()
        self.turns = [1] * self.count
        self.ask("SELECT pg_advisory_unlock_all()")
        for number in range(self.count):
            self.ask(
                "SELECT setval(%s, 1, false), pg_advisory_lock(%s, 1)",
                [f"stepper_turn_{number}", LOCK_CLASS + number],
            )

    def next_of(self, actor: Actor) -> str:
        return self.inside.get(actor.number) or actor.pending

    def touch_of(self, actor: Actor) -> Touch:
        """Of the step the actor would take next."""
        if actor.number in self.inside:
            return self.pieces[self.inside[actor.number]]
        return touch_of(actor.pending, self.tables)

    def go(self, actor: Actor) -> None:
        """Let one actor take one step, and wait until everybody stands still again."""
        if self.inside.pop(actor.number, None) is None:
            actor.go()
            self.settle(actor)
            return
        key, turn = LOCK_CLASS + actor.number, self.turns[actor.number]
        self.turns[actor.number] += 1
        self.ask(
            "SELECT pg_advisory_lock(%s, %s), pg_advisory_unlock(%s, %s)",
            [key, turn + 1, key, turn],
        )
        self.settle(None)

    def settle(self, expected: Actor | None) -> None:
        """Wait until nobody moves. `expected` will most likely stop outside the database."""
        deadline = time.monotonic() + PATIENCE_S
        was_still = False
        while True:
            if expected:
                with self.bell:
                    self.bell.wait_for(lambda who=expected: who.has_arrived, FIRST_LOOK_S)
            moving = [a for a in self.actors if not a.has_arrived and a.number not in self.inside]
            running = self._look_at(moving)
            if not running:
                # Two looks: one could catch a neighbour a moment before it frees somebody
                if was_still or not self.waiting:
                    return
                was_still = True
            elif time.monotonic() > deadline:
                raise Stuck([(a.number, a.mood, a.pending) for a in moving])
            else:
                was_still = False
            expected = running

    def _look_at(self, moving: list[Actor]) -> Actor | None:
        """Sort `moving` into those who stand inside and those who wait; returns one that runs."""
        self.waiting = set()
        if not moving:
            return None
        found = {pid: rest for pid, *rest in self.ask(LOOK_SQL, [[a.pid for a in moving]])}
        running = None
        for actor in moving:
            blockers, mark = found[actor.pid]
            if self.own_pid in blockers:
                self.inside[actor.number] = mark
            elif blockers:
                self.waiting.add(actor.number)
            else:
                running = actor
        return running

    def start_anew(self) -> None:
        """After a play that was broken off: its actors may stand anywhere."""
        self._dismiss()
        self._engage()

    def _engage(self) -> None:
        self.actors = [Actor(number, self.bell) for number in range(self.count)]

    def _dismiss(self) -> None:
        self.ask("SELECT pg_advisory_unlock_all()")
        lost = [actor.pid for actor in self.actors if not actor.is_free]
        self.ask("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", [lost])
        for actor in self.actors:
            actor.leave()

    def _matters(self, piece: str) -> bool:
        return touch_of(piece, self.tables) != Touch()

    def _put_stops_into_functions(self) -> None:
        self.ask(STOP_SQL)
        for number in range(self.count):
            self.ask(f"CREATE SEQUENCE IF NOT EXISTS stepper_turn_{number}")
        for name, definition in self.ask(OWN_FUNCTIONS_SQL):
            self.functions[name] = definition
            self._install(name, definition)

    def _install(self, name: str, definition: str) -> None:
        stopped = with_stops(name, definition, self._matters)
        for number, piece in enumerate(stopped.pieces):
            self.pieces[f"{name}:{number}"] = touch_of(piece, self.tables)
        self.ask(stopped.definition)
