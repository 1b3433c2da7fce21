"""What the clock ends: sessions left on air, and goods past their best-before day."""

from django.db import transaction

from core.clock import Today
from core.errors import DomainError
from livestreams.models import LivestreamSession, Offer
from livestreams.services.locks import lock_session
from livestreams.services.running import end_session
from livestreams.services.selling import close_offer


def end_left_on_air() -> int:
    """End sessions that are on air long after their planned end; returns how many."""
    due = LivestreamSession.objects.left_on_air().order_by("pk").values_list("pk", flat=True)
    return sum(_end(session_id) for session_id in list(due))


@transaction.atomic
def _end(session_id: int) -> bool:
    """The planned length may have been changed meanwhile, so it is looked at again under lock."""
    session = lock_session(session_id)
    if not LivestreamSession.objects.left_on_air().filter(pk=session_id).exists():
        return False
    end_session(session=session)
    return True


def close_past_best_before() -> int:
    """Take goods off sale whose last good day is over; returns how many offers."""
    due = Offer.objects.filter(
        state__in=(Offer.State.OPEN, Offer.State.SOLD_OUT), lot__best_before_on__lt=Today()
    )
    return sum(_close(offer) for offer in due.select_related("lot").order_by("pk"))


def _close(offer: Offer) -> bool:
    try:
        close_offer(offer=offer)
    except DomainError:  # the session ended meanwhile, and closed it
        return False
    return True
