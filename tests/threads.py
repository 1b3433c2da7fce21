"""Several people at once: each in a thread with a database connection of their own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")
PATIENCE_S = 30


def all_at_once(acts: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Run every act at the same moment; what each returned or raised, in order."""
    ready = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T | Exception:
        try:
            ready.wait(PATIENCE_S)
            return act()
        except Exception as fault:  # noqa: BLE001 - the test looks at what went wrong
            return fault
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(acts)) as pool:
        return list(pool.map(run, acts, timeout=PATIENCE_S))


def beside(act: Callable[[], T]) -> Callable[[], T]:
    """Start `act` in a thread of its own; calling the result waits for it and gives its answer."""
    pool = ThreadPoolExecutor(max_workers=1)

    def run() -> T:
        try:
            return act()
        finally:
            connection.close()

    future = pool.submit(run)
    pool.shutdown(wait=False)
    return lambda: future.result(PATIENCE_S)


def run_apart(story: Coroutine[Any, Any, T]) -> T:
    """Run `story` on an event loop of its own; Playwright keeps one in the main thread."""

    def run() -> T:
        try:
            return asyncio.run(story)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()
