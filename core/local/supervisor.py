"""Keeps services running: starts them in order, restarts those that die, resumes stopped ones
(SIGSTOP), replaces unresponsive ones, stops all in order.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from core.local import standstill
from core.local.paths import LocalError
from core.local.process import Child, Kept

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0
STEADY_AFTER_S = 10.0  # one that lived this long is started again at once
LOOK_EVERY_S = 0.2
LOOK_FOR_STANDSTILL_EVERY_S = 1.0
STANDSTILL_S = 2.0  # a debugger's glance is shorter
ASK_EVERY_S = 1.0
SILENCE_S = 20.0  # of an event loop, which answers beside any load

Say = Callable[[str], None]


class Stopped(Exception):
    """The platform received a request to stop while it was starting."""


class Service(Protocol):
    name: str
    child: Child | None

    def start(self) -> None: ...
    def is_alive(self) -> bool: ...
    def ask_to_stop(self) -> None: ...
    def stop(self) -> None: ...


class Program(Kept):
    """A service that is one command of ours."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        grace_s: float = 10,
        answers: Callable[[], bool] | None = None,
    ) -> None:
        """`answers` is the health check; a failure may take seconds."""
        self.answers = answers
        self.name = name
        self.command = command
        self.env = env
        self.grace_s = grace_s

    def start(self) -> None:
        self.child = Child(self.name, self.command, env=self.env, grace_s=self.grace_s)


class Supervisor:
    def __init__(self, say: Say) -> None:
        self.say = say
        self.services: list[Service] = []
        self.started_at: dict[str, float] = {}
        self.delays: dict[str, float] = {}
        self.due_at: dict[str, float] = {}
        self.still_since: dict[int, float] = {}
        self.looked_at = 0.0
        self.is_stopping = False

    def listen(self) -> None:
        """Stop on Ctrl-C, SIGTERM and a closed terminal."""
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, self.note_wish)

    def note_wish(self, *_: object) -> None:
        self.is_stopping = True

    def start(self, service: Service) -> None:
        self.go_on_or_stop()
        self.services.append(service)
        service.start()
        self.started_at[service.name] = time.monotonic()

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Run one step to its end; Stopped when asked to stop meanwhile, LocalError if it fails."""
        step = Child(name, command, env=env)
        while step.is_alive():
            if self.is_stopping:
                step.stop()
            time.sleep(0.05)
        self.go_on_or_stop()
        if step.process.returncode:
            msg = f"The start stopped at “{name}”; the reason stands above."
            raise LocalError(msg)

    def await_condition(self, holds: Callable[[], bool], timeout_s: float, name: str) -> None:
        """Wait for `holds`; a service that cannot stay up for it ends the start."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            self.go_on_or_stop()
            for service in self.services:
                if not service.is_alive():
                    msg = f"{service.name.capitalize()} ended while starting; see above."
                    raise LocalError(msg)
            if time.monotonic() > deadline:
                msg = f"{name} did not answer within {timeout_s:.0f} s."
                raise LocalError(msg)
            time.sleep(0.05)

    def go_on_or_stop(self) -> None:
        if self.is_stopping:
            raise Stopped

    # While it runs

    def watch(self) -> None:
        """Restart services that die, resume stopped ones, replace unresponsive ones; until asked to
        stop.
        """
        listeners = [
            Listener(service)
            for service in self.services
            if isinstance(service, Program) and service.answers
        ]
        for listener in listeners:
            listener.start()
        while not self.is_stopping:
            for service in self.services:
                if not service.is_alive():
                    self.revive(service)
            self.wake_sleepers()
            for listener in listeners:
                self.replace_if_silent(listener)
            time.sleep(LOOK_EVERY_S)

    def wake_sleepers(self) -> None:
        """Resume (SIGCONT) processes that have been stopped by a signal for STANDSTILL_S."""
        now = time.monotonic()
        if now - self.looked_at < LOOK_FOR_STANDSTILL_EVERY_S:
            return
        self.looked_at = now
        names = {s.child.process.pid: s.name for s in self.services if s.child and s.is_alive()}
        found = standstill.stopped_below(names)
        still = {pid: self.still_since.get(pid, now) for pids in found.values() for pid in pids}
        self.still_since = still
        for root, pids in found.items():
            if long := {pid for pid in pids if now - still[pid] >= STANDSTILL_S}:
                standstill.wake(long)
                self.say(f"{names[root]} stood still; it goes on again.")

    def replace_if_silent(self, listener: "Listener") -> None:
        service = listener.service
        if service.child and service.is_alive() and listener.silent_s() >= SILENCE_S:
            self.say(f"{service.name} no longer answers; replacing it.")
            listener.forget()
            service.child.kill()

    def revive(self, service: Service) -> None:
        now = time.monotonic()
        if service.name not in self.due_at:
            delay = self.next_delay(service.name, now)
            self.due_at[service.name] = now + delay
            when = f" in {delay:.0f} s" if delay else ""
            self.say(f"{service.name} ended unexpectedly; starting it again{when}.")
        if now >= self.due_at[service.name]:
            del self.due_at[service.name]
            service.stop()  # what is left of its group
            self.started_at[service.name] = now
            try:
                service.start()
            except LocalError as error:
                self.say(str(error))
            else:
                self.say(f"{service.name} is running again.")

    def next_delay(self, name: str, now: float) -> float:
        """0 after a steady life; else twice the delay before, so that no broken start spins."""
        lived_s = now - self.started_at.get(name, now)
        longer = max(self.delays.get(name, 0) * 2, FIRST_DELAY_S)
        self.delays[name] = 0 if lived_s >= STEADY_AFTER_S else min(longer, LONGEST_DELAY_S)
        return self.delays[name]

    def stop(self) -> None:
        """Stop all, last started first; those that lean on the database and broker go together."""
        programs = [service for service in self.services if isinstance(service, Program)]
        servers = [service for service in self.services if not isinstance(service, Program)]
        for program in reversed(programs):
            program.ask_to_stop()
        for service in [*reversed(programs), *reversed(servers)]:
            service.stop()
        self.services.clear()


class Listener(threading.Thread):
    """Asks a program again and again whether it answers, beside the supervisor's own work."""

    def __init__(self, service: Program) -> None:
        super().__init__(name=f"listener of {service.name}", daemon=True)
        self.service = service
        self.asked: Child | None = None
        self.heard_at = 0.0

    def run(self) -> None:
        while True:
            child, begun = self.service.child, time.monotonic()
            if self.service.answers and self.service.answers():
                self.asked, self.heard_at = child, time.monotonic()
            time.sleep(max(0.0, ASK_EVERY_S - (time.monotonic() - begun)))

    def silent_s(self) -> float:
        """For how long the process that runs now has said nothing; 0 until its first answer."""
        return time.monotonic() - self.heard_at if self.asked is self.service.child else 0.0

    def forget(self) -> None:
        self.asked = None


def say_aloud(text: str) -> None:
    """Print; a terminal that has gone away must not keep the platform from stopping."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


def environment_of_children() -> dict[str, str]:
    # Its checks read every page and form; a worker that is started again should not wait for that
    return {**os.environ, "PYTHONUNBUFFERED": "1", "CELERY_SKIP_CHECKS": "true"}
