"""The API's own two pages: the guide for people and the OpenAPI document for programs."""

import threading
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext_lazy as _
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.access import AccessRule, Audience, public
from core.rest import HouseView

DOCUMENTS: dict[str, Any] = {}  # by language, of this process
DOCUMENTS_LOCK = threading.Lock()

METHODS = ("GET", "POST", "PATCH")
AUDIENCES = {
    Audience.PUBLIC: _("anyone"),
    Audience.SECRET_LINK: _("whoever holds the secret link"),
    Audience.SIGNED_IN: _("people with an account"),
    Audience.COOPERATIVE: _("members of the co-op"),
    Audience.PROVINCE: _("staff of the province, signed in with their second factor"),
}


class OpenApiDocument(SpectacularAPIView):
    access_rule = AccessRule(Audience.PUBLIC)
    authentication_classes = []
    permission_classes = []

    def _get_schema_response(self, request: Request) -> Response:
        """The same document for everybody: rendered once, for its maker is not made for two."""
        language = str(get_language())
        with DOCUMENTS_LOCK:
            if language not in DOCUMENTS:
                DOCUMENTS[language] = super()._get_schema_response(request).data
        name = self._get_filename(request, self.api_version or request.version)
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return Response(DOCUMENTS[language], headers=headers)


@dataclass(frozen=True)
class Entry:
    """One line of the guide."""

    method: str
    path: str
    words: Any

    @property
    def steps(self) -> list[str]:
        """Parts of the path between which a narrow screen may break it."""
        return self.path.rstrip("/").split("/")


@public
@require_safe
def show_api(request: HttpRequest) -> HttpResponse:
    """What there is, read off the routes, with examples to copy."""
    context = {"groups": list(groups().items()), "site": settings.SITE_URL}
    return render(request, "api.html", context)


def groups() -> dict[Any, list[Entry]]:
    """Every method of every route, grouped by audience, in the order of routes."""
    from config.api_urls import urlpatterns

    found: dict[Any, list[Entry]] = {}
    for entry in urlpatterns:
        view = getattr(entry.callback, "cls", None)
        if not (isinstance(view, type) and issubclass(view, HouseView)):
            continue
        lines = found.setdefault(AUDIENCES[view.access_rule.audience], [])
        address = f"/api/{entry.pattern}".replace("<", "{").replace(">", "}")
        for kind in ("int:", "slug:", "str:"):
            address = address.replace(kind, "")
        lines += [Entry(m, address, view.says[m]) for m in METHODS if m in view.says]
    return found
