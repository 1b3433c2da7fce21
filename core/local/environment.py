"""What the environment holds before Django reads its settings."""

import fcntl
import json
import os
import secrets
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from core.local.paths import LocalError, Places, places

# Commands that open no database and no broker, so a fresh clone runs them as it is
OFFLINE = {"check", "collectstatic", "help", "makemigrations", "messages", "spectacular"}
# What a platform was started with, and commands beside it need to be its own: all that is a setting
KEPT = (
    *("DATABASE_URL", "DATABASE_CONN_MAX_AGE", "REDIS_URL", "REDIS_PREFIX", "SECRET_KEY"),
    *("PORT", "HOST", "SITE_URL", "ALLOWED_HOSTS", "BEHIND_PROXY", "NCHAN_PUBLISH_URL"),
    *("DEMO", "DEBUG", "LOG_LEVEL", "WEB_THREADS", "ORDER_THREADS", "MEDIA_ROOT", "STATIC_ROOT"),
    *("PAYMENT_WINDOW_MINUTES", "CANCEL_WINDOW_MINUTES"),
    *("SAID_PAID_MINUTES", "SAID_PAID_MINUTES_NEW"),
    *("SMS_API_URL", "SMS_API_KEY", "SMS_API_SECRET", "SMS_BRAND_NAME", "SMS_PER_DAY"),
    *("UPLOAD_THREADS", "HSTS_PRELOAD", "SECOND_FACTOR_FOR_COOPERATIVES"),
    *("TWO_REVIEWERS", "BANK_CHANGE_HOURS", "BUYERS_KEPT_DAYS", "CLOSED_ORDERS_KEPT_DAYS"),
)


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
    pictures = {"MEDIA_ROOT": str(here.data / "media")} if os.environ.get("DATA_DIR") else {}
    return {
        **pictures,
        "DATABASE_URL": here.database_url,
        "REDIS_URL": here.redis_url,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secret_key(here),
        "PORT": port,
        "SITE_URL": f"http://localhost:{port}",
        "ALLOWED_HOSTS": ",".join(["localhost", "127.0.0.1", "[::1]", *host_of_site()]),
        "DEMO": "true",
    }


def host_of_site() -> list[str]:
    """The host of SITE_URL where it is set; settings validate it."""
    try:
        host = urlsplit(os.environ.get("SITE_URL", "")).hostname
    except ValueError:
        return []
    return [host] if host else []


def nowhere() -> dict[str, str]:
    return {
        "DATABASE_URL": "postgresql://nobody@/nothing?host=/nonexistent",
        "REDIS_URL": "unix:///nonexistent",
        "SECRET_KEY": secrets.token_urlsafe(50),
    }


def secret_key(here: Places) -> str:
    """The key of this data folder; made once, so that sessions survive a restart."""
    here.make()
    try:
        # An empty one was cut off while it was written
        if not (here.secret_key.exists() and here.secret_key.stat().st_size):
            with private(here.secret_key) as stream:
                stream.write(secrets.token_urlsafe(50))
        return here.secret_key.read_text().strip()
    except OSError as error:
        raise unusable(here, error) from error


def private(path: Path) -> TextIO:
    """The file, emptied and ready to be written, for its owner alone."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w")


def unusable(here: Places, error: OSError) -> LocalError:
    """The refusal of a data folder that cannot be written; the folder for its sockets is removed."""
    with suppress(OSError):
        here.sockets.rmdir()
    reason = error.strerror
    return LocalError(
        f"{here.data} cannot be written ({reason}). Set DATA_DIR to a folder of yours."
    )


def is_running(here: Places) -> bool:
    """Whether a platform holds the data folder. A lock is released on a crash, a file is not."""
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
    try:
        stream = here.lock.open("w")
    except OSError as error:
        raise unusable(here, error) from error
    with stream:
        if not lock(stream):
            msg = f"The platform runs already on {here.data}. Stop it first, or set DATA_DIR."
            raise LocalError(msg)
        try:
            yield
        finally:
            here.environment.unlink(missing_ok=True)


def leave_word(here: Places) -> None:
    """Publish the addresses of the servers to other commands."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    with private(here.environment) as stream:
        json.dump(kept, stream)
