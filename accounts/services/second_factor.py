"""The second step of signing in: an authenticator app (TOTP, RFC 6238)."""

import base64
import math

from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from accounts.errors import SecondFactorBusy, SecondFactorExists, WrongCode, WrongPassword
from accounts.models import User


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
def confirm_second_factor(*, user: User, key: str, token: str) -> TOTPDevice:
    """Keep `key` as the person's second factor, once a code of it was entered.

    Raises WrongCode, or SecondFactorExists when another was confirmed meanwhile.
    """
    User.objects.select_for_update().get(pk=user.pk)
    if device_of(user):
        raise SecondFactorExists
    device = TOTPDevice(user=user, key=key, name="default", confirmed=True)
    if not device.verify_token(token):  # keeps the device and the step used: no code works twice
        raise WrongCode(field="token")
    return device


@transaction.atomic
def move_second_factor(*, user: User, key: str, token: str, present: str) -> TOTPDevice:
    """Put `key` in the place of the authenticator the person has: a new phone.

    `present` is the password: a session left open is not enough. Sessions that showed the old
    one have to show the new. Raises WrongPassword or WrongCode, and the old one stays.
    """
    User.objects.select_for_update().get(pk=user.pk)
    if not user.check_password(present):
        raise WrongPassword(field="present")
    device = TOTPDevice(user=user, key=key, name="default", confirmed=True)
    if not device.verify_token(token):
        raise WrongCode(field="token")
    TOTPDevice.objects.filter(user=user).exclude(pk=device.pk).delete()
    return device


def check_second_factor(*, user: User, token: str) -> TOTPDevice:
    """Accept the app's code; each code works once, and wrong ones make the next wait longer.

    Raises WrongCode or SecondFactorBusy. A wrong try counts even so: do not call this inside a
    transaction that a refusal rolls back.
    """
    device, wait_s = _try_token(user, token)
    if wait_s:
        raise SecondFactorBusy(SecondFactorBusy.message % {"seconds": wait_s}, field="token")
    if device is None:
        raise WrongCode(field="token")
    return device


@transaction.atomic
def _try_token(user: User, token: str) -> tuple[TOTPDevice | None, int]:
    """The device and 0, or None and the seconds to wait before a code is looked at again."""
    devices = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True)
    device = devices.order_by("pk").first()
    if device is None:
        return None, 0
    is_allowed, why = device.verify_is_allowed()
    if not is_allowed:
        until = (why or {}).get("locked_until") or timezone.now()
        return None, max(1, math.ceil((until - timezone.now()).total_seconds()))
    return (device, 0) if device.verify_token(token) else (None, 0)


def forget_second_factor(*, user: User) -> int:
    """Take the authenticator away (a lost phone); the next sign-in sets up a new one."""
    count, _rows = TOTPDevice.objects.filter(user=user).delete()
    return count


def key_as_text(key: str) -> str:
    """The key in base32, as people type it into an app that cannot read QR codes."""
    return base64.b32encode(bytes.fromhex(key)).decode().rstrip("=")
