"""Tests marked `alone` hold a platform to a time: no other worker runs a test beside them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def locked(path: Path, how: int) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, how)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # a child of a test may hold the open file as well


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    folder = item.config._tmp_path_factory.getbasetemp().parent  # the same for all workers
    door, room = folder / "alone.door", folder / "alone.room"
    if item.get_closest_marker("alone"):  # nobody enters any more, and those inside finish
        with locked(door, fcntl.LOCK_EX), locked(room, fcntl.LOCK_EX):
            return (yield)
    with locked(door, fcntl.LOCK_SH):
        inside = room.open("w")
        fcntl.flock(inside, fcntl.LOCK_SH)
    try:
        return (yield)
    finally:
        fcntl.flock(inside, fcntl.LOCK_UN)
        inside.close()
