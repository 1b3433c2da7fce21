"""A co-op's sessions: list, schedule, change, announce, call off."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from coops.models import Cooperative
from core import access
from core.errors import DomainError
from core.idempotency import idempotent
from core.paging import near_page
from core.pictures import pictures_first
from livestreams.access import get_cooperative_to_host, get_session_to_host
from livestreams.forms import SessionForm
from livestreams.models import LivestreamSession, Slot
from livestreams.services import locks, scheduling
from livestreams.views.answers import done, refused
from livestreams.views.preparing import prepare_page

ON_A_PAGE = 20
hosts = access.cooperative("manager", "host")
form_methods = require_http_methods(["GET", "HEAD", "POST"])


@hosts
@require_safe
@never_cache
def list_my_sessions(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Held and joined sessions: on air, coming and drafts first, then past ones."""
    cooperative = get_cooperative_to_host(request.user, cooperative_slug)
    mine = LivestreamSession.objects.of_cooperatives([cooperative]).for_cards()
    states = LivestreamSession.State
    context = {
        "cooperative": cooperative,
        "invitations": Slot.objects.answerable_by(request.user)
        .waiting()
        .filter(cooperative=cooperative)
        .select_related("session__cooperative", "cooperative"),
        "ahead": mine.filter(state__in=[states.LIVE, states.SCHEDULED, states.DRAFT]).order_by(
            "starts_at"
        ),
        "past": near_page(
            request,
            mine.filter(state__in=[states.ENDED, states.CANCELLED]).order_by("-starts_at"),
            ON_A_PAGE,
        ),
    }
    return render(request, "livestreams/my_sessions.html", context)


def usual_fee_of(cooperative: Cooperative) -> int | None:
    """The delivery fee of the co-op's last session; the first time it must be stated."""
    fees = cooperative.sessions.order_by("-pk").values_list("shipping_fee_vnd", flat=True)
    return fees.first()


@hosts
@form_methods
@never_cache
@pictures_first
@idempotent
def schedule_session(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """POST `keep` draft or announced; a co-op under review can only keep drafts."""
    cooperative = get_cooperative_to_host(request.user, cooperative_slug)
    initial = {"shipping_fee_vnd": usual_fee_of(cooperative), "planned_minutes": 120}
    form = SessionForm(
        request.POST or None, request.FILES or None, initial=initial, shows_row=False
    )
    session = None
    if request.method == "POST":
        session = _saved(
            form,
            lambda fields: scheduling.schedule_session(
                cooperative=cooperative,
                is_draft=request.POST.get("keep") == "draft",
                by=request.user,
                **fields,
            ),
        )
    if session is None:
        context = {"cooperative": cooperative, "form": form}
        status = 422 if request.method == "POST" else 200
        return render(request, "livestreams/session_form.html", context, status=status)
    words = _("The session is kept. Now line up what will be sold.")
    return done(request, words, "prepare-session", session.pk)


@hosts
@form_methods
@never_cache
@pictures_first
@idempotent
def edit_session(request: HttpRequest, session_id: int) -> HttpResponse:
    session = get_session_to_host(request.user, session_id)
    if request.method == "POST":
        session = locks.lock_session(session.pk)
    if session.is_over:
        return redirect("prepare-session", session.pk)
    form = SessionForm(
        request.POST or None,
        request.FILES or None,
        is_live=session.is_live,
        initial=SessionForm.values_of(session),
    )
    saved = None
    if request.method == "POST":
        saved = _saved(
            form,
            lambda _fields: scheduling.edit_session(session=session, **form.changes),
        )
    if saved is None:
        context = {"cooperative": session.cooperative, "session": session, "form": form}
        status = 422 if request.method == "POST" else 200
        return render(request, "livestreams/session_form.html", context, status=status)
    return done(request, _("Changed. Buyers see it at once."), "prepare-session", saved.pk)


def _saved(form: SessionForm, save: Any) -> LivestreamSession | None:
    """The session `save` made of the form's fields; None with the reason at the form."""
    if not form.is_valid():
        return None
    try:
        return save(dict(form.cleaned_data))
    except DomainError as refusal:
        form.add_error(refusal.field, refusal.message)
    return None


@hosts
@form_methods
@idempotent
def announce_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """POST shows a draft to everyone."""
    session = get_session_to_host(request.user, session_id)
    if request.method != "POST":
        return redirect("prepare-session", session.pk)
    try:
        scheduling.announce_session(session=session)
    except DomainError as refusal:
        return refused(request, refusal, lambda **how: prepare_page(request, session, **how))
    words = _("Announced. Buyers see the session on the market's front page.")
    return done(request, words, "prepare-session", session.pk)


@hosts
@form_methods
@never_cache
@idempotent
def cancel_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """GET asks once more; POST calls the session off."""
    session = get_session_to_host(request.user, session_id)
    if request.method != "POST":
        if session.is_over or session.is_live:
            return redirect("prepare-session", session.pk)
        context = {"session": session, "cooperative": session.cooperative}
        return render(request, "livestreams/session_cancel.html", context)
    try:
        scheduling.cancel_session(session=session)
    except DomainError as refusal:
        return refused(request, refusal, lambda **how: prepare_page(request, session, **how))
    return done(
        request, _("The session is called off."), "list-my-sessions", session.cooperative.slug
    )
