"""Language of the page, the acting person in the history, refusals in plain words."""

import re
from collections.abc import Callable

import pghistory
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.response import SimpleTemplateResponse
from django.utils import translation

from core.errors import Busy, DomainError
from core.leading_back import lead_back
from core.secret_paths import without_secret

Next = Callable[[HttpRequest], HttpResponse]
LANGUAGES = dict(settings.LANGUAGES)
REDIRECTS = {301, 302, 303}
WHERE_HEADER = "X-Tell-Where"
# What names nothing, and what PostgreSQL cannot even be asked: NUL, numbers longer than any of a row
_NAMES_NOTHING = re.compile(r"\0|/[0-9]{19,}(?:/|$)")


def language_middleware(get_response: Next) -> Next:
    """Vietnamese unless the reader chose otherwise; phones sold here often claim to be English."""

    def middleware(request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        with translation.override(chosen if chosen in LANGUAGES else settings.LANGUAGE_CODE):
            request.LANGUAGE_CODE = language = translation.get_language()
            response = get_response(request)
            if isinstance(response, SimpleTemplateResponse):
                response = response.render()  # now, while the language holds
            response.headers.setdefault("Content-Language", language)
            return response

    return middleware


def history_middleware(get_response: Next) -> Next:
    """What a person changes is recorded under their name (and route) by pghistory."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return get_response(request)
        user = request.user.pk if hasattr(request, "user") else None
        with pghistory.context(user=user, path=without_secret(request.path)):
            return get_response(request)

    return middleware


class domain_error_middleware:  # noqa: N801 - listed among functions in settings
    """A refusal no view caught becomes a page (or JSON) that explains it; never a 500."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _NAMES_NOTHING.search(request.path):
            raise Http404
        return tell_where(request, lead_back(request, self.get_response(request)))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError) and is_busy(exception):
            exception = Busy()
        if is_away(exception):  # said here, it costs one line of the log and no traceback
            from core.views import database_away

            return database_away(request)
        if not isinstance(exception, DomainError):
            return None
        response = self.explain(request, exception)
        if exception.retry_after_s:
            response["Retry-After"] = str(exception.retry_after_s)
        return response

    @staticmethod
    def explain(request: HttpRequest, refusal: DomainError) -> HttpResponse:
        if request.path.startswith("/api/"):
            return JsonResponse(refusal.as_dict(), status=refusal.status)
        return render(request, "refused.html", {"refusal": refusal}, status=refusal.status)


def tell_where(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """For js/send_form.js: the page that a redirect names, which the browser opens itself."""
    if WHERE_HEADER not in request.headers or response.status_code not in REDIRECTS:
        return response
    told = JsonResponse({"page": response["Location"]})
    told["X-Tells-Where"] = "yes"
    told.cookies = response.cookies
    return told


def is_busy(error: BaseException) -> bool:
    """Whether the database gave up waiting (lock timeout, deadlock, cancelled statement)."""
    return getattr(error.__cause__, "pgcode", "") in {"55P03", "40P01", "57014", "40001"}


def is_away(error: BaseException | None) -> bool:
    """Whether the database cannot be reached or cannot write: no connection, starting, stopping,
    too many connections, disk full, read-only.
    """
    if isinstance(error, InterfaceError):  # asked again after the connection was lost
        return True
    if not isinstance(error, DatabaseError):
        return False
    code = getattr(error.__cause__, "pgcode", None)
    if code is None:  # the line broke; psycopg2 has two names for that
        return type(error) in {DatabaseError, OperationalError}
    return code.startswith(("08", "53", "57P", "58")) or code == "25006"
