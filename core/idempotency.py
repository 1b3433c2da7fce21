"""One request, one effect: a repeat with the same key gets the same answer.

After draft-ietf-httpapi-idempotency-key-header-07: key missing 400, same key with another body
422, first request still running 409. The record commits with the effect, so an answer that was
lost on the way is given again; a refusal rolls both back, so the key stays free for a corrected
request.
"""

import functools
import hashlib
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from core.access import Audience, rule_of
from core.errors import DomainError
from core.middleware import is_busy
from core.models import IdempotencyRecord

KEY_FIELD = "idempotency_key"
KEY_HEADER = "Idempotency-Key"
KEY_LENGTHS = range(16, 65)
FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}
KEPT_HOURS = 72
FOR_ANYONE = {Audience.PUBLIC, Audience.SECRET_LINK}

View = Callable[..., HttpResponse]


class KeyMissing(DomainError):
    status = 400
    code = "idempotency_key_missing"
    message = _("The form came without its number. Please open the page again and send once more.")


class KeyReused(DomainError):
    status = 422
    code = "idempotency_key_reused"
    message = _("This form was already sent with other words. Please open the page again.")


class StillRunning(DomainError):
    status = 409
    code = "idempotency_in_flight"
    retry_after_s = 2
    message = _("The first press is still being handled. Please wait a moment.")


def idempotent(view: View) -> View:
    """Make the POST (PUT, PATCH, DELETE) of `view` safe to repeat.

    The key comes as form field `idempotency_key` or header `Idempotency-Key` (16 to 64
    characters). Keys of signed-in people are their own; those of guests are secrets of the form,
    and so are all where it plays no part who comes: the quick lane for orders does not even look.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return view(request, *args, **kwargs)
        return run_once(record_of(request), lambda: view(request, *args, **kwargs))

    return wrapper


def record_of(request: HttpRequest) -> IdempotencyRecord:
    """What the answer to `request` is kept under, not stored yet. Raises KeyMissing."""
    return IdempotencyRecord(
        scope=_scope(request), key=read_key(request), fingerprint=_fingerprint(request)
    )


def run_once(record: IdempotencyRecord, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Run `act` and keep its answer under the record's key, or give the answer kept there."""
    with transaction.atomic():
        if not _claim(record):
            return _replay(record)
        response = act()
        if response.status_code >= 400:
            transaction.set_rollback(True)
        else:
            _keep(record, response)
    return response


def read_key(request: HttpRequest) -> str:
    key = request.headers.get(KEY_HEADER) or request.POST.get(KEY_FIELD, "")
    if not is_key(key):
        raise KeyMissing
    return key


def is_key(text: str) -> bool:
    return len(text) in KEY_LENGTHS and text.isascii() and text.isprintable()


def was_accepted(request: HttpRequest, key: str) -> bool:
    """Whether this person has sent the form with `key` before, and it was taken."""
    if not (key.isascii() and key.isprintable()):
        return False
    return IdempotencyRecord.objects.filter(scope=_scope(request), key=key).exists()


def _claim(record: IdempotencyRecord) -> bool:
    """Insert the record; False when the key is taken. Waits for a twin that still runs."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_idempotencyrecord"
                " (scope, key, fingerprint, status, location, content_type, body)"
                " VALUES (%s, %s, %s, 0, '', '', '') ON CONFLICT DO NOTHING RETURNING id",
                [record.scope, record.key, record.fingerprint],
            )
            row = cursor.fetchone()
    except OperationalError as error:
        if is_busy(error):
            raise StillRunning from error
        raise
    if row:
        record.pk = row[0]
    return row is not None


def _replay(record: IdempotencyRecord) -> HttpResponse:
    kept = IdempotencyRecord.objects.get(scope=record.scope, key=record.key)
    if kept.fingerprint != record.fingerprint:
        raise KeyReused
    response = HttpResponse(kept.body, status=kept.status, content_type=kept.content_type)
    if kept.location:
        response["Location"] = kept.location
    return response


def _keep(record: IdempotencyRecord, response: HttpResponseBase) -> None:
    render = getattr(response, "render", None)
    if render and not response.is_rendered:  # type: ignore[attr-defined]
        render()
    IdempotencyRecord.objects.filter(pk=record.pk).update(
        status=response.status_code,
        location=response.headers.get("Location", ""),
        content_type=response.headers.get("Content-Type", ""),
        body=response.content.decode(),  # type: ignore[attr-defined]
    )


def _scope(request: HttpRequest) -> str:
    if authorization := request.headers.get("Authorization"):
        return f"token:{hashlib.sha256(authorization.encode()).hexdigest()}"
    rule = rule_of(request.resolver_match.func) if request.resolver_match else None
    if rule and rule.audience in FOR_ANYONE:
        return "guest"
    user = getattr(request, "user", None)
    return f"user:{user.pk}" if user is not None and user.is_authenticated else "guest"


def _fingerprint(request: HttpRequest) -> str:
    """Digest of method, path and what was sent, without the parts that change with each rendering."""
    digest = hashlib.sha256(f"{request.method} {request.path}".encode())
    if request.content_type not in FORM_TYPES:
        digest.update(request.body)
        return digest.hexdigest()
    for name, values in sorted(request.POST.lists()):
        if name != "csrfmiddlewaretoken":
            digest.update(repr((name, values)).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            digest.update(repr((name, file.name, file.size)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    return digest.hexdigest()
