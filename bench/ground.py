"""The ground a benchmark stands on: servers and programs of its own, as ./run starts them.

    with ground() as place:
        place.django()          # this process reads and writes the same database
        rows = make_session()   # bench.rows
        ...                     # place.url, place.port, place.children["web"].pid, place.kill("web")

PostgreSQL keeps what it acknowledged (fsync on), as in a real installation. Everything lies in a
temporary folder and ends with the `with` block, after an error, Ctrl-C or SIGTERM too.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import prepared
from core import catalogue
from core.local import roles
from core.local.broker import Broker
from core.local.paths import BASE_DIR, Places
from core.local.postgres import Postgres
from core.local.process import Child, run
from core.local.supervisor import Program

PROGRAMS = ("web", "relay", "worker", "beat")
START_TIMEOUT_S = 180
GRACE_S = (5, 30)  # of a program, of all of them under `up`
# What another platform or test run left in the environment must not reach this one
OTHERS = {
    "DATABASE_URL", "REDIS_URL", "REDIS_PREFIX", "SITE_URL", "ALLOWED_HOSTS", "SECRET_KEY",
    "DEMO", "DEBUG", "PORT", "MEDIA_ROOT", "STATIC_ROOT", "DATA_DIR", "WEB_THREADS",
}  # fmt: skip


class Running(Program):
    """A program of the platform, in a process of its own."""

    def __init__(self, name: str, command: Sequence[str | Path], place: "Place") -> None:
        super().__init__(name, command, env=place.env, grace_s=GRACE_S[name == "up"])
        self.log = place.log

    def start(self) -> None:
        self.child = Child(
            self.name, self.command, env=self.env, grace_s=self.grace_s, log=self.log
        )

    @property
    def pid(self) -> int:
        if self.child is None:
            msg = f"{self.name} has not been started"
            raise RuntimeError(msg)
        return self.child.process.pid


@dataclass
class Place:
    """A running platform: where it answers, its environment, its processes."""

    here: Places
    port: int
    env: dict[str, str]
    postgres: Postgres
    broker: Broker
    children: dict[str, Running] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """What the programs say."""
        return self.here.data / "log"

    def words(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://localhost:{self.port}"

    def start(self, name: str) -> None:
        """Start `web`, `relay`, `worker`, `beat` (again), or all of it as `up`."""
        self.children[name] = Running(name, self.command(name), self)
        self.children[name].start()

    def kill(self, name: str) -> None:
        """End a program, the `database` or the `broker` at once (SIGKILL), its children included."""
        servers = {"database": self.postgres, "broker": self.broker}
        child = servers[name].child if name in servers else self.children[name].child
        if child is not None:
            child.kill()

    def command(self, name: str) -> list[str]:
        commands: dict[str, Callable[[], list[str]]] = {
            "web": lambda: roles.web(self.port),
            "relay": roles.relay,
            "worker": roles.worker,
            "beat": lambda: roles.beat(str(self.here.data / "beat")),
            "up": lambda: [sys.executable, "manage.py", "up"],
        }
        return commands[name]()

    def await_ready(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until an order could be taken and every started program lives."""
        deadline = time.monotonic() + timeout_s
        serves = bool({"web", "up"} & set(self.children))
        while serves and not answers(self.port, "/readyz"):
            for program in self.children.values():
                if not program.is_alive():
                    msg = f"{program.name} ended while starting. Last words: {self.words()[-2000:]}"
                    raise RuntimeError(msg)
            if time.monotonic() > deadline:
                msg = f"No answer within {timeout_s:.0f} s. Last words: {self.words()[-2000:]}"
                raise TimeoutError(msg)
            time.sleep(0.05)

    def manage(self, *words: str) -> str:
        """Run a command of manage.py on this platform and return what it printed."""
        command = [sys.executable, "manage.py", *words, "--skip-checks"]
        return run(command, env=self.env, cwd=BASE_DIR)

    def django(self) -> None:
        """Set Django up in this process, on this platform's database."""
        os.environ.update(self.env)
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django

        django.setup()


@contextmanager
def ground(
    programs: Sequence[str] = PROGRAMS,
    web_threads: int | None = None,
    settings_env: Mapping[str, str] | None = None,
) -> Iterator[Place]:
    """Start servers, tables, places and `programs`; stop and remove everything at the end.

    `web_threads` sets WEB_THREADS, `settings_env` any other setting of docs/operations.md.
    """
    with bare_ground(settings_env, web_threads) as place:
        catalogue.compile_if_older(BASE_DIR)
        prepared.start(place.postgres, place.env)
        place.broker.start()
        if "web" in programs:
            place.manage("collectstatic", "--noinput", "-v0")
        for name in programs:
            place.start(name)
        place.await_ready()
        yield place


@contextmanager
def supervised_ground(settings_env: Mapping[str, str] | None = None) -> Iterator[Place]:
    """Like `ground`, but all of it under `manage.py up`, which heals what is broken."""
    with bare_ground(settings_env) as place:
        catalogue.compile_if_older(BASE_DIR)
        has_places = prepared.copy_cluster(place.postgres, place.env)
        place.start("up")
        place.await_ready()
        if not has_places:
            place.manage("load_places")
        yield place


@contextmanager
def bare_ground(
    settings_env: Mapping[str, str] | None, web_threads: int | None = None
) -> Iterator[Place]:
    """Folders and a port, with nothing started; all of it is stopped and removed at the end."""
    signal.signal(signal.SIGTERM, end)
    here = Places(Path(tempfile.mkdtemp(prefix="chophien-bench-")))
    port = free_port()
    env = environment(here, port, web_threads, settings_env or {})
    place = Place(here, port, env, Postgres(here), Broker(here))
    try:
        here.make()
        yield place
    finally:
        stop(place)


def environment(
    here: Places, port: int, web_threads: int | None, more: Mapping[str, str]
) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OTHERS}
    ours = {
        "DATABASE_URL": here.database_url,
        "REDIS_URL": here.redis_url,
        "SECRET_KEY": "used-by-benchmarks-alone-and-long-enough-for-the-deployment-check",
        "PORT": str(port),
        "SITE_URL": f"http://localhost:{port}",
        "BEHIND_PROXY": "true",  # buyers name the network they come from (bench.rush)
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "DEMO": "false",
        "DATA_DIR": str(here.data),
        "MEDIA_ROOT": str(here.data / "media"),
        "STATIC_ROOT": str(here.data / "static"),
        "PYTHONUNBUFFERED": "1",
        "CELERY_SKIP_CHECKS": "true",
    }
    threads = {} if web_threads is None else {"WEB_THREADS": str(web_threads)}
    return {**kept, **ours, **threads, **more}


def stop(place: Place) -> None:
    """Stop programs together, then the servers; nothing of the folder is left."""
    for program in place.children.values():
        program.ask_to_stop()
    for service in [*place.children.values(), place.broker, place.postgres]:
        service.stop()
    for folder in (place.here.data, place.here.sockets):
        shutil.rmtree(folder, ignore_errors=True)


def end(*_: Any) -> None:
    raise SystemExit(1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, path: str = "/healthz") -> bool:
    """Whether the web process on `port` answers `path` with 200 within two seconds."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        line.request("GET", path, headers={"Host": f"localhost:{port}"})
        return line.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def tell(figures: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what was measured: for programs on one line, for people on a line each."""
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:32} {value}")
