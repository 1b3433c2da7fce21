"""Doorbells: each may ring twice, at once, late and out of order."""

from celery import shared_task
from django.db import OperationalError

from livestreams.models import LivestreamSession
from orders.services import cancelling, crowding, erasing, standing_by, tallies, telling


@shared_task(
    name="orders.recount_session",
    autoretry_for=(OperationalError,),
    retry_backoff=True,
    max_retries=5,
)
def recount_session(session_id: int) -> None:
    tallies.follow_session(session_id=session_id)


@shared_task(name="orders.recount_live_sessions")
def recount_live_sessions() -> None:
    """A floor under the tallies: they are right within a minute whatever was lost on the way."""
    for session_id in LivestreamSession.objects.live().values_list("pk", flat=True):
        tallies.recount_session(session_id=session_id)


@shared_task(name="orders.release_overdue")
def release_overdue() -> int:
    return cancelling.release_overdue()


@shared_task(name="orders.promote_standby")
def promote_standby(session_id: int) -> int:
    """Units came free, or a line is over: see to the lines of this session."""
    return standing_by.promote_all(session_id=session_id)


@shared_task(name="orders.attend_standby")
def attend_standby() -> None:
    """A floor under the lines: whatever was lost on the way, they move within seconds."""
    standing_by.promote_all()


@shared_task(name="orders.tell_all_standby")
def tell_all_standby() -> int:
    """A floor under the messages, apart from the lines: a gateway may hang."""
    return telling.tell_all()


@shared_task(name="orders.tell_standby")
def tell_standby(entry_id: int) -> bool:
    return telling.tell_promoted(entry_id=entry_id)


@shared_task(name="orders.sweep")
def sweep() -> int:
    """Delete expired personal data; close orders that were never confirmed."""
    crowding.close_never_confirmed()
    return crowding.forget_past_calls() + standing_by.forget_past()


@shared_task(name="orders.learn_buyers")
def learn_buyers() -> int:
    """Buyers who received or paid an order need no code the next time."""
    return crowding.learn_buyers()


@shared_task(name="orders.erase_old_buyers")
def erase_old_buyers() -> int:
    return erasing.erase_old_buyers()
