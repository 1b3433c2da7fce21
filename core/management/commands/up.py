import contextlib
import http.client
import os
import shutil
import sys
import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand
from django.db import connection

from core import catalogue, preparation
from core.local import environment, roles
from core.local.broker import Broker
from core.local.paths import LocalError, Places, places
from core.local.postgres import Postgres
from core.local.supervisor import (
    Program,
    Stopped,
    Supervisor,
    environment_of_children,
    say_aloud,
)

ANSWER_TIMEOUT_S = 90
WORKER_GRACE_S = 15  # a task cut off is done again: tasks may run twice


class Command(BaseCommand):
    help = "Start the whole platform on this machine and keep it running until Ctrl-C."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        here = places()
        supervisor = Supervisor(say_aloud)
        supervisor.listen()
        try:
            with environment.held(here):
                self.run_platform(here, supervisor)
        except LocalError as error:
            raise SystemExit(str(error)) from error

    def run_platform(self, here: Places, supervisor: Supervisor) -> None:
        begun = time.monotonic()
        try:
            preparation.refuse_taken_port()
            preparation.refuse_unwritable_folders()
            start_servers(here, supervisor)
            prepare(here, supervisor)
            start_programs(here, supervisor)
            load_demonstration(supervisor)
            say_aloud("Waiting for the first answer …")
            supervisor.await_condition(answers, ANSWER_TIMEOUT_S, "The site")
            announce(time.monotonic() - begun)
            supervisor.watch()
        except Stopped:
            pass
        finally:
            if supervisor.services:
                say_aloud("Stopping …")
                supervisor.stop()
                say_aloud("Everything has stopped. The data stays in " + str(here.data) + ".")
            with contextlib.suppress(OSError):
                here.sockets.rmdir()  # a start that was refused leaves nothing behind
        shutil.rmtree(here.sockets, ignore_errors=True)  # after a fault its logs stay


def start_servers(here: Places, supervisor: Supervisor) -> None:
    """Start what is ours; what is not is asked first, so that nothing starts in vain."""
    is_database_ours = os.environ["DATABASE_URL"] == here.database_url
    is_broker_ours = os.environ["REDIS_URL"] == here.redis_url
    if not is_database_ours:
        preparation.reach_database()
    if not is_broker_ours:
        preparation.reach_broker()
    if is_database_ours:
        preparation.refuse_full_disk(here)
        is_new = not here.postgres.exists()
        say_aloud(f"{'Creating' if is_new else 'Starting'} the database in {here.postgres} …")
        supervisor.start(Postgres(here))
    if is_broker_ours:
        say_aloud("Starting the broker …")
        supervisor.start(Broker(here))
    environment.leave_word(here)


def prepare(here: Places, supervisor: Supervisor) -> None:
    if preparation.lacks_migrations():
        say_aloud("Bringing the tables up to date …")
        supervisor.run("migrate", manage("migrate", "--noinput", "-v0"))
    catalogue.compile_if_older(settings.BASE_DIR)
    if not preparation.are_static_files_current(here):
        say_aloud("Collecting pictures, styles and scripts …")
        supervisor.run("collectstatic", manage("collectstatic", "--noinput", "-v0"))
        preparation.note_static_files(here)


def start_programs(here: Places, supervisor: Supervisor) -> None:
    say_aloud("Starting web, relay, workers and clock …")
    env = environment_of_children()
    schedule = str(here.data / "beat")
    web = roles.web(settings.PORT, settings.HOST)
    supervisor.start(Program("web", web, env=env, answers=says_anything))
    supervisor.start(Program("relay", roles.relay(), env=env))
    for queue in roles.WORKERS:
        command = roles.worker([queue])
        supervisor.start(Program(f"{queue} worker", command, env=env, grace_s=WORKER_GRACE_S))
    supervisor.start(Program("clock", roles.beat(schedule), env=env))


def load_demonstration(supervisor: Supervisor) -> None:
    if settings.DEMO and "load_demo" in get_commands():
        say_aloud("Looking after the demonstration data (longer the first time) …")
        supervisor.run("load_demo", manage("load_demo"))


def announce(seconds: float) -> None:
    say_aloud(f"\nChợ Phiên is up after {seconds:.0f} s:  {settings.SITE_URL}/\n")
    if settings.DEMO and "load_demo" in get_commands():
        call_command("load_demo", accounts=True)
        connection.close()
    say_aloud("\nCtrl-C stops everything.")


def answers() -> bool:
    """Whether the web process answers /healthz."""
    return status_of_web() == http.HTTPStatus.OK


def says_anything() -> bool:
    """Whether the web process answers at all: one that sheds load lives."""
    return status_of_web() is not None


def status_of_web() -> int | None:
    site = urlsplit(settings.SITE_URL)
    host = preparation.EVERYWHERE.get(settings.HOST, settings.HOST)
    line = http.client.HTTPConnection(host, settings.PORT, timeout=3)
    try:
        line.request("GET", "/healthz", headers={"Host": site.netloc})
        return line.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        line.close()


def manage(*words: str) -> list[str]:
    return [sys.executable, "manage.py", *words, "--skip-checks"]
