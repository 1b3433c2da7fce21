"""The served platform for journeys: web, relay and worker as the processes they are in real life."""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection

from core.local.process import Child, run

START_TIMEOUT_S = 60
QUIET_TIMEOUT_S = 15


@dataclass
class Platform:
    url: str
    log: Path
    children: dict[str, Child]

    def words(self) -> str:
        """What the processes have logged so far."""
        return self.log.read_text(errors="replace")


@pytest.fixture(scope="session")
def _platform(
    django_db_setup: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    port = free_port()
    url = f"http://localhost:{port}"
    log = tmp_path_factory.mktemp("platform") / "log"
    env = environment_of_children(url, port)
    collect_static_files_once(env)
    platform = Platform(url, log, {})
    try:
        for name, command in commands(port).items():
            platform.children[name] = Child(name, command, env=env, log=log, grace_s=15)
        await_health(platform)
        yield platform
    finally:
        wake(platform)
        for child in reversed(platform.children.values()):
            child.stop()


@pytest.fixture
def platform_server(_platform: Platform, transactional_db: None) -> Iterator[Platform]:
    """A served platform on this test's database. What a test makes is committed at once.

    `platform_server.url` has no slash at its end. The processes live as long as the test run; the
    tables are emptied after each test, once nobody is at work in them. Between the tests that use
    them relay and worker sleep: what other tests leave in the outbox is none of their business.
    """
    wake(_platform)
    yield _platform
    put_to_sleep(_platform)


def collect_static_files_once(env: dict[str, str]) -> None:
    """Collect the static files once for all workers; the first worker does it, the others wait.

    The folder is filled beside its place and moved there: other workers' tests read it meanwhile.
    """
    root = Path(env["STATIC_ROOT"])
    draft = root.with_name("static.partial")
    with root.with_name("static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "staticfiles.json").exists():
            collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
            run(collect, env=env | {"STATIC_ROOT": str(draft)})
            draft.replace(root)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment_of_children(url: str, port: int) -> dict[str, str]:
    name = connection.settings_dict["NAME"]
    return {
        **os.environ,
        "DATABASE_URL": os.environ["DATABASE_URL"].replace("@/app?", f"@/{name}?"),
        "SITE_URL": url,
        "PORT": str(port),
        "DEMO": "true",
        "BEHIND_PROXY": "true",  # buyers of a test may come from many networks
        "WEB_THREADS": "4",
        "PYTHONUNBUFFERED": "1",
    }


def commands(port: int) -> dict[str, list[str]]:
    from core.local import roles

    return {
        "web": roles.web(port),
        "relay": roles.relay(),
        "worker": roles.worker(concurrency=1),
    }


def await_health(platform: Platform) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        for child in platform.children.values():
            if not child.is_alive():
                pytest.fail(f"{child.name} ended while starting:\n{platform.words()}")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{platform.url}/healthz") as got:
            if got.status == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"The platform did not answer in {START_TIMEOUT_S} s:\n{platform.words()}")


def wake(platform: Platform) -> None:
    signal_all(platform, signal.SIGCONT)


def put_to_sleep(platform: Platform) -> None:
    """Stop relay and worker where they hold nothing in the database."""
    for _try in range(5):
        await_quiet()
        signal_all(platform, signal.SIGSTOP)
        if not others_at_work():
            return
        wake(platform)


def signal_all(platform: Platform, number: signal.Signals) -> None:
    for name in ("relay", "worker"):
        if platform.children[name].is_alive():
            os.killpg(platform.children[name].process.pid, number)


def await_quiet() -> None:
    """Wait until no other process is inside a transaction, twice in a row."""
    deadline = time.monotonic() + QUIET_TIMEOUT_S
    quiet = 0
    while quiet < 2 and time.monotonic() < deadline:
        quiet = 0 if others_at_work() else quiet + 1
        time.sleep(0.05)


def others_at_work() -> int:
    """How many other connections to this database are inside a statement or a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            " AND state <> 'idle'"
        )
        return int(cursor.fetchone()[0])
