"""The line for what is sold out: joining it, one's own place behind a secret link, taking a turn."""

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import sms
from accounts.errors import CodesNotSetUp
from core.access import public, secret_link
from core.addresses import client_address
from core.busy import wants_json
from core.clock import db_now
from core.errors import Busy, DomainError
from core.idempotency import KEY_FIELD, KeyMissing, KeyReused, StillRunning, idempotent
from core.middleware import is_busy
from livestreams.models import Offer
from orders.access import get_entry_by_token, get_offer_to_wait_for, get_order_by_token
from orders.errors import CodeNeeded, NotSoldOut, PlacesTaken
from orders.forms import StandbyForm, read_vnd, seen_in
from orders.models import StandbyEntry
from orders.services import weighing
from orders.services.standing_by import join_line, leave_line, take_held_order
from orders.views.following import kept_secret, press, press_on_order
from orders.views.proving import code_context, prove_if_shown
from orders.views.refusing import PRESS_AGAIN_S, phone_typed
from orders.waiting import Stage, quantity_held, standing


@public
@cache_control(private=True, no_cache=True)  # not no-store: a form left for a moment comes back
@csrf_exempt  # as ordering: it needs no session, so a forged form could do nothing of interest
@require_http_methods(["GET", "HEAD", "POST"])
def join_standby(request: HttpRequest, session_id: int, offer_id: int) -> HttpResponse:
    offer = get_offer_to_wait_for(session_id, offer_id)
    if request.method != "POST":
        return invite(request, offer)
    form = StandbyForm(request.POST, session=offer.session, offer=offer)
    if form.is_choosing_province or not form.is_valid():
        if form.is_choosing_province:
            form.errors.clear()
        return draw(request, offer, form, status=422)
    try:
        may_join(request, session_id, form.cleaned_data["buyer_phone"])
        return join(request, offer, form)
    except DomainError as refusal:
        return draw_refusal(request, offer, refusal)
    except OperationalError as fault:
        if not is_busy(fault):
            raise
        return draw_refusal(request, offer, Busy())


def may_join(request: HttpRequest, session_id: int, phone: str) -> None:
    """Raises TooManyTries, CodeNeeded once the code is on its way, or WrongCode."""
    client_ip = client_address(request)
    weighing.count_joining(phone=phone, client_ip=client_ip)
    prove_if_shown(request, request.POST, phone)
    try:
        weighing.weigh(
            session_id=session_id, phone=phone, client_ip=client_ip, units=1, what=weighing.PLACES
        )
    except CodeNeeded:
        if not is_from_script(request):
            try:
                weighing.send_code(phone=phone, client_ip=client_ip)
            except CodesNotSetUp:
                raise PlacesTaken from None
        raise


def is_from_script(request: HttpRequest) -> bool:
    return wants_json(request.path, request.headers.get("Accept", ""))


def invite(request: HttpRequest, offer: Offer) -> HttpResponse:
    """The empty form; while there are units, a redirect to the order page."""
    if _can_order(offer):
        address = reverse("place-order", args=[offer.session_id])
        return HttpResponseRedirect(f"{address}?suat={offer.pk}")
    return draw(request, offer, StandbyForm(session=offer.session, offer=offer))


@idempotent
def join(request: HttpRequest, offer: Offer, form: StandbyForm) -> HttpResponse:
    typed = form.cleaned_data
    entry = join_line(
        offer=offer,
        quantity=form.quantity,
        buyer_name=typed["buyer_name"],
        buyer_phone=typed["buyer_phone"],
        commune=typed["commune"],
        address_line=typed["address_line"],
        note=typed["note"],
        payment_method=typed["payment_method"],
        language=request.LANGUAGE_CODE,
        seen=seen_in(request.POST, form.lines),
    )
    return HttpResponseRedirect(reverse("show-standby", args=[entry.token]), status=303)


def draw_refusal(request: HttpRequest, offer: Offer, refusal: DomainError) -> HttpResponse:
    """The form again with everything typed, with the current offer."""
    fresh = get_offer_to_wait_for(offer.session_id, offer.pk)
    data = request.POST.copy()
    if isinstance(refusal, KeyMissing | KeyReused | NotSoldOut):
        data[KEY_FIELD] = str(uuid.uuid4())
    form = StandbyForm(data, session=fresh.session, offer=fresh)
    form.errors.clear()
    asked = code_context(refusal, phone_typed(data))
    response = draw(request, fresh, form, status=refusal.status, refusal=refusal, **asked)
    if isinstance(refusal, Busy | StillRunning):
        response["Retry-After"] = PRESS_AGAIN_S
    return response


def draw(
    request: HttpRequest, offer: Offer, form: StandbyForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "session": offer.session,
        "offer": offer,
        "form": form,
        "can_order": _can_order(offer),
        "can_join": _can_join(offer),
        "order_url": reverse("place-order", args=[offer.session_id]),
        "hold_minutes": settings.PAYMENT_WINDOW_MINUTES,
        "sends_messages": sms.is_set_up(),
        **more,
    }
    return render(request, "orders/standby_form.html", context, status=status)


@secret_link
@kept_secret
@require_safe
def show_standby(request: HttpRequest, entry_token: str) -> HttpResponse:
    return draw_entry(request, get_entry_by_token(entry_token))


def draw_entry(request: HttpRequest, entry: StandbyEntry, **more: Any) -> HttpResponse:
    now = db_now()
    stands = standing(entry, now)
    context = {
        "entry": entry,
        "offer": entry.offer,
        "session": entry.offer.session,
        "order": entry.order,
        "given": quantity_held(entry),
        "rose_from_vnd": rose_from(entry),
        "version": version_of(stands),
        "can_join_again": stands["stage"] in {Stage.OVER, Stage.LEFT} and _can_join(entry.offer),
        "can_order": stands["stage"] in {Stage.OVER, Stage.LEFT} and _can_order(entry.offer),
        "hold_minutes": settings.PAYMENT_WINDOW_MINUTES,
        "sends_messages": sms.is_set_up(),
        "share_url": f"{settings.SITE_URL}{reverse('show-standby', args=[entry.token])}",
        **stands,
        **more,
    }
    status = more["refusal"].status if "refusal" in more else 200
    return render(request, "orders/standby.html", context, status=status)


def rose_from(entry: StandbyEntry) -> int | None:
    """What the units held were to cost when the buyer joined, where that was less."""
    seen_vnd = entry.seen_vnd(quantity_held(entry))
    return seen_vnd if entry.order and entry.order.amount_vnd > seen_vnd else None


def _can_order(offer: Offer) -> bool:
    return offer.session.is_live and offer.is_orderable


def _can_join(offer: Offer) -> bool:
    return offer.session.is_live and offer.has_line


@secret_link
@kept_secret
@require_safe
def show_standby_state(request: HttpRequest, entry_token: str) -> HttpResponse:
    """What may change on the page, small: for a page that stays open."""
    stands = standing(get_entry_by_token(entry_token, for_page=False), db_now())
    return JsonResponse({"version": version_of(stands), **stands})


def version_of(stands: Mapping[str, Any]) -> str:
    """Changes when the page must be rendered again; a new place in line is only written in."""
    return str(stands["stage"])


@secret_link
@kept_secret
@csrf_exempt  # holders of the secret link may leave the line, with or without a session
@require_POST
def leave_standby(request: HttpRequest, entry_token: str) -> HttpResponse:
    entry = get_entry_by_token(entry_token)
    return press(
        request,
        partial(leave_line, entry=entry),
        page=reverse("show-standby", args=[entry.token]),
        draw=lambda **more: draw_entry(request, get_entry_by_token(entry.token), **more),
    )


@secret_link
@kept_secret
@csrf_exempt  # as cancelling one's own order
@require_POST
def take_order(request: HttpRequest, order_token: str) -> HttpResponse:
    order = get_order_by_token(order_token)
    # Without the sum (a page of an older day) the one seen when joining counts
    seen_vnd = read_vnd(request.POST.get("seen_vnd"))
    return press_on_order(request, order, partial(take_held_order, order=order, seen_vnd=seen_vnd))
