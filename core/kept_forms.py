"""A form sent after one was signed out: kept by the browser, to be sent again after signing in."""

from typing import TypedDict

from django.contrib import messages
from django.core import signing
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils.translation import gettext as _

from core.clock import db_now
from core.origins import is_same_origin

IN_SESSION = FIELD = "kept_form"
SALT = "core.kept_forms"
MOST_CHARACTERS = 40_000  # the longest form of ours has a quarter of that
LASTS_S = 3600
PASSWORDS = ("password", "present")  # never written into a page or a session
OF_THE_PAGE = "csrfmiddlewaretoken"


class KeptForm(TypedDict):
    address: str
    typed: list[tuple[str, str]]
    had_files: bool
    kept_at: float


def typed_in(request: HttpRequest) -> list[tuple[str, str]]:
    """Names and values of the form that was sent, without passwords; none when unreadable."""
    try:
        fields = list(request.POST.lists())
    except (OSError, SuspiciousOperation, MultiPartParserError):
        return []
    return [
        (name, value)
        for name, values in fields
        for value in values
        if name != OF_THE_PAGE and not any(word in name for word in PASSWORDS)
    ]


def keep(request: HttpRequest) -> str:
    """Keep what a signed-in person typed until they have shown their second step; returns where to
    go on from there.
    """
    kept = _form_of(request)
    if kept is None:
        return where_to_begin(request)
    request.session[IN_SESSION] = kept
    messages.info(request, _("What you typed is kept: enter your code, then send it again."))
    return reverse("send-kept-form")


def sealed(request: HttpRequest) -> str:
    """What a stranger typed, to be kept by their own browser in a hidden field; "" when nothing.

    Nothing of it is stored here before somebody has signed in.
    """
    kept = _form_of(request)
    return signing.dumps(kept, salt=SALT, compress=True) if kept else ""


def carried(request: HttpRequest) -> str:
    """What `sealed` gave, as it comes back with the form of signing in; "" when it is not ours."""
    seal = request.POST.get(FIELD, "")
    return seal if _opened(seal) else ""


def take_over(request: HttpRequest) -> str:
    """The person has signed in: keep what their browser kept; where to go on, or ""."""
    kept = _opened(request.POST.get(FIELD, ""))
    if kept is None:
        return ""
    request.session[IN_SESSION] = kept
    return reverse("send-kept-form")


def where_to_begin(request: HttpRequest) -> str:
    return request.get_full_path() if request.method in {"GET", "HEAD"} else "/"


def _form_of(request: HttpRequest) -> KeptForm | None:
    if not is_worth_keeping(request) or not is_same_origin(request.headers, request.get_host()):
        return None
    typed = typed_in(request)
    if not typed or sum(len(name) + len(value) for name, value in typed) > MOST_CHARACTERS:
        return None
    return KeptForm(
        address=request.get_full_path(),
        typed=typed,
        had_files=bool(request.FILES),
        kept_at=db_now().timestamp(),
    )


def _opened(seal: str) -> KeptForm | None:
    if not seal or len(seal) > MOST_CHARACTERS * 8:
        return None
    try:
        kept: KeptForm = signing.loads(seal, salt=SALT, max_age=LASTS_S)
    except signing.BadSignature:
        return None
    return kept


def is_worth_keeping(request: HttpRequest) -> bool:
    """A form a person sent, not what a script sends for them (it keeps that itself)."""
    accepted = request.headers.get("Accept", "")
    return request.method == "POST" and not accepted.startswith("application/json")


def kept_form(request: HttpRequest) -> KeptForm | None:
    """What was kept within the last hour."""
    kept: KeptForm | None = request.session.get(IN_SESSION)
    if kept is None or db_now().timestamp() - kept["kept_at"] > LASTS_S:
        return None
    return kept
