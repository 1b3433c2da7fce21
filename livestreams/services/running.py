"""On air and off again, and back when it was a mistake."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q

from core.clock import Instant, db_now
from livestreams import events
from livestreams.errors import (
    CooperativeNotApproved,
    GoesLiveEarly,
    HasOrders,
    NothingLinedUp,
    OfferNotReady,
    SessionIsOver,
    SessionNotLive,
    TooLateToTakeBack,
)
from livestreams.models import LivestreamSession, Offer
from livestreams.services.locks import lock_offers, lock_session, lock_unfinished
from livestreams.services.selling import close_locked, open_locked

State = LivestreamSession.State
EARLY = dt.timedelta(hours=2)  # before the announced time: from here on it is asked about
TAKE_BACK = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class NotOpened:
    """An offer that stayed lined up when the session went live, and why."""

    live_code: str
    reason: Any


@transaction.atomic
def go_live(
    *, session: LivestreamSession, by: Any = None, early_is_meant: bool = True
) -> list[NotOpened]:
    """Go on air and open all that is lined up; returns what could not be opened.

    A second call changes nothing. Raises CooperativeNotApproved, NothingLinedUp, SessionIsOver,
    and GoesLiveEarly hours before the announced time unless `early_is_meant`.
    """
    now = lock_unfinished(session.pk)
    if now.is_live:
        return []
    if not now.cooperative.is_approved:
        raise CooperativeNotApproved
    LivestreamSession.objects.filter(pk=now.pk, state=now.state).update(
        state=State.LIVE, went_live_at=Instant()
    )
    offers = lock_offers(now.pk, [Offer.State.LINED_UP])
    if not offers:
        raise NothingLinedUp
    if not early_is_meant and now.starts_at > db_now() + EARLY:
        raise GoesLiveEarly(now.starts_at)
    not_opened = []
    for offer in sorted(offers, key=lambda offer: (offer.lot_id, offer.pk)):
        try:
            open_locked(offer, by=by)
        except OfferNotReady as refusal:
            not_opened.append(NotOpened(offer.live_code, refusal.message))
    events.session_went_live(now)
    return sorted(not_opened, key=lambda missing: missing.live_code)


@transaction.atomic
def end_session(*, session: LivestreamSession, by: Any = None) -> None:
    """Go off air: close every offer, give what is left back to its lot.

    A second call changes nothing. Raises SessionNotLive when it never began.
    """
    now = lock_session(session.pk)
    ended = LivestreamSession.objects.filter(pk=now.pk, state=State.LIVE).update(
        state=State.ENDED, ended_at=Instant(), now_selling=None
    )
    if not ended:
        if now.state == State.ENDED:
            return
        raise SessionIsOver if now.state == State.CANCELLED else SessionNotLive
    states = [Offer.State.LINED_UP, Offer.State.OPEN, Offer.State.SOLD_OUT]
    close_locked(lock_offers(now.pk, states), by=by)
    events.session_ended(now)


def may_take_back_going_live(session: LivestreamSession) -> bool:
    """Whether a session on air has neither orders nor waiting buyers yet."""
    taken = Q(quantity_claimed__gt=0) | Q(standby_issued__gt=0)
    return session.is_live and not session.offers.filter(taken).exists()


@transaction.atomic
def take_back_going_live(*, session: LivestreamSession, by: Any = None) -> None:
    """Off air again as if it had never begun, while there are no orders.

    A second call changes nothing. Raises HasOrders, SessionIsOver.
    """
    now = lock_unfinished(session.pk)
    if not now.is_live:
        return
    offers = lock_offers(now.pk, Offer.State.values)
    if not may_take_back_going_live(now):
        raise HasOrders
    opened = [offer for offer in offers if not offer.holds_no_stock]
    close_locked(opened, by=by)
    ids = [offer.pk for offer in opened]
    Offer.objects.filter(pk__in=ids).update(
        state=Offer.State.LINED_UP, opened_at=None, closed_at=None
    )
    LivestreamSession.objects.filter(pk=now.pk, state=State.LIVE).update(
        state=State.SCHEDULED, went_live_at=None, now_selling=None
    )
    events.session_scheduled(now)


@transaction.atomic
def take_back_end(*, session: LivestreamSession, by: Any = None) -> list[NotOpened]:
    """On air again after a mistaken end, within TAKE_BACK; returns what could not be opened again.

    Offers return to their former state. Buyers who waited in line have been notified of the end,
    and their entries stay closed. A second call changes nothing.
    Raises TooLateToTakeBack, CooperativeNotApproved.
    """
    now = lock_session(session.pk)
    if now.is_live:
        return []
    if not now.cooperative.is_approved:
        raise CooperativeNotApproved
    ended_at = now.ended_at
    fresh = LivestreamSession.objects.filter(
        pk=now.pk, state=State.ENDED, ended_at__gt=Instant() - TAKE_BACK
    )
    if not fresh.update(state=State.LIVE, ended_at=None):
        raise TooLateToTakeBack
    closed = [
        offer
        for offer in lock_offers(now.pk, [Offer.State.CLOSED])
        if ended_at and offer.closed_at and offer.closed_at >= ended_at
    ]
    not_opened = []
    for offer in sorted(closed, key=lambda offer: (offer.lot_id, offer.pk)):
        try:
            _restore(offer, by)
        except OfferNotReady as refusal:
            not_opened.append(NotOpened(offer.live_code, refusal.message))
    events.session_went_live(now)
    return sorted(not_opened, key=lambda missing: missing.live_code)


def _restore(offer: Offer, by: Any) -> None:
    """Put a closed offer back to the state it had before. Raises OfferNotReady, writing nothing."""
    before = _state_before_close(offer)
    if before == Offer.State.LINED_UP:
        Offer.objects.filter(pk=offer.pk).update(state=before, closed_at=None)
        return
    open_locked(offer, by=by)
    if before == Offer.State.SOLD_OUT:
        Offer.objects.filter(pk=offer.pk).update(state=before)


def _state_before_close(offer: Offer) -> str:
    history = offer.events.exclude(state=Offer.State.CLOSED)  # type: ignore[attr-defined]
    return history.order_by("-pgh_id").values_list("state", flat=True).first() or ""
