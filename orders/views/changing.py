"""“Change the order”, behind its secret link."""

import uuid
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.access import secret_link
from core.clock import db_now
from core.errors import Busy, DomainError
from core.idempotency import KEY_FIELD, KeyMissing, KeyReused, idempotent
from core.middleware import is_busy
from orders.access import get_order_by_token
from orders.change_form import ChangeForm
from orders.errors import CannotChange, TooFewToAdd
from orders.models import Order, OrderLine
from orders.services.changing import change_order, change_until
from orders.views.following import CHANGED, draw_order, kept_secret

RECOUNT = "recount"


@secret_link
@kept_secret
# No CSRF token: holders of the secret link may change it, with or without a session.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def change_own_order(request: HttpRequest, order_token: str) -> HttpResponse:
    order = get_order_by_token(order_token)
    form = form_of(order, request.POST if request.method == "POST" else None)
    try:
        if request.method != "POST":
            refuse_late(order)
            return draw(request, order, form)
        if RECOUNT in request.POST or form.is_choosing_province:
            refuse_late(order)
            form.errors.clear()
            return draw(request, order, form, status=422)
        return press(request, order)
    except DomainError as refusal:
        return draw_refusal(request, get_order_by_token(order_token), refusal)
    except OperationalError as fault:
        if not is_busy(fault):
            raise
        return draw_refusal(request, order, Busy())


def refuse_late(order: Order) -> None:
    until = change_until(order)
    if until is None or until <= db_now():
        raise CannotChange


@idempotent
def press(request: HttpRequest, order: Order) -> HttpResponse:
    Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    order = get_order_by_token(order.token)
    refuse_late(order)  # not before: what was saved in time is answered again at any time
    form = form_of(order, request.POST)
    if not form.is_valid():
        return draw(request, order, form, status=422)
    change_order(order=order, lines=form.quantities, **form.particulars)
    where = reverse("show-order", args=[order.token])
    return HttpResponseRedirect(f"{where}?{CHANGED}", status=303)


def form_of(order: Order, data: Any = None) -> ChangeForm:
    goods = (
        OrderLine.objects.filter(order=order)
        .select_related("offer__session", "order", "variant__product")
        .prefetch_related("variant__product__photos__picture")
    )
    return ChangeForm(data, order=order, lines=list(goods.order_by("live_code")))


def draw_refusal(request: HttpRequest, order: Order, refusal: DomainError) -> HttpResponse:
    """The form again with everything typed, and at each line how many can be had."""
    if isinstance(refusal, CannotChange):
        return draw_order(request, order, refusal=refusal)
    data = request.POST.copy()
    if isinstance(refusal, KeyMissing | KeyReused):
        data[KEY_FIELD] = str(uuid.uuid4())
    form = form_of(order, data)
    form.full_clean()
    if isinstance(refusal, TooFewToAdd):
        form.errors.clear()
        form.tell_short(refusal.details["lines"])
    response = draw(request, order, form, status=refusal.status, refusal=refusal)
    if isinstance(refusal, Busy):
        response["Retry-After"] = "1"
    return response


def draw(
    request: HttpRequest, order: Order, form: ChangeForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    rows = form.rows()
    fee_vnd = max(parcel.shipping_vnd for parcel in order.parcels.all())
    coops = {row.line.cooperative_id for row in rows if row.total_vnd}
    goods_vnd = sum(row.total_vnd for row in rows)
    context = {
        "order": order,
        "form": form,
        "rows": rows,
        "until": change_until(order),
        "fee_vnd": fee_vnd,
        "goods_vnd": goods_vnd,
        "shipping_vnd": fee_vnd * len(coops),
        "total_vnd": goods_vnd + fee_vnd * len(coops),
        **more,
    }
    return render(request, "orders/order_change.html", context, status=status)
