"""The second step of signing in: set up once, then a code at every sign-in."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import sessions
from accounts.errors import SecondFactorBusy, SecondFactorExists, WrongCode, WrongPassword
from accounts.forms import MoveSecondFactorForm, SecondFactorForm
from accounts.models import User
from accounts.services import second_factor
from core import access
from core.qr import qr_svg

KEY_IN_SESSION = "second_factor_key"
GROUP = 4  # letters of the key read aloud at a time


@access.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def verify_second_factor(request: HttpRequest) -> HttpResponse:
    """Not wrapped by `idempotent`: a wrong try must count although it is refused."""
    user: User = request.user  # type: ignore[assignment]
    if second_factor.device_of(user) is None:
        address = reverse("set-up-second-factor")
        return redirect(f"{address}?{urlencode({'next': sessions.way_on(request)})}")
    if user.is_verified():  # type: ignore[attr-defined]
        return redirect(sessions.way_on(request))
    form = SecondFactorForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            device = second_factor.check_second_factor(user=user, **form.cleaned_data)
        except (WrongCode, SecondFactorBusy) as refusal:
            form.add_error("token", _words_of(refusal))
            status = refusal.status
        else:
            sessions.begin_strict(request, device)
            return redirect(sessions.way_on(request))
    context = {"form": form, "next": sessions.way_on(request)}
    return render(request, "accounts/verify_second_factor.html", context, status=status)


@access.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def set_up_second_factor(request: HttpRequest) -> HttpResponse:
    """The key lives in the session until a code of it was entered; a reload shows the same."""
    user: User = request.user  # type: ignore[assignment]
    if second_factor.device_of(user):
        address = reverse("verify-second-factor")
        return redirect(f"{address}?{urlencode({'next': sessions.way_on(request)})}")
    key = request.session.setdefault(KEY_IN_SESSION, second_factor.new_key())
    form = SecondFactorForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            device = second_factor.confirm_second_factor(user=user, key=key, **form.cleaned_data)
        except SecondFactorExists as refusal:
            messages.info(request, refusal.message)
            return redirect("verify-second-factor")
        except WrongCode as refusal:
            form.add_error("token", _words_of(refusal))
            status = refusal.status
        else:
            del request.session[KEY_IN_SESSION]
            sessions.begin_strict(request, device)
            messages.success(request, _("The second step is set up. Keep this app on your phone."))
            return redirect(sessions.way_on(request))
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
    if not user.is_verified():  # type: ignore[attr-defined]
        return redirect(f"{reverse('verify-second-factor')}?{urlencode({'next': request.path})}")
    key = request.session.setdefault(KEY_IN_SESSION, second_factor.new_key())
    form = MoveSecondFactorForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            device = second_factor.move_second_factor(user=user, key=key, **form.cleaned_data)
        except (WrongPassword, WrongCode) as refusal:
            words = _words_of(refusal) if isinstance(refusal, WrongCode) else str(refusal.message)
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


def _words_of(refusal: WrongCode | SecondFactorBusy) -> str:
    if isinstance(refusal, SecondFactorBusy):
        return str(refusal.message)
    return _("This code is not right. Enter the one the app shows now; each works once.")
