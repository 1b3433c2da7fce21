"""The demonstration, loaded once for a module without its pictures; what a test does is undone."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings

from config.demo.loading import goods, past, people, present
from core.clock import db_today
from tests.places import put_places


def load_rows(today: dt.date) -> dict[str, int]:
    """Everything `load_demo` loads but places and pictures; what each step reports."""
    report = {"people": people.load_people()}
    people.load_staff()
    report["goods"] = goods.load_goods(today)
    report["past"] = past.load_past(today)
    report["live"] = int(present.keep_live())
    report["coming"] = int(present.keep_coming())
    return report


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, int]]:
    with django_db_blocker.unblock(), override_settings(DEMO=True), transaction.atomic():
        put_places()
        report = load_rows(db_today())
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # rows of an open transaction are analyzed by nobody else
        yield report
        transaction.set_rollback(True)


@pytest.fixture
def demo(loaded: dict[str, int], db: None) -> Iterator[dict[str, int]]:
    with override_settings(DEMO=True):
        yield loaded
