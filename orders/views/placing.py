"""The order page: what, how many, to whom, how paid; one press, one order."""

import functools
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.access import public
from core.busy import wants_json
from core.errors import DomainError
from core.idempotency import KEY_FIELD, KeyMissing, KeyReused, record_of
from livestreams.models import LivestreamSession, Offer
from orders.access import get_session_to_order
from orders.errors import FormNotRight, LimitReached, OrderRefused
from orders.forms import QUANTITY, OrderForm, asked_quantities, plain_buyer, plain_lines
from orders.services.placing import LIMIT, Buyer, place

MAX_IN_ADDRESS = 20
RECOUNT = "recount"  # the button that only adds up again, for readers without script
CHOOSE_PROVINCE = "commune_show"  # the button of CommuneField that lists a province's communes
PRESS_AGAIN_S = "1"


@public
@cache_control(private=True, no_cache=True)  # not no-store: a form left for a moment comes back
# No token against forgery: an order needs no session, so a forged form could do nothing that its
# author could not do from his own browser. Pressing twice is the idempotency key's matter.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def order_offers(request: HttpRequest, session_id: int) -> HttpResponse:
    if request.method != "POST":
        session = get_session_to_order(session_id)
        return draw(request, session, order_form(session, None, tapped(request.GET)))
    try:
        answer = None if is_asking_back(request) else press(request, session_id)
    except DomainError as refusal:
        if is_from_script(request):
            return tell_refusal(session_id, refusal)
        return draw_refusal(request, get_session_to_order(session_id), refusal)
    if answer is None and is_from_script(request):
        refusal = FormNotRight()
        return JsonResponse(refusal.as_dict(), status=refusal.status)
    return answer or draw_errors(request, get_session_to_order(session_id))


def press(request: HttpRequest, session_id: int) -> HttpResponse | None:
    """Place the order if the form is plainly right; None when a field needs a word about it.

    The short way from a tap to an order: nothing is read but what was sent, and the database is
    asked once.
    """
    kept = record_of(request)
    typed = request.POST
    given, lines = plain_buyer(typed), plain_lines(typed.items())
    if not given or not lines:
        return None
    buyer = Buyer(
        buyer_name=given["buyer_name"],
        buyer_phone=given["buyer_phone"],
        commune_id=given["commune"].pk,
        address_line=given["address_line"],
        note=given["note"],
        payment_method=given["payment_method"],
        language=str(request.LANGUAGE_CODE),
    )
    answer = place(session_id=session_id, lines=lines, buyer=buyer, kept=kept)
    address = reverse("show-order", args=[answer["token"]])
    if is_from_script(request):
        return JsonResponse({"page": address}, status=201)
    return HttpResponseRedirect(address, status=303)


def is_from_script(request: HttpRequest) -> bool:
    """Whether the page's script asks, which goes to the order's page itself."""
    return wants_json(request.path, request.headers.get("Accept", ""))


def is_asking_back(request: HttpRequest) -> bool:
    """Whether a button was pressed that orders nothing: to add up, or for a province's communes."""
    return RECOUNT in request.POST or CHOOSE_PROVINCE in request.POST


def draw_errors(request: HttpRequest, session: LivestreamSession) -> HttpResponse:
    """The form with a word at each field that needs one; or only added up, if that was asked."""
    form = order_form(session, request.POST)
    if is_asking_back(request):
        form.errors.clear()
    return draw(request, session, form, status=422)


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
    lines, asked, has_rest = what_is_left(refusal)
    data = request.POST.copy()
    if isinstance(refusal, LimitReached) and not order_form(session, data).is_valid():
        return draw_errors(request, session)  # more than anybody may have: said at the number
    if isinstance(refusal, KeyMissing | KeyReused):
        data[KEY_FIELD] = str(uuid.uuid4())
    for offer_id, quantity in asked.items():
        data[f"{QUANTITY}{offer_id}"] = str(quantity)
    form = order_form(session, data, asked or None)
    form.errors.clear()
    response = draw(
        request,
        session,
        form,
        status=refusal.status,
        refusal=refusal,
        short=[line for line in lines if line["problem"]],
        has_rest=has_rest,
        was_sent_before=isinstance(refusal, KeyReused),
    )
    if refusal.retry_after_s:
        response["Retry-After"] = PRESS_AGAIN_S
    return response


def what_is_left(refusal: DomainError) -> tuple[list[dict[str, Any]], dict[int, int], bool]:
    """Every line asked for; the numbers to ask for next, by offer id; whether any can be had now."""
    lines = refusal.details.get("lines", []) if isinstance(refusal, OrderRefused) else []
    has_rest = any(line["possible"] for line in lines)
    # Over the limit alone, what was typed stays: how much less may be had is not told
    kept = {line["offer_id"] for line in lines if line["problem"] == LIMIT and not has_rest}
    asked = {
        line["offer_id"]: line["quantity"] if line["offer_id"] in kept else line["possible"]
        for line in lines
    }
    return lines, asked, has_rest


def tell_refusal(session_id: int, refusal: DomainError) -> JsonResponse:
    """A refusal for the page's script, with a notice where nothing else of the page changes but the
    numbers asked for: when the last unit goes, hundreds are told so within a second.
    """
    lines, asked, has_rest = what_is_left(refusal)
    told = refusal.as_dict()
    if asked and not has_rest:
        told |= {"notice": notice_of(session_id, refusal, lines), "quantities": asked}
    else:
        get_session_to_order(session_id)  # one that nobody may see is missing
    wait = {"Retry-After": PRESS_AGAIN_S} if refusal.retry_after_s else None
    return JsonResponse(told, status=refusal.status, headers=wait)


def notice_of(session_id: int, refusal: DomainError, lines: list[dict[str, Any]]) -> str:
    """Drawn once a second for all who asked for the same: it says nothing of who asks."""
    told = {"code": refusal.code, "message": str(refusal.message)}
    return drawn_notice(
        json.dumps([session_id, told, lines]), str(get_language()), int(time.monotonic())
    )


@functools.lru_cache(maxsize=64)
def drawn_notice(of_all: str, _language: str, _second: int) -> str:
    session_id, told, lines = json.loads(of_all)
    session = get_session_to_order(session_id)
    context = {
        "refusal": told,
        "session": session,
        "short": [line for line in lines if line["problem"]],
        "chosen": lines,
        "can_order": session.offers.orderable().exists(),
    }
    return render_to_string("orders/_refused.html", context)


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
