"""Every address that takes a form can be opened: it leads back to the page that holds the form."""

from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from core.leading_back import page_above
from core.middleware import domain_error_middleware
from tests.architecture.test_access_matrix import (
    ROUTES,
    A,
    Stage,
    address_of,
    ask,
    stage,
)

__all__ = ["stage"]
pytestmark = pytest.mark.django_db
PAGES = [route for route in ROUTES if not str(route.name).startswith("api-")]
READERS = ("guest", "Mai, manager A", "Hà, reviewer 15")
MOST_STEPS = 6


def end_of(stage: Stage, name: str, path: str) -> Any:
    """The last answer when one follows where it leads."""
    for _step in range(MOST_STEPS):
        response = ask(stage.people[name], "GET", path)
        if response.status_code not in {301, 302, 303}:
            return response
        path = response["Location"]
    raise AssertionError(path)


@pytest.mark.parametrize("route", PAGES, ids=lambda route: str(route.name))
def test_no_address_is_an_empty_refusal_to_a_reader(stage: Stage, route: URLPattern) -> None:
    path = address_of(route, stage, A)
    wrong = {}
    for name in READERS:
        status = end_of(stage, name, path).status_code
        if status == 405:
            wrong[name] = status
    assert not wrong


def test_a_refused_form_leads_back_to_its_page(stage: Stage) -> None:
    desk = reverse("show-cooperative-desk", args=[stage.sides[A].cooperative.slug])
    assert page_above(f"{desk}thanh-vien/7/bo/") == f"{desk}thanh-vien/"
    assert page_above("/don/abc/huy/") == "/don/abc/"
    for sent, page in (("dang-ky/gui-lai", "dang-ky/ma"), ("mat-khau/gui-lai", "mat-khau/ma")):
        assert Client().get(f"/{sent}/")["Location"] == f"/{page}/"


def mai(stage: Stage) -> Client:
    client = Client()
    client.cookies = SimpleCookie(stage.people["Mai, manager A"].cookies.output(header="", sep=";"))
    return client


def test_the_language_button_of_a_refused_form_comes_back_to_a_page(stage: Stage) -> None:
    client = mai(stage)
    answer = client.post("/ngon-ngu", {"language": "en", "next": "/tai-khoan/ten/"}, follow=True)
    assert (answer.status_code, answer.redirect_chain[-1][0]) == (200, "/tai-khoan/")


def test_without_it_the_address_is_an_empty_405(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bare(self: Any, request: Any) -> Any:
        return self.get_response(request)

    monkeypatch.setattr(domain_error_middleware, "__call__", bare)
    answer = mai(stage).get("/tai-khoan/ten/")
    assert (answer.status_code, answer.content) == (405, b"")
