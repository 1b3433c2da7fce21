"""Signing in and out."""

import math
from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits, sessions
from accounts.forms import SignInForm
from accounts.models import User
from core import access, kept_forms
from core.limits import TooManyTries
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
    if kept_forms.carried(request) and "phone" not in request.POST:
        return _page(request, SignInForm())
    return _try(request)


def _try(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    phone = form.cleaned_data["phone"]
    counted = limits.count_password(request, phone)
    if counted.refusal:
        return _wait(request, counted.refusal, phone=phone)
    user = authenticate(
        request,
        phone=phone,
        password=form.cleaned_data["password"],
    )
    if user is None:
        form.add_error(None, _("Phone number or password is not right."))
        return _page(request, form, status=422)
    counted.was_right()
    sessions.begin(request, user)
    response = _way_on(request, user)
    limits.know_browser(response, phone)
    return response


def _way_on(request: HttpRequest, user: User) -> HttpResponse:
    way_on = kept_forms.take_over(request) or sessions.way_on(request)
    if user.has_second_factor:
        return go_to(f"{reverse('verify-second-factor')}?{urlencode({'next': way_on})}")
    return go_to(way_on)


@access.public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Safe to submit twice."""
    logout(request)
    messages.success(request, _("You are signed out."))
    return redirect("sign-in")


def _wait(request: HttpRequest, refusal: TooManyTries, *, phone: str) -> HttpResponse:
    """Too many passwords: how long to wait, and the other way in."""
    context = {
        "minutes": math.ceil(refusal.retry_after_s / 60),
        "phone": phone,
        "is_address": refusal.limit in limits.OF_NETWORKS,
    }
    response = render(request, "accounts/locked_out.html", context, status=429)
    response["Retry-After"] = str(refusal.retry_after_s)
    return response


def _page(request: HttpRequest, form: SignInForm, *, status: int = 200) -> HttpResponse:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    context = {"form": form, "next": wanted, "kept": kept_forms.carried(request)}
    return render(request, "accounts/sign_in.html", context, status=status)
