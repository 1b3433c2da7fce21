"""One request, one effect, also when it comes twice, at once, changed, or without its number."""

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.test import Client

from core.models import IdempotencyRecord, OutboxMessage
from core.tasks import sweep
from tests.cast import client_of
from tests.core import idempotent_urls as pages
from tests.factories.accounts import UserFactory
from tests.threads import all_at_once, beside

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.core.idempotent_urls"),
]


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def slow_page() -> Iterator[None]:
    pages.entered.clear()
    pages.may_leave.clear()
    yield
    pages.may_leave.set()


def post(where: str, key: str | None, client: Client | None = None, **typed: Any) -> Any:
    number = {} if key is None else {"idempotency_key": key}
    return (client or Client()).post(where, {**typed, **number})


def effects() -> int:
    return OutboxMessage.objects.count()


def test_a_repeat_gets_the_same_answer_byte_for_byte(key: str) -> None:
    first = post("/hai/", key, what="chè")
    OutboxMessage.objects.create(topic="tests.other.thing", payload={})  # the world moved on
    again = post("/hai/", key, what="chè")

    assert first.content.decode() == "giỏ chè số 1"
    assert (again.status_code, again.content, again["Content-Type"]) == (
        first.status_code,
        first.content,
        first["Content-Type"],
    )
    assert OutboxMessage.objects.filter(topic="tests.tea.picked").count() == 1


def test_the_key_may_come_as_a_header(key: str) -> None:
    for _repeat in range(2):
        answer = Client().post("/hai/", b"{}", "application/json", headers={"Idempotency-Key": key})
        assert answer.content.decode() == "giỏ chè số 1"
    changed = Client().post(
        "/hai/", b'{"what": 1}', "application/json", headers={"Idempotency-Key": key}
    )
    assert changed.status_code == 422


def test_another_body_under_the_same_key_is_refused(key: str) -> None:
    post("/hai/", key, what="chè")
    changed = post("/hai/", key, what="mật ong")

    assert changed.status_code == 422
    assert effects() == 1


def test_another_page_under_the_same_key_is_refused(key: str) -> None:
    post("/hai/", key)
    assert post("/hai-kho/", key).status_code == 422


def test_a_token_against_forgery_is_no_part_of_the_body(key: str) -> None:
    first = post("/hai/", key, csrfmiddlewaretoken="a" * 32)
    again = post("/hai/", key, csrfmiddlewaretoken="b" * 32)
    assert first.content == again.content


def test_another_picture_of_the_same_name_and_size_is_another_body(key: str) -> None:
    def send(content: bytes) -> Any:
        return post("/hai/", key, photo=SimpleUploadedFile("che.jpg", content))

    assert send(b"aaaa").status_code == 201
    assert send(b"aaaa").status_code == 201
    assert send(b"bbbb").status_code == 422


@pytest.mark.parametrize(
    "wrong", [None, "", "short", "x" * 65, "khóa có dấu tiếng Việt", "a\nb" * 8]
)
def test_without_a_usable_key_nothing_happens(wrong: str | None) -> None:
    assert post("/hai/", wrong).status_code == 400
    assert effects() == 0


def test_twenty_at_once_leave_one_effect_and_one_answer(key: str) -> None:
    answers = all_at_once([lambda: post("/hai/", key, what="chè")] * 20)

    assert {answer.content for answer in answers} == {"giỏ chè số 1".encode()}
    assert {answer.status_code for answer in answers} == {201}
    assert effects() == 1


def test_without_the_guard_twenty_presses_are_twenty_effects() -> None:
    """Negative control."""
    all_at_once([lambda: post("/hai-lieu/", None)] * 20)
    assert effects() == 20


@pytest.mark.usefixtures("slow_page")
def test_while_the_first_still_runs_a_second_is_told_to_wait(key: str) -> None:
    first = beside(lambda: post("/hai-cham/", key))
    assert pages.entered.wait(10)

    second = post("/hai-cham/", key)
    pages.may_leave.set()

    assert second.status_code == 409
    assert first().status_code == 302
    assert effects() == 1
    third = post("/hai-cham/", key)
    assert (third.status_code, third["Location"]) == (302, "/gio/1/")


@pytest.mark.usefixtures("slow_page")
def test_a_second_that_waits_a_moment_gets_the_answer_of_the_first(key: str) -> None:
    first = beside(lambda: post("/hai-cham/", key))
    assert pages.entered.wait(10)
    second = beside(lambda: post("/hai-cham/", key))
    pages.may_leave.set()

    assert first()["Location"] == second()["Location"] == "/gio/1/"
    assert effects() == 1


@pytest.mark.usefixtures("slow_page")
def test_another_body_while_the_first_runs_does_not_pass(key: str) -> None:
    first = beside(lambda: post("/hai-cham/", key, what="chè"))
    assert pages.entered.wait(10)
    assert post("/hai-cham/", key, what="mật ong").status_code == 409
    pages.may_leave.set()
    first()
    assert post("/hai-cham/", key, what="mật ong").status_code == 422


@pytest.mark.parametrize(("weather", "status"), [("rain", 409), ("fog", 422)])
def test_a_refusal_leaves_nothing_and_frees_the_key(key: str, weather: str, status: int) -> None:
    refused = post("/hai-kho/", key, weather=weather)
    assert (refused.status_code, effects()) == (status, 0)
    assert not IdempotencyRecord.objects.exists()

    corrected = post("/hai-kho/", key, weather="sun")
    assert (corrected.status_code, effects()) == (200, 1)


def test_people_with_accounts_cannot_read_each_others_answers(key: str) -> None:
    lan, minh = client_of(UserFactory()), client_of(UserFactory())

    assert post("/hai-rieng/", key, lan).content.decode() == "giỏ chè số 1"
    assert post("/hai-rieng/", key, minh).content.decode() == "giỏ chè số 2"
    assert post("/hai/", key).content.decode() == "giỏ chè số 3"  # a guest
    assert post("/hai-rieng/", key, lan).content.decode() == "giỏ chè số 1"


def test_where_anybody_may_come_a_key_is_one_wish_with_and_without_an_account(key: str) -> None:
    """Some lanes do not look who comes; the second press must find the first all the same."""
    assert post("/hai/", key).content.decode() == "giỏ chè số 1"
    assert post("/hai/", key, client_of(UserFactory())).content.decode() == "giỏ chè số 1"
    assert effects() == 1


def test_a_guest_needs_key_and_body_to_get_an_answer_again(key: str) -> None:
    """The key is a secret of the form; guessing it without the words typed tells nothing."""
    post("/hai/", key, what="chè", phone="0912345678")
    stranger = post("/hai/", key, what="chè", phone="0900000000")
    assert stranger.status_code == 422
    assert "giỏ chè" not in stranger.content.decode()


def test_looking_needs_no_key() -> None:
    assert Client().get("/hai/").status_code == 200
    assert not IdempotencyRecord.objects.exists()


def test_answers_are_kept_for_three_days(key: str) -> None:
    post("/hai/", key)
    IdempotencyRecord.objects.update(created_at=F("created_at") - dt.timedelta(hours=71))
    sweep()
    assert IdempotencyRecord.objects.exists()
    IdempotencyRecord.objects.update(created_at=F("created_at") - dt.timedelta(hours=2))
    sweep()
    assert not IdempotencyRecord.objects.exists()
