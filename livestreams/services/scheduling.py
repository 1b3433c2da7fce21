"""Put a session on the calendar, change it, call it off."""

import datetime as dt
from typing import Any

from django.db import transaction

from coops.models import Cooperative
from core.clock import db_now
from core.models import Picture
from livestreams import events
from livestreams.errors import (
    CooperativeNotApproved,
    SessionIsLive,
    SessionIsOver,
    StartsInThePast,
    StartsTooFarAhead,
)
from livestreams.models import LivestreamSession, Offer
from livestreams.services.locks import lock_session, lock_unfinished

State = LivestreamSession.State
MOST_AHEAD = dt.timedelta(days=366)
EDITABLE = (
    "title", "summary", "stream_url", "cover", "starts_at", "planned_minutes", "shipping_fee_vnd",
)  # fmt: skip
FIXED_ON_AIR = {"starts_at", "shipping_fee_vnd"}


@transaction.atomic
def schedule_session(  # noqa: PLR0913 - each is a field of the session
    *,
    cooperative: Cooperative,
    title: str,
    starts_at: dt.datetime,
    planned_minutes: int = 120,
    summary: str = "",
    stream_url: str = "",
    cover: Picture | None = None,
    shipping_fee_vnd: int = 0,
    is_draft: bool = False,
    by: Any = None,
) -> LivestreamSession:
    """Announce a coming session of `cooperative`, or keep it as a draft that only its people see.

    Raises StartsInThePast or StartsTooFarAhead, and CooperativeNotApproved when it is to be
    announced.
    """
    _check_start(starts_at)
    if not is_draft:
        _check_approved(cooperative)
    session = LivestreamSession.objects.create(
        cooperative=cooperative,
        title=title,
        starts_at=starts_at,
        planned_minutes=planned_minutes,
        summary=summary,
        stream_url=stream_url,
        cover=cover,
        shipping_fee_vnd=shipping_fee_vnd,
        state=State.DRAFT if is_draft else State.SCHEDULED,
        created_by=by,
    )
    session.slots.create(cooperative=cooperative, position=0, joined_at=db_now())
    events.session_scheduled(session)
    return session


@transaction.atomic
def edit_session(*, session: LivestreamSession, **changes: Any) -> LivestreamSession:
    """Change the public details of a session (EDITABLE), and nothing that is not given.

    Time and delivery fee are fixed once it is on air. Raises SessionIsOver, SessionIsLive (for
    time or fee), StartsInThePast or StartsTooFarAhead (for a new time).
    """
    now = lock_unfinished(session.pk)
    changed = [name for name in EDITABLE if name in changes and getattr(now, name) != changes[name]]
    if now.is_live and FIXED_ON_AIR & set(changed):
        raise SessionIsLive
    if "starts_at" in changed:
        _check_start(changes["starts_at"])
    for name in changed:
        setattr(now, name, changes[name])
    now.save(update_fields=changed)
    events.session_changed(now)
    return now


@transaction.atomic
def announce_session(*, session: LivestreamSession) -> None:
    """Show a draft to everyone. Raises CooperativeNotApproved, StartsInThePast, SessionIsOver."""
    now = lock_unfinished(session.pk)
    _check_approved(now.cooperative)
    if not LivestreamSession.objects.filter(pk=now.pk, state=State.DRAFT).exists():
        return
    _check_start(now.starts_at)
    LivestreamSession.objects.filter(pk=now.pk, state=State.DRAFT).update(state=State.SCHEDULED)
    events.session_scheduled(now)


@transaction.atomic
def cancel_session(*, session: LivestreamSession) -> None:
    """Call off a coming session; a draft nobody saw is deleted. A second call changes nothing.

    Raises SessionIsLive while it is on air (it can be ended) and SessionIsOver after that.
    """
    now = lock_session(session.pk)
    if now.state == State.DRAFT:
        _discard(now)
        return
    called_off = LivestreamSession.objects.filter(pk=now.pk, state=State.SCHEDULED)
    if called_off.update(state=State.CANCELLED, now_selling=None):
        events.session_cancelled(now)
    elif now.is_live:
        raise SessionIsLive
    elif now.state == State.ENDED:
        raise SessionIsOver


def _discard(session: LivestreamSession) -> None:
    session.offers.filter(state=Offer.State.LINED_UP).delete()
    session.slots.all().delete()
    session.delete()


def _check_start(starts_at: dt.datetime) -> None:
    now = db_now()
    if starts_at <= now:
        raise StartsInThePast
    if starts_at > now + MOST_AHEAD:
        raise StartsTooFarAhead


def _check_approved(cooperative: Cooperative) -> None:
    if not Cooperative.objects.public().filter(pk=cooperative.pk).exists():
        raise CooperativeNotApproved
