"""The buyer's own page behind a secret link, and the way back to it."""

import datetime as dt
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import limits
from core.access import public, secret_link
from core.addresses import client_address, client_network, one_client
from core.clock import db_now
from core.errors import DomainError
from core.idempotency import record_of, run_once
from core.qr import qr_png, qr_svg
from orders.access import get_order_by_token
from orders.forms import FindOrderForm
from orders.models import Order, Parcel
from orders.progress import next_words, steps_of
from orders.querysets import ORDERED_STATES
from orders.services import paying
from orders.services.cancelling import cancel_order, cancel_until
from orders.services.changing import change_until

View = Callable[..., HttpResponse]
Act = Callable[[], object]
# Many share one address; the code and the phone are what is guessed
SEARCHES = (
    limits.Limit("orders.find.network", 240, 600),
    limits.Limit("orders.find.client", 60, 600),
    limits.Limit("orders.find.phone", 10, 600),
    limits.Limit("orders.find.code", 10, 600),
)
NEW_FOR_S = 600
CHANGED = "da-sua"  # in the address after a change was saved


def kept_secret(view: View) -> View:
    """The address is the key: it goes into no cache, no search engine and no Referer."""

    @wraps(view)
    def quiet(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return quiet


@secret_link
@kept_secret
@require_safe
def show_order(request: HttpRequest, order_token: str) -> HttpResponse:
    return draw_order(request, get_order_by_token(order_token))


def draw_order(request: HttpRequest, order: Order, **more: Any) -> HttpResponse:
    now = db_now()
    until = cancel_until(order)
    states = {parcel.state for parcel in order.parcels.all()}
    is_fresh = states <= {Parcel.State.NEW}
    context = {
        "order": order,
        "now": now,
        "steps": steps_of(order),
        "next_words": next_words(order, now),
        "is_new": (
            order.state in ORDERED_STATES
            and is_fresh
            and not is_overdue(order, now)
            and (now - order.placed_at).total_seconds() < NEW_FOR_S
        ),
        "cancel_until": until if until and until > now and is_fresh else None,
        "is_settled": bool(
            order.paid_at or not order.is_open or states == {Parcel.State.DELIVERED}
        ),
        "was_changed": CHANGED in request.GET,
        "is_overdue": is_overdue(order, now),
        "again_url": again_url(order),
        "payment": payment_of(order, now),
        "is_joint": any(
            p.cooperative_id != order.session.cooperative_id for p in order.parcels.all()
        ),
        "change_until": change_until(order),
        "share_url": f"{settings.SITE_URL}{reverse('show-order', args=[order.token])}",
        "version": version_of(order, now),
        **more,
    }
    status = more["refusal"].status if "refusal" in more else 200
    return render(request, "orders/order.html", context, status=status)


def is_overdue(order: Order, now: dt.datetime) -> bool:
    """The time to pay ran out by the database's clock; the sweeper has not come by yet."""
    is_waiting = order.state == Order.State.AWAITING_PAYMENT
    return is_waiting and order.pay_by is not None and order.pay_by <= now


def again_url(order: Order) -> str | None:
    """Where the same goods are ordered anew, while the session is on air and no money came."""
    if not order.session.is_live or order.paid_at:
        return None
    offers = [line.offer_id for parcel in order.parcels.all() for line in parcel.lines.all()]
    query = urlencode({"suat": offers}, doseq=True)
    return f"{reverse('place-order', args=[order.session_id])}?{query}"


def payment_of(order: Order, now: dt.datetime) -> dict[str, Any] | None:
    """How to transfer the money, while it is waited for and in time."""
    is_waiting = order.state == Order.State.AWAITING_PAYMENT and not is_overdue(order, now)
    if not is_waiting or not order.has_payee:
        return None
    return {
        "bank": order.payee_bank_name,
        "account_number": order.payee_account_number,
        "account_name": order.payee_account_name,
        "amount_vnd": order.amount_vnd,
        "memo": order.transfer_memo,
        "picture": qr_svg(order.vietqr, title=_("VietQR code for this transfer")),
    }


@secret_link
@kept_secret
@require_safe
def show_payment_code(request: HttpRequest, order_token: str) -> HttpResponse:
    """The VietQR code as a picture to save: a phone cannot scan its own screen."""
    order = get_order_by_token(order_token)
    if payment_of(order, db_now()) is None:
        return HttpResponseRedirect(reverse("show-order", args=[order.token]))
    response = HttpResponse(qr_png(order.vietqr), content_type="image/png")
    response["Content-Disposition"] = f'attachment; filename="vietqr-{order.code}.png"'
    return response


@secret_link
@kept_secret
@require_safe
def show_order_state(request: HttpRequest, order_token: str) -> HttpResponse:
    """What may change on the order's page, small: for a page that stays open."""
    order, now = get_order_by_token(order_token), db_now()
    return JsonResponse(
        {
            "state": order.state,
            "version": version_of(order, now),
            "now": now,
            "pay_by": order.pay_by,
            "parcels": [{"id": parcel.pk, "state": parcel.state} for parcel in order.parcels.all()],
        }
    )


def version_of(order: Order, now: dt.datetime) -> str:
    """Changes whenever the page would look different."""
    parts = [order.state, str(order.goods_vnd + order.shipping_vnd)]
    parts += [parcel.state for parcel in order.parcels.all()]
    parts += ["said"] if order.buyer_paid_at else []
    parts += ["not-found"] if order.money_not_found_at else []
    parts += [refund.state for refund in order.refunds.all()]
    return ".".join([*parts, "over"] if is_overdue(order, now) else parts)


@secret_link
@kept_secret
# No CSRF token: holders of the secret link may cancel, with or without a session.
@csrf_exempt
@require_POST
def cancel_own_order(request: HttpRequest, order_token: str) -> HttpResponse:
    order = get_order_by_token(order_token)
    return press_on_order(request, order, partial(cancel_order, order=order))


@secret_link
@kept_secret
@csrf_exempt  # as cancelling one's own order
@require_POST
def say_paid(request: HttpRequest, order_token: str) -> HttpResponse:
    """The buyer reports the transfer as made."""
    order = get_order_by_token(order_token)
    return press_on_order(request, order, partial(paying.say_paid, order=order))


def press_on_order(request: HttpRequest, order: Order, act: Act) -> HttpResponse:
    return press(
        request,
        act,
        page=reverse("show-order", args=[order.token]),
        draw=lambda **more: draw_order(request, get_order_by_token(order.token), **more),
    )


def press(
    request: HttpRequest, act: Act, *, page: str, draw: Callable[..., HttpResponse]
) -> HttpResponse:
    """Do the action of a button, once for its form's key, and redirect to `page`.

    A refusal of `act` is shown by `draw` on the current page.
    """

    def done() -> HttpResponse:
        act()
        return HttpResponseRedirect(page, status=303)

    try:
        return run_once(record_of(request), done)
    except DomainError as refusal:
        return draw(refusal=refusal)


@public
@kept_secret
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def find_order(request: HttpRequest) -> HttpResponse:
    """Order code and phone lead to the order's page; a wrong one and a missing one look alike."""
    form = FindOrderForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return render(request, "orders/find_order.html", {"form": form})
    if not form.is_valid():
        return render(request, "orders/find_order.html", {"form": form}, status=422)
    code, phone = form.cleaned_data["code"], form.cleaned_data["phone"]
    try:
        client = client_address(request)
        subjects = (client_network(client), one_client(client), phone, code)
        limits.check(*zip(SEARCHES, subjects, strict=True))
    except limits.TooManyTries as refusal:
        form.add_error(None, str(refusal.message))
        response = render(request, "orders/find_order.html", {"form": form}, status=429)
        response["Retry-After"] = str(refusal.details["wait_s"])
        return response
    found = Order.objects.filter(code=code, buyer_phone=phone).values_list("token", flat=True)
    if token := found.first():
        return HttpResponseRedirect(reverse("show-order", args=[token]), status=303)
    form.add_error(None, _("No order with this code and phone number. Check both and try again."))
    return render(request, "orders/find_order.html", {"form": form}, status=422)
