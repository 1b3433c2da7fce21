"""How long sessions of staff last, and what is open before the second factor was shown."""

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts import sessions
from core.access import OPEN_TO_ALL, Audience, rule_of
from core.kept_forms import keep
from core.rest import SecondFactorMissing
from core.ways import go_to

Next = Callable[[HttpRequest], HttpResponse]
BEFORE_VERIFYING = {"verify-second-factor", "sign-out"}


def staff_session_middleware(get_response: Next) -> Next:
    def middleware(request: HttpRequest) -> HttpResponse:
        # Without the cookie there is no session: pages that are the same for all stay so
        if settings.SESSION_COOKIE_NAME in request.COOKIES and sessions.is_over(request):
            logout(request)
            messages.info(
                request, _("You were signed out because this page had been left for a while.")
            )
        return get_response(request)

    return middleware


class second_factor_middleware:  # noqa: N801 - listed among functions in settings
    """A user who has a second factor is anonymous until it is verified.

    Views see an anonymous visitor, so what is public looks as it looks to all; every other route
    leads to the verification, whatever it checks itself. Default deny: a route without an access
    rule is closed too.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            request.user = SimpleLazyObject(functools.partial(_seen_as, request, request.user))  # type: ignore[assignment]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        rule = rule_of(view)
        name = request.resolver_match.url_name if request.resolver_match else ""
        if name in BEFORE_VERIFYING:
            if half := sessions.half_signed_in(request):
                request.user = half
            return None
        if rule and rule.audience in OPEN_TO_ALL:
            return None
        if not (sessions.half_signed_in(request) or _must_enrol(request, rule)):
            return None
        if not request.path.startswith("/api/"):
            query = urlencode({"next": keep(request)})
            return go_to(f"{reverse('verify-second-factor')}?{query}")
        if request.headers.get("Authorization", "").lower().startswith("bearer"):
            return None  # the token decides; the session counts for nothing
        return _refused()


def _seen_as(request: HttpRequest, user: Any) -> Any:
    if not user.is_authenticated or user.is_verified() or not user.has_second_factor:
        return user
    setattr(request, sessions.HALF_SIGNED_IN, user)
    nobody: Any = AnonymousUser()
    nobody.otp_device = None
    nobody.is_verified = lambda: False
    return nobody


def _must_enrol(request: HttpRequest, rule: Any) -> bool:
    """Whether this installation requires a second factor for work in a co-op."""
    if not settings.SECOND_FACTOR_FOR_COOPERATIVES:
        return False
    if rule is None or rule.audience is not Audience.COOPERATIVE:
        return False
    user: Any = request.user
    return user.is_authenticated and not user.is_verified()


def _refused() -> JsonResponse:
    refusal = SecondFactorMissing()
    response = JsonResponse(refusal.as_dict(), status=refusal.status)
    response["Cache-Control"] = "private, no-store"
    return response
