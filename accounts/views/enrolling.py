"""Before the second step is set up the first time: show that it is you, with more than a password."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import sessions
from accounts.errors import CodesNotSetUp, CodeSpent, TooManyCodes, WrongCode
from accounts.forms import EnterCodeForm
from accounts.models import OneTimeCode, User
from accounts.services import codes, enrolment
from accounts.views.codes import in_words
from core import access
from core.addresses import client_address
from core.idempotency import idempotent
from core.ways import go_to

PURPOSE = OneTimeCode.Purpose.SECOND_FACTOR


@access.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def prove(request: HttpRequest) -> HttpResponse:
    """Not wrapped by `idempotent`: a wrong try must count although it is refused."""
    user: User = request.user  # type: ignore[assignment]
    if user.has_second_factor or sessions.may_enrol(request) or enrolment.is_confirmed(user):
        return _on(request, "set-up-second-factor")
    form = EnterCodeForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            codes.check_code(
                phone=user.phone,
                purpose=PURPOSE,
                asker=sessions.asker(request),
                **form.cleaned_data,
            )
        except (WrongCode, CodeSpent) as refusal:
            form.add_error("code", in_words(refusal))
            status = refusal.status
        else:
            sessions.allow_enrolling(request)
            return _on(request, "set-up-second-factor")
    return render(request, "accounts/prove.html", _context(request, user, form), status=status)


def _context(request: HttpRequest, user: User, form: EnterCodeForm) -> dict[str, Any]:
    code = OneTimeCode.objects.live().for_phone(user.phone, PURPOSE).order_by("pk").last()
    return {
        "form": form,
        "next": sessions.way_on(request),
        "can_send": codes.can_send_codes(),
        "code": code,
        "demonstration_code": codes.demonstration_code(code),
        "is_asked": enrolment.is_waiting(user),
    }


@access.signed_in
@require_POST
@idempotent
def send_code(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    try:
        codes.request_code(phone=user.phone, purpose=PURPOSE, source=client_address(request))
    except (TooManyCodes, CodesNotSetUp) as refusal:
        messages.error(request, in_words(refusal))
    else:
        messages.success(request, _("A code is on its way. It can take a minute."))
    return _on(request, "prove-before-enrolling")


@access.signed_in
@require_POST
@idempotent
def ask_for_word(request: HttpRequest) -> HttpResponse:
    """Where no messages can be sent: a manager or the province confirms the person."""
    user: User = request.user  # type: ignore[assignment]
    if not codes.can_send_codes() and not user.has_second_factor:
        enrolment.request_enrolment(user=user)
        messages.success(request, _("Asked. Now call one of them, so that they know it is you."))
    return _on(request, "prove-before-enrolling")


def _on(request: HttpRequest, view: str) -> HttpResponse:
    return go_to(f"{reverse(view)}?{urlencode({'next': sessions.way_on(request)})}")
