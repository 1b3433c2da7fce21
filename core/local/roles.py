"""The command of each process of the platform."""

import sys
from collections.abc import Sequence

# A live channel is a connection that stays: the server must neither refuse the next thousand nor
# wait for all of them to leave when it stops
CONNECTIONS = ("--backlog", "2048", "--backpressure", "8192", "--workers-kill-timeout", "3")


# Queues of work and how many tasks of each run at once: what hangs in one keeps no other waiting
WORKERS = {"orders": 2, "messages": 2, "files": 1}


def web(port: int, host: str = "127.0.0.1") -> list[str]:
    serve = [sys.executable, "-m", "granian", "--interface", "rsgi", "--workers", "1"]
    where = ["--host", host, "--port", str(port), "--no-ws"]
    quiet = ["--no-access-log", "--log-level", "warning"]
    return [*serve, *where, *CONNECTIONS, *quiet, "config.mixed:application"]


def relay() -> list[str]:
    return [sys.executable, "manage.py", "relay", "--skip-checks"]


def worker(queues: Sequence[str] = tuple(WORKERS), concurrency: int | None = None) -> list[str]:
    """A worker for `queues`; of one queue, with as many hands as WORKERS gives it."""
    hands = concurrency or (WORKERS[queues[0]] if len(queues) == 1 else 2)
    which = ["--queues", ",".join(queues), "--hostname", f"{'-'.join(queues)}@%h"]
    quiet = ["--loglevel", "WARNING", "--without-mingle", "--without-gossip"]
    return [*celery(), "worker", *which, "--concurrency", str(hands), *quiet]


def beat(schedule: str) -> list[str]:
    return [*celery(), "beat", "--loglevel", "WARNING", "--schedule", schedule, "--pidfile="]


def celery() -> list[str]:
    # Root is allowed here, and messages are JSON: nothing in them runs
    as_root = ["-W", "ignore:You're running the worker with superuser privileges"]
    return [sys.executable, *as_root, "-m", "celery", "--quiet", "--app", "config"]
