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
    if lot.is_past(today):
        return _("The lot is past its best-before day.")
    if offer.holds_no_stock and lot.quantity_available < offer.quantity_unclaimed:
        return _("The lot has %(have)s units available, the offer needs %(need)s.") % {
            "have": lot.quantity_available,
            "need": offer.quantity_unclaimed,
        }
    return ""


ABOUT_NOW = dt.timedelta(hours=1)


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
    unanswered = [slot.cooperative.name for slot in session.slots.all() if not slot.joined_at]
    is_time = abs(session.starts_at - now) <= ABOUT_NOW
    return [
        _check(
            session.cooperative.is_approved,
            _("The province has approved the co-op"),
            _("The province has not approved the co-op yet"),
            is_needed=True,
        ),
        _check(
            lined_up,
            _("At least one offer is lined up"),
            _("Nothing is lined up yet"),
            is_needed=True,
        ),
        _check(
            not missing,
            _("Every lined-up offer has its units in the lot"),
            _("Cannot be opened yet: %(codes)s") % {"codes": ", ".join(missing)},
        ),
        _check(
            not unanswered,
            _("Every invited co-op has answered"),
            _("No answer yet from %(names)s") % {"names": ", ".join(unanswered)},
        ),
        _check(
            session.stream_url,
            _("The link of the video is there"),
            _("There is no link of the video yet"),
        ),
        _check(
            bool(session.cover_id), _("The session has a picture"), _("There is no picture yet")
        ),
        _check(
            is_time,
            _("It is announced for about this hour"),
            _("It is announced for another hour; buyers may not be there"),
        ),
    ]


def _check(holds: object, done: Any, still_open: Any, *, is_needed: bool = False) -> Check:
    return Check(bool(holds), done if holds else still_open, is_needed)
