"""One search over the whole market: products, co-ops, sessions."""

import re
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from coops.models import Cooperative
from core.access import public
from core.codes import normalize_order_code
from core.search_limits import TooManySearches, count_search
from core.text import nfc, search_query
from livestreams.models import LivestreamSession, Offer
from products.models import Product

MAX_TYPED = 80
PER_KIND = 12  # of each kind of thing
SESSIONS = 6
NEAR = 6
COUNTS = ("product_count", "cooperative_count", "session_count")
LIVE_CODE = re.compile(r"[A-Za-z]{1,2}\d{2}")


@public
@gzip_page
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Products, co-ops and sessions that hold every word typed, whatever its accents; a code leads
    to what it names, and words with a slip to what they resemble.
    """
    q = typed_by(request)
    context: dict[str, Any] = {"q": q, "order_code": normalize_order_code(q)}
    try:
        count_search(request, q)
    except TooManySearches as refusal:
        response = render(
            request, "livestreams/search.html", {"q": q, "refusal": refusal}, status=refusal.status
        )
        response["Retry-After"] = str(refusal.retry_after_s)
        return response
    if LIVE_CODE.fullmatch(q):
        context["offers"] = Offer.objects.called(q)[:PER_KIND]
    if search_query(q):
        products = Product.objects.public().matching(q)
        coops = Cooperative.objects.public().matching(q)
        sessions = LivestreamSession.objects.public().matching(q)
        context |= {
            "products": products.best_first(q).for_cards()[:PER_KIND],
            "product_count": products.count(),
            "cooperatives": with_cards(best_first(coops, q))[:PER_KIND],
            "cooperative_count": coops.count(),
            "sessions": sessions.soonest().for_cards()[:SESSIONS],
            "session_count": sessions.count(),
        }
        if not any(context[count] for count in COUNTS) and not context.get("offers"):
            context |= alike(q)
    return render(request, "livestreams/search.html", context)


def alike(q: str) -> dict[str, Any]:
    """What may have been meant where nothing holds the words as they were typed."""
    coops = Cooperative.objects.public().resembling(q).select_related("commune__province")
    return {
        "near_products": Product.objects.public().resembling(q).for_cards()[:NEAR],
        "near_cooperatives": coops.prefetch_related("photos__picture")[:NEAR],
    }


def best_first(coops: Any, q: str) -> Any:
    return coops.in_order().likeliest(q, "name", "commune__name", "commune__province__name")


def typed_by(request: HttpRequest) -> str:
    """What the reader searches for; bytes that no page or database can hold are left out."""
    return nfc(request.GET.get("q", "")).replace("\0", "").strip()[:MAX_TYPED]


def with_cards(coops: Any) -> QuerySet[Cooperative]:
    cards = coops.select_related("commune__province")
    return cards.prefetch_related("photos__picture")
