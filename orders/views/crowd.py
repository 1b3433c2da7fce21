"""For hosts: many orders of phones never seen, and buyers to be called before their order counts."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_POST

from core.access import cooperative
from core.errors import DomainError
from core.idempotency import idempotent
from livestreams.access import get_session_to_host
from livestreams.models import LivestreamSession
from orders.models import CallBack
from orders.services import calling, crowding, revealing, weighing

HOSTS = ("manager", "host")
MOST_TO_CALL = 100


def crowd_context(session: LivestreamSession, by: Any) -> dict[str, Any]:
    """What the list of orders shows of it to those who hold the session."""
    found = crowding.patterns(session.pk)
    call_backs: Any = _to_call(session).with_reveals_to(by)
    return {
        "patterns": found,
        "newcomer_orders": crowding.doubtful(session.pk).count() if found else 0,
        "call_backs": call_backs[:MOST_TO_CALL],
        "hidden_calls": any(not call.is_revealed for call in call_backs[:MOST_TO_CALL]),
        "sends_codes": weighing.can_send_codes(),
    }


@cooperative(*HOSTS)
@require_POST
@idempotent
def call_off_pattern(request: HttpRequest, session_id: int) -> HttpResponse:
    """One press: every open order of phones never seen from one network, or from all of them."""
    session = get_session_to_host(request.user, session_id)
    count = crowding.call_off_pattern(
        session_id=session.pk,
        client_network=request.POST.get("network", "")[:32],
        reason=_("The co-op could not confirm this order."),
        by=request.user,  # type: ignore[arg-type]
    )
    words = ngettext(
        "%(count)s order is called off; its goods are on sale again.",
        "%(count)s orders are called off; their goods are on sale again.",
        count,
    )
    messages.success(request, words % {"count": count})
    return _back(session_id)


@cooperative(*HOSTS)
@require_POST
@idempotent
def take_call_back(request: HttpRequest, session_id: int, call_back_id: int) -> HttpResponse:
    call_back = _to_settle(request, session_id, call_back_id)
    try:
        order = calling.take(call_back=call_back, by=request.user)  # type: ignore[arg-type]
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return _back(session_id)
    messages.success(request, _("Order %(code)s is taken.") % {"code": order.code})
    return _back(session_id)


@cooperative(*HOSTS)
@require_POST
@idempotent
def drop_call_back(request: HttpRequest, session_id: int, call_back_id: int) -> HttpResponse:
    call_back = _to_settle(request, session_id, call_back_id)
    try:
        calling.drop(call_back=call_back, by=request.user)  # type: ignore[arg-type]
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    return _back(session_id)


@cooperative(*HOSTS)
@require_POST
@idempotent
def reveal_call_phones(request: HttpRequest, session_id: int) -> HttpResponse:
    """Show the numbers on the list of calls for an hour, and write down who looked."""
    session = get_session_to_host(request.user, session_id)
    shown = _to_call(session)[:MOST_TO_CALL]
    revealing.reveal_to_call(call_backs=shown, user=request.user)  # type: ignore[arg-type]
    return _back(session_id)


def _to_call(session: LivestreamSession) -> Any:
    return CallBack.objects.waiting().filter(session=session).order_by("wanted_at")


def _to_settle(request: HttpRequest, session_id: int, call_back_id: int) -> CallBack:
    session = get_session_to_host(request.user, session_id)
    return get_object_or_404(CallBack, session=session, pk=call_back_id)


def _back(session_id: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("list-session-orders", args=[session_id]), status=303)
