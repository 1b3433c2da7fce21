"""Showing that a phone is one's own, on the way to an account or to a new password.

Both flows request, send and accept codes in the same way for every number, so these pages do not
reveal whether an account exists.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import sessions
from accounts.errors import CodesNotSetUp, CodeSpent, PhoneTaken, TooManyCodes, WrongCode
from accounts.forms import AskCodeForm, ChoosePasswordForm, EnterCodeForm, NewAccountForm
from accounts.models import OneTimeCode, User
from accounts.services import codes, people
from core import access
from core.addresses import client_address
from core.idempotency import idempotent
from core.leading_back import form_on
from core.ways import go_to

Purpose = OneTimeCode.Purpose
View = Callable[[HttpRequest], HttpResponse]


@dataclass(frozen=True)
class Way:
    """The pages of one purpose, by the names of their addresses."""

    purpose: Purpose
    ask: str
    enter: str
    resend: str
    finish: str


WAYS = {
    Purpose.SIGN_UP: Way(
        Purpose.SIGN_UP, "sign-up", "enter-sign-up-code", "resend-sign-up-code", "finish-sign-up"
    ),
    Purpose.RESET_PASSWORD: Way(
        Purpose.RESET_PASSWORD,
        "reset-password",
        "enter-reset-code",
        "resend-reset-code",
        "choose-password",
    ),
}


@access.public
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@idempotent
def sign_up(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return go_to(sessions.way_on(request))
    return _ask(request, WAYS[Purpose.SIGN_UP])


@access.public
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@idempotent
def reset_password(request: HttpRequest) -> HttpResponse:
    return _ask(request, WAYS[Purpose.RESET_PASSWORD])


@access.public
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def enter_sign_up_code(request: HttpRequest) -> HttpResponse:
    return _enter(request, WAYS[Purpose.SIGN_UP])


@access.public
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def enter_reset_code(request: HttpRequest) -> HttpResponse:
    return _enter(request, WAYS[Purpose.RESET_PASSWORD])


@access.public
@form_on("enter-sign-up-code")
@idempotent
def resend_sign_up_code(request: HttpRequest) -> HttpResponse:
    return _resend(request, WAYS[Purpose.SIGN_UP])


@access.public
@form_on("enter-reset-code")
@idempotent
def resend_reset_code(request: HttpRequest) -> HttpResponse:
    return _resend(request, WAYS[Purpose.RESET_PASSWORD])


@access.public
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@never_cache
def finish_sign_up(request: HttpRequest) -> HttpResponse:
    """Name and password. Not wrapped by `idempotent`, which would keep a digest of the password;
    the phone's own uniqueness makes a repeat harmless.
    """
    if request.user.is_authenticated:
        return go_to(sessions.way_on(request))
    phone = sessions.proven_phone(request)
    if not phone:
        return _too_late(request, WAYS[Purpose.SIGN_UP])
    if User.objects.filter(phone=phone).exists():
        return _has_account(request, phone)
    form = NewAccountForm(request.POST or None)
    if not form.is_valid():
        context = {"form": form, "phone": phone}
        return render(request, "accounts/finish_sign_up.html", context, status=_status(form))
    try:
        user = people.create_account(phone=phone, **form.cleaned_data)
    except PhoneTaken:
        return _has_account(request, phone, status=409)
    sessions.forget_proof(request)
    sessions.begin(request, user)
    messages.success(request, _("Your account is ready. Next: register your co-op."))
    return go_to(sessions.way_on(request))


@access.public
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@never_cache
def choose_password(request: HttpRequest) -> HttpResponse:
    """A new password for the person who entered the code; not `idempotent`, as above."""
    phone = sessions.proven_phone(request)
    if not phone:
        return _too_late(request, WAYS[Purpose.RESET_PASSWORD])
    user = User.objects.filter(phone=phone).first()
    if user and not user.is_active:
        return _has_account(request, phone, status=403)
    if user is None:
        messages.info(request, _("There is no account with this number yet. You can make one now."))
        return redirect("finish-sign-up")
    form = ChoosePasswordForm(request.POST or None)
    if not form.is_valid():
        context = {"form": form, "phone": phone}
        return render(request, "accounts/choose_password.html", context, status=_status(form))
    people.reset_password(user=user, **form.cleaned_data)
    sessions.forget_proof(request)
    sessions.begin(request, user)
    messages.success(
        request, _("Your new password holds from now on. Other devices are signed out.")
    )
    if user.has_second_factor:
        return redirect("verify-second-factor")
    return go_to(sessions.way_on(request))


def _ask(request: HttpRequest, way: Way) -> HttpResponse:
    form = AskCodeForm(request.POST or None)
    status = _status(form)
    if form.is_valid():
        phone = form.cleaned_data["phone"]
        try:
            codes.request_code(phone=phone, purpose=way.purpose, source=client_address(request))
        except (TooManyCodes, CodesNotSetUp) as refusal:
            form.add_error("phone", in_words(refusal))
            status = refusal.status
        else:
            sessions.start_proving(request, phone=phone, purpose=way.purpose)
            return redirect(way.enter)
    context = {"form": form, "way": way, "can_send": codes.can_send_codes()}
    return render(request, "accounts/ask_code.html", context, status=status)


def _enter(request: HttpRequest, way: Way) -> HttpResponse:
    """Not wrapped by `idempotent`: a wrong try must count although it is refused."""
    if request.method == "POST" and sessions.proven_phone(request):
        return redirect(way.finish)  # the right code was sent twice
    shown = sessions.proving(request, way.purpose)
    if shown is None:
        return _too_late(request, way)
    form = EnterCodeForm(request.POST or None)
    status = _status(form)
    if form.is_valid():
        try:
            codes.check_code(
                phone=shown.phone,
                purpose=way.purpose,
                asker=sessions.asker(request),
                **form.cleaned_data,
            )
        except (WrongCode, CodeSpent) as refusal:
            form.add_error("code", in_words(refusal))
            status = refusal.status
        else:
            sessions.note_proof(request, shown.phone)
            return redirect(way.finish)
    code = OneTimeCode.objects.for_phone(shown.phone, way.purpose).order_by("pk").last()
    context = {
        "form": form,
        "way": way,
        "phone": shown.phone,
        "code": code,
        "demonstration_code": codes.demonstration_code(code),
    }
    return render(request, "accounts/enter_code.html", context, status=status)


def _resend(request: HttpRequest, way: Way) -> HttpResponse:
    shown = sessions.proving(request, way.purpose)
    if shown is None:
        return _too_late(request, way)
    try:
        codes.request_code(phone=shown.phone, purpose=way.purpose, source=client_address(request))
    except (TooManyCodes, CodesNotSetUp) as refusal:
        messages.error(request, in_words(refusal))
    else:
        messages.success(request, _("A code is on its way. It can take a minute."))
    return redirect(way.enter)


def _has_account(request: HttpRequest, phone: str, *, status: int = 200) -> HttpResponse:
    """Shown only after the phone has been verified."""
    is_closed = not User.objects.filter(phone=phone, is_active=True).exists()
    context = {"phone": phone, "is_closed": is_closed}
    return render(request, "accounts/has_account.html", context, status=status)


def _too_late(request: HttpRequest, way: Way) -> HttpResponse:
    messages.info(request, _("Please enter your phone number to begin (again)."))
    return redirect(way.ask)


def in_words(refusal: TooManyCodes | CodesNotSetUp | WrongCode | CodeSpent) -> str:
    tries_left = refusal.details.get("tries_left")
    until = parse_datetime(refusal.details.get("until", ""))
    if tries_left:
        return _("This code is not right. You can try %(count)s more times.") % {
            "count": tries_left
        }
    if until:
        clock = timezone.localtime(until).strftime("%H:%M")
        return _("Many codes were asked for already. Please try again after %(clock)s.") % {
            "clock": clock
        }
    return str(refusal.message)


def _status(form: AskCodeForm | EnterCodeForm | NewAccountForm | ChoosePasswordForm) -> int:
    return 422 if form.is_bound and not form.is_valid() else 200
