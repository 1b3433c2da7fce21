"""What the livestreams app refuses, in words for hosts."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.clock import LOCAL_ZONE
from core.errors import DomainError, NotAllowed


class CooperativeNotApproved(NotAllowed):
    code = "cooperative_not_approved"
    message = _(
        "The province has not approved the co-op yet. Keep the session as a draft; everything in"
        " it stays."
    )


class StartsInThePast(DomainError):
    status = 422
    code = "starts_in_the_past"
    message = _("The session must start later than now.")

    def __init__(self) -> None:
        super().__init__(field="starts_at")


class StartsTooFarAhead(DomainError):
    status = 422
    code = "starts_too_far_ahead"
    message = _("A session is announced at most a year ahead.")

    def __init__(self) -> None:
        super().__init__(field="starts_at")


class SessionIsLive(NotAllowed):
    code = "session_is_live"
    message = _("The session is on air. This can be changed again after it ended.")


class SessionNotLive(NotAllowed):
    code = "session_not_live"
    message = _("The session is not on air.")


class SessionIsOver(NotAllowed):
    code = "session_is_over"
    message = _("The session has ended or was called off, so nothing in it changes any more.")


class GoesLiveEarly(NotAllowed):
    code = "goes_live_early"

    def __init__(self, starts_at: dt.datetime) -> None:
        local = starts_at.astimezone(LOCAL_ZONE)
        super().__init__(
            _("Buyers were told %(time)s. Go on air already now?")
            % {"time": f"{local:%H:%M, %d/%m/%Y}"},
            starts_at=starts_at.isoformat(),
        )


class HasOrders(NotAllowed):
    code = "has_orders"
    message = _("Buyers have ordered already. End the session instead; their orders stay.")


class TooLateToTakeBack(NotAllowed):
    code = "too_late_to_take_back"
    message = _("This can be taken back within ten minutes only. Schedule another session.")


class NothingLinedUp(NotAllowed):
    code = "nothing_lined_up"
    message = _("Line up at least one offer before going live.")


class AlreadyInvited(NotAllowed):
    code = "already_invited"
    message = _("This co-op is already in the session.")


class TooManyCooperatives(NotAllowed):
    code = "too_many_cooperatives"
    message = _("No more co-ops fit into one session.")


class NotInSession(NotAllowed):
    code = "not_in_session"
    message = _("Accept the invitation first; then the co-op can line up its goods.")


class HolderStays(NotAllowed):
    code = "holder_stays"
    message = _("The co-op that holds the session cannot leave it. Call the session off instead.")


class ForeignLot(NotAllowed):
    code = "foreign_lot"
    message = _("A co-op lines up its own goods only.")


class PastBestBefore(NotAllowed):
    code = "past_best_before"
    message = _("The lot is past its best-before day.")


class PressedMeanwhile(NotAllowed):
    """The press was made on an older board; nothing was done. `details` say how it stands now."""

    code = "pressed_meanwhile"

    def __init__(self, now_selling: str, **details: Any) -> None:
        words: Any = _("Somebody else pressed meanwhile. Look at the board, then press again.")
        if now_selling:
            words = _(
                "Somebody else pressed meanwhile; %(code)s is being sold now. Look, then press again."
            ) % {"code": now_selling}
        super().__init__(words, now_selling=now_selling, **details)


class UnusualPrice(NotAllowed):
    code = "unusual_price"

    def __init__(self, question: str) -> None:
        super().__init__(question, field="unit_price_vnd")


class TooManyOffers(NotAllowed):
    code = "too_many_offers"
    message = _("No more offers fit into this session.")


class LackingStock(NotAllowed):
    """Fewer units are available in the lot than the offer needs."""

    code = "lacking_stock"

    def __init__(self, quantity_available: int) -> None:
        super().__init__(
            _("The lot has only %(count)s units available.") % {"count": quantity_available},
            field="quantity_offered",
            quantity_available=quantity_available,
        )


class BelowClaimed(NotAllowed):
    """The allotment cannot go below what buyers already hold."""

    code = "below_claimed"

    def __init__(self, quantity_claimed: int) -> None:
        super().__init__(
            _("Buyers already hold %(count)s units; the allotment cannot be lower.")
            % {"count": quantity_claimed},
            field="quantity_offered",
            quantity_claimed=quantity_claimed,
        )


class OfferNotReady(NotAllowed):
    """The offer cannot be opened now; the message holds the reason."""

    code = "offer_not_ready"

    def __init__(self, reason: Any) -> None:
        super().__init__(reason)


class OfferMoved(NotAllowed):
    code = "offer_moved"
    message = _("Somebody changed this offer meanwhile. Here is how it stands now.")
