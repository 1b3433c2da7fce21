"""An order that was refused: the page again, or a word for the page's script."""

import functools
import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language

from core.errors import DomainError
from core.idempotency import KEY_FIELD, KeyMissing, KeyReused
from core.phones import normalize_phone
from core.refusals import InputRefused
from livestreams.models import LivestreamSession
from orders.access import get_session_to_order
from orders.errors import CodeNeeded, LimitReached, OrderRefused, TotalRose
from orders.forms import PRICE, QUANTITY, OrderForm, read_vnd
from orders.services.placing import LIMIT
from orders.views.order_page import draw, draw_errors, order_form, this_second
from orders.views.proving import code_context

PRESS_AGAIN_S = "1"


def draw_refusal(
    request: HttpRequest, session: LivestreamSession, refusal: DomainError
) -> HttpResponse:
    """The form again with everything typed, with current offers and the remaining quantities."""
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
        rose=risen(form, refusal) if isinstance(refusal, TotalRose) else None,
        was_sent_before=isinstance(refusal, KeyReused),
        **code_context(refusal, phone_typed(data)),
    )
    if refusal.retry_after_s:
        response["Retry-After"] = PRESS_AGAIN_S
    return response


def risen(form: OrderForm, refusal: TotalRose) -> dict[str, Any]:
    """What became dearer since the page that was sent, for `_rose.html`."""
    rows = [row for row in form.rows() if row.quantity]
    seen = {row.offer.pk: read_vnd(form.data.get(f"{PRICE}{row.offer.pk}")) for row in rows}
    return {
        "rows": [
            {"row": row, "was_vnd": seen[row.offer.pk]}
            for row in rows
            if seen[row.offer.pk] != row.offer.unit_price_vnd
        ],
        "expected_vnd": refusal.details["expected_total_vnd"],
    }


def phone_typed(typed: Mapping[str, Any]) -> str:
    try:
        return normalize_phone(str(typed.get("buyer_phone", "")))
    except InputRefused:
        return ""


def what_is_left(refusal: DomainError) -> tuple[list[dict[str, Any]], dict[int, int], bool]:
    """Every line asked for; the numbers to ask for next, by offer id; whether any can be had now."""
    lines = refusal.details.get("lines", []) if isinstance(refusal, OrderRefused) else []
    has_rest = any(line["problem"] for line in lines) and any(line["possible"] for line in lines)
    # Over the limit alone, what was typed stays: how much less may be ordered is not revealed
    kept = {line["offer_id"] for line in lines if line["problem"] == LIMIT and not has_rest}
    asked = {
        line["offer_id"]: line["quantity"] if line["offer_id"] in kept else line["possible"]
        for line in lines
    }
    return lines, asked, has_rest


def tell_refusal(session_id: int, refusal: DomainError) -> JsonResponse:
    """A refusal for the page's script, with a notice where nothing else of the page changes but the
    requested quantities: when the last unit is sold, hundreds get this answer within a second.
    """
    lines, asked, has_rest = what_is_left(refusal)
    told = refusal.as_dict()
    if asked and not has_rest and not isinstance(refusal, TotalRose | CodeNeeded):
        told |= {"notice": notice_of(session_id, refusal, lines), "quantities": asked}
    else:
        get_session_to_order(session_id)  # one that nobody may see is missing
    wait = {"Retry-After": PRESS_AGAIN_S} if refusal.retry_after_s else None
    return JsonResponse(told, status=refusal.status, headers=wait)


def notice_of(session_id: int, refusal: DomainError, lines: list[dict[str, Any]]) -> str:
    """Rendered once a second for all equal requests: it holds nothing personal."""
    told = {"code": refusal.code, "message": str(refusal.message)}
    return drawn_notice(json.dumps([session_id, told, lines]), str(get_language()), this_second())


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
