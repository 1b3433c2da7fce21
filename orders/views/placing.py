"""The order page: what, how many, to whom, how paid; one press, one order."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import OperationalError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.access import public
from core.errors import Busy, DomainError
from core.idempotency import KEY_FIELD, KeyMissing, KeyReused, StillRunning, idempotent
from core.middleware import is_busy
from livestreams.models import LivestreamSession, Offer
from orders.access import get_session_to_order
from orders.errors import OrderRefused
from orders.forms import QUANTITY, OrderForm, asked_quantities
from orders.services.placing import place_order

MAX_IN_ADDRESS = 20
RECOUNT = "recount"  # the button that only adds up again, for readers without script
PRESS_AGAIN_S = "1"


@public
@cache_control(private=True, no_cache=True)  # not no-store: a form left for a moment comes back
# No token against forgery: an order needs no session, so a forged form could do nothing that its
# author could not do from his own browser. Pressing twice is the idempotency key's matter.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def order_offers(request: HttpRequest, session_id: int) -> HttpResponse:
    session = get_session_to_order(session_id)
    if request.method != "POST":
        return draw(request, session, order_form(session, None, tapped(request.GET)))
    form = order_form(session, request.POST)
    if RECOUNT in request.POST or form.is_choosing_province:
        form.errors.clear()
        return draw(request, session, form, status=422)
    try:
        return press(request, session, form)
    except DomainError as refusal:
        return draw_refusal(request, session, refusal)
    except OperationalError as fault:
        if not is_busy(fault):
            raise
        return draw_refusal(request, session, Busy())


@idempotent
def press(request: HttpRequest, session: LivestreamSession, form: OrderForm) -> HttpResponse:
    if not form.is_valid():
        return draw(request, session, form, status=422)
    typed = form.cleaned_data
    order = place_order(
        session=session,
        lines=form.lines,
        buyer_name=typed["buyer_name"],
        buyer_phone=typed["buyer_phone"],
        commune=typed["commune"],
        address_line=typed["address_line"],
        note=typed["note"],
        payment_method=typed["payment_method"],
        language=request.LANGUAGE_CODE,
    )
    return HttpResponseRedirect(reverse("show-order", args=[order.token]), status=303)


def tapped(query: QueryDict) -> dict[int, int]:
    """Offers named in the address by `suat`, each once: where the buyer comes from."""
    numbers = query.getlist("suat")[:MAX_IN_ADDRESS]
    return {int(n): 1 for n in numbers if n.isascii() and n.isdecimal() and len(n) < 15}


def order_form(
    session: LivestreamSession,
    data: Mapping[str, Any] | None,
    chosen: dict[int, int] | None = None,
) -> OrderForm:
    """The form with every offer on sale and those asked for, whatever became of them."""
    asked = asked_quantities(data.items()) if data is not None else {}
    wanted = chosen if chosen is not None else {k: n for k, n in asked.items() if n}
    offers = list(
        session.offers.filter(Q(state=Offer.State.OPEN) | Q(pk__in=wanted))
        .for_cards()
        .order_by("position", "pk")
    )
    possible = {o.pk: 1 for o in offers if o.pk in wanted and o.is_orderable}
    initial = possible if data is None else wanted
    return OrderForm(data, session=session, offers=offers, chosen=initial)


def draw_refusal(
    request: HttpRequest, session: LivestreamSession, refusal: DomainError
) -> HttpResponse:
    """The form again with everything typed, as things stand now, and with the rest filled in."""
    session.refresh_from_db(fields=["state"])
    data = request.POST.copy()
    if isinstance(refusal, KeyMissing | KeyReused):
        data[KEY_FIELD] = str(uuid.uuid4())
    lines = refusal.details.get("lines", []) if isinstance(refusal, OrderRefused) else []
    for line in lines:
        data[f"{QUANTITY}{line['offer_id']}"] = str(line["possible"])
    asked = {line["offer_id"]: line["possible"] for line in lines}
    form = order_form(session, data, asked or None)
    form.errors.clear()
    response = draw(
        request,
        session,
        form,
        status=refusal.status,
        refusal=refusal,
        short=[line for line in lines if line["problem"]],
        has_rest=any(line["possible"] for line in lines),
        was_sent_before=isinstance(refusal, KeyReused),
    )
    if isinstance(refusal, Busy | StillRunning):
        response["Retry-After"] = PRESS_AGAIN_S
    return response


def draw(
    request: HttpRequest,
    session: LivestreamSession,
    form: OrderForm,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    rows = form.rows()
    coops = {row.offer.cooperative_id for row in rows if row.quantity}
    goods_vnd = sum(row.total_vnd for row in rows)
    shipping_vnd = session.shipping_fee_vnd * len(coops)
    context = {
        "session": session,
        "form": form,
        "chosen": [row for row in rows if row.is_chosen],
        "others": [row for row in rows if not row.is_chosen and row.offer.is_orderable],
        "gone": [row.offer for row in rows if row.offer.has_line and not row.is_chosen],
        "can_order": session.is_live and any(row.offer.is_orderable for row in rows),
        "goods_vnd": goods_vnd,
        "shipping_vnd": shipping_vnd,
        "total_vnd": goods_vnd + shipping_vnd,
        "parcel_count": len(coops),
        **more,
    }
    return render(request, "orders/order_form.html", context, status=status)
