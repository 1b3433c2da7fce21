"""A picture takes seconds to read; no transaction, and so no row's lock, is open meanwhile."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from core import pictures
from core.images import intake
from core.images.intake import PictureRefused, ProcessedPicture
from core.limits import Limit
from core.models import Picture
from tests.cast import client_of
from tests.factories.core import photo_file
from tests.world import Side, World, make_world

pytestmark = pytest.mark.django_db(transaction=True)
FORMS = {
    "edit-coop-photos": ("pictures", lambda side: [side.cooperative.slug]),
    "add-photos": ("photos", lambda side: [side.product.pk]),
    "add-recognition": ("evidence", lambda side: [side.product.pk]),
    "edit-recognition": ("evidence", lambda side: [side.recognition.pk]),
    "hold-picture": ("photo", lambda side: [side.cooperative.slug]),
    "hold-paper": ("photo", lambda side: [side.cooperative.slug]),
    "add-step": ("pictures", lambda side: [side.lot.pk]),
    "correct-step": ("pictures", lambda side: [side.event.pk]),
    "schedule-session": ("cover", lambda side: [side.cooperative.slug]),
    "edit-session": ("cover", lambda side: [side.session.pk]),
}


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def mai(world: World) -> Client:
    return client_of(world.cast.mai)


@pytest.fixture
def held_while_reading(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """For each picture read: how many locks our connection held."""
    held = []

    decoded = intake._decoded

    def watched(data: bytes, page: int) -> bytes:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE pid = pg_backend_pid() AND mode LIKE '%Exclusive%' AND relation IS NOT NULL"
            )
            held.append(cursor.fetchone()[0])
        return decoded(data, page)

    monkeypatch.setattr(intake, "_decoded", watched)
    return held


def send(client: Client, form: str, side: Side) -> Any:
    field, address = FORMS[form]
    sent = {"idempotency_key": str(uuid.uuid4()), field: photo_file(size=(64, 48))}
    if form.endswith("step"):
        sent |= {"step": "harvest", "title": "Hái chè", "happened_on": "2026-11-01"}
    return client.post(reverse(form, args=address(side)), sent)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_locked_while_a_picture_is_read(
    mai: Client, world: World, held_while_reading: list[int], form: str
) -> None:
    assert send(mai, form, world.a).status_code < 500
    assert held_while_reading == [0]


def test_what_was_read_before_is_what_is_kept(mai: Client, world: World) -> None:
    before = Picture.objects.count()
    assert send(mai, "edit-coop-photos", world.a).status_code == 302
    assert Picture.objects.count() == before + 1
    assert Picture.objects.latest("pk").width == 64


@pytest.mark.parametrize("form", ["edit-coop-photos", "hold-picture", "add-step"])
def test_without_it_rows_are_locked_for_as_long_as_it_takes(
    mai: Client,
    world: World,
    held_while_reading: list[int],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    """Negative control."""
    monkeypatch.setattr(pictures, "MOST_AT_ONCE", 0)
    send(mai, form, world.a)
    assert held_while_reading
    assert held_while_reading[0] > 0


@pytest.mark.parametrize("form", ["add-photos", "edit-coop-photos", "add-step"])
def test_one_picture_too_many_is_not_read_and_may_come_again(
    mai: Client,
    world: World,
    held_while_reading: list[int],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    monkeypatch.setattr(pictures, "OF_ONE_PERSON", Limit("pictures", at_most=1, within_s=60))
    send(mai, form, world.a)
    refused = send(mai, form, world.a)

    assert len(held_while_reading) == 1
    assert "trong phút này" in refused.content.decode()
    by_script = mai.post(
        reverse("edit-coop-photos", args=[world.a.cooperative.slug]),
        {"pictures": photo_file(size=(64, 48))},
        headers={"Accept": "application/json", "Idempotency-Key": str(uuid.uuid4())},
    )
    assert (by_script.status_code, by_script["Retry-After"]) == (503, "5")


def test_a_picture_whose_turn_did_not_come_is_sent_again_by_the_script(
    mai: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_turn(_file: Any) -> ProcessedPicture:
        raise PictureRefused("busy")

    address = reverse("add-photos", args=[world.a.product.pk])
    sent = {"headers": {"Accept": "application/json", "Idempotency-Key": str(uuid.uuid4())}}
    with monkeypatch.context() as busy:
        busy.setattr(pictures, "take_picture", no_turn)
        assert mai.post(address, {"photos": photo_file(size=(64, 48))}, **sent).status_code == 503
    assert mai.post(address, {"photos": photo_file(size=(64, 48))}, **sent).json()["kept"] == 1


def test_strangers_pictures_are_not_read(world: World, held_while_reading: list[int]) -> None:
    assert send(Client(), "edit-coop-photos", world.a).status_code == 302
    assert held_while_reading == []


# Without script


TYPED = {
    "add-step": {"step": "harvest", "title": "Hái chè sớm", "happened_on": "2026-11-01"},
    "correct-step": {"step": "harvest", "title": "Hái chè sớm", "happened_on": "2026-11-01"},
    "add-recognition": {"stars": "4", "number": "77/QĐ-UBND", "issuer": "UBND tỉnh Hà Giang"},
    "edit-recognition": {"stars": "4", "number": "77/QĐ-UBND", "issuer": "UBND tỉnh Hà Giang"},
    "schedule-session": {"title": "Phiên chè đầu mùa", "summary": "Chè mới hái sáng nay."},
    "edit-session": {"title": "Phiên chè đầu mùa", "summary": "Chè mới hái sáng nay."},
}


@pytest.mark.parametrize("form", TYPED)
@pytest.mark.parametrize("why", ["busy", "too_many"])
def test_without_script_a_picture_turned_away_leaves_all_that_was_typed(
    mai: Client, world: World, monkeypatch: pytest.MonkeyPatch, form: str, why: str
) -> None:
    def turned_away(*_args: Any) -> ProcessedPicture:
        raise PictureRefused(why)

    world.a.recognition.__class__.objects.update(state="waiting")
    world.a.session.__class__.objects.update(state="scheduled", went_live_at=None)
    monkeypatch.setattr(pictures, "_taken_for", turned_away)
    field, address = FORMS[form]
    kept = Picture.objects.count()
    sent = {
        **TYPED[form], "idempotency_key": str(uuid.uuid4()), field: photo_file(size=(64, 48)),
    }  # fmt: skip
    answer = mai.post(reverse(form, args=address(world.a)), sent)
    page = answer.content.decode()

    assert answer.status_code == 422
    for typed in TYPED[form].values():
        assert typed in page
    shown = (
        answer.context["forms"]["stars"] if form == "add-recognition" else answer.context["form"]
    )
    assert list(shown.errors[field]) == [f"doi-che.jpg: {PictureRefused(why).message}"]
    assert 'type="file"' in page
    assert Picture.objects.count() == kept
