"""How the workspace answers a press of a button: with a page, or in a few words for a script."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from coops.models import Cooperative
from core.errors import DomainError
from livestreams.models import LivestreamSession

SEE_OTHER = 303
Page = Callable[..., HttpResponse]


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def done(request: HttpRequest, words: Any, *where: Any) -> HttpResponse:
    """Answer a success: JSON for a script, a redirect to `where` for a browser."""
    if wants_json(request):
        return JsonResponse({"done": str(words)})
    messages.success(request, words)
    response = redirect(*where)
    response.status_code = SEE_OTHER
    return response


def refused(request: HttpRequest, refusal: DomainError, page: Page) -> HttpResponse:
    """Show the reason of a refusal: `page` renders the reader's page with current data."""
    if wants_json(request):
        return JsonResponse({"refused": str(refusal.message)}, status=refusal.status)
    return page(refusal=refusal, status=refusal.status)


def desk_of(user: Any, session: LivestreamSession) -> Cooperative:
    """The co-op for which `user` acts in the session: the one that holds it, or a guest."""
    mine = Cooperative.objects.hosted_by(user).select_related("commune__province")
    holder = mine.filter(pk=session.cooperative_id).first()
    return holder or mine.filter(slots__session=session).order_by("slots__position")[0]
