"""The OpenAPI document and the guide are made of the views, so both hold every route."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern

from config.api_pages import DOCUMENTS
from config.api_urls import urlpatterns
from core.access import rule_of
from core.rest import HouseView

VIEWS: list[URLPattern] = [
    entry for entry in urlpatterns if issubclass(getattr(entry.callback, "cls", object), HouseView)
]
PLAIN = {"api-show-guide", "api-show-schema"}


@pytest.fixture
def document() -> dict[str, Any]:
    return json.loads(Client().get("/api/schema/?format=json").content)


def test_the_document_is_valid_without_a_warning(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(tmp_path / "api.yaml"))


def test_it_is_there_for_many_who_come_at_once() -> None:
    DOCUMENTS.clear()

    def fetch(_number: int) -> tuple[int, int]:
        answer = Client().get("/api/schema/?format=json")
        return answer.status_code, len(answer.content)

    with ThreadPoolExecutor(6) as pool:
        [(status, size)] = set(pool.map(fetch, range(12)))

    assert status == 200
    assert size > 10_000
    assert set(DOCUMENTS) == {"vi"}


def test_every_route_is_a_view_of_the_house() -> None:
    assert {entry.name for entry in urlpatterns} - {e.name for e in VIEWS} == PLAIN


def test_the_document_holds_every_method_with_its_access_rule(document: dict[str, Any]) -> None:
    said = {
        (method.upper(), path): operation["x-access"]["audience"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    built = {
        (method, path_of(entry)): str(rule_of(entry.callback).audience)
        for entry in VIEWS
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if hasattr(entry.callback.cls, method.lower())
    }
    assert said == built


def test_every_method_says_what_it_does_takes_and_gives() -> None:
    odd = [
        f"{method} {entry.name}"
        for entry in VIEWS
        for method in ("GET", "POST", "PATCH")
        if hasattr(view := entry.callback.cls, method.lower())
        and not (method in view.says and method in view.gives)
    ]
    assert not odd


def test_every_writing_method_asks_for_its_key(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            names = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
            assert names == (set() if method == "get" else {"Idempotency-Key"}), path


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_guide_names_every_route(language: str) -> None:
    client = Client()
    client.cookies["lang"] = language
    answer = client.get("/api/")
    page = answer.content.decode().replace("<wbr>", "")

    assert answer.status_code == 200
    assert [entry.name for entry in VIEWS if path_of(entry) not in page] == []
    assert ("Chốt một đơn." in page) is (language == "vi")
    assert ("Place an order." in page) is (language == "en")


def path_of(entry: URLPattern) -> str:
    path = f"/api/{entry.pattern}".replace("<", "{").replace(">", "}")
    for kind in ("int:", "slug:", "str:"):
        path = path.replace(kind, "")
    return path
