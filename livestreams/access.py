"""How people get hold of sessions, places and offers: what is theirs to touch, or 404."""

from typing import Any

from django.shortcuts import get_object_or_404

from coops.models import Cooperative
from livestreams.models import LivestreamSession, Offer, Slot

WITH_PLACE = "cooperative__commune__province"


def get_cooperative_to_host(user: Any, slug: str) -> Cooperative:
    mine = Cooperative.objects.hosted_by(user).select_related("commune__province")
    return get_object_or_404(mine, slug=slug)


def get_session_to_show(session_id: int) -> LivestreamSession:
    shown = LivestreamSession.objects.addressable().select_related(WITH_PLACE, "cover")
    return get_object_or_404(shown, pk=session_id)


def get_session_to_host(user: Any, session_id: int) -> LivestreamSession:
    """The session when `user` may run it: manager or host of the co-op that holds it."""
    mine = LivestreamSession.objects.hostable_by(user).select_related(WITH_PLACE, "cover")
    return get_object_or_404(mine, pk=session_id)


def get_session_to_prepare(user: Any, session_id: int) -> LivestreamSession:
    """The session when a co-op of `user` has a place in it, invited or joined."""
    mine = LivestreamSession.objects.joined_by(user).select_related(WITH_PLACE, "cover")
    return get_object_or_404(mine, pk=session_id)


def get_slot_to_answer(user: Any, slot_id: int) -> Slot:
    """An invitation that `user` may accept or decline: manager of the invited co-op."""
    mine = Slot.objects.answerable_by(user).select_related("session__cooperative", "cooperative")
    return get_object_or_404(mine, pk=slot_id)


def get_slot_to_remove(user: Any, slot_id: int) -> Slot:
    """A place that `user` may take away: of a co-op managed, or of a session run."""
    mine = Slot.objects.removable_by(user).select_related("session__cooperative", "cooperative")
    return get_object_or_404(mine, pk=slot_id)


def get_offer_to_edit(user: Any, offer_id: int) -> Offer:
    """An offer of the user's own co-op, in any session."""
    mine = Offer.objects.editable_by(user).for_cards().select_related("session__cooperative")
    return get_object_or_404(mine, pk=offer_id)


def get_offer_to_run(user: Any, offer_id: int) -> Offer:
    """An offer in a session that `user` runs, or of one's own co-op."""
    mine = Offer.objects.runnable_by(user).for_cards().select_related("session__cooperative")
    return get_object_or_404(mine, pk=offer_id)


def get_offer_to_show(user: Any, offer_id: int) -> Offer:
    """An offer in a session that `user` runs: only there is said what is sold now."""
    mine = Offer.objects.shown_by(user).for_cards().select_related("session__cooperative")
    return get_object_or_404(mine, pk=offer_id)
