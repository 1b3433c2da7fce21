"""Why an offer cannot be opened: asked by the page that lists it and by the service that opens it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.clock import local_day
from livestreams.models import LivestreamSession, Offer
from products.models import Product


def why_not_openable(offer: Offer, today: dt.date) -> str | Promise:
    """A sentence for the host, or "" when the offer could be opened.

    `today` is the local day by the database's clock. Reads the offer's co-op and its lot up to
    the product, as `Offer.objects.for_cards()` fetches them.
    """
    lot = offer.lot
    if not offer.cooperative.is_approved:
        return _("The co-op is not approved at the moment.")
    if lot.product.state != Product.State.PUBLISHED:
        return _("The product is not published. Publish it first.")
    if not lot.variant.is_active:
        return _("This pack is no longer sold.")
    if lot.best_before_on and lot.best_before_on <= today:
        return _("The lot is past its best-before day.")
    if offer.holds_no_stock and lot.quantity_available < offer.quantity_left:
        return _("The lot has %(have)s units available, the offer needs %(need)s.") % {
            "have": lot.quantity_available,
            "need": offer.quantity_left,
        }
    return ""


@dataclass(frozen=True)
class Check:
    """One line of the list a host goes through before going on air.

    Only what `is_needed` keeps a session off the air; the rest is advice.
    """

    is_done: bool
    words: Any
    is_needed: bool = False


def checklist(session: LivestreamSession, offers: Sequence[Offer], now: dt.datetime) -> list[Check]:
    """What to look at before going on air, by the database's clock."""
    lined_up = [offer for offer in offers if offer.state == Offer.State.LINED_UP]
    today = local_day(now)
    missing = [offer.live_code for offer in lined_up if why_not_openable(offer, today)]
    waiting = [slot for slot in session.slots.all() if not slot.joined_at]
    fits = (
        _("Every lined-up offer has its units in the lot")
        if not missing
        else _("Cannot be opened yet: %(codes)s") % {"codes": ", ".join(missing)}
    )
    return [
        Check(
            session.cooperative.is_approved,
            _("The province has approved the co-op"),
            is_needed=True,
        ),
        Check(bool(lined_up), _("At least one offer is lined up"), is_needed=True),
        Check(not missing, fits),
        Check(not waiting, _("Every invited co-op has answered")),
        Check(bool(session.stream_url), _("The link of the video is there")),
        Check(bool(session.cover_id), _("The session has a picture")),
        Check(
            abs(session.starts_at - now) <= dt.timedelta(hours=1),
            _("It is about time: the session is announced for this hour"),
        ),
    ]
