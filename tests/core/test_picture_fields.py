"""Photos in a form with other fields: a bad one is named, a good one is never lost."""

import io
import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from coops.models import Membership
from core.models import Picture
from tests.cast import client_of
from tests.core.photographs import pdf
from tests.factories.core import photo_file
from tests.world import Side, World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def mai(world: World) -> Client:
    return client_of(world.cast.mai)


def bad_file(name: str = "hong.jpg") -> io.BytesIO:
    file = io.BytesIO(b"<script>alert(1)</script>")
    file.name = name
    return file


def paper(pages: int, name: str = "phieu.pdf") -> io.BytesIO:
    file = io.BytesIO(pdf(*[(595, 842)] * pages))
    file.name = name
    return file


def step(**changes: Any) -> dict[str, Any]:
    said = {"step": "harvest", "title": "Hái chè", "happened_on": "2026-11-01"}
    return {"idempotency_key": str(uuid.uuid4()), **said, **changes}


def words_in(page: str) -> list[str]:
    return re.findall(r'name="held" value="([^"]+)"', page)


def hold(client: Client, side: Side, file: Any, route: str = "hold-picture", key: str = "") -> Any:
    headers = {"Idempotency-Key": key or uuid.uuid4().hex, "Accept": "application/json"}
    sent = {"photo": file} if file else {}
    return client.post(reverse(route, args=[side.cooperative.slug]), sent, headers=headers)


def test_of_six_photos_with_a_bad_one_five_stay_and_the_bad_one_is_named(
    mai: Client, world: World
) -> None:
    address = reverse("add-step", args=[world.a.lot.pk])
    good = [photo_file(f"{n}.jpg", (64, 48)) for n in range(5)]
    answer = mai.post(address, step(pictures=[*good[:2], bad_file(), *good[2:]]))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "hong.jpg: Tệp này không phải ảnh" in page
    assert len(words_in(page)) == 5

    assert mai.post(address, step(held=words_in(page))).status_code == 302
    assert world.a.lot.trace_events.latest("pk").photos.count() == 5


def test_three_held_and_five_new_name_the_two_that_do_not_fit(mai: Client, world: World) -> None:
    address = reverse("add-step", args=[world.a.lot.pk])
    held = [hold(mai, world.a, photo_file(size=(64, 48))).json()["held"][0] for _ in range(3)]
    new = [photo_file(f"moi-{n}.jpg", (64, 48)) for n in range(5)]
    answer = mai.post(address, step(held=[one["word"] for one in held], pictures=new))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert len(words_in(page)) == 6
    for name, is_left_out in (("moi-2.jpg:", False), ("moi-3.jpg:", True), ("moi-4.jpg:", True)):
        assert (name in page) == is_left_out


def test_a_photo_sent_by_itself_comes_with_the_form_once_and_only_its_words_count(
    mai: Client, world: World
) -> None:
    key = uuid.uuid4().hex
    before = Picture.objects.count()
    first = hold(mai, world.a, photo_file(size=(64, 48)), key=key).json()
    assert hold(mai, world.a, photo_file(size=(64, 48)), key=key).json() == first
    assert Picture.objects.count() == before + 1
    sent = step(held=[first["held"][0]["word"], first["held"][0]["word"] + "x"])
    assert mai.post(reverse("add-step", args=[world.a.lot.pk]), sent).status_code == 302
    assert world.a.lot.trace_events.latest("pk").photos.count() == 1


def test_a_paper_has_a_word_for_each_page_and_is_refused_as_a_photo(
    mai: Client, world: World
) -> None:
    assert len(hold(mai, world.a, paper(2), "hold-paper").json()["held"]) == 2
    refused = hold(mai, world.a, paper(1))
    assert (refused.status_code, refused.json()) == (
        422,
        {"refused": ["phieu.pdf: Đây là tệp PDF, không phải ảnh. Chỗ này vui lòng gửi ảnh."]},
    )
    assert hold(mai, world.a, None).status_code == 422
    assert hold(mai, world.a, bad_file()).json()["refused"][0].startswith("hong.jpg: ")


def test_nobody_keeps_photos_in_another_co_op(mai: Client, world: World) -> None:
    assert hold(mai, world.b, photo_file(size=(64, 48))).status_code == 404
    Membership.objects.filter(user=world.cast.mai).update(role="packer")  # no form with photos
    assert hold(mai, world.a, photo_file(size=(64, 48))).status_code == 404


@pytest.mark.parametrize("form", ["edit-coop-photos", "add-photos"])
def test_where_photos_stand_alone_those_beyond_the_limit_are_named(
    mai: Client, world: World, form: str
) -> None:
    is_coop = form == "edit-coop-photos"
    place = [world.a.cooperative.slug] if is_coop else [world.a.product.pk]
    photos = world.a.cooperative.photos if is_coop else world.a.product.photos
    most = 12 if is_coop else 8
    photos.all().delete()
    files = [photo_file(f"so-{n}.jpg", (16, 12)) for n in range(1, most + 2)]
    field = "pictures" if is_coop else "photos"
    sent = {"idempotency_key": str(uuid.uuid4()), field: files}
    answer = mai.post(reverse(form, args=place), sent, follow=True)
    assert photos.count() == most
    assert f"so-{most + 1}.jpg: " in answer.content.decode()


def test_a_new_cover_takes_the_place_of_the_one_held(mai: Client, world: World) -> None:
    held = hold(mai, world.a, photo_file(size=(64, 48))).json()["held"][0]["word"]
    wrong = {"idempotency_key": str(uuid.uuid4()), "title": "", "held": held}
    address = reverse("schedule-session", args=[world.a.cooperative.slug])
    kept = words_in(mai.post(address, wrong).content.decode())
    newer = {**wrong, "idempotency_key": str(uuid.uuid4()), "cover": photo_file(size=(80, 60))}
    replaced = words_in(mai.post(address, newer).content.decode())
    assert (len(kept), len(replaced)) == (1, 1)
    assert kept[0].split(":")[0] != replaced[0].split(":")[0]
