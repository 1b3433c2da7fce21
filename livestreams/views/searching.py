"""One search over the whole market: products, co-ops, sessions."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from coops.models import Cooperative
from core.access import public
from core.text import nfc, search_query
from livestreams.models import LivestreamSession
from products.models import Product

MAX_TYPED = 80
PER_KIND = 12  # of each kind of thing
SESSIONS = 6


@public
@gzip_page
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Products, co-ops and sessions that hold every word typed, whatever its accents."""
    q = typed_by(request)
    context: dict[str, Any] = {"q": q}
    if search_query(q):
        products = Product.objects.public().matching(q)
        coops = Cooperative.objects.public().matching(q)
        sessions = LivestreamSession.objects.public().matching(q)
        context |= {
            "products": products.newest().for_cards()[:PER_KIND],
            "product_count": products.count(),
            "cooperatives": with_cards(coops)[:PER_KIND],
            "cooperative_count": coops.count(),
            "sessions": sessions.soonest().for_cards()[:SESSIONS],
            "session_count": sessions.count(),
        }
    return render(request, "livestreams/search.html", context)


def typed_by(request: HttpRequest) -> str:
    """What the reader searches for; bytes that no page or database can hold are left out."""
    return nfc(request.GET.get("q", "")).replace("\0", "").strip()[:MAX_TYPED]


def with_cards(coops: Any) -> QuerySet[Cooperative]:
    cards = coops.in_order().select_related("commune__province")
    return cards.prefetch_related("photos__picture")
