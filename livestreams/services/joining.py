"""Participation in a session: invite a co-op, accept, leave."""

from django.db import transaction
from django.db.models import Max

from coops.models import Cooperative
from core.clock import Instant
from livestreams import events
from livestreams.errors import (
    AlreadyInvited,
    CooperativeNotApproved,
    HolderStays,
    SessionIsLive,
    TooManyCooperatives,
)
from livestreams.models import LETTERS, LivestreamSession, Offer, Slot
from livestreams.services.locks import lock_unfinished


@transaction.atomic
def invite_cooperative(*, session: LivestreamSession, cooperative: Cooperative) -> Slot:
    """Give a co-op a place; it sells once it has accepted. Its position decides its live codes.

    Raises AlreadyInvited, CooperativeNotApproved, TooManyCooperatives, SessionIsOver.
    """
    now = lock_unfinished(session.pk)
    if not cooperative.is_approved:
        raise CooperativeNotApproved
    if now.slots.filter(cooperative=cooperative).exists():
        raise AlreadyInvited
    last = now.slots.aggregate(last=Max("position"))["last"]
    position = 0 if last is None else last + 1
    if position >= len(LETTERS):
        raise TooManyCooperatives
    slot = now.slots.create(cooperative=cooperative, position=position)
    events.slot_changed(slot)
    return slot


@transaction.atomic
def join_session(*, slot: Slot) -> None:
    """Accept the invitation. A second call changes nothing. Raises SessionIsOver."""
    lock_unfinished(slot.session_id)
    if Slot.objects.filter(pk=slot.pk, joined_at=None).update(joined_at=Instant()):
        events.slot_changed(slot)


@transaction.atomic
def leave_session(*, slot: Slot) -> None:
    """Take a co-op and what it has lined up out of a session that is not on air yet.

    Raises HolderStays, SessionIsLive (its offers can be closed one by one), SessionIsOver.
    """
    session = lock_unfinished(slot.session_id)
    if slot.cooperative_id == session.cooperative_id:
        raise HolderStays
    if session.is_live and slot.joined_at:
        raise SessionIsLive
    theirs = session.offers.filter(cooperative_id=slot.cooperative_id)
    theirs.filter(state=Offer.State.LINED_UP).delete()
    Slot.objects.filter(pk=slot.pk).delete()
    events.slot_changed(slot)
