"""Why an offer cannot be opened: asked by the page that lists it and by the service that opens it."""

import datetime as dt

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from livestreams.models import Offer
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
