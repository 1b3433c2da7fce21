"""Money to send back: the queue of the co-op that takes the transfers."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from coops.models import Cooperative
from core.access import cooperative
from core.clock import db_now
from core.errors import DomainError
from core.idempotency import idempotent
from core.paging import COUNTED_AT_MOST, count_at_most, near_page, tab_count
from orders.access import get_cooperative_to_refund, get_refund_to_settle
from orders.forms import ReferenceForm
from orders.models import Refund
from orders.services import refunding
from orders.services.searching import note_phone_search
from orders.views.hosting import HOSTS
from orders.views.packing import private

ON_A_PAGE = 30
DUE, SETTLED = "can-tra", "da-xong"


@cooperative(*HOSTS)
@require_safe
def list_refunds(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Due, or settled; a search finds an order under both tabs."""
    return draw_refunds(request, get_cooperative_to_refund(request.user, cooperative_slug))


def draw_refunds(
    request: HttpRequest, coop: Cooperative, *, status: int = 200, **more: Any
) -> HttpResponse:
    held: Any = Refund.objects.settled_by(request.user).filter(order__session__cooperative=coop)
    words = request.GET.get("q", "").strip()[:80]
    note_phone_search(words=words, user=request.user)
    sides = {
        DUE: (held.due_matching(words) if words else held.due()).order_by("noted_at", "pk"),
        SETTLED: (held.matching(words) if words else held).settled().order_by("-settled_at", "-pk"),
    }
    counts = {side: count_at_most(rows, COUNTED_AT_MOST + 1) for side, rows in sides.items()}
    tab = SETTLED if request.GET.get("tab") == SETTLED else DUE
    count = counts[tab] if counts[tab] <= COUNTED_AT_MOST else None
    shown = sides[tab].for_cards().with_reveals_to(request.user)
    context = {
        "cooperative": coop,
        "page": near_page(request, shown, ON_A_PAGE, count=count),
        "tab": tab,
        "tabs": [
            (DUE, _("To send back"), tab_count(counts[DUE])),
            (SETTLED, _("Settled"), tab_count(counts[SETTLED])),
        ],
        "q": words,
        "reference_form": ReferenceForm(),
        "undo_from": db_now() - refunding.UNDO_WINDOW,
        **more,
    }
    return private(render(request, "orders/refund_list.html", context, status=status))


@cooperative(*HOSTS)
@require_POST
def send_refund(request: HttpRequest, cooperative_slug: str, refund_id: int) -> HttpResponse:
    """The money went back to the buyer; the bank's reference is the proof."""
    refund = get_refund_to_settle(request.user, cooperative_slug, refund_id)
    form = ReferenceForm(request.POST)
    if not form.is_valid():
        coop = refund.order.session.cooperative
        return draw_refunds(request, coop, status=422, reference_form=form, refused=refund)
    return press(request, refund, lambda: send(request, refund, form.cleaned_data["reference"]))


@idempotent
def send(request: HttpRequest, refund: Refund, reference: str) -> HttpResponse:
    refunding.send_back(refund=refund, reference=reference, user=request.user)  # type: ignore[arg-type]
    words = _("The money of order %(code)s is sent back. The buyer's page says so.")
    return done(request, refund, words % {"code": refund.order.code})


@cooperative(*HOSTS)
@require_POST
def place_anew(request: HttpRequest, cooperative_slug: str, refund_id: int) -> HttpResponse:
    refund = get_refund_to_settle(request.user, cooperative_slug, refund_id)
    return press(request, refund, lambda: place(request, refund))


@idempotent
def place(request: HttpRequest, refund: Refund) -> HttpResponse:
    order = refunding.place_anew(refund=refund, user=request.user)  # type: ignore[arg-type]
    words = _(
        "New order %(code)s is placed and paid with the money of order %(old)s."
        " Its parcels can be packed."
    )
    return done(request, refund, words % {"code": order.code, "old": refund.order.code})


@cooperative(*HOSTS)
@require_POST
def undo_refund(request: HttpRequest, cooperative_slug: str, refund_id: int) -> HttpResponse:
    """It was a mistake: money not sent back after all, or not come after all."""
    refund = get_refund_to_settle(request.user, cooperative_slug, refund_id)
    return press(request, refund, lambda: undo(request, refund))


@idempotent
def undo(request: HttpRequest, refund: Refund) -> HttpResponse:
    if refund.state == Refund.State.DUE:
        refunding.strike_late_money(refund=refund)
        words = _("Order %(code)s is taken off the list: no money came for it.")
    else:
        refunding.undo_sent(refund=refund)
        words = _("Order %(code)s is back on the list of money to send back.")
    return done(request, refund, words % {"code": refund.order.code})


@cooperative(*HOSTS)
@require_POST
def reveal_refund_phone(
    request: HttpRequest, cooperative_slug: str, refund_id: int
) -> HttpResponse:
    refund = get_refund_to_settle(request.user, cooperative_slug, refund_id)
    return reveal(request, refund)


@idempotent
def reveal(request: HttpRequest, refund: Refund) -> HttpResponse:
    refunding.reveal_phone(refund=refund, user=request.user)  # type: ignore[arg-type]
    return HttpResponseRedirect(f"{address_of(refund)}#tien-{refund.pk}", status=303)


def press(request: HttpRequest, refund: Refund, act: Any) -> HttpResponse:
    try:
        return act()
    except DomainError as refusal:
        coop = refund.order.session.cooperative
        return draw_refunds(request, coop, status=refusal.status, refusal=refusal, refused=refund)


def done(request: HttpRequest, refund: Refund, words: str) -> HttpResponse:
    messages.success(request, words)
    return HttpResponseRedirect(address_of(refund), status=303)


def address_of(refund: Refund) -> str:
    return reverse("list-refunds", args=[refund.order.session.cooperative.slug])
