"""What must be true before the platform serves, and what of it is true already."""

import errno
import hashlib
import json
import os
import shutil
import socket
import tempfile
from pathlib import Path

import redis
from django.conf import settings
from django.db import Error as DatabaseFault, connection
from django.db.migrations.executor import MigrationExecutor

from core.local.paths import LocalError, Places

FREE_AT_FIRST = 400_000_000  # bytes: database, demonstration pictures, and room to work
FREE_LATER = 60_000_000
FIRST_FREE_PORT, LAST_PORT = 1024, 65_535  # those below are root's
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where such a server is reached


# What the machine must give


def refuse_taken_port() -> None:
    host, port = settings.HOST, settings.PORT
    try:
        family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        raise LocalError(why_not_there(error)) from error


def why_not_there(error: OSError) -> str:
    """What the person who chose HOST and PORT can do about it."""
    host, port = settings.HOST, settings.PORT
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"HOST must be an address of this machine such as 127.0.0.1, not “{host}”."
    other = port + 1 if FIRST_FREE_PORT <= port < LAST_PORT else 8000
    return f"Port {port} cannot be used ({error.strerror}). Choose another: PORT={other} ./run."


def refuse_unwritable_folders() -> None:
    for name in ("MEDIA_ROOT", "STATIC_ROOT"):
        folder = getattr(settings, name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            msg = f"{folder} cannot be written ({error.strerror}). Set {name} to a folder of yours."
            raise LocalError(msg) from error


def refuse_full_disk(here: Places) -> None:
    needed = FREE_LATER if here.postgres.exists() else FREE_AT_FIRST
    free = shutil.disk_usage(here.data).free
    if free < needed:
        msg = (
            f"The disk of {here.data} is full: {free // 1_000_000} MB are free,"
            f" {needed // 1_000_000} MB are needed. Make room, or set DATA_DIR to another disk."
        )
        raise LocalError(msg)


# External servers


def reach_database() -> None:
    """Raises LocalError when the server of DATABASE_URL cannot be used as it is."""
    question = "SELECT current_setting('server_encoding'), current_user,"
    question += " has_schema_privilege(current_schema(), 'CREATE')"
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            encoding, user, may_create = cursor.fetchone()
    except DatabaseFault as error:
        msg = f"The database of DATABASE_URL cannot be used: {first_line(error)}"
        raise LocalError(msg) from error
    finally:
        connection.close()
    if encoding != "UTF8":
        msg = f"The database of DATABASE_URL keeps {encoding}: make one with ENCODING 'UTF8'."
        raise LocalError(msg)
    if not may_create:
        msg = f"“{user}” may not make tables in the database of DATABASE_URL: make it the owner."
        raise LocalError(msg)


def reach_broker() -> None:
    """Raises LocalError when the server of REDIS_URL does not answer."""
    limit = settings.REDIS_TIMEOUT_S
    broker = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=limit, socket_connect_timeout=limit
    )
    try:
        broker.ping()
    except (redis.RedisError, OSError) as error:
        msg = f"The broker of REDIS_URL cannot be used: {first_line(error)}"
        raise LocalError(msg) from error
    finally:
        broker.close()


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


# What is done once, and again after a change


def lacks_migrations() -> bool:
    """Whether the tables are behind the code. Connects, and lets go again."""
    try:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    finally:
        connection.close()


def are_static_files_current(here: Places) -> bool:
    is_there = (settings.STATIC_ROOT / "staticfiles.json").exists()
    return is_there and prepared(here).get("static") == fingerprint_of_static_files()


def note_static_files(here: Places) -> None:
    """Remember that they have been collected as they are now."""
    mark = fingerprint_of_static_files()
    here.prepared.write_text(json.dumps({**prepared(here), "static": mark}))


def prepared(here: Places) -> dict[str, str]:
    return dict(json.loads(here.prepared.read_text())) if here.prepared.exists() else {}


def fingerprint_of_static_files() -> str:
    """Changes with any file of ours, with the packages that bring others, and with the target."""
    digest = hashlib.sha256(os.fsencode(settings.STATIC_ROOT))
    for name in ("requirements.txt", "core/fonts.py"):
        digest.update((settings.BASE_DIR / name).read_bytes())
    for folder in settings.STATICFILES_DIRS:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                state = path.stat()
                digest.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()
