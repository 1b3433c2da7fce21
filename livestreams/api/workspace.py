"""A co-op's own sessions: schedule, line up, go on air, sell, end."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.rest import MemberView, once
from livestreams.access import (
    get_cooperative_to_host,
    get_offer_to_edit,
    get_offer_to_run,
    get_offer_to_show,
    get_session_to_host,
    get_session_to_prepare,
)
from livestreams.api.serializers import (
    GoLiveWish,
    HostedSessionSerializer,
    MyOfferSerializer,
    MySessionSerializer,
    NewOffer,
    NewSession,
    OfferTerms,
    Press,
    PressedOfferSerializer,
    WentLiveSerializer,
)
from livestreams.errors import UnusualPrice
from livestreams.models import LivestreamSession, Offer, Slot
from livestreams.presses import version_of
from livestreams.services import lining_up, locks, running, scheduling, selling
from products.models import Lot
from products.usual_prices import question_about


class SessionView(MemberView):
    def draw(self, session: LivestreamSession) -> Response:
        """The current session."""
        return self.answer(as_it_stands(session))


class OfferView(MemberView):
    def draw(self, offer: Offer) -> Response:
        return self.answer(Offer.objects.for_cards().get(pk=offer.pk))


class ListMySessions(SessionView):
    says = {
        "GET": _("Sessions the co-op holds or is invited to, newest first."),
        "POST": _("Schedule a session."),
    }
    takes = {"POST": NewSession}
    gives = {"GET": MySessionSerializer(many=True), "POST": MySessionSerializer}
    makes_new = True

    def get(self, request: Request, cooperative_slug: str) -> Response:
        cooperative = get_cooperative_to_host(request.user, cooperative_slug)
        mine = LivestreamSession.objects.of_cooperatives([cooperative]).for_cards()
        return self.page(mine.order_by("-starts_at", "-pk"))

    @once
    def post(self, request: Request, cooperative_slug: str) -> Response:
        cooperative = get_cooperative_to_host(request.user, cooperative_slug)
        said = self.said()
        return self.draw(
            scheduling.schedule_session(cooperative=cooperative, by=request.user, **said)
        )


class ShowMySession(SessionView):
    says = {"GET": _("One session you hold or are invited to.")}
    gives = {"GET": HostedSessionSerializer}

    def get(self, request: Request, session_id: int) -> Response:
        session = get_session_to_prepare(request.user, session_id)
        version = version_of(session)  # before the rest: what comes between is news to it
        session = as_it_stands(session)
        session.board_version = version  # type: ignore[attr-defined]
        return self.answer(session)


class AnnounceSession(SessionView):
    says = {"POST": _("Show a draft to everyone.")}
    gives = {"POST": MySessionSerializer}

    @once
    def post(self, request: Request, session_id: int) -> Response:
        session = get_session_to_host(request.user, session_id)
        scheduling.announce_session(session=session)
        return self.draw(session)


class GoLive(SessionView):
    says = {"POST": _("Go on air and open all that is lined up.")}
    takes = {"POST": GoLiveWish}
    gives = {"POST": WentLiveSerializer}

    @once
    def post(self, request: Request, session_id: int) -> Response:
        session = get_session_to_host(request.user, session_id)
        not_opened = running.go_live(
            session=session, by=request.user, early_is_meant=self.said()["early"]
        )
        return self.answer({"session": as_it_stands(session), "not_opened": not_opened})


class EndSession(SessionView):
    says = {"POST": _("End the session; what was not sold goes back to its lots.")}
    gives = {"POST": MySessionSerializer}

    @once
    def post(self, request: Request, session_id: int) -> Response:
        session = get_session_to_host(request.user, session_id)
        running.end_session(session=session, by=request.user)
        return self.draw(session)


class ListOffers(OfferView):
    """A host of the session sees all of it, a guest co-op its own goods."""

    says = {"GET": _("The line-up, in the order of selling."), "POST": _("Line up a lot.")}
    takes = {"POST": NewOffer}
    gives = {"GET": MyOfferSerializer(many=True), "POST": MyOfferSerializer}
    makes_new = True

    def get(self, request: Request, session_id: int) -> Response:
        session = get_session_to_prepare(request.user, session_id)
        mine = Offer.objects.runnable_by(request.user).filter(session=session)
        return self.page(mine.for_cards().order_by("position", "pk"))

    @once
    def post(self, request: Request, session_id: int) -> Response:
        session = get_session_to_prepare(request.user, session_id)
        said = self.said()
        is_meant = said.pop("price_is_meant", False)
        lot = get_object_or_404(lots_to_line_up(request.user, session), pk=said.pop("lot"))
        cooperative = lot.variant.product.cooperative
        refuse_unusual(said["unit_price_vnd"], lot, is_meant=is_meant)
        offer = lining_up.line_up_offer(session=session, cooperative=cooperative, lot=lot, **said)
        return self.draw(offer)


class ChangeOffer(OfferView):
    """Orders placed before keep their price."""

    says = {
        "GET": _("One offer of your own co-op."),
        "PATCH": _("Change price, number or limit of an offer."),
    }
    takes = {"PATCH": OfferTerms}
    gives = {"GET": MyOfferSerializer, "PATCH": MyOfferSerializer}

    def get(self, request: Request, offer_id: int) -> Response:
        return self.draw(get_offer_to_edit(request.user, offer_id))

    @once
    def patch(self, request: Request, offer_id: int) -> Response:
        offer = get_offer_to_edit(request.user, offer_id)
        locks.lock_session(offer.session_id)
        self.refuse_stale(locks.lock_offer(offer.pk))
        said = self.said()
        is_meant = said.pop("price_is_meant", False)
        if said.get("unit_price_vnd", offer.unit_price_vnd) != offer.unit_price_vnd:
            refuse_unusual(said["unit_price_vnd"], offer.lot, is_meant=is_meant)
        lining_up.edit_offer(offer=offer, by=request.user, **said)
        return self.draw(offer)


class PressView(OfferView):
    """Of an offer on air; may carry the version of the board on which it was decided."""

    takes = {"POST": Press}
    gives = {"POST": PressedOfferSerializer}

    def draw(self, offer: Offer) -> Response:
        now = Offer.objects.for_cards().get(pk=offer.pk)
        now.board_version = version_of(now.session)  # type: ignore[attr-defined]
        return self.answer(now)


class SellNow(PressView):
    says = {"POST": _("Say that this is being sold now.")}

    @once
    def post(self, request: Request, offer_id: int) -> Response:
        offer = get_offer_to_show(request.user, offer_id)
        selling.sell_now(offer=offer, by=request.user, seen=self.said().get("board_version"))
        return self.draw(offer)


class MarkSoldOut(PressView):
    says = {"POST": _("Say that an offer is sold out.")}

    @once
    def post(self, request: Request, offer_id: int) -> Response:
        offer = get_offer_to_run(request.user, offer_id)
        selling.mark_sold_out(offer=offer, seen=self.said().get("board_version"))
        return self.draw(offer)


def as_it_stands(session: LivestreamSession) -> LivestreamSession:
    return LivestreamSession.objects.for_cards().get(pk=session.pk)


def refuse_unusual(price_vnd: int, lot: Lot, *, is_meant: bool) -> None:
    question = question_about(price_vnd, lot.variant.price_vnd)
    if question and not is_meant:
        raise UnusualPrice(question)


def lots_to_line_up(user: Any, session: LivestreamSession) -> Any:
    """Lots of packs on sale, of co-ops of `user` that are in the session."""
    coops = Slot.objects.filled_by(user).filter(session=session).values("cooperative_id")
    lots = Lot.objects.filter(variant__is_active=True, variant__product__cooperative__in=coops)
    return lots.select_related("variant__product__cooperative")
