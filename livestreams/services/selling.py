"""During the session: what is on sale, what is sold out, what is being sold now.

`seen` is the version of the board on which the button was pressed (livestreams/presses.py); an older
one raises PressedMeanwhile.
"""

from typing import Any

from django.db import transaction

from core.clock import Instant, db_today
from livestreams import events
from livestreams.errors import OfferMoved, OfferNotReady
from livestreams.models import LivestreamSession, Offer
from livestreams.presses import refuse_old
from livestreams.readiness import why_not_openable
from livestreams.services.locks import lock_offer, lock_running
from products.errors import TooFewInLot
from products.services import stock

State = Offer.State


@transaction.atomic
def open_offer(*, offer: Offer, by: Any = None, seen: int | None = None) -> None:
    """Put a lined-up or closed offer of a live session on sale: its units leave the lot.

    An offer already on sale stays as it is. Raises OfferNotReady, OfferMoved, SessionNotLive.
    """
    session = lock_running(offer.session_id)
    refuse_old(session, offer, seen)
    now = lock_offer(offer.pk)
    if now.state != State.OPEN:
        open_locked(now, by=by)
        events.offer_changed(now)


@transaction.atomic
def close_offer(*, offer: Offer, by: Any = None, seen: int | None = None) -> None:
    """Take an offer off sale for good and give what is left back to the lot.

    A second call changes nothing. Raises OfferMoved for one that never opened.
    """
    session = lock_running(offer.session_id)
    refuse_old(session, offer, seen)
    _stop_selling(session, offer)
    now = lock_offer(offer.pk)
    if now.state == State.CLOSED:
        return
    if now.state == State.LINED_UP:
        raise OfferMoved
    close_locked([now], by=by)
    events.offer_changed(now)


@transaction.atomic
def mark_sold_out(*, offer: Offer, seen: int | None = None) -> None:
    """Say that an offer is sold out: claims stop at once, its units stay with it until it closes.

    A second call changes nothing. Raises OfferMoved unless it was on sale, SessionNotLive.
    """
    refuse_old(lock_running(offer.session_id), offer, seen)
    _change(offer, State.OPEN, State.SOLD_OUT)


@transaction.atomic
def reopen_offer(*, offer: Offer, seen: int | None = None) -> None:
    """Sell on what is left of an offer that was said to be sold out."""
    refuse_old(lock_running(offer.session_id), offer, seen)
    _change(offer, State.SOLD_OUT, State.OPEN)


@transaction.atomic
def sell_now(*, offer: Offer, by: Any = None, seen: int | None = None) -> None:
    """Show this offer as what is being sold now; opens it when it is still lined up.

    Raises OfferNotReady, OfferMoved (sold out or closed meanwhile), SessionNotLive.
    """
    session = lock_running(offer.session_id)
    if session.now_selling_id != offer.pk:
        refuse_old(session, offer, seen, about_now=True)
    now = lock_offer(offer.pk)
    if now.state == State.LINED_UP:
        open_locked(now, by=by)
    elif now.state != State.OPEN:
        raise OfferMoved
    elif session.now_selling_id == now.pk:
        return
    LivestreamSession.objects.filter(pk=session.pk, state=LivestreamSession.State.LIVE).update(
        now_selling=now
    )
    events.now_selling_changed(session, now)


def open_locked(offer: Offer, *, by: Any = None) -> None:
    """Take the units of a locked lined-up or closed offer and put it on sale.

    Raises OfferNotReady, writing nothing.
    """
    if offer.state not in {State.LINED_UP, State.CLOSED}:
        raise OfferMoved
    if reason := why_not_openable(offer, db_today()):
        raise OfferNotReady(reason)
    try:
        if offer.quantity_unclaimed:
            stock.take_from_lot(
                lot_id=offer.lot_id,
                quantity=offer.quantity_unclaimed,
                reference=offer.reference,
                by=by,
            )
    except TooFewInLot as refusal:
        offer.lot.quantity_available = refusal.details["quantity_available"]
        raise OfferNotReady(why_not_openable(offer, db_today())) from refusal
    Offer.objects.filter(pk=offer.pk, state=offer.state).update(
        state=State.OPEN, opened_at=Instant(), closed_at=None
    )
    offer.state = State.OPEN


def close_locked(offers: list[Offer], *, by: Any = None) -> None:
    """Close locked offers that are on sale and give what is left of each back, lots in id order."""
    ids = [offer.pk for offer in offers]
    Offer.objects.filter(pk__in=ids).exclude(state=State.CLOSED).update(
        state=State.CLOSED, closed_at=Instant()
    )
    for offer in sorted(offers, key=lambda offer: (offer.lot_id, offer.pk)):
        if not offer.holds_no_stock:
            stock.give_back_to_lot(
                lot_id=offer.lot_id,
                quantity=offer.quantity_unclaimed,
                reference=offer.reference,
                by=by,
            )
        offer.state = State.CLOSED


def _stop_selling(session: LivestreamSession, offer: Offer) -> None:
    LivestreamSession.objects.filter(pk=session.pk, now_selling=offer).update(now_selling=None)


def _change(offer: Offer, old: str, new: str) -> None:
    if Offer.objects.filter(pk=offer.pk, state=old).update(state=new):
        offer.state = new
        events.offer_changed(offer)
    elif not Offer.objects.filter(pk=offer.pk, state=new).exists():
        raise OfferMoved
