"""The session's orders for those who run it: money seen, orders called off, figures."""

from typing import Any

from django.contrib import messages
from django.db.models import F, Prefetch, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.access import cooperative
from core.clock import db_now
from core.errors import DomainError
from core.idempotency import idempotent
from core.paging import near_page
from livestreams.models import LivestreamSession
from orders.access import get_order_to_host, get_session_to_follow
from orders.figures import own_cooperatives, session_figures
from orders.forms import CancelReasonForm
from orders.models import Order, OrderLine, Parcel
from orders.querysets import ON_HOLD_STATES, SAID_PAID
from orders.services import cancelling, paying
from orders.services.searching import note_phone_search
from orders.views.crowd import crowd_context
from orders.views.packing import private

HOSTS = ("manager", "host")
ON_A_PAGE = 50
TABS = {
    "tat-ca": Q(),
    "cho-tien": Q(state__in=ON_HOLD_STATES) | SAID_PAID,
    "da-nhan": Q(state=Order.State.CONFIRMED),
    "da-huy": Q(state__in=[Order.State.CANCELLED, Order.State.RELEASED]),
}


@cooperative(*HOSTS)
@require_safe
def list_session_orders(request: HttpRequest, session_id: int) -> HttpResponse:
    session = get_session_to_follow(request.user, session_id)
    return draw_orders(request, session)


def draw_orders(
    request: HttpRequest, session: LivestreamSession, *, status: int = 200, **more: Any
) -> HttpResponse:
    mine = own_cooperatives(request.user, session)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "tat-ca"
    words = request.GET.get("q", "").strip()[:80]
    orders = visible_orders(session, mine).filter(TABS[tab])
    if words:
        note_phone_search(words=words, user=request.user)
        orders = orders.matching_of_session(words)
    latest = ["-placed_at", "-pk"]
    if tab == "cho-tien":  # transfers reported by the buyer come first
        latest.insert(0, F("buyer_paid_at").asc(nulls_last=True))  # type: ignore[arg-type]
    page = near_page(request, orders.order_by(*latest), ON_A_PAGE)
    labels = [_("All"), _("Waiting for money"), _("Taken"), _("Called off")]
    figures = session_figures(session, mine)
    context = {
        "session": session,
        "cooperative": session.cooperative,
        "is_holder": mine is None,
        "page": page,
        "tab": tab,
        "tabs": list(zip(TABS, labels, strict=True)),
        "q": words,
        "figures": figures,
        "reason_form": CancelReasonForm(),
        "now": db_now(),
        "waiting": figures["money"],
        **(crowd_context(session, request.user) if mine is None else {}),
        **more,
    }
    response = render(request, "orders/session_orders.html", context, status=status)
    return private(response)


def visible_orders(session: LivestreamSession, mine: Any) -> Any:
    """Orders of the session with the parcels the reader may see: all, or only one's own."""
    orders, parcels = Order.objects.filter(session=session), Parcel.objects.all()
    if mine is not None:
        orders = orders.filter(parcels__cooperative__in=mine).distinct()
        parcels = parcels.filter(cooperative__in=mine)
    lines = OrderLine.objects.order_by("live_code")
    shown = parcels.select_related("cooperative").order_by("pk")
    return orders.select_related("commune__province", "paid_confirmed_by").prefetch_related(
        Prefetch("parcels", shown), Prefetch("parcels__lines", lines), "refunds"
    )


@cooperative(*HOSTS)
@require_POST
def confirm_payment(request: HttpRequest, session_id: int, order_id: int) -> HttpResponse:
    order = get_order_to_host(request.user, session_id, order_id)
    try:
        return confirm(request, order, seen_amount(request))
    except DomainError as refusal:
        return draw_orders(
            request, order.session, status=refusal.status, refusal=refusal, refused_order=order
        )


def seen_amount(request: HttpRequest) -> int | None:
    """The amount that stood beside the button."""
    typed = request.POST.get("amount", "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 15 else None


@idempotent
def confirm(request: HttpRequest, order: Order, seen_vnd: int | None) -> HttpResponse:
    paying.confirm_payment(order=order, user=request.user, seen_vnd=seen_vnd)  # type: ignore[arg-type]
    if not order.is_open:
        words = _(
            "Order %(code)s was closed before, so its money is on the list of money to send back."
            " Ring the buyer, then send it back or place the order anew."
        )
        messages.warning(request, words % {"code": order.code})
        where = reverse("list-refunds", args=[order.session.cooperative.slug])
        return HttpResponseRedirect(f"{where}?{urlencode({'q': order.code})}", status=303)
    messages.success(
        request,
        _("Order %(code)s is paid. Its parcels can be packed; the buyer's page says so.")
        % {"code": order.code},
    )
    return HttpResponseRedirect(orders_address(order.session_id), status=303)


@cooperative(*HOSTS)
@require_POST
def dismiss_claim(request: HttpRequest, session_id: int, order_id: int) -> HttpResponse:
    """The host looked for the money of a closed order, and it is not there."""
    order = get_order_to_host(request.user, session_id, order_id)
    try:
        return dismiss(request, order)
    except DomainError as refusal:
        return draw_orders(
            request, order.session, status=refusal.status, refusal=refusal, refused_order=order
        )


@idempotent
def dismiss(request: HttpRequest, order: Order) -> HttpResponse:
    paying.say_not_found(order=order)
    words = _(
        "Order %(code)s is off the list of money to look for. Its buyer reads that no transfer was"
        " found, and whom to call."
    )
    messages.success(request, words % {"code": order.code})
    return HttpResponseRedirect(orders_address(order.session_id), status=303)


@cooperative(*HOSTS)
@require_POST
def call_off_order(request: HttpRequest, session_id: int, order_id: int) -> HttpResponse:
    order = get_order_to_host(request.user, session_id, order_id)
    form = CancelReasonForm(request.POST)
    if not form.is_valid():
        return draw_orders(
            request, order.session, status=422, reason_form=form, refused_order=order
        )
    try:
        return call_off(request, order, form.cleaned_data["reason"])
    except DomainError as refusal:
        return draw_orders(
            request, order.session, status=refusal.status, refusal=refusal, refused_order=order
        )


@idempotent
def call_off(request: HttpRequest, order: Order, reason: str) -> HttpResponse:
    cancelling.cancel_order_for_coop(order=order, reason=reason, user=request.user)  # type: ignore[arg-type]
    words = _(
        "Order %(code)s is cancelled. The buyer's page says why; its goods are on sale again."
    )
    if order.paid_at:
        words = _(
            "Order %(code)s is cancelled. It was paid: its money is on the list of money to send"
            " back."
        )
    messages.success(request, words % {"code": order.code})
    return HttpResponseRedirect(orders_address(order.session_id), status=303)


@cooperative(*HOSTS)
@require_safe
def show_session_figures(request: HttpRequest, session_id: int) -> HttpResponse:
    session = get_session_to_follow(request.user, session_id)
    figures = session_figures(session, own_cooperatives(request.user, session))
    return private(JsonResponse(figures))


def orders_address(session_id: int) -> str:
    return reverse("list-session-orders", args=[session_id])
