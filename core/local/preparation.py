"""What must be true before the platform serves, and what of it is true already."""

import hashlib
import json
import os
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from core import catalogue
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


def compile_messages() -> None:
    source = catalogue.catalogue_path(settings.BASE_DIR)
    compiled = source.with_suffix(".mo")
    if source.exists() and (
        not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime
    ):
        with catalogue.locked(settings.BASE_DIR):
            catalogue.compile_catalogue(settings.BASE_DIR)


def collect_static_files(here: Places) -> None:
    """Collect unless nothing has changed since the last time."""
    mark = fingerprint_of_static_files()
    known = json.loads(here.prepared.read_text()) if here.prepared.exists() else {}
    if known.get("static") == mark and (settings.STATIC_ROOT / "staticfiles.json").exists():
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    here.prepared.write_text(json.dumps({**known, "static": mark}))


def fingerprint_of_static_files() -> str:
    """Changes with any file of ours, with the packages that bring others, and with the target."""
    digest = hashlib.sha256(os.fsencode(settings.STATIC_ROOT))
    digest.update((settings.BASE_DIR / "requirements.txt").read_bytes())
    for folder in settings.STATICFILES_DIRS:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                state = path.stat()
                digest.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()
