"""Lanes: how many requests of a kind are served at once, how many wait, and what ends one too slow."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import psycopg2
from django.db import connections

from core.busy import SLOW

log = logging.getLogger(__name__)

GIVE_WAY_S, LOOK_S = 0.25, 0.005

cancelling = ThreadPoolExecutor(4, thread_name_prefix="cancelling")


class Lane:
    """Threads that serve one kind of request, how many may wait for them and how long, and how
    long an answer may take, waiting included. `when_slow` is the kind of the page (core/busy.py)
    that answers in place of a thread that took longer.

    While `first` have requests inside, only `beside` of this lane run at once: all threads of a
    process share one interpreter. Pages that wait for the database do not block the others:
    every GIVE_WAY_S one more may run.
    """

    def __init__(  # noqa: PLR0913 - what a lane is made of
        self,
        name: str,
        *,
        threads: int,
        waiting: int,
        longest_wait_s: float,
        longest_answer_s: float,
        when_slow: str = SLOW,
        first: Sequence["Lane"] = (),
        beside: int = 2,
    ) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self.most = threads + waiting
        self.longest_wait_s = longest_wait_s
        self.longest_answer_s = longest_answer_s
        self.when_slow = when_slow
        self.first = first
        self.beside = beside
        self.inside = self.running = 0
        self._door = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def pass_through(self) -> AsyncIterator[None]:
        """For as long as a request is with a thread (or in the pool's line for one)."""
        if self.first:
            async with self._door:
                await self._give_way()
                self.running += 1
        else:
            self.running += 1
        try:
            yield
        finally:
            self.running -= 1

    async def _give_way(self) -> None:
        until = time.monotonic() + GIVE_WAY_S
        while (  # noqa: ASYNC110 - requests of other lanes are counted, not waited for
            self.running >= self.beside
            and any(lane.inside for lane in self.first)
            and time.monotonic() < until
        ):
            await asyncio.sleep(LOOK_S)

    @property
    def is_full(self) -> bool:
        return self.inside >= self.most


class TooLate(BaseException):
    """The request has been answered meanwhile. No page may take this for a fault of its own."""


class Turn:
    """One request in its lane. Given up, its statement is cancelled and no other one begins."""

    def __init__(self) -> None:
        self.begun_at = time.monotonic()
        self.is_over = False
        self._database: Any = None
        self._at_work = Lock()

    @contextlib.contextmanager
    def work(self) -> Iterator[None]:
        """For the thread that serves the request, while it does."""
        self._database = database = connections["default"]
        try:
            with database.execute_wrapper(self._while_awaited):
                yield
        finally:
            with self._at_work:  # a cancellation under way ends before the thread's next request
                self._database = None

    def _while_awaited(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: Any, context: Any
    ) -> Any:
        if self.is_over:
            raise TooLate
        return execute(sql, params, many, context)

    def give_up(self) -> None:
        """End the work of a request that is answered already, from any thread."""
        self.is_over = True
        cancelling.submit(self._cancel)

    def _cancel(self) -> None:
        with self._at_work:
            if self._database is None or self._database.connection is None:
                return
            try:
                self._database.connection.cancel()
            except psycopg2.Error as fault:
                log.warning("a statement could not be cancelled: %s", fault)
