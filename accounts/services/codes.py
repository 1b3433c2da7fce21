"""One-time codes: asked for, sent, entered."""

import datetime as dt
import functools
import logging
import time

from django.conf import settings
from django.core import signing
from django.db import connection, transaction

from accounts import events, seals, sms
from accounts.errors import CodesNotSetUp, CodeSpent, TooManyCodes, WrongCode
from accounts.models import OneTimeCode
from accounts.querysets import CODE_TRIES
from core import limits
from core.addresses import client_network, one_client
from core.clock import db_now
from core.limits import Limit

log = logging.getLogger(__name__)

CODE_LASTS = dt.timedelta(minutes=10)
ROUND_S = 60.0  # of sending again: a gateway that hangs takes seconds of each
SAME_CODE_WITHIN = dt.timedelta(seconds=30)  # pressing twice sends one message
# Five at once, then one as often as a code lasts: while a phone is sent no more codes, the last one
# still holds, so a stranger who asks for codes keeps nobody from entering one
OF_PHONE = Limit("accounts.code.phone", 5, 5 * 600)
OF_CLIENT = Limit("accounts.code.client", 60, 3600)  # a whole class may share one address
OF_NETWORK = Limit("accounts.code.network", 120, 3600)
TRIES_HERE = Limit("accounts.code.tries-here", CODE_TRIES, 600)
TRIES_OF_PHONE = Limit("accounts.code.tries", 30, 3600)
SMS_TEXT = "{code} la ma xac minh Cho Phien cua ban, dung trong 10 phut. Khong dua ma nay cho ai."


def of_day() -> Limit:
    """What the installation pays for: every code sent counts."""
    return Limit("accounts.code.day", settings.SMS_PER_DAY, 86_400)


def can_send_codes() -> bool:
    """Whether a code reaches people: by message, or shown on the page of a demonstration."""
    return settings.DEMO or sms.is_set_up()


@transaction.atomic
def request_code(*, phone: str, purpose: str, source: str = "") -> OneTimeCode:
    """Make a code for `phone` (E.164) and leave word that it is to be sent.

    The answer does not reveal whether there is an account with this number. `source` is the
    network address asked from; it is not stored. Asked again within half a minute, or more often
    than a phone is sent codes, the code that holds is returned.

    Raises CodesNotSetUp, or TooManyCodes (with `until` in details) beyond the hourly limits.
    """
    if not can_send_codes():
        raise CodesNotSetUp
    _one_at_a_time(phone)
    now = db_now()
    live = OneTimeCode.objects.live().for_phone(phone, purpose).filter(failed_at=None)
    if on_its_way := live.filter(created_at__gt=now - SAME_CODE_WITHIN).last():
        return on_its_way
    try:
        _check_limits(phone, source)
    except TooManyCodes as refusal:
        if refusal.details["limit"] == OF_PHONE.name and (holds := live.last()):
            return holds
        raise
    digits = seals.new_code()
    code = OneTimeCode.objects.create(
        phone=phone,
        purpose=purpose,
        code_hash=seals.code_hash(phone=phone, purpose=purpose, code=digits),
        sealed_code=seals.seal(digits),
        created_at=now,
        expires_at=now + CODE_LASTS,
    )
    events.code_requested(code)
    return code


def check_code(*, phone: str, purpose: str, code: str, asker: str = "") -> None:
    """Accept the six digits once; every code of this phone and purpose is spent with it.

    Five wrong tries are allowed to each `asker` (a session), so that a stranger uses up nobody
    else's; and a few more to all of them together.

    Raises WrongCode (with `tries_left`) or CodeSpent. A wrong try counts even so: do not call
    this inside a transaction that a refusal rolls back.
    """
    here = (TRIES_HERE, f"{phone} {purpose} {asker}")
    tries = ((TRIES_OF_PHONE, f"{phone} {purpose}"), here)
    if limits.refusal_of(*tries):
        raise CodeSpent
    is_right = _try_code(phone=phone, purpose=purpose, code=code)
    if is_right:
        limits.give_back(*tries)
        return
    left = limits.tries_left(*here) if is_right is False else 0
    if left < 1:
        raise CodeSpent
    raise WrongCode(tries_left=left)


@transaction.atomic
def _try_code(*, phone: str, purpose: str, code: str) -> bool | None:
    """Whether it is one of those that hold; None when there is none."""
    live = OneTimeCode.objects.live().for_phone(phone, purpose)
    rows = list(live.select_for_update().order_by("pk"))
    given = seals.code_hash(phone=phone, purpose=purpose, code=code)
    # Every row is compared, so that the answer takes the same time
    if any([seals.is_same_hash(row.code_hash, given) for row in rows]):  # noqa: C419
        same = OneTimeCode.objects.filter(pk__in=[row.pk for row in rows])
        same.update(used_at=db_now(), sealed_code="")
        return True
    return False if rows else None


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


def _one_at_a_time(phone: str) -> None:
    """Lock the phone: no other transaction adds codes for it until this one ends."""
    with connection.cursor() as cursor:
        name = f"code:phone:{phone}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _check_limits(phone: str, client_ip: str) -> None:
    tries = [(OF_PHONE, phone), (of_day(), "")]
    if client_ip:
        tries = [
            (OF_NETWORK, client_network(client_ip)),
            (OF_CLIENT, one_client(client_ip)),
            *tries,
        ]
    refusal = limits.refusal_of(*tries)
    if refusal is None:
        return
    now = db_now()
    if refusal.limit == of_day().name:
        _alarm(now.strftime("%F %H"))
    until = now + dt.timedelta(seconds=refusal.retry_after_s)
    raise TooManyCodes(until=until.isoformat(), limit=refusal.limit)


@functools.lru_cache(maxsize=1)
def _alarm(_hour: str) -> None:
    """Once an hour from each process: a refusal is rolled back, so no row could hold this."""
    log.error(
        "the messages of a day (SMS_PER_DAY=%s) are used up: nobody is sent a code for now",
        settings.SMS_PER_DAY,
    )
