"""Access to routes. Access to objects is the querysets' `…_by(user)`.

Every route carries one rule; a route without one fails tests/architecture. The rule turns away
people who are not signed in (or lack their second factor); objects out of reach look like missing
ones (404), never like forbidden ones.
"""

import enum
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import get_resolver, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode

from core.kept_forms import keep, sealed, where_to_begin

View = Callable[..., HttpResponseBase]


class Audience(enum.StrEnum):
    PUBLIC = "public"  # anyone, no secret
    SECRET_LINK = "secret_link"  # noqa: S105 - for holders of the token in the address
    SIGNED_IN = "signed_in"  # any account; objects by queryset
    COOPERATIVE = "cooperative"  # members of the co-op in `roles`; objects by queryset
    PROVINCE = "province"  # staff of a province in `roles`, with second factor
    PLATFORM = "platform"  # those who run the platform, with second factor


OPEN_TO_ALL = frozenset({Audience.PUBLIC, Audience.SECRET_LINK})


@dataclass(frozen=True)
class AccessRule:
    audience: Audience
    roles: tuple[str, ...] = ()


def public(view: View) -> View:
    return _mark(view, AccessRule(Audience.PUBLIC))


def secret_link(view: View) -> View:
    return _mark(view, AccessRule(Audience.SECRET_LINK))


def signed_in(view: View) -> View:
    return _guard(view, AccessRule(Audience.SIGNED_IN), second_factor=False)


def cooperative(*roles: str) -> Callable[[View], View]:
    """Members of a co-op with one of `roles`; the view fetches objects by `…_by(user)`."""
    return lambda view: _guard(view, AccessRule(Audience.COOPERATIVE, roles), second_factor=False)


def province(*roles: str) -> Callable[[View], View]:
    """Staff of a province with one of `roles`, signed in with their second factor."""
    return lambda view: _guard(view, AccessRule(Audience.PROVINCE, roles), second_factor=True)


def platform(view: View) -> View:
    @functools.wraps(view)
    def staff_only(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return _guard(staff_only, AccessRule(Audience.PLATFORM), second_factor=True)


def rule_of(callback: Any) -> AccessRule | None:
    """The rule a URL pattern's callback carries, for functions and for API classes."""
    return getattr(callback, "access_rule", None) or getattr(
        getattr(callback, "cls", None), "access_rule", None
    )


@functools.cache
def rule_of_route(name: str) -> AccessRule | None:
    """The rule of the route that is called `name`."""
    waiting: list[Any] = [get_resolver()]
    while waiting:
        entry = waiting.pop()
        waiting += getattr(entry, "url_patterns", [])
        if getattr(entry, "name", None) == name:
            return rule_of(entry.callback)
    return None


def _guard(view: View, rule: AccessRule, *, second_factor: bool) -> View:
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            if kept := sealed(request):
                return render(request, "signed_out.html", {"kept": kept}, status=401)
            return redirect_to_login(where_to_begin(request))
        if second_factor and not request.user.is_verified():  # type: ignore[attr-defined]
            query = urlencode({"next": keep(request)})
            return redirect(f"{reverse('verify-second-factor')}?{query}")
        response = view(request, *args, **kwargs)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)  # what only some may see is kept nowhere
        return response

    return _mark(guarded, rule)


def _mark(view: View, rule: AccessRule) -> View:
    view.access_rule = rule  # type: ignore[attr-defined]
    return view
