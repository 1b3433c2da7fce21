"""`manage.py relay --check`: what the health of the relay's container is judged by."""

import datetime as dt
import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from core.clock import db_now
from core.models import OutboxMessage

pytestmark = pytest.mark.django_db


def wait_since(seconds: int, *, is_published: bool = False) -> None:
    then = db_now() - dt.timedelta(seconds=seconds)
    published_at = db_now() if is_published else None
    OutboxMessage.objects.create(
        topic="tests.thing.happened", payload={}, created_at=then, published_at=published_at
    )


def say() -> str:
    out = io.StringIO()
    call_command("relay", check=True, stdout=out)
    return out.getvalue()


def test_nothing_waits() -> None:
    wait_since(900, is_published=True)

    assert say() == "0 waiting, the oldest for 0 s\n"


def test_what_has_just_come_may_wait() -> None:
    wait_since(5)

    assert say() == "1 waiting, the oldest for 5 s\n"


def test_what_nobody_fetches_is_told() -> None:
    wait_since(5)
    wait_since(90)

    with pytest.raises(CommandError, match="2 waiting, the oldest for 90 s: is the relay at work"):
        say()
