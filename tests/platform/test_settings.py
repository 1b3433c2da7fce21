"""A missing or wrong setting stops the start with one sentence."""

import os
import subprocess
import sys

import pytest
from celery import current_app
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from config.settings import broker_url, database
from core.local.paths import BASE_DIR

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
        ({"SITE_URL": "chophien.example"}, "SITE_URL must start with http:// or https://."),
    ],
)
def test_a_wrong_setting_is_told_in_one_sentence(wrong, sentence):
    done = manage("migrate", **{**WHOLE, **wrong})

    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_a_data_folder_that_cannot_be_made_is_told():
    done = manage("up", DATA_DIR="/proc/nowhere")

    assert done.returncode == 1
    assert done.stderr.startswith("/proc/nowhere cannot be made")


def test_a_missing_database_is_told_to_commands_that_need_one():
    done = manage("migrate", SECRET_KEY=WHOLE["SECRET_KEY"])

    assert done.returncode == 1
    assert done.stderr.startswith("DATABASE_URL is not set.")


def test_commands_that_read_the_code_only_run_on_a_fresh_clone():
    done = manage("makemigrations", "--check", "--dry-run")

    assert done.returncode == 0, done.stdout + done.stderr


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
