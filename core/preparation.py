"""What must be true before the platform serves, and what of it is true already."""

import hashlib
import json
import os
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from core.local.paths import LocalError, Places


def lacks_migrations() -> bool:
    """Whether the tables are behind the code. Connects, and lets go again."""
    try:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except OperationalError as error:
        msg = f"The database of DATABASE_URL does not answer: {str(error).strip()}"
        raise LocalError(msg) from error
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
