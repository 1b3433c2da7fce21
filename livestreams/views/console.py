"""The host console: what is sold now, what comes next, orders as they arrive."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core import access
from core.clock import db_today
from core.errors import DomainError
from core.idempotency import idempotent
from core.live_grants import grant
from core.models import OutboxMessage
from livestreams import board
from livestreams.access import (
    get_offer_to_edit,
    get_offer_to_run,
    get_offer_to_show,
    get_session_to_host as get_session,
)
from livestreams.models import LivestreamSession, Offer
from livestreams.presses import version_of
from livestreams.readiness import why_not_openable
from livestreams.services import running, selling
from livestreams.views.answers import done, refused
from livestreams.views.preparing import of_the_clock, prepare_page

ORDER_PLACED = "orders.order.placed"
ORDERS_SHOWN = 8
NEWS_AT_ONCE = 200
hosts = access.cooperative("manager", "host")
form_methods = require_http_methods(["GET", "HEAD", "POST"])


@hosts
@require_safe
@never_cache
def run_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """`chon` names the offer standing ready; without it the next in the order of selling."""
    return console_page(request, get_session(request.user, session_id))


def console_page(
    request: HttpRequest,
    session: LivestreamSession,
    *,
    refusal: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    seen = version_of(session)  # before the board is read: what comes between is news to it
    session.refresh_from_db(from_queryset=LivestreamSession.objects.for_cards())
    if session.is_over:
        return redirect("prepare-session", session.pk)
    offers = list(board.offers_shown(session))
    today = db_today()
    for offer in offers:
        offer.reason = why_not_openable(offer, today)  # type: ignore[attr-defined]
    feed = OutboxMessage.objects.filter(feed=session.feed, feed_number__isnull=False)
    newest = feed.order_by("-feed_number").values_list("feed_number", flat=True).first() or 0
    now = next((offer for offer in offers if offer.pk == session.now_selling_id), None)
    ready = _ready(offers, now, request.GET.get("chon", ""))
    context = {
        "session": session,
        "cooperative": session.cooperative,
        "offers": offers,
        "now": now,
        "ready": ready,
        "after_ready": _after(offers, ready, now),
        "orders": feed.filter(topic=ORDER_PLACED).order_by("-feed_number")[:ORDERS_SHOWN],
        "newest": newest,
        "live_address": live_address(session),
        "refusal": refusal,
        "is_host": True,
        "seen": seen,
        **of_the_clock(session),
    }
    return render(request, "livestreams/console.html", context, status=status)


def _ready(offers: list[Offer], now: Offer | None, chosen: str) -> Offer | None:
    """The offer to be sold with the next press: as chosen, else the first after `now`, else any."""
    sellable = [offer for offer in offers if _can_be_sold(offer) and offer != now]
    picked = next((offer for offer in sellable if str(offer.pk) == chosen), None)
    return picked or _after(offers, now, now)


def _can_be_sold(offer: Offer) -> bool:
    return not offer.is_gone and not (offer.holds_no_stock and offer.reason)  # type: ignore[attr-defined]


def _after(offers: list[Offer], here: Offer | None, now: Offer | None) -> Offer | None:
    """The next offer that can be sold after `here`, round the end; None when there is no other."""
    start = offers.index(here) + 1 if here in offers else 0
    others = [*offers[start:], *offers[:start]]
    return next((o for o in others if _can_be_sold(o) and o not in {here, now}), None)


@hosts
@require_safe
@never_cache
def list_session_news(request: HttpRequest, session_id: int) -> HttpResponse:
    """Messages of the session's feed after number `after`, and where to listen to the next."""
    session = get_session(request.user, session_id)
    after = request.GET.get("after", "")
    number = int(after) if after.isdecimal() and len(after) < 15 else 0
    rows = OutboxMessage.objects.filter(feed=session.feed, feed_number__gt=number)
    events = [
        {"number": row.feed_number, "topic": row.topic, **row.payload}
        for row in rows.order_by("feed_number")[:NEWS_AT_ONCE]
    ]
    return JsonResponse({"events": events, "live": live_address(session)})


def live_address(session: LivestreamSession) -> str:
    """Where this console may listen for the next two minutes."""
    return f"/live/console/{grant(session.feed)}"


@hosts
@form_methods
@idempotent
def go_live(request: HttpRequest, session_id: int) -> HttpResponse:
    session = get_session(request.user, session_id)
    if request.method != "POST":
        return redirect("prepare-session", session.pk)
    is_meant = request.POST.get("early") == "1"
    try:
        not_opened = running.go_live(session=session, by=request.user, early_is_meant=is_meant)
    except DomainError as refusal:
        return refused(request, refusal, lambda **how: prepare_page(request, session, **how))
    return done(request, _on_air(not_opened), "run-session", session.pk)


def _on_air(not_opened: list[running.NotOpened]) -> str:
    if not not_opened:
        return _("You are on air. Press “Sell this” for the first goods.")
    missing = " ".join(f"{offer.live_code}: {offer.reason}" for offer in not_opened)
    return _("You are on air. Not on sale yet: %(missing)s") % {"missing": missing}


@hosts
@form_methods
@idempotent
def take_back_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """POST takes back a step made by mistake: going on air, or the end of a moment ago."""
    session = get_session(request.user, session_id)
    if request.method != "POST":
        return redirect("prepare-session", session.pk)
    try:
        if not session.is_over:
            running.take_back_going_live(session=session, by=request.user)
            words = _("Off air again. Nothing was sold; the goods are back in their lots.")
            return done(request, words, "prepare-session", session.pk)
        not_opened = running.take_back_end(session=session, by=request.user)
    except DomainError as refusal:
        return refused(request, refusal, lambda **how: prepare_page(request, session, **how))
    return done(request, _on_air(not_opened), "run-session", session.pk)


@hosts
@form_methods
@never_cache
@idempotent
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """GET asks once more; POST ends the session."""
    session = get_session(request.user, session_id)
    if request.method != "POST":
        if not session.is_live:
            return redirect("prepare-session", session.pk)
        offers = session.offers.exclude(state=Offer.State.CLOSED)
        context = {
            "session": session,
            "cooperative": session.cooperative,
            "offers": offers,
            "waiting": sum(offer.standby_waiting for offer in offers),
        }
        return render(request, "livestreams/session_end.html", context)
    try:
        running.end_session(session=session, by=request.user)
    except DomainError as refusal:
        return refused(request, refusal, lambda **how: prepare_page(request, session, **how))
    words = _("The session has ended. What was not sold is back in its lots.")
    return done(request, words, "prepare-session", session.pk)


Get = Callable[[Any, int], Offer]
Act = Callable[[Offer, Any, int | None], None]


def _seen(request: HttpRequest) -> int | None:
    """The version of the board on which the button was pressed."""
    typed = request.POST.get("seen", "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 18 else None


def _offer_action(get: Get, act: Act, words: Any) -> Callable[..., Any]:
    """A view that does one thing with one offer of a live session."""

    @hosts
    @form_methods
    @idempotent
    def view(request: HttpRequest, offer_id: int) -> HttpResponse:
        offer = get(request.user, offer_id)
        session = offer.session
        is_host = LivestreamSession.objects.hostable_by(request.user).filter(pk=session.pk).exists()
        page, name = (console_page, "run-session") if is_host else (prepare_page, "prepare-session")
        if request.method != "POST":
            return redirect(name, session.pk)
        try:
            act(offer, request.user, _seen(request))
        except DomainError as refusal:
            return refused(request, refusal, lambda **how: page(request, session, **how))
        return done(request, words() % {"code": offer.live_code}, name, session.pk)

    return view


sell_now = _offer_action(
    get_offer_to_show,
    lambda offer, user, seen: selling.sell_now(offer=offer, by=user, seen=seen),
    lambda: _("%(code)s is being sold now."),
)
mark_sold_out = _offer_action(
    get_offer_to_run,
    lambda offer, _user, seen: selling.mark_sold_out(offer=offer, seen=seen),
    lambda: _("%(code)s is sold out."),
)
reopen_offer = _offer_action(
    get_offer_to_run,
    lambda offer, _user, seen: selling.reopen_offer(offer=offer, seen=seen),
    lambda: _("%(code)s is on sale again."),
)
open_offer = _offer_action(
    get_offer_to_edit,
    lambda offer, user, seen: selling.open_offer(offer=offer, by=user, seen=seen),
    lambda: _("%(code)s is on sale."),
)
close_offer = _offer_action(
    get_offer_to_edit,
    lambda offer, user, seen: selling.close_offer(offer=offer, by=user, seen=seen),
    lambda: _("%(code)s is closed. What is left is back in its lot."),
)
