"""One-time codes: asked for, sent, entered."""

import datetime as dt
import logging
import time

from django.conf import settings
from django.core import signing
from django.db import connection, transaction
from django.db.models import F, QuerySet

from accounts import events, seals, sms
from accounts.errors import CodesNotSetUp, CodeSpent, TooManyCodes, WrongCode
from accounts.models import OneTimeCode
from accounts.querysets import CODE_TRIES
from core.clock import db_now

log = logging.getLogger(__name__)

CODE_LASTS = dt.timedelta(minutes=10)
ROUND_S = 60.0  # of sending again: a gateway that hangs takes seconds of each
SAME_CODE_WITHIN = dt.timedelta(seconds=30)  # pressing twice sends one message
CODES_PER_PHONE = 5  # an hour
CODES_PER_SOURCE = 60  # an hour; a whole class may share one network
SMS_TEXT = "{code} la ma xac minh Cho Phien cua ban, dung trong 10 phut. Khong dua ma nay cho ai."


def can_send_codes() -> bool:
    """Whether a code reaches people: by message, or shown on the page of a demonstration."""
    return settings.DEMO or sms.is_set_up()


@transaction.atomic
def request_code(*, phone: str, purpose: str, source: str = "") -> OneTimeCode:
    """Make a code for `phone` (E.164) and leave word that it is to be sent.

    Nothing in the answer tells whether there is an account with this number. `source` is the
    network address asked from. Asked again within half a minute, the code already on its way is
    returned.

    Raises CodesNotSetUp, or TooManyCodes (with `until` in details) beyond the hourly limits.
    """
    if not can_send_codes():
        raise CodesNotSetUp
    source_name = seals.source_hash(source)
    _one_at_a_time(f"code:phone:{phone}", *([f"code:source:{source_name}"] if source else []))
    now = db_now()
    on_its_way = (
        OneTimeCode.objects.live()
        .for_phone(phone, purpose)
        .filter(created_at__gt=now - SAME_CODE_WITHIN, failed_at=None)
        .last()
    )
    if on_its_way:
        return on_its_way
    _check_limits(phone, source_name, now)
    digits = seals.new_code()
    code = OneTimeCode.objects.create(
        phone=phone,
        purpose=purpose,
        code_hash=seals.code_hash(phone=phone, purpose=purpose, code=digits),
        sealed_code=seals.seal(digits),
        source=source_name,
        created_at=now,
        expires_at=now + CODE_LASTS,
    )
    events.code_requested(code)
    return code


def check_code(*, phone: str, purpose: str, code: str) -> None:
    """Accept the six digits once; every code of this phone and purpose is spent with it.

    Raises WrongCode (with `tries_left`) or CodeSpent. A wrong try counts even so: do not call
    this inside a transaction that a refusal rolls back.
    """
    tries_left = _try_code(phone=phone, purpose=purpose, code=code)
    if tries_left is None:
        return
    if tries_left < 1:
        raise CodeSpent
    raise WrongCode(tries_left=tries_left)


@transaction.atomic
def _try_code(*, phone: str, purpose: str, code: str) -> int | None:
    """None when right; else how many tries are left. Rows are locked, so guesses queue up."""
    live = OneTimeCode.objects.live().for_phone(phone, purpose)
    rows = list(live.select_for_update().order_by("pk"))
    given = seals.code_hash(phone=phone, purpose=purpose, code=code)
    same = OneTimeCode.objects.filter(pk__in=[row.pk for row in rows])
    # Every row is compared, so that the answer takes the same time
    if any([seals.is_same_hash(row.code_hash, given) for row in rows]):  # noqa: C419
        same.update(used_at=db_now(), sealed_code="")
        return None
    same.update(tries=F("tries") + 1)
    return max((CODE_TRIES - row.tries - 1 for row in rows), default=0)


@transaction.atomic
def send_code(*, code_id: int) -> bool:
    """Hand the code to the gateway; False when there is nothing (more) to do or it failed.

    Safe to run twice and at once: the row is locked while it is sent, and the gateway knows the
    request's number should we crash between its answer and our commit.
    """
    waiting = OneTimeCode.objects.waiting_to_go().select_for_update(skip_locked=True)
    code = waiting.filter(pk=code_id).first() if sms.is_set_up() else None
    if code is None:
        return False
    try:
        digits = seals.open_seal(code.sealed_code)
        text = SMS_TEXT.format(code=digits)
        sms.send_sms(phone=code.phone, text=text, request_id=code.request_id)
    except sms.SmsUnavailable:
        return _note_failure(code, OneTimeCode.Failure.GATEWAY)
    except (sms.NumberRefused, signing.BadSignature):
        code.sealed_code = ""
        return _note_failure(code, OneTimeCode.Failure.NUMBER)
    code.sealed_code, code.failure, code.failed_at = "", "", None
    code.sent_at = db_now()
    code.save(update_fields=["sealed_code", "failure", "failed_at", "sent_at"])
    return True


def _note_failure(code: OneTimeCode, failure: str) -> bool:
    code.failure, code.failed_at = failure, db_now()
    code.save(update_fields=["failure", "failed_at", "sealed_code"])
    return False


def send_overdue_codes() -> int:
    """Try again to send what could not be sent; returns how many went."""
    if not sms.is_set_up():
        return 0
    ids = OneTimeCode.objects.overdue_to_go().order_by("pk").values_list("pk", flat=True)[:50]
    ends_at = time.monotonic() + ROUND_S
    return sum(send_code(code_id=code_id) for code_id in list(ids) if time.monotonic() < ends_at)


def demonstration_code(code: OneTimeCode | None) -> str:
    """The digits to show on the page of a demonstration without a gateway; else ""."""
    if not settings.DEMO or sms.is_set_up() or code is None or not code.sealed_code:
        return ""
    return seals.open_seal(code.sealed_code)


def _one_at_a_time(*names: str) -> None:
    """Until the end of the transaction, nobody else counts and adds codes of these."""
    with connection.cursor() as cursor:
        for name in sorted(names):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _check_limits(phone: str, source: str, now: dt.datetime) -> None:
    hour_ago = now - dt.timedelta(hours=1)
    recent = OneTimeCode.objects.filter(created_at__gt=hour_ago).order_by("-created_at")
    _check_limit(recent.filter(phone=phone), CODES_PER_PHONE)
    if source:
        _check_limit(recent.filter(source=source), CODES_PER_SOURCE)


def _check_limit(recent: "QuerySet[OneTimeCode]", most: int) -> None:
    oldest_that_counts = recent.values_list("created_at", flat=True)[most - 1 : most]
    for created_at in oldest_that_counts:
        raise TooManyCodes(until=(created_at + dt.timedelta(hours=1)).isoformat())
