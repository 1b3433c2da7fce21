"""How long a session lasts, and what it remembers on the way to an account."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import django_otp
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from core.clock import db_now
from core.ways import path_of_ours

BACKEND = "accounts.backends.PhoneBackend"
HALF_SIGNED_IN = "half_signed_in"  # attribute of the request, set by the middleware
STRICT_SINCE = "second_factor_at"
IS_LONG = "lasts_long"  # a member's session with second factor, which may rest
NEW_RECOVERY_CODES = "new_recovery_codes"
ENROLLING_UNTIL = "enrolling_until"
SEEN_AT = "seen_at"
SEEN_EVERY_S = 60  # how exactly the idle time is kept
PROVING = "proving"
PROVEN = "proven"
PROVEN_LASTS = dt.timedelta(minutes=20)


def begin(request: HttpRequest, user: User) -> None:
    """Sign `user` in, in a session with a new key."""
    login(request, user, backend=BACKEND)


def begin_strict(request: HttpRequest, device: TOTPDevice) -> None:
    """The second factor was shown. For provincial and platform staff the short limits hold from now
    on; a co-op's people stay signed in, as without second factor: a session at the market rests
    often. A staff role given later ends the session.
    """
    request.session.cycle_key()
    django_otp.login(request, device)
    user: Any = device.user
    if not (user.is_staff or user.staff_roles.exists()):
        request.session[IS_LONG] = True
        return
    request.session.pop(IS_LONG, None)
    now = db_now().timestamp()
    request.session[STRICT_SINCE] = request.session[SEEN_AT] = now


def half_signed_in(request: HttpRequest) -> User | None:
    """The user who entered the password in this session and still has to enter the second factor."""
    return getattr(request, HALF_SIGNED_IN, None) if request.user.pk is None else None


def allow_enrolling(request: HttpRequest) -> None:
    """The person showed that the phone is theirs: for twenty minutes the second step may be set up."""
    request.session[ENROLLING_UNTIL] = (db_now() + PROVEN_LASTS).timestamp()


def may_enrol(request: HttpRequest) -> bool:
    return float(request.session.get(ENROLLING_UNTIL, 0)) > db_now().timestamp()


def note_recovery_codes(request: HttpRequest, codes: list[str]) -> None:
    """New codes, for the next page to show once."""
    request.session[NEW_RECOVERY_CODES] = codes


def take_recovery_codes(request: HttpRequest) -> list[str]:
    codes: list[str] = request.session.pop(NEW_RECOVERY_CODES, [])
    return codes


def is_over(request: HttpRequest) -> bool:
    """Whether a session with second factor is too old or was left alone too long.

    Notes, at most once a minute, that it is in use.
    """
    session = request.session
    if django_otp.DEVICE_ID_SESSION_KEY not in session or session.get(IS_LONG):
        return False
    now = db_now().timestamp()
    began = session.setdefault(STRICT_SINCE, now)
    seen = session.setdefault(SEEN_AT, now)
    if now - began > settings.STAFF_SESSION_AGE_S or now - seen > settings.STAFF_SESSION_IDLE_S:
        return True
    if now - seen > SEEN_EVERY_S:
        session[SEEN_AT] = now
    return False


def way_on(request: HttpRequest) -> str:
    """Where to go after signing in: `next` when it is a page of ours, else the workspace."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return path_of_ours(wanted) or reverse(settings.LOGIN_REDIRECT_URL)


@dataclass(frozen=True)
class Proving:
    """The phone whose ownership is being verified, and for which purpose."""

    phone: str
    purpose: str


def asker(request: HttpRequest) -> str:
    """A name for this session, to count its tries by."""
    if not request.session.session_key:
        request.session.save()
    return str(request.session.session_key)


def start_proving(request: HttpRequest, *, phone: str, purpose: str) -> None:
    request.session[PROVING] = {"phone": phone, "purpose": purpose}
    request.session.pop(PROVEN, None)


def proving(request: HttpRequest, purpose: str) -> Proving | None:
    kept = request.session.get(PROVING)
    return Proving(**kept) if kept and kept["purpose"] == purpose else None


def note_proof(request: HttpRequest, phone: str) -> None:
    """The right code was entered: for twenty minutes this session may act for the phone."""
    request.session.cycle_key()
    request.session.pop(PROVING, None)
    until = db_now() + PROVEN_LASTS
    request.session[PROVEN] = {"phone": phone, "until": until.timestamp()}


def proven_phone(request: HttpRequest) -> str:
    """The phone (E.164) this session showed to be the person's; "" when none, or too long ago."""
    kept = request.session.get(PROVEN)
    if not kept or kept["until"] < db_now().timestamp():
        return ""
    return str(kept["phone"])


def forget_proof(request: HttpRequest) -> None:
    request.session.pop(PROVEN, None)
