"""Tests marked `alone` hold a platform to a time: no other worker runs a test beside them.

Others wait for less than a minute, after which the database would end a transaction of theirs.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

PATIENCE_S = 20  # for tests under way; a longer one goes on beside
LOOK_S = 0.02
TURN_S = 0.2  # after a test that was alone: for the others to come in


@contextmanager
def locked(path: Path, how: int) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, how)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # a child of a test may hold the open file as well


@contextmanager
def alone_in(room: Path) -> Iterator[None]:
    with room.open("w") as file:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(LOOK_S)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    folder = item.config._tmp_path_factory.getbasetemp().parent  # the same for all workers
    door, room = folder / "alone.door", folder / "alone.room"
    if item.get_closest_marker("alone"):  # nobody enters any more, and those inside finish
        try:
            with locked(door, fcntl.LOCK_EX), alone_in(room):
                return (yield)
        finally:
            time.sleep(TURN_S)
    with locked(door, fcntl.LOCK_SH):
        inside = room.open("w")
        fcntl.flock(inside, fcntl.LOCK_SH)
    try:
        return (yield)
    finally:
        fcntl.flock(inside, fcntl.LOCK_UN)
        inside.close()
