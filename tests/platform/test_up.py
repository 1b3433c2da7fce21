"""`manage.py up` as a person runs it: it starts, says so, heals, and leaves nothing behind."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from core.local.paths import BASE_DIR, Places
from tests.servers import free_port

START_S = 90  # what a first start may take
STOP_S = 20
# What pytest set for its own servers must not reach the platform under test
NOT_INHERITED = {"DATABASE_URL", "REDIS_URL", "REDIS_PREFIX", "SITE_URL", "DEMO", "MEDIA_ROOT"}


@dataclass
class Up:
    """One start of the platform on a data folder of its own."""

    process: subprocess.Popen[bytes]
    log: Path
    url: str

    def words(self) -> str:
        return self.log.read_text(errors="replace")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, word: str) -> psutil.Process:
        mine = left_of(psutil.Process(self.process.pid).children())
        return next(child for child in mine if word in " ".join(child.cmdline()))

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/readyz") as got:
            return got.status == 200
        return False


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Iterator[Places]:
    """One data folder for the whole module: later starts find what the first has made."""
    here = Places(tmp_path_factory.mktemp("up") / "data")
    yield here
    shutil.rmtree(here.sockets, ignore_errors=True)


@pytest.fixture
def start(here, tmp_path) -> Iterator:
    begun: list[Up] = []

    def start_one(**env: str) -> Up:
        port = free_port()
        log = tmp_path / f"log-{len(begun)}"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=BASE_DIR,
                env=environment(here, port) | env,
                stdout=stream,
                stderr=stream,
            )
        begun.append(Up(process, log, f"http://localhost:{port}"))
        return begun[-1]

    yield start_one
    for up in begun:
        up.process.kill()
        up.process.wait()


def environment(here: Places, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    static = str(here.data.parent / "static")
    ours = {"DATA_DIR": str(here.data), "STATIC_ROOT": static, "PORT": str(port), "DEMO": "false"}
    return kept | ours


def until(holds, seconds: float, words=lambda: "") -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, words()
        time.sleep(0.1)


def await_start(up: Up) -> None:
    until(lambda: "Chợ Phiên is up" in up.words() or up.process.poll() is not None, START_S)
    assert up.process.poll() is None, up.words()


def left_of(family: list[psutil.Process]) -> list[psutil.Process]:
    def lives(process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            return process.status() != psutil.STATUS_ZOMBIE
        return False

    return [process for process in family if lives(process)]


INTERRUPTED = pytest.param(signal.SIGINT, marks=pytest.mark.long)  # handled as SIGTERM is


@pytest.mark.parametrize("wish", [signal.SIGTERM, INTERRUPTED, signal.SIGKILL])
def test_no_process_is_left_however_it_ends(start, here, wish):
    up = start()
    await_start(up)
    family = up.family()
    assert len(family) >= 8  # database and its helpers, broker, web, relay, worker, clock

    up.process.send_signal(wish)

    up.process.wait(STOP_S)
    until(lambda: not left_of(family), STOP_S, lambda: str(left_of(family)))
    assert here.sockets.exists() is (wish == signal.SIGKILL)  # no folder is left either


def test_it_heals_and_other_commands_act_on_it(start, here):
    up = start()
    await_start(up)

    for name in ("bin/postgres", "valkey-server", "granian", "relay"):
        up.child(name).kill()
    until(lambda: up.words().count("is running again.") == 4, 30, up.words)

    until(up.is_ready, 30, up.words)
    script = "from django.conf import settings; print(settings.SITE_URL)"
    asked = [sys.executable, "manage.py", "shell", "-v0", "-c", script]
    env = environment(here, 1)
    del env["PORT"]
    shown = subprocess.check_output(asked, cwd=BASE_DIR, env=env, text=True)
    assert shown.strip().endswith(up.url)


def test_a_second_start_and_a_taken_port_are_told_in_one_sentence(start, tmp_path):
    first = start()
    await_start(first)
    port = first.url.rsplit(":", maxsplit=1)[1]

    second = start()
    third = start(PORT=port, DATA_DIR=str(tmp_path / "other"))

    assert second.process.wait(START_S) == third.process.wait(START_S) == 1
    assert re.fullmatch(r"The platform runs already on .*\n", second.words())
    assert f"Port {port} cannot be used (Address already in use)." in third.words()
    assert f"PORT={int(port) + 1}" in third.words()
    assert "database" not in third.words()


def test_a_database_that_does_not_answer_is_told(start):
    up = start(DATABASE_URL="postgresql://nobody@/nothing?host=/nonexistent")

    assert up.process.wait(START_S) == 1
    assert "The database of DATABASE_URL cannot be used" in up.words()
    assert "Traceback" not in up.words()
