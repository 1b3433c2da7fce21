"""Language of the page, the acting person in the history, refusals in plain words."""

import re
from collections.abc import Callable

import pghistory
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.response import SimpleTemplateResponse
from django.urls import is_valid_path
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from core.errors import Busy, DomainError
from core.leading_back import lead_back
from core.secret_paths import without_secret

Next = Callable[[HttpRequest], HttpResponse]
LANGUAGES = dict(settings.LANGUAGES)
LONGEST_HEADER = 200
REDIRECTS = {301, 302, 303}
WHERE_HEADER = "X-Tell-Where"
# What names nothing, and what PostgreSQL cannot even be asked: NUL, numbers longer than any of a row
_NAMES_NOTHING = re.compile(r"\0|/[0-9]{19,}(?:/|$)")


def language_middleware(get_response: Next) -> Next:
    """Vietnamese unless the reader chose otherwise; phones sold here often claim to be English.
    Programs choose by Accept-Language: the cookie is of pages.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        chosen = language_of(request)
        with translation.override(chosen if chosen in LANGUAGES else settings.LANGUAGE_CODE):
            request.LANGUAGE_CODE = language = translation.get_language()
            response = get_response(request)
            if isinstance(response, SimpleTemplateResponse):
                response = response.render()  # now, while the language holds
            response.headers.setdefault("Content-Language", language)
            if is_for_programs(request):
                patch_vary_headers(response, ["Accept-Language"])
            return response

    return middleware


def language_of(request: HttpRequest) -> str:
    """What the reader chose; "" when nothing was chosen."""
    if not is_for_programs(request):
        return request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    wanted = parse_accept_lang_header(request.headers.get("Accept-Language", "")[:LONGEST_HEADER])
    spoken = (tag.partition("-")[0] for tag, _weight in wanted)
    return next((tag for tag in spoken if tag in LANGUAGES), "")


def is_for_programs(request: HttpRequest) -> bool:
    """The API, but not its guide, which people read."""
    return request.path.startswith("/api/") and request.path != "/api/"


def api_slash_middleware(get_response: Next) -> Next:
    """An address of the API without its last slash is that address: no redirect drops a body."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        is_short = path.startswith("/api/") and not path.endswith("/")
        if is_short and not is_valid_path(path) and is_valid_path(f"{path}/"):
            request.path_info = f"{path}/"
            request.path = f"{request.path}/"
        return get_response(request)

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
