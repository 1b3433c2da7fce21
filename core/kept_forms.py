"""A form sent after one was signed out: kept in the session, to be sent again after signing in."""

from typing import TypedDict

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils.translation import gettext as _

from core.clock import db_now

IN_SESSION = "kept_form"
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
    """Keep what was typed until the person has signed in; returns where to go on from there."""
    typed = typed_in(request) if is_worth_keeping(request) else []
    if not typed or sum(len(name) + len(value) for name, value in typed) > MOST_CHARACTERS:
        return request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
    request.session[IN_SESSION] = KeptForm(
        address=request.get_full_path(),
        typed=typed,
        had_files=bool(request.FILES),
        kept_at=db_now().timestamp(),
    )
    words = _("You were signed out meanwhile. What you typed is kept: sign in and send it again.")
    messages.info(request, words)
    return reverse("send-kept-form")


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
