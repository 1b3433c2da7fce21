"""A migrated database with all places, kept in var/prepared until what it is made of changes.

To migrate and to load takes many times as long as to copy: benchmarks and runs of the tests begin
with a copy.
"""

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from core.local.paths import BASE_DIR
from core.local.postgres import Postgres, may_unshare
from core.local.process import run

MADE_OF = (
    *("*/migrations/*.py", "*/services/*.sql", "requirements.txt"),
    *("coops/places.py", "coops/models.py", "core/text.py"),
)
KEPT = BASE_DIR / "var" / "prepared"


def start(server: Postgres, env: Mapping[str, str]) -> None:
    """Start a new `server` whose database is migrated and has the places.

    `env` holds the settings of a platform on that server.
    """
    is_copied = copy_cluster(server, env)
    server.start()
    if not is_copied:
        prepare(env)


def copy_cluster(server: Postgres, env: Mapping[str, str]) -> bool:
    """Copy the database files to where `server` is going to start; False where it could not use them.

    Whoever comes first makes what is kept; others that begin at the same time wait for it.
    """
    if os.geteuid() == 0 and not may_unshare():  # it runs as another user, with files of his own
        return False
    kept = KEPT / digest()
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.exists():
            shutil.copytree(kept, server.here.postgres)
            return True
        server.start()
        prepare(env)
        server.stop()
        keep(server, kept)
    return True


def prepare(env: Mapping[str, str]) -> None:
    for words in (("migrate", "--noinput", "-v0"), ("load_places",)):
        command = [sys.executable, "manage.py", *words, "--skip-checks"]
        run(command, env=dict(env), cwd=BASE_DIR)


def keep(server: Postgres, kept: Path) -> None:
    for earlier in KEPT.iterdir():
        if earlier.is_dir():
            shutil.rmtree(earlier)
    draft = kept.with_name(f"{kept.name}.partial")
    shutil.copytree(server.here.postgres, draft)
    draft.replace(kept)


def digest() -> str:
    """Names what is kept by what it is made of: migrations, functions, places, packages."""
    made = hashlib.sha256()
    for path in sorted(path for pattern in MADE_OF for path in BASE_DIR.glob(pattern)):
        made.update(path.relative_to(BASE_DIR).as_posix().encode() + path.read_bytes())
    made.update(Path(__file__).read_bytes())
    return made.hexdigest()[:16]
