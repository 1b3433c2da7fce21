"""The second step of signing in: set up once, then a code at every sign-in."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import sessions
from accounts.errors import (
    PhoneClockOff,
    SecondFactorBusy,
    SecondFactorExists,
    WrongCode,
    WrongPassword,
)
from accounts.forms import MoveSecondFactorForm, SecondFactorForm, VerifyForm
from accounts.models import User
from accounts.services import enrolment, recovery_codes, second_factor
from accounts.services.recovery_codes import PAPER_DIGITS
from core import access
from core.limits import TooManyTries
from core.qr import qr_svg
from core.ways import go_to

KEY_IN_SESSION = "second_factor_key"
GROUP = 4  # letters of the key read aloud at a time


@access.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def verify_second_factor(request: HttpRequest) -> HttpResponse:
    """Not wrapped by `idempotent`: a wrong try must count although it is refused."""
    user: User = request.user  # type: ignore[assignment]
    if not user.has_second_factor:
        return _with_next("set-up-second-factor", request)
    if user.is_verified():  # type: ignore[attr-defined]
        return go_to(sessions.way_on(request))
    form = VerifyForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            device = second_factor.check_second_factor(user=user, **form.cleaned_data)
        except (WrongCode, SecondFactorBusy) as refusal:
            form.add_error("token", words_of(refusal))
            status = refusal.status
        else:
            sessions.begin_strict(request, device)
            if len(form.cleaned_data["token"]) == PAPER_DIGITS:
                _note_paper_code(request, user)
            return go_to(sessions.way_on(request))
    context = {"form": form, "next": sessions.way_on(request)}
    return render(request, "accounts/verify_second_factor.html", context, status=status)


def _note_paper_code(request: HttpRequest, user: User) -> None:
    left = recovery_codes.count_left(user)
    words = ngettext(
        "That code from your paper is used up; %(count)s is left. Is the old phone gone? Move the"
        " second step to the new one under “My account”.",
        "That code from your paper is used up; %(count)s are left. Is the old phone gone? Move the"
        " second step to the new one under “My account”.",
        left,
    )
    messages.warning(request, words % {"count": left})


@access.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def set_up_second_factor(request: HttpRequest) -> HttpResponse:
    """The key lives in the session until a code of it was entered; a reload shows the same."""
    user: User = request.user  # type: ignore[assignment]
    if user.has_second_factor:
        return _with_next("verify-second-factor", request)
    if not (sessions.may_enrol(request) or enrolment.is_confirmed(user)):
        return _with_next("prove-before-enrolling", request)
    key = request.session.setdefault(KEY_IN_SESSION, second_factor.new_key())
    form = SecondFactorForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            device, codes = second_factor.confirm_second_factor(
                user=user, key=key, **form.cleaned_data
            )
        except SecondFactorExists as refusal:
            messages.info(request, refusal.message)
            return redirect("verify-second-factor")
        except WrongCode as refusal:
            form.add_error("token", words_of(refusal))
            status = refusal.status
        else:
            del request.session[KEY_IN_SESSION]
            sessions.begin_strict(request, device)
            sessions.note_recovery_codes(request, codes)
            messages.success(request, _("The second step is set up. Keep this app on your phone."))
            return _with_next("show-recovery-codes", request)
    return _set_up_page(request, user, key, form, status)


@access.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("present")
@never_cache
def move_second_factor(request: HttpRequest) -> HttpResponse:
    """To a new phone, by whoever still has the old one. Not `idempotent`, which would keep a
    digest of the password.
    """
    user: User = request.user  # type: ignore[assignment]
    if not user.has_second_factor:
        return redirect("set-up-second-factor")
    key = request.session.setdefault(KEY_IN_SESSION, second_factor.new_key())
    form = MoveSecondFactorForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            device = second_factor.move_second_factor(
                user=user,
                key=key,
                session_key=request.session.session_key or "",
                **form.cleaned_data,
            )
        except (WrongPassword, WrongCode, TooManyTries) as refusal:
            words = words_of(refusal) if isinstance(refusal, WrongCode) else str(refusal.message)
            form.add_error(refusal.field, words)
            status = refusal.status
        else:
            del request.session[KEY_IN_SESSION]
            sessions.begin_strict(request, device)
            messages.success(request, _("From now on the app on the new phone shows your codes."))
            return redirect("show-account")
    return _set_up_page(request, user, key, form, status, is_move=True)


def _set_up_page(
    request: HttpRequest,
    user: User,
    key: str,
    form: SecondFactorForm | MoveSecondFactorForm,
    status: int,
    *,
    is_move: bool = False,
) -> HttpResponse:
    address = second_factor.address_for_app(user=user, key=key)
    secret = second_factor.key_as_text(key)
    context = {
        "form": form,
        "is_move": is_move,
        "next": sessions.way_on(request),
        "address": address,
        "secret": " ".join(secret[i : i + GROUP] for i in range(0, len(secret), GROUP)),
        "drawing": mark_safe(  # noqa: S308 - drawn by us, the title is escaped there
            qr_svg(address, title=_("QR code for your authenticator app"))
        ),
    }
    return render(request, "accounts/set_up_second_factor.html", context, status=status)


def _with_next(view: str, request: HttpRequest) -> HttpResponse:
    return go_to(f"{reverse(view)}?{urlencode({'next': sessions.way_on(request)})}")


def words_of(refusal: WrongCode | SecondFactorBusy) -> str:
    """What is wrong with a code, for the person who entered it."""
    if isinstance(refusal, SecondFactorBusy):
        return str(refusal.message)
    if isinstance(refusal, PhoneClockOff):
        return _clock_words(int(refusal.details["off_s"]))
    return _("This code is not right. Enter the one the app shows now; each works once.")


def _clock_words(off_s: int) -> str:
    minutes = max(1, round(abs(off_s) / 60))
    if off_s > 0:
        words = ngettext(
            "The clock of your phone is about %(minutes)s minute fast. Let the phone set date and"
            " time by itself, then enter the code it shows.",
            "The clock of your phone is about %(minutes)s minutes fast. Let the phone set date and"
            " time by itself, then enter the code it shows.",
            minutes,
        )
    else:
        words = ngettext(
            "The clock of your phone is about %(minutes)s minute slow, or this code is that old."
            " Let the phone set date and time by itself, then enter the code it shows.",
            "The clock of your phone is about %(minutes)s minutes slow, or this code is that old."
            " Let the phone set date and time by itself, then enter the code it shows.",
            minutes,
        )
    return words % {"minutes": minutes}
