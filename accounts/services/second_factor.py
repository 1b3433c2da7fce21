"""The second step of signing in: an authenticator app (TOTP, RFC 6238) or a code on paper."""

import base64
import datetime as dt
import math

from django.db import transaction
from django.db.models.functions import Now
from django_otp.oath import hotp
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from accounts.errors import (
    PhoneClockOff,
    SecondFactorBusy,
    SecondFactorExists,
    WrongCode,
)
from accounts.models import RecoveryCode, SpentStep, User
from accounts.services import enrolment, recovery_codes
from accounts.services.passwords import check_present_password
from core.clock import db_now

MOST_DRIFT = 10  # steps of half a minute that a phone's clock may be off and still be followed
HINT_STEPS = 40  # how far off the hint about the clock looks
LONGEST_WAIT_S = 900
STEPS_KEPT = 4 * MOST_DRIFT


def device_of(user: User) -> TOTPDevice | None:
    """The person's confirmed authenticator, if there is one."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).order_by("pk").first()


def new_key() -> str:
    """A secret of 160 bits, in hex, to be shown once and kept in the session until confirmed."""
    return random_hex(20)


def address_for_app(*, user: User, key: str) -> str:
    """The otpauth:// address an authenticator app reads from the QR code."""
    return str(TOTPDevice(user=user, key=key).config_url)


@transaction.atomic
def confirm_second_factor(*, user: User, key: str, token: str) -> tuple[TOTPDevice, list[str]]:
    """Keep `key` as the person's second factor, once a code of it was entered.

    Returns the device and the recovery codes to put on paper. Tokens for programs made before end:
    the password alone was enough to make them. Raises WrongCode, or SecondFactorExists when another
    was confirmed meanwhile.
    """
    User.objects.select_for_update().get(pk=user.pk)
    if device_of(user):
        raise SecondFactorExists
    device = _first_shown(user, key, token)
    enrolment.spend_confirmation(user)
    user.api_tokens.working().update(revoked_at=Now())
    return device, recovery_codes.make_recovery_codes(user=user)


def move_second_factor(
    *, user: User, key: str, token: str, present: str, session_key: str = ""
) -> TOTPDevice:
    """Put `key` in the place of the authenticator the person has: a new phone.

    `present` is the password: a session left open is not enough. Sessions that showed the old
    one have to show the new. Raises WrongPassword, TooManyTries or WrongCode, and the old one stays.
    """
    check_present_password(user=user, present=present, session_key=session_key)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        device = _first_shown(user, key, token)
        TOTPDevice.objects.filter(user=user).exclude(pk=device.pk).delete()
    return device


def _first_shown(user: User, key: str, token: str) -> TOTPDevice:
    device = TOTPDevice(user=user, key=key, name="default", confirmed=True)
    offset = _offset_of(device, token)
    if offset is None:
        raise _refusal(device, token)
    device.save()
    _accept(device, offset)
    return device


def check_second_factor(*, user: User, token: str) -> TOTPDevice:
    """Accept a code of the app (6 digits) or of the paper (12), each once; wrong ones make the
    next wait longer.

    Raises WrongCode or SecondFactorBusy. A wrong try counts even so: do not call this inside a
    transaction that a refusal rolls back.
    """
    device, refusal = _try_token(user, token)
    if refusal is not None:
        raise refusal
    assert device is not None  # noqa: S101 - one of the two
    return device


@transaction.atomic
def _try_token(
    user: User, token: str
) -> tuple[TOTPDevice | None, WrongCode | SecondFactorBusy | None]:
    """The device that was shown, or the refusal; the row is locked, so guesses queue up."""
    devices = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True)
    device = devices.order_by("pk").first()
    if device is None:
        return None, WrongCode(field="token")
    if wait_s := _wait_s(device):
        words = SecondFactorBusy.message % {"seconds": wait_s}
        return None, SecondFactorBusy(words, field="token")
    if len(token) == recovery_codes.PAPER_DIGITS:
        if recovery_codes.use_recovery_code(user=user, code=token):
            _forget_failures(device)
            return device, None
    elif (offset := _offset_of(device, token)) is not None:
        _accept(device, offset)
        return device, None
    device.throttling_failure_timestamp = db_now()
    device.throttling_failure_count += 1
    device.save(update_fields=["throttling_failure_timestamp", "throttling_failure_count"])
    return None, _refusal(device, token)


def _wait_s(device: TOTPDevice) -> int:
    """Seconds until a code is looked at again: doubled by each wrong one, a quarter hour at most."""
    if not device.throttling_failure_count or device.throttling_failure_timestamp is None:
        return 0
    wait_s = min(2 ** min(device.throttling_failure_count - 1, 30), LONGEST_WAIT_S)
    until = device.throttling_failure_timestamp + dt.timedelta(seconds=wait_s)
    return max(0, math.ceil((until - db_now()).total_seconds()))


def _offset_of(device: TOTPDevice, token: str) -> int | None:
    """By how many steps the phone's clock is off when it shows `token` now; None when it is wrong.

    Looked for around the right time and around what the clock was off before: a phone that was set
    right meanwhile is believed at once.
    """
    near = {0, -1, 1}
    near |= {device.drift + one for one in (0, -1, 1) if abs(device.drift + one) <= MOST_DRIFT}
    now = _step_now(device)
    for offset in sorted(near, key=abs):
        if _shows(device, now + offset, token) and not _is_spent(device, now + offset):
            return offset
    return None


def _is_spent(device: TOTPDevice, step: int) -> bool:
    """Whether the code of `step` was accepted before. Steps after the last one are new; an earlier
    one may still be unused when the phone's clock was set back.
    """
    if device.pk is None or step > device.last_t:
        return False
    return step == device.last_t or SpentStep.objects.filter(device=device, step=step).exists()


def _accept(device: TOTPDevice, offset: int) -> None:
    step = _step_now(device) + offset
    SpentStep.objects.get_or_create(device=device, step=step)
    SpentStep.objects.filter(device=device, step__lt=step - 2 * STEPS_KEPT).delete()
    device.drift = offset
    device.last_t = max(step, device.last_t)
    device.last_used_at = db_now()
    _forget_failures(device)


def _forget_failures(device: TOTPDevice) -> None:
    device.throttle_reset(commit=False)
    device.save()


def _refusal(device: TOTPDevice, token: str) -> WrongCode:
    """A code that would be right at another hour names the clock of the phone as the cause."""
    if len(token) != device.digits:
        return WrongCode(field="token")
    now = _step_now(device)
    for offset in sorted(range(-HINT_STEPS, HINT_STEPS + 1), key=abs):
        if abs(offset) > 1 and _shows(device, now + offset, token):
            if _is_spent(device, now + offset):
                break
            return PhoneClockOff(field="token", off_s=offset * device.step)
    return WrongCode(field="token")


def _step_now(device: TOTPDevice) -> int:
    return int((db_now().timestamp() - device.t0) // device.step)


def _shows(device: TOTPDevice, step: int, token: str) -> bool:
    return f"{hotp(device.bin_key, step, device.digits):0{device.digits}d}" == token


@transaction.atomic
def forget_second_factor(*, user: User) -> int:
    """Take the authenticator away (a lost phone) with its codes on paper; who took it away knows
    the person, who may set up a new one within a day.
    """
    count, _rows = TOTPDevice.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    if count:
        enrolment.allow_enrolment(user=user)
    return count


def key_as_text(key: str) -> str:
    """The key in base32, as people type it into an app that cannot read QR codes."""
    return base64.b32encode(bytes.fromhex(key)).decode().rstrip("=")
