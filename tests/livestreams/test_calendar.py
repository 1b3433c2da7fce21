"""The calendar entry of a session: the same one, newer, when it moves or is called off."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from core.clock import db_now
from livestreams.models import LivestreamSession
from livestreams.services.scheduling import cancel_session
from tests.factories.livestreams import SessionFactory

pytestmark = pytest.mark.django_db


def entry_of(session: LivestreamSession, host: str = "testserver") -> dict[str, str]:
    address = reverse("show-session-calendar", args=[session.pk])
    answer = Client().get(address, headers={"host": host})
    lines = answer.content.decode().replace("\r\n ", "").split("\r\n")
    return dict(line.partition(":")[::2] for line in lines if ":" in line)


def test_a_session_that_moves_or_is_called_off_changes_the_entry_people_have() -> None:
    session = SessionFactory(
        state="scheduled", went_live_at=None, starts_at=db_now() + dt.timedelta(days=2)
    )
    first = entry_of(session)
    assert first["STATUS"] == "CONFIRMED"
    assert "TRIGGER" in first

    session.starts_at += dt.timedelta(hours=3)
    session.save()
    moved = entry_of(session)
    cancel_session(session=session)
    gone = entry_of(session)

    assert first["UID"] == moved["UID"] == gone["UID"]
    assert int(first["SEQUENCE"]) < int(moved["SEQUENCE"]) < int(gone["SEQUENCE"])
    assert first["DTSTART"] < moved["DTSTART"]
    assert first["LAST-MODIFIED"] <= moved["LAST-MODIFIED"] <= gone["LAST-MODIFIED"]
    assert gone["STATUS"] == "CANCELLED"
    assert "TRIGGER" not in gone


def test_the_entry_is_the_same_under_each_name_of_the_site(settings) -> None:
    session = SessionFactory(
        state="scheduled", went_live_at=None, starts_at=db_now() + dt.timedelta(days=2)
    )
    settings.ALLOWED_HOSTS = ["*"]
    assert entry_of(session)["UID"] == entry_of(session, "192.168.1.5")["UID"]
