"""Keeps services running: starts them in order, starts again what dies, stops all in order."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from core.local.paths import LocalError
from core.local.process import Child

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0
STEADY_AFTER_S = 60.0  # one that lived this long begins again at the first delay
LOOK_EVERY_S = 0.2

Say = Callable[[str], None]


class Stopped(Exception):
    """Somebody asked the platform to stop while it was starting."""


class Service(Protocol):
    name: str

    def start(self) -> None: ...
    def is_alive(self) -> bool: ...
    def ask_to_stop(self) -> None: ...
    def stop(self) -> None: ...


class Program:
    """A service that is one command of ours."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        grace_s: float = 10,
    ) -> None:
        self.name = name
        self.command = command
        self.env = env
        self.grace_s = grace_s
        self.child: Child | None = None

    def start(self) -> None:
        self.child = Child(self.name, self.command, env=self.env, grace_s=self.grace_s)

    def is_alive(self) -> bool:
        return self.child is not None and self.child.is_alive()

    def ask_to_stop(self) -> None:
        if self.child:
            self.child.ask_to_stop()

    def stop(self) -> None:
        if self.child:
            self.child.stop()


class Supervisor:
    def __init__(self, say: Say) -> None:
        self.say = say
        self.services: list[Service] = []
        self.started_at: dict[str, float] = {}
        self.delays: dict[str, float] = {}
        self.due_at: dict[str, float] = {}
        self.is_stopping = False

    def listen(self) -> None:
        """Take Ctrl-C, SIGTERM and a closed terminal as the wish to stop."""
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
        """Start again whatever dies, until asked to stop."""
        while not self.is_stopping:
            for service in self.services:
                if not service.is_alive():
                    self.revive(service)
            time.sleep(LOOK_EVERY_S)

    def revive(self, service: Service) -> None:
        now = time.monotonic()
        if service.name not in self.due_at:
            delay = self.next_delay(service.name, now)
            self.due_at[service.name] = now + delay
            self.say(f"{service.name} ended unexpectedly; starting it again in {delay:.0f} s.")
        elif now >= self.due_at[service.name]:
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
        lived_s = now - self.started_at.get(name, now)
        before = self.delays.get(name, 0)
        again = before and lived_s < STEADY_AFTER_S
        self.delays[name] = min(before * 2, LONGEST_DELAY_S) if again else FIRST_DELAY_S
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


def say_aloud(text: str) -> None:
    """Print; a terminal that has gone away must not keep the platform from stopping."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


def environment_of_children() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1"}
