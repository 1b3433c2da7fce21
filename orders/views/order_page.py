"""Rendering of the order page: what is chosen, what else the session has, who receives it."""

import functools
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language

from coops.commune_field import SHOW
from livestreams.models import LivestreamSession, Offer
from orders.forms import OrderForm, named_offers, rows_to_choose

MAX_IN_ADDRESS = 20
RECOUNT = "recount"  # the button that only adds up again, for readers without script
CHOOSE_PROVINCE = f"commune{SHOW}"  # the button of CommuneField that lists a province's communes


class Rest(NamedTuple):
    """The rendered offers of a session that are not chosen; the same for all readers."""

    has_orderable: bool
    to_choose: str
    to_wait_for: str


def is_asking_back(request: HttpRequest) -> bool:
    """Whether a button was pressed that orders nothing: to add up, or for a province's communes."""
    return RECOUNT in request.POST or CHOOSE_PROVINCE in request.POST


def tapped(query: QueryDict) -> dict[int, int]:
    """Offers named in the address by `suat`, each once: where the buyer comes from."""
    numbers = query.getlist("suat")[:MAX_IN_ADDRESS]
    return {int(n): 1 for n in numbers if n.isascii() and n.isdecimal() and len(n) < 15}


def order_form(
    session: LivestreamSession,
    data: Mapping[str, Any] | None,
    chosen: dict[int, int] | None = None,
) -> OrderForm:
    """The form with the requested offers in any state; the rest is rendered beside it."""
    named = named_offers(data.items()) if data is not None else {}
    wanted = chosen if chosen is not None else {k: n for k, n in named.items() if n}
    asked = Q(pk__in=wanted) | Q(pk__in=named, state=Offer.State.OPEN)
    offers = list(session.offers.filter(asked).for_cards().order_by("position", "pk"))
    if data is None:
        offers = [offer for offer in offers if offer.is_orderable]
    return OrderForm(data, session=session, offers=offers, chosen=wanted)


def draw_errors(request: HttpRequest, session: LivestreamSession) -> HttpResponse:
    """The form with a word at each field that needs one; or only added up, if that was asked."""
    form = order_form(session, request.POST)
    if is_asking_back(request):
        form.errors.clear()
    return draw(request, session, form, status=422)


def draw(
    request: HttpRequest,
    session: LivestreamSession,
    form: OrderForm,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    rows = form.rows()
    named = {*tapped(request.GET)} | {row.offer.pk for row in rows}
    rest = rest_of(session, named, chosen={row.offer.pk for row in rows})
    coops = {row.offer.cooperative_id for row in rows if row.quantity}
    goods_vnd = sum(row.total_vnd for row in rows)
    shipping_vnd = session.shipping_fee_vnd * len(coops)
    has_orderable = rest.has_orderable or any(row.offer.is_orderable for row in rows)
    context = {
        "session": session,
        "form": form,
        "chosen": rows,
        "rest": rest,
        "can_order": session.is_live and has_orderable,
        "goods_vnd": goods_vnd,
        "shipping_vnd": shipping_vnd,
        "total_vnd": goods_vnd + shipping_vnd,
        "parcel_count": len(coops),
        **more,
    }
    return render(request, "orders/order_form.html", context, status=status)


def rest_of(session: LivestreamSession, named: set[int], *, chosen: set[int]) -> Rest:
    """What is on sale or `named` (offer ids) but not chosen, as of the last second at most."""
    return drawn_rest(
        session.pk, frozenset(named), frozenset(chosen), str(get_language()), this_second()
    )


def this_second() -> int:
    return int(time.monotonic())


@functools.lru_cache(maxsize=256)
def drawn_rest(
    session_id: int, named: frozenset[int], chosen: frozenset[int], _language: str, _second: int
) -> Rest:
    """Rendered once a second for all who chose the same: in a rush every buyer requests this page."""
    of_session = Offer.objects.filter(session=session_id).exclude(pk__in=chosen)
    shown = of_session.filter(Q(state=Offer.State.OPEN) | Q(pk__in=named))
    offers = list(shown.for_cards().order_by("position", "pk"))
    orderable = [offer for offer in offers if offer.is_orderable]
    to_choose = {"rows": rows_to_choose(orderable), "is_open": not chosen}
    to_wait_for = {"gone": [offer for offer in offers if offer.has_line], "is_open": not chosen}
    return Rest(
        has_orderable=bool(orderable),
        to_choose=render_to_string("orders/_rest.html", to_choose),
        to_wait_for=render_to_string("orders/_standby_ways.html", to_wait_for),
    )
