"""A migrated database that runs of the tests copy, kept in var/tests until a migration changes.

Migrating takes many times as long as copying: every worker of every run begins with a copy.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg2
from psycopg2 import sql

from core.local.paths import BASE_DIR, Places
from core.local.postgres import OWNER, Postgres

TEMPLATE = "prepared_for_tests"
MADE_OF = ("*/migrations/*.py", "*/services/*.sql", "requirements.txt")
KEPT = BASE_DIR / "var" / "tests"


def start(server: Postgres) -> None:
    """Start `server` with the template in it, out of the kept copy where there is one."""
    kept = KEPT / digest()
    if kept.exists() and not server.here.postgres.exists():
        shutil.copytree(kept, server.here.postgres)
    server.start()
    if not kept.exists():
        migrate(server.here)
        if server.user is None:  # as another user's its files could not be handed back
            keep(server, kept)


def digest() -> str:
    """Names what the template is made of: what migrations do, with which packages."""
    made = hashlib.sha256()
    for path in sorted(path for pattern in MADE_OF for path in BASE_DIR.glob(pattern)):
        made.update(path.relative_to(BASE_DIR).as_posix().encode() + path.read_bytes())
    made.update(Path(__file__).read_bytes())
    return made.hexdigest()[:16]


def migrate(here: Places) -> None:
    command("postgres", here, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    url = here.database_url.replace("/app?", f"/{TEMPLATE}?")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=BASE_DIR,
        env={**os.environ, "DATABASE_URL": url},
        check=True,
    )


def keep(server: Postgres, kept: Path) -> None:
    server.stop()
    for earlier in KEPT.glob("*"):
        shutil.rmtree(earlier, ignore_errors=True)
    draft = kept.with_name(f"{kept.name}.{os.getpid()}")
    shutil.copytree(server.here.postgres, draft)
    if not kept.exists():
        draft.replace(kept)
    server.start()


def copy(name: str, socket: str) -> None:
    """Make the database `name` as a copy of the template, unless it is there already."""
    line = psycopg2.connect(host=socket, port=5432, user=OWNER, dbname="postgres")
    line.autocommit = True
    with line.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is None:
            statement = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"
            names = (sql.Identifier(name), sql.Identifier(TEMPLATE))
            cursor.execute(sql.SQL(statement).format(*names))
    line.close()


def command(database: str, here: Places, statement: sql.Composable) -> None:
    line = psycopg2.connect(here.database_url.replace("/app?", f"/{database}?"))
    line.autocommit = True
    with line.cursor() as cursor:
        cursor.execute(statement)
    line.close()
