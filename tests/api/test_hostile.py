"""Bodies no honest program sends, to every address that takes one: refused, never a 500.

The files are those of JSONTestSuite: y_ must be read, n_ must not, i_ may be either.
"""

from functools import cache
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from rest_framework.exceptions import ParseError, ValidationError

from config.api_urls import urlpatterns
from core.rest import CleanJSONParser, PlainText
from core.text import nfc
from tests.api.conftest import Api
from tests.architecture.test_access_matrix import A, B, Stage, address_of, people_of
from tests.core.shared_data import FOLDER, hostile_strings
from tests.world import World

SUITE = FOLDER / "hostile" / "json_test_suite"
WRITES = [
    (entry, method)
    for entry in urlpatterns
    for method in ("POST", "PATCH")
    if hasattr(getattr(entry.callback, "cls", None), method.lower())
]


@cache
def bodies() -> list[tuple[str, bytes]]:
    if not SUITE.is_dir():
        pytest.skip("needs the vectors in ../shared/data, which are not part of the project")
    files = sorted(path for path in SUITE.rglob("*.json") if path.is_file())
    assert len(files) > 150
    return [(path.name, path.read_bytes()) for path in files]


@pytest.fixture
def programs(world: World) -> tuple[Stage, Api]:
    """The stage of the access matrix, and Mai's browser at the API."""
    stage = Stage({A: world.a, B: world.b}, people_of(world))
    client = Client()
    client.cookies = stage.people["Mai, manager A"].cookies
    return stage, Api(client=client)


@pytest.mark.parametrize(("language", "words"), [("vi", "không phải JSON"), ("en", "is not JSON")])
def test_a_body_that_is_no_json_is_refused_in_the_readers_language(
    db: None, language: str, words: str
) -> None:
    wanted = {"Accept-Language": language}

    answer = Client().post("/api/orders/", b"{", "application/json", headers=wanted)

    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert words in answer.json()["message"]


def read(body: bytes) -> Any:
    return CleanJSONParser().parse(BytesIO(body))


def test_the_parser_reads_what_is_json_and_refuses_what_is_not() -> None:
    wrong = []
    for name, body in bodies():
        try:
            read(body)
            is_read = True
        except ParseError:
            is_read = False
        wanted = {"y": True, "n": False}.get(name[0])
        holds_half_a_letter = b"\\uD8" in body.upper() or b"\\uDFAA" in body.upper()
        is_wrong = name[1] == "_" and wanted is not None and is_read is not wanted
        if is_wrong and not (wanted and holds_half_a_letter):
            wrong.append(name)
    assert not wrong


@pytest.mark.parametrize(
    ("entry", "method"), WRITES, ids=[f"{method} {entry.name}" for entry, method in WRITES]
)
@pytest.mark.parametrize("share", [20, pytest.param(1, marks=pytest.mark.long)])
def test_no_body_breaks_an_address(
    programs: tuple[Stage, Api], entry: Any, method: str, share: int
) -> None:
    """Of the bodies, each address gets one in `share`, and its neighbours in the list the others."""
    stage, mai = programs
    path = address_of(entry, stage, A).removeprefix("/api/")
    takes_one = method in entry.callback.cls.takes
    first = WRITES.index((entry, method)) % share
    for name, body in bodies()[first::share] if takes_one else bodies()[::20]:
        status = mai.send(method, path, body).status_code
        assert status < 500, name
        if takes_one and name.startswith("n_") and method == "POST":
            assert status == 400, name


def test_every_hostile_word_becomes_plain_text_or_is_refused() -> None:
    for words in hostile_strings():
        for field in (PlainText(max_length=120), PlainText(max_length=4000, has_lines=True)):
            try:
                text = field.run_validation(words)
            except ValidationError:
                continue
            assert text == nfc(text) == text.strip()
            assert "\0" not in text


def test_hostile_words_break_no_question(guest: Api, world: World) -> None:
    for words in hostile_strings()[::12]:
        for path in ("products/", "cooperatives/", "communes/", "sessions/"):
            query = words.encode(errors="replace").decode()
            assert guest.get(path, q=query).status_code in {200, 400}, words


def test_hostile_words_are_kept_as_text_or_refused(
    programs: tuple[Stage, Api], world: World
) -> None:
    _stage, mai = programs
    path = f"my/products/{world.a.product.pk}/"
    for words in hostile_strings()[::9]:
        answer = mai.patch(path, {"name": words, "story": words})
        assert answer.status_code in {200, 400}, words
        assert answer["Content-Type"] == "application/json"
