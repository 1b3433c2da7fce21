"""Pages for when something went wrong: they help, and they need little themselves."""

from typing import Never

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.utils import translation

from core.access import public
from core.errors import NotAllowed
from core.templatetags import chophien

pytestmark = pytest.mark.urls(__name__)


@public
def broken(request: HttpRequest) -> Never:
    raise RuntimeError


@public
def closed(request: HttpRequest) -> Never:
    raise PermissionDenied


@public
def garbled(request: HttpRequest) -> Never:
    raise BadRequest


@public
def refused(request: HttpRequest) -> Never:
    raise NotAllowed("Phiên đã <b>đóng</b>.")


@public
def taken(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [
    path("hong", broken),
    path("dong", closed),
    path("la", garbled),
    path("tu-choi", refused),
    path("nhan", taken),
]
handler400 = "core.views.bad_request"
handler403 = "core.views.forbidden"
handler404 = "core.views.not_found"
handler500 = "core.views.server_error"


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


# None of these tests may touch the database: pytest-django would stop them.


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/khong-co", 404, "Không tìm thấy trang này"),
        ("/dong", 403, "Trang này không mở cho bạn"),
        ("/la", 400, "Chúng tôi chưa đọc được yêu cầu này"),
        ("/tu-choi", 409, "Phiên đã &lt;b&gt;đóng&lt;/b&gt;."),
        ("/hong", 500, "Hệ thống của chúng tôi gặp trục trặc"),
    ],
)
def test_what_went_wrong_is_said_with_a_way_on(
    visitor: Client, address: str, status: int, words: str
) -> None:
    answer = visitor.get(address)
    page = answer.content.decode()
    assert answer.status_code == status
    assert words in page
    assert 'href="/"' in page
    assert "RuntimeError" not in page


def test_the_reader_is_answered_in_the_language_chosen_before(visitor: Client) -> None:
    visitor.cookies["lang"] = "en"
    assert "Something broke on our side" in visitor.get("/hong").content.decode()


def test_the_page_for_a_broken_server_needs_no_list_of_files(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(name: str) -> Never:
        raise ValueError(name)

    monkeypatch.setattr(chophien, "static", lost)
    answer = visitor.get("/hong")
    assert answer.status_code == 500
    assert "/static/css/site.css" in answer.content.decode()


def test_other_pages_would_break_without_the_list_of_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(name: str) -> Never:
        raise ValueError(name)

    monkeypatch.setattr(chophien, "static", lost)
    with pytest.raises(ValueError, match="icons"):
        chophien.icon("home")


def typed_again(origin: str) -> str:
    visitor = Client(enforce_csrf_checks=True)
    typed = {"name": 'Chè "Shan"', "password": "secret"}
    answer = visitor.post("/nhan", typed, headers={"Origin": origin})
    assert answer.status_code == 403
    return answer.content.decode()


def test_an_old_form_comes_back_with_what_was_typed_but_no_secret() -> None:
    with override_settings(CSRF_TRUSTED_ORIGINS=[]), translation.override("vi"):
        page = typed_again("http://testserver")
    assert 'name="name" value="Chè &quot;Shan&quot;"' in page
    assert "secret" not in page
    assert "Gửi lại" in page


def test_a_strangers_form_is_not_offered_again() -> None:
    assert "Chè" not in typed_again("http://elsewhere.example")
