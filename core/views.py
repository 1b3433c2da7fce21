"""Health, language, and the pages shown when something went wrong."""

import sys
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template import loader
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import busy
from core.access import public, signed_in
from core.kept_forms import kept_form, typed_in
from core.middleware import is_away, language_of
from core.origins import is_same_origin
from core.ways import go_to, path_of_ours


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@public
def readyz(request: HttpRequest) -> HttpResponse:
    """An order could be taken: the database answers and accepts writes."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_is_in_recovery()")
            is_read_only = cursor.fetchone()[0]
    except DatabaseError:
        is_read_only = True
    if is_read_only:
        return HttpResponse("database not ready", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


@public
@never_cache
def set_language(request: HttpRequest) -> HttpResponse:
    """`language` and `next`: remember the language in a cookie and go back.

    A GET that names both does the same as a POST, for pages that are alike for everyone hold no
    form, and nobody is harmed by it; one without a language asks for it.
    """
    sent = request.POST if request.method == "POST" else request.GET
    target = path_of_ours(sent.get("next", "")) or _page_before(request)
    language = sent.get("language", "")
    if language not in dict(settings.LANGUAGES):
        if request.method == "POST":
            return go_to(target)
        return render(request, "language.html", {"next": target})
    response = go_to(target)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        samesite="Lax",
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
    )
    return response


def _page_before(request: HttpRequest) -> str:
    """The page of ours the button was pressed on, else the front page."""
    before = urlsplit(request.headers.get("Referer", ""))
    if request.method != "POST" or before.netloc != request.get_host():
        return "/"
    return path_of_ours(before._replace(scheme="", netloc="").geturl()) or "/"


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form grew old: keep what was typed and offer to send it once more.

    What was typed is given back only when the browser says the form was ours (same origin).
    """
    typed = typed_in(request) if is_same_origin(request.headers, request.get_host()) else []
    get_token(request)
    address = f"/{request.get_full_path().lstrip('/')}"  # two would name another site
    context = {"typed": typed, "had_files": bool(request.FILES), "address": address}
    return render(request, "csrf_failure.html", context, status=403)


@signed_in
@require_safe
@never_cache
def send_kept_form(request: HttpRequest) -> HttpResponse:
    """After signing in again: what was sent before, to be sent with one press."""
    kept = kept_form(request)
    if kept is None:
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "send_kept_form.html", kept)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_for_programs(request):
        return _refusal("bad_request", _("This request cannot be read."), 400)
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_for_programs(request):
        return _refusal("not_found", _("There is nothing here, or it is not yours to see."), 404)
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without database or context: either may be what failed."""
    if is_away(sys.exception()):
        return database_away(request)
    if _is_for_programs(request):
        return _refusal("server_error", _("Something went wrong here. Nothing was changed."), 500)
    page: Any = loader.get_template("500.html")
    return HttpResponse(page.render(), status=500)


def database_away(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After; a form that was sent is kept on the page with its key."""
    status, headers, body = busy.busy_response(
        language_of(request),
        _is_for_programs(request) or request.path.endswith(".json"),
        kind=busy.AWAY,
        method=str(request.method),
        address=request.get_full_path(),
        sent=_sent_in(request),
        waits=busy.counted(request.COOKIES.get(busy.WAITS_COOKIE, "")),
    )
    own_policy = {"content-security-policy"}  # the middleware knows better here
    return HttpResponse(
        body, status=status, headers={n: v for n, v in headers if n not in own_policy}
    )


def _sent_in(request: HttpRequest) -> busy.Sent:
    try:
        if request.method != "POST" or not is_same_origin(request.headers, _host(request)):
            return busy.Sent()
        fields, files = request.POST.lists(), list(request.FILES)
    except (OSError, SuspiciousOperation, MultiPartParserError):  # it cannot be read at all
        return busy.Sent()
    typed = busy.kept((name, value) for name, values in fields for value in values)
    return busy.Sent(typed, files if typed else ())


def _host(request: HttpRequest) -> str:
    """The host asked for, or "" for one that is not ours."""
    try:
        return request.get_host()
    except SuspiciousOperation:
        return ""


def _is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _refusal(code: str, message: str, status: int) -> HttpResponse:
    refusal: dict[str, Any] = {"code": code, "message": message, "field": None, "details": {}}
    compact = {"separators": (",", ":"), "ensure_ascii": False}
    return JsonResponse(refusal, status=status, json_dumps_params=compact)
