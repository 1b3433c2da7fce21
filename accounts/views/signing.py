"""Signing in and out."""

import datetime as dt
import math
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import sessions
from accounts.forms import SignInForm
from accounts.limits import address_waits_until
from accounts.models import User
from core import access
from core.addresses import client_address
from core.ways import go_to


@access.public
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """Not wrapped by `idempotent`: a repeat is harmless, and failures must be counted."""
    if request.method != "POST":
        known: Any = sessions.half_signed_in(request) or request.user
        return _way_on(request, known) if known.is_authenticated else _page(request, SignInForm())
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    if until := address_waits_until(client_address(request)):
        return _wait(request, _minutes_to(until), phone=form.cleaned_data["phone"], is_address=True)
    user = authenticate(
        request,
        phone=form.cleaned_data["phone"],
        password=form.cleaned_data["password"],
    )
    if user is None:
        form.add_error(None, _("Phone number or password is not right."))
        return _page(request, form, status=422)
    sessions.begin(request, user)
    return _way_on(request, user)


def _way_on(request: HttpRequest, user: User) -> HttpResponse:
    way_on = sessions.way_on(request)
    if user.has_second_factor:
        return go_to(f"{reverse('verify-second-factor')}?{urlencode({'next': way_on})}")
    return go_to(way_on)


@access.public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Safe to press twice: whoever is signed out already stays so."""
    logout(request)
    messages.success(request, _("You are signed out."))
    return redirect("sign-in")


def locked_out(
    request: HttpRequest,
    response: HttpResponse | None = None,
    credentials: dict[str, str] | None = None,
) -> HttpResponse:
    """Too many wrong passwords: say how long to wait, and the other way in."""
    phone = (credentials or {}).get(settings.AXES_USERNAME_FORM_FIELD, "")
    return _wait(request, _minutes_left(phone, client_address(request)), phone=phone)


def _wait(
    request: HttpRequest, minutes: int, *, phone: str, is_address: bool = False
) -> HttpResponse:
    context = {"minutes": minutes, "phone": phone, "is_address": is_address}
    response = render(request, "accounts/locked_out.html", context, status=429)
    response["Retry-After"] = str(minutes * 60)
    return response


def _minutes_left(phone: str, address: str) -> int:
    attempts = AccessAttempt.objects.filter(username=phone, ip_address=address or None)
    last = attempts.order_by("-attempt_time").values_list("attempt_time", flat=True).first()
    pause = dt.timedelta(hours=settings.AXES_COOLOFF_TIME)
    return _minutes_to((last or timezone.now()) + pause)


def _minutes_to(until: dt.datetime) -> int:
    left = until - timezone.now()
    return max(1, math.ceil(left.total_seconds() / 60))


def _page(request: HttpRequest, form: SignInForm, *, status: int = 200) -> HttpResponse:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    context = {"form": form, "next": wanted}
    return render(request, "accounts/sign_in.html", context, status=status)
