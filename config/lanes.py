"""Lanes: how many requests of a kind are served at once, how many wait, and what ends one too slow."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import psycopg2
from django.db import connections

from core.busy import SLOW

log = logging.getLogger(__name__)

cancelling = ThreadPoolExecutor(4, thread_name_prefix="cancelling")


class Lane:
    """Threads that serve one kind of request, how many may wait for them and how long, and how
    long an answer may take, waiting included. `when_slow` is the kind of the page (core/busy.py)
    that answers in place of a thread that took longer.
    """

    def __init__(
        self,
        name: str,
        *,
        threads: int,
        waiting: int,
        longest_wait_s: float,
        longest_answer_s: float,
        when_slow: str = SLOW,
    ) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self.most = threads + waiting
        self.longest_wait_s = longest_wait_s
        self.longest_answer_s = longest_answer_s
        self.when_slow = when_slow
        self.inside = 0

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
