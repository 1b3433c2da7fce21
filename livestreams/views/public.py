"""What everyone sees: the market's front page, the sessions, the board."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from coops.models import Cooperative
from core.access import public
from core.clock import db_moment, db_now
from core.paging import near_page
from core.search_limits import count_search
from livestreams import board, calendar
from livestreams.access import get_session_to_show
from livestreams.models import LivestreamSession, Offer
from livestreams.videos import embed_url
from livestreams.views.searching import typed_by
from products.models import Product

HOME_SESSIONS, HOME_PRODUCTS, HOME_COOPS = 6, 8, 6
PAST_ON_A_PAGE = 12
PAGE_KEPT_S = 1
TEMPLATES: dict[str, str] = {
    LivestreamSession.State.SCHEDULED: "livestreams/session_coming.html",
    LivestreamSession.State.LIVE: "livestreams/session_board.html",
    LivestreamSession.State.ENDED: "livestreams/session_ended.html",
    LivestreamSession.State.CANCELLED: "livestreams/session_cancelled.html",
}


@public
@gzip_page
@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """Live now first, then what is coming, then the ways to products and co-ops."""
    sessions = LivestreamSession.objects.public().for_cards()
    products = Product.objects.public().for_cards().order_by("-published_at", "-pk")
    coops = Cooperative.objects.public().select_related("commune__province")
    context = {
        "live": sessions.live()[:HOME_SESSIONS],
        "coming": sessions.coming()[:HOME_SESSIONS],
        "products": products[:HOME_PRODUCTS],
        "coops": coops.prefetch_related("photos__picture").order_by("-reviewed_at", "-pk")[
            :HOME_COOPS
        ],
    }
    return render(request, "livestreams/home.html", context)


@public
@gzip_page
@require_safe
def list_sessions(request: HttpRequest) -> HttpResponse:
    q = typed_by(request)
    count_search(request, q)
    found = LivestreamSession.objects.public().for_cards().matching(q)
    past = near_page(request, found.past(), PAST_ON_A_PAGE)
    is_first = past.number == 1
    context = {
        "q": q,
        "live": found.live() if is_first else [],
        "coming": found.coming() if is_first else [],
        "past": past,
    }
    return render(request, "livestreams/session_list.html", context)


@public
@gzip_page
@require_safe
def show_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """The board of a live session; before and after that, what will be and what was sold.

    Rendered alike for all readers without a session cookie, so that it can be cached for a second.
    """
    session = get_session_to_show(session_id)
    session.read_at, session.revision = db_moment()  # type: ignore[attr-defined]
    offers = list(board.offers_shown(session))
    is_for_all = settings.SESSION_COOKIE_NAME not in request.COOKIES
    context = {
        "session": session,
        "offers": offers,
        "media_url": settings.MEDIA_URL,
        "slots": session.slots.joined().select_related("cooperative"),
        "embed_url": embed_url(session.stream_url),
        "share_url": settings.SITE_URL + reverse("show-session", args=[session.pk]),
        "is_for_all": is_for_all,
        **_CONTEXTS[session.state](session, offers),
    }
    response = render(request, TEMPLATES[session.state], context)
    if is_for_all:
        patch_cache_control(response, public=True, max_age=PAGE_KEPT_S)
        patch_vary_headers(response, ["Cookie"])
    else:
        patch_cache_control(response, private=True, no_cache=True)
    return response


def _live(session: LivestreamSession, offers: list[Offer]) -> dict[str, Any]:
    drawn = board.draw(session, offers)
    return {
        "board": drawn,
        "whole": board.as_json(drawn),
        "places": board.arrange(session.now_selling_id, offers),
    }


def _ended(session: LivestreamSession, offers: list[Offer]) -> dict[str, Any]:
    sold = session.offers.filter(quantity_claimed__gt=0).for_cards().order_by("position", "pk")
    return {
        "sold": sold,
        "units_sold": sum(offer.quantity_claimed for offer in sold),
        "coming": next_sessions(),
    }


def _coming(session: LivestreamSession, offers: list[Offer]) -> dict[str, Any]:
    return {"is_late": session.starts_at <= session.read_at}  # type: ignore[attr-defined]


def _cancelled(session: LivestreamSession, offers: list[Offer]) -> dict[str, Any]:
    return {"coming": next_sessions()}


def next_sessions() -> QuerySet[LivestreamSession]:
    return LivestreamSession.objects.public().for_cards().coming()[:3]


_CONTEXTS: dict[str, Callable[[LivestreamSession, list[Offer]], dict[str, Any]]] = {
    LivestreamSession.State.SCHEDULED: _coming,
    LivestreamSession.State.LIVE: _live,
    LivestreamSession.State.ENDED: _ended,
    LivestreamSession.State.CANCELLED: _cancelled,
}


@public
@gzip_page
@require_safe
def show_board_snapshot(request: HttpRequest, session_id: int) -> HttpResponse:
    """The board for those whom the live channel does not reach; 304 while nothing changed."""
    drawn = board.snapshot(str(session_id))
    tag = board.etag(drawn)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if tag in {word.removeprefix("W/") for word in known}:  # zipping makes tags weak
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(board.as_json(drawn), content_type="application/json")
    response["ETag"] = tag
    patch_cache_control(response, public=True, max_age=PAGE_KEPT_S)
    return response


@public
@require_safe
def show_session_calendar(request: HttpRequest, session_id: int) -> HttpResponse:
    session = get_session_to_show(session_id)
    url = settings.SITE_URL + reverse("show-session", args=[session.pk])
    history = session.events  # type: ignore[attr-defined]
    changed = history.aggregate(at=Max("pgh_created_at"), count=Count("pk"))
    text = calendar.entry(
        uid=f"phien-{session.pk}@{urlsplit(settings.SITE_URL).hostname}",
        title=f"{session.title} – Chợ Phiên",
        text=_("Open the board and order here: %(url)s") % {"url": url},
        url=url,
        starts_at=session.starts_at,
        minutes=session.planned_minutes,
        made_at=db_now(),
        changed_at=changed["at"] or session.created_at,
        version=max(0, changed["count"] - 1),
        is_cancelled=session.state == session.State.CANCELLED,
    )
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="phien-{session.pk}.ics"'
    return response
