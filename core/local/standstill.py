"""Processes that were stopped where they stood (SIGSTOP), and those a killed server left behind.

Linux shows both in /proc; elsewhere nothing is found.
"""

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

STOPPED = "T"


class Process(NamedTuple):
    pid: int
    parent: int
    state: str


def processes() -> Iterator[Process]:
    """Every process of this machine, as the kernel sees it now."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            # pid (name) state parent …; the name may hold spaces and brackets
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            yield Process(int(entry.name), int(parent), state)


def stopped_below(roots: Iterable[int]) -> dict[int, set[int]]:
    """Of each root that has any: the stopped processes among it and its descendants."""
    every = list(processes())
    children: dict[int, list[Process]] = {}
    for process in every:
        children.setdefault(process.parent, []).append(process)
    by_pid = {process.pid: process for process in every}
    found = {}
    for root in roots:
        family = [by_pid[root]] if root in by_pid else []
        for member in family:  # grows while it is walked
            family.extend(children.get(member.pid, ()))
        if stopped := {member.pid for member in family if member.state == STOPPED}:
            found[root] = stopped
    return found


def wake(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGCONT)


def at_work_in(folder: Path) -> list[int]:
    """Processes whose working directory is `folder`."""
    found = []
    for process in processes():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{process.pid}/cwd").resolve() == folder:
                found.append(process.pid)
    return found
