"""The page (or JSON) for a moment in which nothing can be done: too many people, no database.

Rendered without a query and without the request's user, so that it can be sent when the database is
away, and by a server that refuses a request before any view sees it. Needs Django's settings,
nothing else.
"""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, cast
from urllib.parse import parse_qsl

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.template import loader
from django.utils import translation
from django.utils.translation import gettext as _

BUSY, AWAY, SLOW = "busy", "database_away", "slow"
STATUS = 503
# Random, so that not all retry at once
RETRY_S = {BUSY: range(2, 6), AWAY: range(4, 10), SLOW: range(30, 60)}
WAITS_COOKIE = "waits"  # how often the page has come again by itself in the last minutes
WAITS_LAST_S = 180
LONGEST_PAUSE_S = 60
READING = {"GET", "HEAD"}
MAX_KEPT_BYTES = 64_000
MAX_KEPT_FIELDS = 400
KEY_FIELD = "idempotency_key"
SECRETS = ("password", "one_time", "otp")
# Of the page, not of the person
NOT_SHOWN = {KEY_FIELD, "csrfmiddlewaretoken", "as_shown", "held", "seen", "version"}
MOST_SHOWN = 40
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self'"
)

Answer = tuple[int, list[tuple[str, str]], bytes]
Typed = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Sent:
    """A form as it was sent: what was typed, and the names of the fields that brought files.

    Files are not kept. They have to be chosen again, so such a form is never sent by itself.
    """

    typed: Typed = ()
    files: Sequence[str] = ()


def busy_response(  # noqa: PLR0913 - what is known of the request
    accept_language: str,
    as_json: bool,  # noqa: FBT001 - the one thing every caller must say
    *,
    kind: str = BUSY,
    method: str = "GET",
    address: str = "",
    sent: Sent = Sent(),
    waits: int = 0,
) -> Answer:
    """Status 503, headers and body of the answer to a request that cannot be served now.

    `accept_language` is the value of the reader's `lang` cookie (`language_in` finds it) or of the
    header; whatever does not begin with "en" is answered in Vietnamese. `kind` is BUSY, AWAY or
    SLOW: what took too long would take as long again, so neither page nor form comes by itself.
    Otherwise a page that was only read (`method`) loads again, after a pause that grows with
    `waits` (`waits_in` finds it). One that was sent cannot: with `sent`
    (see `sent_in`) it holds the form for `address` with its key, sent again by the script or the
    button, or by the button alone after its files were chosen again; without, it says to go back
    and press once more.
    """
    seconds = random.choice(RETRY_S[kind])  # noqa: S311 - no secret
    if kind != SLOW:
        seconds = min(seconds * 2 ** min(waits, 5), LONGEST_PAUSE_S)
    language = "en" if accept_language.strip().lower().startswith("en") else "vi"
    with translation.override(language):
        if as_json:
            body = json.dumps(_refusal(kind), ensure_ascii=False, separators=(",", ":"))
        else:
            body = _page(kind, seconds, method=method, address=address, sent=sent)
    headers = [
        ("content-type", "application/json" if as_json else "text/html; charset=utf-8"),
        ("content-language", language),
        ("retry-after", str(seconds)),
        ("cache-control", "no-store"),
        ("x-busy", kind),  # lets scripts say the true reason
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ]
    if method in READING and kind != SLOW and not as_json:
        counted = f"{WAITS_COOKIE}={waits + 1}; Max-Age={WAITS_LAST_S}; Path=/; SameSite=Lax"
        headers.append(("set-cookie", counted))
    return STATUS, headers, body.encode()


def wants_json(path: str, accept: str) -> bool:
    """Whether a program asks, or a page's script; a browser that goes to a page never names JSON."""
    return path.startswith("/api/") or "application/json" in accept


def language_in(cookies: str) -> str:
    """The language chosen in a Cookie header, or ""."""
    return _cookie(settings.LANGUAGE_COOKIE_NAME, cookies)


def waits_in(cookies: str) -> int:
    """How often this reader was given a busy page a moment ago."""
    return counted(_cookie(WAITS_COOKIE, cookies))


def counted(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 4 else 0


def _cookie(wanted: str, cookies: str) -> str:
    pairs = (part.strip().partition("=") for part in cookies.split(";"))
    return next((value for name, _eq, value in pairs if name == wanted), "")


def sent_in(content_type: str, body: IO[bytes]) -> Sent:
    """The fields of a form as it was sent, when it may be sent again; else nothing."""
    if content_type.startswith(MULTIPART):
        return _sent_with_files(content_type, body)
    begun = body.read(MAX_KEPT_BYTES + 1)
    if not content_type.startswith(URLENCODED) or len(begun) > MAX_KEPT_BYTES:
        return Sent()
    try:
        pairs = parse_qsl(begun.decode(), keep_blank_values=True, max_num_fields=MAX_KEPT_FIELDS)
    except ValueError:
        return Sent()
    return Sent(kept(pairs))


class _Passing(FileUploadHandler):
    """Notes which fields bring files, and keeps none of them."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        self.names[field_name] = None
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        raise SkipFile

    def file_complete(self, file_size: int) -> None:
        return None


def _sent_with_files(content_type: str, body: IO[bytes]) -> Sent:
    size = body.seek(0, 2)
    body.seek(0)
    passing = _Passing()
    meta = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(size)}
    try:
        fields, _files = MultiPartParser(meta, cast("Any", body), [passing]).parse()
    except (MultiPartParserError, SuspiciousOperation):
        return Sent()
    pairs = [
        (name, value)
        for name, values in fields.lists()
        for value in values
        if name not in passing.names
    ]
    if sum(len(name) + len(value) for name, value in pairs) > MAX_KEPT_BYTES:
        return Sent()
    typed = kept(pairs)
    return Sent(typed, list(passing.names) if typed else ())


def kept(pairs: Iterable[tuple[str, str]]) -> Typed:
    """`pairs` when they carry a key, which makes a repeat safe, and no password; else nothing."""
    found = list(pairs)
    names = {name for name, _value in found}
    has_secret = any(word in name for name in names for word in SECRETS)
    return () if has_secret or KEY_FIELD not in names else found


def shown(typed: Typed) -> Typed:
    """What a person typed or chose, to be looked at before it is sent again."""
    seen = [(name, value) for name, value in typed if name not in NOT_SHOWN and value.strip()]
    return seen[:MOST_SHOWN]


def _refusal(kind: str) -> Mapping[str, Any]:
    words = {
        BUSY: _("Very many people are ordering. Nothing was lost; please press again."),
        AWAY: _("Our records do not answer right now. Nothing was lost; please send it again."),
        SLOW: _("This took too long and was stopped. Please try again later."),
    }
    return {"code": kind, "message": words[kind], "field": None, "details": {}}


def _page(kind: str, seconds: int, *, method: str, address: str, sent: Sent) -> str:
    context = {
        "is_away": kind == AWAY,
        "is_slow": kind == SLOW,
        "seconds": seconds,
        "was_sent": method not in READING,
        "address": f"/{address.lstrip('/')}",  # two would name another site
        "typed": sent.typed,
        "shown": shown(sent.typed),
        "files": sent.files,
    }
    page: Any = loader.get_template("busy.html")
    return str(page.render(context))
