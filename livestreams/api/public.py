"""What anyone may read about sessions."""

from typing import Any

from django.http import Http404, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.rest import PublicView
from core.search_limits import count_search
from livestreams import board
from livestreams.access import get_session_to_show
from livestreams.api.serializers import (
    BoardSerializer,
    SessionDetailSerializer,
    SessionQuery,
    SessionSerializer,
)
from livestreams.models import LivestreamSession
from livestreams.querysets import ENDED, LIVE, SCHEDULED

KEPT_S = 1


class ListSessions(PublicView):
    says = {"GET": _("Sessions on air, coming and past.")}
    asks = SessionQuery
    gives = {"GET": SessionSerializer(many=True)}

    def get(self, request: Request) -> Response:
        asked = self.asked()
        count_search(request._request, asked.get("q"))
        found = LivestreamSession.objects.public().for_cards().matching(asked.get("q", ""))
        if asked.get("cooperative"):
            found = found.filter(cooperative__slug=asked["cooperative"])
        orders = {LIVE: found.live, SCHEDULED: found.coming, ENDED: found.past}
        if state := asked.get("state"):
            return self.page(orders[state]().order_by(*orders[state]().query.order_by, "pk"))
        return self.page(found.order_by("-starts_at", "pk"))


class ShowSession(PublicView):
    says = {"GET": _("One session with what is offered in it.")}
    gives = {"GET": SessionDetailSerializer}

    def get(self, request: Request, session_id: int) -> Response:
        session: Any = get_session_to_show(session_id)
        session.shown_offers = board.offers_shown(session)
        return self.answer(session)


class ShowBoard(PublicView):
    """The board as pages read it, small: one letter for each fact. 304 while nothing changed."""

    says = {"GET": _("The board of a session: now selling, prices, units left.")}
    gives = {"GET": BoardSerializer}

    def get(self, request: Request, session_id: int) -> Any:
        drawn = board.snapshot(str(session_id))
        if drawn["s"] == "gone":
            raise Http404
        tag = board.etag(drawn)
        known = parse_etags(request.headers.get("If-None-Match", ""))
        is_known = tag in {word.removeprefix("W/") for word in known}
        response: Any = HttpResponse(status=304) if is_known else Response(drawn)
        response["ETag"] = tag
        patch_cache_control(response, public=True, max_age=KEPT_S)
        return response
