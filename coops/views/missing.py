"""The 404 of the workspace: it shows the co-op, and what the user may do there."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve

from coops.access import ended_places
from core import views

WORKPLACES = ("/lam-viec/", "/tinh/")
MOST_SHOWN = 20


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """For members and staff in their workplaces a page of their own, for everyone else the market's."""
    user: Any = getattr(request, "user", None)
    if user is None or not request.path.startswith(WORKPLACES) or not user.is_authenticated:
        return views.not_found(request, exception)
    places = user.memberships.select_related("cooperative__commune__province")
    roles: dict[Any, list[str]] = {}
    for place in places.order_by("cooperative__sort_key", "role"):
        roles.setdefault(place.cooperative, []).append(str(place.get_role_display()))
    staffed = user.staff_roles.select_related("province").order_by("province__sort_key")
    ended = ended_places(user)
    if not (roles or ended or staffed):
        return views.not_found(request, exception)
    slug = _slug_in(request.path)
    context = {
        "here": next((coop for coop in roles if coop.slug == slug), None),
        "coops": list(roles.items())[:MOST_SHOWN],
        "provinces": {place.province: None for place in staffed},
        "ended": ended,
    }
    return render(request, "coops/missing.html", context, status=404)


def _slug_in(path: str) -> str:
    try:
        return str(resolve(path).kwargs.get("cooperative_slug", ""))
    except Resolver404:
        return ""
