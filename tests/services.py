"""PostgreSQL and the broker for the tests, loaded with `-p` so that they run before settings are read.

Workers of xdist share the servers and the collected static files; each has a database, a broker
number and a folder for pictures of its own.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from core import catalogue
from core.local.broker import Broker
from core.local.paths import BASE_DIR, Places
from core.local.postgres import Postgres
from tests import prepared_database

running: list[Postgres | Broker] = []
folders: list[Path] = []


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        have_a_number_of_ones_own(worker)
        return
    catalogue.compile_if_older(BASE_DIR)
    here = Places(Path(tempfile.mkdtemp(prefix="chophien-tests-")))
    here.data.chmod(0o711)  # root may have to start the database as another user
    folders[:] = [here.data, here.sockets]
    database, broker = Postgres(here, forgetful=True), Broker(here, forgetful=True)
    running[:] = [database, broker]
    os.environ.update(environment(here))
    prepared_database.start(database)
    broker.start()


def environment(here: Places) -> dict[str, str]:
    return {
        "DATABASE_URL": here.database_url,
        "REDIS_URL": here.redis_url,
        "DATA_DIR": str(here.data),
        "MEDIA_ROOT": str(here.data / "media"),
        "STATIC_ROOT": str(here.data / "static"),
        "SECRET_KEY": "used-by-tests-alone-and-long-enough-for-the-deployment-check",
        "SITE_URL": "http://localhost:8000",
        "DEBUG": "false",
        "DEMO": "false",
        # Playwright keeps an event loop in the main thread, where the ORM would refuse to work
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }


def have_a_number_of_ones_own(worker: str) -> None:
    number = int(worker.removeprefix("gw")) + 1
    os.environ["REDIS_URL"] = os.environ["REDIS_URL"].split("?", maxsplit=1)[0] + f"?db={number}"
    os.environ["REDIS_PREFIX"] = f"tests-{worker}"
    os.environ["MEDIA_ROOT"] += f"-{worker}"


def pytest_unconfigure() -> None:
    for service in reversed(running):
        service.stop()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    running.clear()
    folders.clear()
