"""Pages that only the tests of core.idempotency open. Each leaves one outbox message behind."""

import threading

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from core import outbox
from core.access import public, signed_in
from core.errors import DomainError
from core.idempotency import idempotent
from core.models import OutboxMessage

entered = threading.Event()
may_leave = threading.Event()


@public
@csrf_exempt
@idempotent
def pick_tea(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return HttpResponse("giỏ còn trống", content_type="text/plain")
    outbox.add("tests.tea.picked", what=request.POST.get("what", ""))
    number = OutboxMessage.objects.count()
    return HttpResponse(f"giỏ chè số {number}", status=201, content_type="text/plain")


@signed_in
@csrf_exempt
def pick_one_s_own(request: HttpRequest) -> HttpResponse:
    return pick_tea(request)


@public
@csrf_exempt
@idempotent
def pick_slowly(request: HttpRequest) -> HttpResponse:
    """Stays inside its transaction until the test lets it go."""
    outbox.add("tests.tea.picked")
    entered.set()
    may_leave.wait(10)
    return HttpResponseRedirect("/gio/1/")


@public
@csrf_exempt
@idempotent
def pick_when_dry(request: HttpRequest) -> HttpResponse:
    """Refuses while it rains, once by an error and once by an answer."""
    outbox.add("tests.tea.picked")
    if request.POST.get("weather") == "rain":
        raise DomainError("wet")
    return HttpResponse("ok", status=422 if request.POST.get("weather") == "fog" else 200)


@public
@csrf_exempt
def pick_unguarded(request: HttpRequest) -> HttpResponse:
    """The same without the guard, for the negative control."""
    OutboxMessage.objects.create(topic="tests.tea.picked", payload={})
    return HttpResponse("ok")


urlpatterns = [
    path("hai/", pick_tea, name="pick-tea"),
    path("hai-rieng/", pick_one_s_own, name="pick-own"),
    path("hai-cham/", pick_slowly, name="pick-slowly"),
    path("hai-kho/", pick_when_dry, name="pick-dry"),
    path("hai-lieu/", pick_unguarded, name="pick-unguarded"),
]
