"""The version of a session's board, which each press of the console carries, and programs' may.

A press may reach us minutes after it was made. One that was made on an older board must not undo
what another host has done since.
"""

from django.db.models import Max, Q

from core.models import OutboxMessage
from livestreams.errors import PressedMeanwhile
from livestreams.models import LivestreamSession, Offer

NOW_SELLING = "livestreams.session.now_selling"
OFFER_CHANGED = "livestreams.offer.changed"


def version_of(session: LivestreamSession) -> int:
    """Grows with each thing that hosts do in the session: they take turns by its lock."""
    own = OutboxMessage.objects.filter(feed=session.feed, topic__startswith="livestreams.")
    waiting = own.filter(feed_number=None).aggregate(newest=Max("pk"))["newest"]
    numbered = own.filter(feed_number__isnull=False).order_by("-feed_number")
    return waiting or numbered.values_list("pk", flat=True).first() or 0


def refuse_old(
    session: LivestreamSession, offer: Offer, seen: int | None, *, about_now: bool = False
) -> None:
    """Raises PressedMeanwhile when the offer was changed after version `seen` of the board.

    With `about_now` also when another offer has been put forward since. None: nothing was seen.
    """
    if seen is None:
        return
    news = Q(topic=OFFER_CHANGED, payload__offer_id=offer.pk)
    if about_now:
        news |= Q(topic=NOW_SELLING)
    if OutboxMessage.objects.filter(news, feed=session.feed, pk__gt=seen).exists():
        now = session.now_selling
        raise PressedMeanwhile(
            now.live_code if now else "",
            offer_state=Offer.objects.values_list("state", flat=True).get(pk=offer.pk),
            board_version=version_of(session),
        )
