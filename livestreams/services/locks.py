"""One order of locking for all who run a session: the session, its offers by id, lots by id.

All locks leave keys alone (FOR NO KEY UPDATE): an order only refers to these rows, so buyers never
wait for a host who merely holds the session.
"""

from collections.abc import Iterable

from livestreams.errors import SessionIsOver, SessionNotLive
from livestreams.models import LivestreamSession, Offer

State = LivestreamSession.State
OVER = (State.ENDED, State.CANCELLED)


def lock_session(session_id: int) -> LivestreamSession:
    """The current row of the session, locked until the transaction ends: hosts take turns."""
    locked = LivestreamSession.objects.select_for_update(no_key=True, of=("self",))
    return locked.select_related("cooperative").get(pk=session_id)


def lock_running(session_id: int) -> LivestreamSession:
    """Raises SessionNotLive when the session is not on air."""
    session = lock_session(session_id)
    if not session.is_live:
        raise SessionNotLive
    return session


def lock_unfinished(session_id: int) -> LivestreamSession:
    """Raises SessionIsOver when the session has ended or was called off."""
    session = lock_session(session_id)
    if session.state in OVER:
        raise SessionIsOver
    return session


def lock_offers(session_id: int, states: Iterable[str]) -> list[Offer]:
    """The session's offers in these states, in id order."""
    locked = Offer.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    wanted = locked.filter(session_id=session_id, state__in=list(states))
    return list(wanted.select_related("cooperative", "lot__variant__product"))


def lock_offer(offer_id: int) -> Offer:
    locked = Offer.objects.select_for_update(no_key=True, of=("self",))
    return locked.select_related("cooperative", "lot__variant__product").get(pk=offer_id)
