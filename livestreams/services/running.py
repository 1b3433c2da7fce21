"""On air and off again."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from core.clock import Instant
from livestreams import events
from livestreams.errors import (
    CooperativeNotApproved,
    NothingLinedUp,
    OfferNotReady,
    SessionIsOver,
    SessionNotLive,
)
from livestreams.models import LivestreamSession, Offer
from livestreams.services.locks import lock_offers, lock_session, lock_unfinished
from livestreams.services.selling import close_locked, open_locked

State = LivestreamSession.State


@dataclass(frozen=True)
class NotOpened:
    """An offer that stayed lined up when the session went live, and why."""

    live_code: str
    reason: Any


@transaction.atomic
def go_live(*, session: LivestreamSession, by: Any = None) -> list[NotOpened]:
    """Go on air and open all that is lined up; returns what could not be opened.

    A second call changes nothing. Raises CooperativeNotApproved, NothingLinedUp, SessionIsOver.
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
