"""Before the session: who sells, what is lined up, what is still missing."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from coops.models import Cooperative
from core import access
from core.clock import db_now, db_today
from core.errors import DomainError
from core.idempotency import idempotent
from livestreams.access import (
    get_offer_to_edit,
    get_offer_to_show,
    get_session_to_host,
    get_session_to_prepare,
    get_slot_to_answer,
    get_slot_to_remove,
)
from livestreams.forms import OfferForm
from livestreams.models import LivestreamSession, Offer, Slot
from livestreams.presses import version_of
from livestreams.querysets import LEFT_ON_AIR_AFTER
from livestreams.readiness import checklist, why_not_openable
from livestreams.services import joining, lining_up, locks, running
from livestreams.views.answers import desk_of, done, refused
from products.models import Lot

FOUND_COOPS = 12
hosts = access.cooperative("manager", "host")
managers = access.cooperative("manager")
form_methods = require_http_methods(["GET", "HEAD", "POST"])


@hosts
@require_safe
@never_cache
def prepare_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """The line-up, the co-ops, the checklist; each co-op changes its own goods only."""
    session = get_session_to_prepare(request.user, session_id)
    return prepare_page(request, session)


def prepare_page(
    request: HttpRequest,
    session: LivestreamSession,
    *,
    refusal: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    user, today = request.user, db_today()
    seen = version_of(session)
    session.refresh_from_db(from_queryset=LivestreamSession.objects.for_cards())
    mine = set(Cooperative.objects.hosted_by(user).values_list("pk", flat=True))
    managed = set(Cooperative.objects.managed_by(user).values_list("pk", flat=True))
    offers = list(session.offers.for_cards().select_related("cooperative"))
    for offer in offers:
        offer.reason = "" if not offer.holds_no_stock else why_not_openable(offer, today)  # type: ignore[attr-defined]
        offer.is_mine = offer.cooperative_id in mine  # type: ignore[attr-defined]
    slots = list(session.slots.select_related("cooperative__commune__province"))
    q = request.GET.get("q", "").strip()[:80]
    context = {
        "session": session,
        "cooperative": desk_of(user, session),
        "is_host": session.cooperative_id in mine,
        "offers": offers,
        "slots": slots,
        "invitation": next(
            (s for s in slots if not s.joined_at and s.cooperative_id in managed), None
        ),
        "can_line_up": any(s.joined_at and s.cooperative_id in mine for s in slots),
        "checks": checklist(session, offers, db_now()),
        "q": q,
        "found": _coops_to_invite(q, slots) if q else None,
        "share_url": settings.SITE_URL + reverse("show-session", args=[session.pk]),
        "refusal": refusal,
        "seen": seen,
        **of_the_clock(session),
    }
    return render(request, "livestreams/session_prepare.html", context, status=status)


def of_the_clock(session: LivestreamSession) -> dict[str, Any]:
    """What the clock still allows and will do: take back a mistake, end what was left on air."""
    now = db_now()
    if session.is_live and session.went_live_at:
        planned = session.went_live_at + dt.timedelta(minutes=session.planned_minutes)
        return {
            "may_take_back": running.may_take_back_going_live(session),
            "ends_at": planned + LEFT_ON_AIR_AFTER,
            "is_overtime": now > planned,
        }
    ended_at = session.ended_at if session.state == session.State.ENDED else None
    return {"may_take_back": bool(ended_at and ended_at > now - running.TAKE_BACK)}


def _coops_to_invite(q: str, slots: list[Slot]) -> list[Cooperative]:
    there = [slot.cooperative_id for slot in slots]
    found = Cooperative.objects.public().matching(q).exclude(pk__in=there).in_order()
    return list(found.select_related("commune__province")[:FOUND_COOPS])


@hosts
@form_methods
@idempotent
def invite_cooperative(request: HttpRequest, session_id: int) -> HttpResponse:
    """POST `cooperative`, the slug of an approved co-op."""
    session = get_session_to_host(request.user, session_id)
    if request.method != "POST":
        return redirect("prepare-session", session.pk)
    slug = request.POST.get("cooperative", "").replace("\0", "")
    cooperative = get_object_or_404(Cooperative.objects.public(), slug=slug)
    try:
        joining.invite_cooperative(session=session, cooperative=cooperative)
    except DomainError as refusal:
        return refused(request, refusal, lambda **how: prepare_page(request, session, **how))
    words = _("%(name)s is invited. Its manager accepts under “Sessions”.")
    return done(request, words % {"name": cooperative.name}, "prepare-session", session.pk)


@managers
@form_methods
@idempotent
def join_session(request: HttpRequest, slot_id: int) -> HttpResponse:
    slot = get_slot_to_answer(request.user, slot_id)
    session = slot.session
    if request.method != "POST":
        return redirect("prepare-session", session.pk)
    try:
        joining.join_session(slot=slot)
    except DomainError as refusal:
        return refused(request, refusal, lambda **how: prepare_page(request, session, **how))
    words = _("You are in. Now line up what your co-op sells.")
    return done(request, words, "prepare-session", session.pk)


@hosts
@form_methods
@idempotent
def leave_session(request: HttpRequest, slot_id: int) -> HttpResponse:
    """POST takes a place away: declined, left, or withdrawn by the session's host."""
    slot = get_slot_to_remove(request.user, slot_id)
    session = slot.session
    if request.method != "POST":
        return redirect("prepare-session", session.pk)
    desk = desk_of(request.user, session)
    try:
        joining.leave_session(slot=slot)
    except DomainError as refusal:
        return refused(request, refusal, lambda **how: prepare_page(request, session, **how))
    words = _("%(name)s is no longer in the session.") % {"name": slot.cooperative.name}
    if desk.pk == session.cooperative_id:
        return done(request, words, "prepare-session", session.pk)
    return done(request, words, "list-my-sessions", desk.slug)


@hosts
@form_methods
@never_cache
@idempotent
def line_up_offer(request: HttpRequest, session_id: int) -> HttpResponse:
    """GET lists own lots with stock; with `lo` (or POST) asks for price and number of that lot."""
    session = get_session_to_prepare(request.user, session_id)
    if session.is_over:
        return redirect("prepare-session", session.pk)
    lots = _own_lots(request.user, session)
    desk = {"session": session, "cooperative": desk_of(request.user, session)}
    chosen = request.POST.get("lo") or request.GET.get("lo")
    if not chosen:
        context = {
            **desk,
            "lots": _with_codes(lots.good().filter(quantity_available__gt=0), session),
        }
        return render(request, "livestreams/offer_lots.html", context)
    lot = get_object_or_404(lots, pk=chosen) if chosen.isdecimal() and len(chosen) < 12 else None
    if lot is None:
        raise Http404
    form = OfferForm(
        request.POST or None,
        initial=_usual(lot),
        shows_row=False,
        usual_vnd=lot.variant.price_vnd,
    )
    if request.method == "POST" and form.is_valid():
        try:
            offer = lining_up.line_up_offer(
                session=session,
                cooperative=lot.variant.product.cooperative,
                lot=lot,
                **form.cleaned_data,
            )
        except DomainError as refusal:
            form.add_error(refusal.field, refusal.message)
        else:
            words = _("%(code)s is lined up.") % {"code": offer.live_code}
            return done(request, words, "prepare-session", session.pk)
    status = 422 if request.method == "POST" else 200
    context = {**desk, "lot": lot, "form": form}
    return render(request, "livestreams/offer_form.html", context, status=status)


def _own_lots(user: Any, session: LivestreamSession) -> Any:
    """Lots that `user` may line up: packs on sale of co-ops that have joined."""
    coops = Slot.objects.filled_by(user).filter(session=session).values("cooperative_id")
    lots = Lot.objects.filter(variant__is_active=True, variant__product__cooperative__in=coops)
    return (
        lots.select_related("variant__product__cooperative")
        .prefetch_related("variant__product__photos__picture")
        .order_by("variant__product__sort_key", "variant_id", "harvested_on", "pk")
    )


def _with_codes(lots: Any, session: LivestreamSession) -> list[Lot]:
    """`lots`, each with the `live_codes` under which the session offers it already."""
    codes: dict[int, list[str]] = {}
    for lot_id, code in session.offers.order_by("live_code").values_list("lot_id", "live_code"):
        codes.setdefault(lot_id, []).append(code)
    found = list(lots)
    for lot in found:
        lot.live_codes = codes.get(lot.pk, [])
    return found


def _usual(lot: Lot) -> dict[str, Any]:
    return {"unit_price_vnd": lot.variant.price_vnd, "quantity_offered": lot.quantity_available}


@hosts
@form_methods
@never_cache
@idempotent
def edit_offer(request: HttpRequest, offer_id: int) -> HttpResponse:
    offer = get_offer_to_edit(request.user, offer_id)
    session = offer.session
    stands = offer
    if request.method == "POST":
        session, stands = locks.lock_session(session.pk), locks.lock_offer(offer.pk)
    if session.is_over or stands.state == Offer.State.CLOSED:
        return redirect("prepare-session", session.pk)
    form = OfferForm(
        request.POST or None,
        initial=OfferForm.values_of(stands),
        usual_vnd=stands.lot.variant.price_vnd,
    )
    if request.method == "POST" and form.is_valid():
        try:
            lining_up.edit_offer(offer=stands, by=request.user, **form.changes)
        except DomainError as refusal:
            form.add_error(refusal.field, refusal.message)
        else:
            words = _("%(code)s is changed. Earlier orders keep their price.")
            words %= {"code": offer.live_code}
            return done(request, words, "prepare-session", session.pk)
    status = 422 if request.method == "POST" else 200
    desk = desk_of(request.user, session)
    context = {
        "session": session, "cooperative": desk, "offer": offer, "lot": offer.lot, "form": form,
    }  # fmt: skip
    return render(request, "livestreams/offer_form.html", context, status=status)


@hosts
@form_methods
@idempotent
def move_offer(request: HttpRequest, offer_id: int) -> HttpResponse:
    """POST `towards` up or down; the session's host decides the order of selling."""
    offer = get_offer_to_show(request.user, offer_id)
    if request.method == "POST":
        try:
            lining_up.move_offer(offer=offer, up=request.POST.get("towards") == "up")
        except DomainError as refusal:
            return refused(
                request, refusal, lambda **how: prepare_page(request, offer.session, **how)
            )
    where = reverse("prepare-session", args=[offer.session_id])
    return redirect(f"{where}#offer-{offer.pk}")


@hosts
@form_methods
@idempotent
def remove_offer(request: HttpRequest, offer_id: int) -> HttpResponse:
    offer = get_offer_to_edit(request.user, offer_id)
    session = offer.session
    if request.method != "POST":
        return redirect("prepare-session", session.pk)
    try:
        lining_up.remove_offer(offer=offer)
    except DomainError as refusal:
        return refused(request, refusal, lambda **how: prepare_page(request, session, **how))
    words = _("%(code)s is taken off the list.") % {"code": offer.live_code}
    return done(request, words, "prepare-session", session.pk)
