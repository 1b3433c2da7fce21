"""Outbox messages about sessions, written in the transaction of the change.

Each message goes to the session's feed: viewers get a new board, the console the message itself.
"""

from core import outbox
from livestreams.models import LivestreamSession, Offer, Slot


def session_scheduled(session: LivestreamSession) -> None:
    _session("livestreams.session.scheduled", session)


def session_changed(session: LivestreamSession) -> None:
    _session("livestreams.session.changed", session)


def session_went_live(session: LivestreamSession) -> None:
    _session("livestreams.session.went_live", session)


def session_ended(session: LivestreamSession) -> None:
    _session("livestreams.session.ended", session)


def session_cancelled(session: LivestreamSession) -> None:
    _session("livestreams.session.cancelled", session)


def now_selling_changed(session: LivestreamSession, offer: Offer) -> None:
    _session("livestreams.session.now_selling", session, offer_id=offer.pk)


def slot_changed(slot: Slot) -> None:
    _session("livestreams.slot.changed", slot.session, cooperative_id=slot.cooperative_id)


def offer_changed(offer: Offer) -> None:
    """Lined up, opened, closed, sold out, edited, moved or removed."""
    outbox.add(
        "livestreams.offer.changed",
        feed=f"session:{offer.session_id}",
        session_id=offer.session_id,
        offer_id=offer.pk,
        live_code=offer.live_code,
        state=offer.state,
    )


def _session(topic: str, session: LivestreamSession, **more: int) -> None:
    outbox.add(topic, feed=session.feed, session_id=session.pk, **more)
