"""What the environment holds before Django reads its settings."""

import fcntl
import json
import os
import secrets
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from core.local.paths import LocalError, Places, places

# Commands that open no database and no broker, so a fresh clone runs them as it is
OFFLINE = {"check", "collectstatic", "help", "makemigrations", "messages", "spectacular"}
KEPT = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT", "SITE_URL", "ALLOWED_HOSTS", "DEMO")


def prepare(argv: Sequence[str]) -> None:
    """Complete the environment for one command of manage.py.

    `up` gets the addresses of the servers it is about to start; every other command those of the
    platform that runs on the data folder. What is set already stays.
    """
    command = next((word for word in argv if not word.startswith("-")), "help")
    here = places()
    if command == "up":
        set_missing(defaults_of_up(here))
    elif "DATABASE_URL" in os.environ:
        return
    elif is_running(here):
        set_missing(json.loads(here.environment.read_text()))
    elif command in OFFLINE:
        warnings.filterwarnings("ignore", message=".*consistent migration history.*")
        set_missing(nowhere())


def set_missing(values: dict[str, str]) -> None:
    for name, value in values.items():
        os.environ.setdefault(name, value)


def defaults_of_up(here: Places) -> dict[str, str]:
    port = os.environ.get("PORT", "8000")
    return {
        "DATABASE_URL": here.database_url,
        "REDIS_URL": here.redis_url,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secret_key(here),
        "PORT": port,
        "SITE_URL": f"http://localhost:{port}",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "DEMO": "true",
    }


def nowhere() -> dict[str, str]:
    return {
        "DATABASE_URL": "postgresql://nobody@/nothing?host=/nonexistent",
        "REDIS_URL": "unix:///nonexistent",
        "SECRET_KEY": secrets.token_urlsafe(50),
    }


def secret_key(here: Places) -> str:
    """The key of this data folder; made once, so that a restart signs nobody out."""
    here.make()
    if not here.secret_key.exists():
        descriptor = os.open(here.secret_key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_urlsafe(50))
    return here.secret_key.read_text().strip()


def is_running(here: Places) -> bool:
    """Whether a platform holds the data folder. The lock tells; a file could outlive a crash."""
    if not (here.environment.exists() and here.lock.exists()):
        return False
    with here.lock.open() as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def lock(stream: TextIO) -> bool:
    """Take the lock, waiting a second: another command may be looking at it."""
    for _ in range(20):
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


@contextmanager
def held(here: Places) -> Iterator[None]:
    """Hold the data folder: one platform at a time, and others can find its addresses."""
    here.make()
    with here.lock.open("w") as stream:
        if not lock(stream):
            msg = f"The platform runs already on {here.data}. Stop it first, or set DATA_DIR."
            raise LocalError(msg)
        try:
            yield
        finally:
            here.environment.unlink(missing_ok=True)


def leave_word(here: Places) -> None:
    """Tell other commands where the servers are."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    descriptor = os.open(here.environment, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(kept, stream)
