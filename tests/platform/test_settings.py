"""A missing or wrong setting stops the start with one sentence."""

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from celery import current_app
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from config.reading import broker_url, database
from core import preparation
from core.local.environment import KEPT
from core.local.paths import BASE_DIR, LocalError, Places
from tests.servers import free_port

WHOLE = {
    "DATABASE_URL": "postgresql://nobody@/nothing?host=/nonexistent",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "a-key-that-is-long-enough-for-anyone-who-looks-at-it",
}


def manage(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *words],
        cwd=BASE_DIR,
        env={**kept, "DATA_DIR": "/proc/nowhere", **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set."),
        ({"DATABASE_URL": "mysql://somewhere/x"}, "DATABASE_URL must look like postgresql://"),
        ({"DATABASE_URL": "postgresql://host:port/x"}, "DATABASE_URL must look like postgresql://"),
        ({"REDIS_URL": "amqp://somewhere"}, "REDIS_URL must look like redis://"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set."),
        ({"DEBUG": "yes"}, "DEBUG must be true or false, not “yes”."),
        ({"PORT": "http"}, "PORT must be a whole number, not “http”."),
        ({"NCHAN_PUBLISH_URL": "nginx:8080"}, "NCHAN_PUBLISH_URL must look like http://"),
        ({"PORT": "70000"}, "PORT must be from 1 to 65535, not 70000."),
        ({"PORT": "0"}, "PORT must be from 1 to 65535, not 0."),
        ({"PORT": "²"}, "PORT must be a whole number, not “²”."),
        ({"WEB_THREADS": "many"}, "WEB_THREADS must be a whole number, not “many”."),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be one of DEBUG, INFO, WARNING"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is too short: it needs 32 random characters"),
        ({"REDIS_URL": "redis://host:port/0"}, "REDIS_URL must look like redis://"),
        ({"SITE_URL": "chophien.example"}, "SITE_URL must start with http:// or https://."),
        ({"SITE_URL": "https://a.example/x"}, "SITE_URL must be a scheme and a host such as"),
        (
            {"SITE_URL": "https://a.example", "ALLOWED_HOSTS": "b.example"},
            "ALLOWED_HOSTS must hold “a.example”, the host of SITE_URL.",
        ),
    ],
)
def test_a_wrong_setting_is_told_in_one_sentence(wrong, sentence):
    done = manage("migrate", **{**WHOLE, **wrong})

    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"DATA_DIR": "/proc/nowhere"}, "/proc/nowhere cannot be made"),
        ({"DATA_DIR": "/proc"}, "/proc cannot be written"),
        ({"MEDIA_ROOT": "/proc/pictures"}, "/proc/pictures cannot be written"),
        ({"STATIC_ROOT": "/proc/styles"}, "/proc/styles cannot be written"),
        ({"HOST": "192.0.2.1"}, "HOST must be an address of this machine"),
        (
            {"DATABASE_URL": WHOLE["DATABASE_URL"]},
            "The database of DATABASE_URL cannot be used: connection to server",
        ),
        (
            {"REDIS_URL": WHOLE["REDIS_URL"]},
            "The broker of REDIS_URL cannot be used: Error 111 connecting to 127.0.0.1:1.",
        ),
    ],
)
def test_what_keeps_the_platform_from_starting_is_told_in_one_sentence(tmp_path, wrong, sentence):
    """Before anything has been started."""
    folders = {name: str(tmp_path / name) for name in ("DATA_DIR", "MEDIA_ROOT", "STATIC_ROOT")}

    done = manage("up", **{**folders, "PORT": str(free_port()), **wrong})

    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert len((done.stdout + done.stderr).strip().splitlines()) == 1
    assert not Places(Path(wrong.get("DATA_DIR", folders["DATA_DIR"]))).sockets.exists()


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    here = Places(tmp_path)
    monkeypatch.setattr(preparation, "FREE_AT_FIRST", 10**18)

    with pytest.raises(LocalError, match=r"is full: \d+ MB are free, 1000000000000 MB are needed"):
        preparation.refuse_full_disk(here)

    here.postgres.mkdir()
    preparation.refuse_full_disk(here)  # less is needed once the database is there


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ("TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'", "SQL_ASCII"),
        ("TEMPLATE template0", "“stranger” may not make tables"),
    ],
)
def test_a_database_that_does_not_fit_is_told(made, sentence):
    with server_of_somebody_else() as cursor:
        cursor.execute("CREATE ROLE stranger LOGIN")
        cursor.execute(f"CREATE DATABASE unfit {made}")
        url = os.environ["DATABASE_URL"].replace("app@/app?", "stranger@/unfit?")
        try:
            done = manage("up", DATABASE_URL=url, DATA_DIR=os.environ["DATA_DIR"])
        finally:
            cursor.execute("DROP DATABASE unfit")
            cursor.execute("DROP ROLE stranger")

    assert done.returncode == 1
    assert sentence in done.stderr
    assert len((done.stdout + done.stderr).strip().splitlines()) == 1


@contextlib.contextmanager
def server_of_somebody_else():
    line = psycopg2.connect(os.environ["DATABASE_URL"])
    line.autocommit = True
    with contextlib.closing(line), line.cursor() as cursor:
        yield cursor


def test_a_missing_package_is_told_with_what_to_do():
    done = subprocess.run(
        [sys.executable, "-S", "manage.py", "check"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == (
        "The package django is missing. Remove the folder .venv and start ./run again.\n"
    )


def test_a_missing_database_is_told_to_commands_that_need_one():
    done = manage("migrate", SECRET_KEY=WHOLE["SECRET_KEY"])

    assert done.returncode == 1
    assert done.stderr.startswith("DATABASE_URL is not set.")


def test_commands_that_read_the_code_only_run_on_a_fresh_clone():
    done = manage("makemigrations", "--check", "--dry-run")

    assert done.returncode == 0, done.stdout + done.stderr


def names_of_settings() -> set[str]:
    """Every name that is read from the environment."""
    sources = [BASE_DIR / "config" / name for name in ("settings.py", "reading.py")]
    call = re.compile(r"""(?:env\w*\(|environ\.get\()\s*"(\w+)\"""")
    return {name for source in sources for name in call.findall(source.read_text())}


def test_every_setting_is_explained_and_known_to_commands_beside_a_running_platform():
    names = names_of_settings()
    book = (BASE_DIR / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| ([A-Z_, ]+) \|", book, re.MULTILINE)
    told = {name for row in rows for name in row.split(", ")}

    assert len(names) >= 20
    assert names <= set(KEPT)
    assert names | {"DATA_DIR"} == told


def test_a_database_address_gives_its_parts():
    parts = database("postgresql://l%C3%A0o:cai%2F@db.example:5433/phien?sslmode=require")

    assert (parts["USER"], parts["PASSWORD"], parts["HOST"]) == ("lào", "cai/", "db.example")
    assert (parts["PORT"], parts["NAME"]) == ("5433", "phien")
    assert parts["OPTIONS"]["sslmode"] == "require"


def test_a_database_address_may_name_a_socket():
    parts = database("postgresql://app@/app?host=/tmp/x&port=5432")

    assert (parts["HOST"], parts["PORT"], parts["NAME"]) == ("/tmp/x", "5432", "app")
    assert "host" not in parts["OPTIONS"]


def test_a_broker_address_is_spelt_as_celery_spells_it():
    assert broker_url("unix:///tmp/r.sock?db=2") == "redis+socket:///tmp/r.sock?virtual_host=2"
    assert broker_url("redis://host:6379/0") == "redis://host:6379/0"
    with pytest.raises(ImproperlyConfigured):
        broker_url("http://host")


def test_every_task_that_the_clock_and_the_relay_name_exists():
    current_app.loader.import_default_modules()
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    named |= {task for tasks in settings.OUTBOX_TASKS.values() for task, _ in tasks}

    assert named - set(current_app.tasks) == set()


def test_every_snapshot_function_exists():
    for path in (*settings.LIVE_SNAPSHOTS.values(), *settings.LIVE_FEEDS.values()):
        assert callable(import_string(path))
