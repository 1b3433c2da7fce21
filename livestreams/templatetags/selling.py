"""Where goods are sold, for pages of the apps below that tell about the goods themselves."""

from itertools import groupby
from typing import Any

from django import template

from livestreams.models import Offer
from products.models import Product

register = template.Library()
MOST = 6


@register.inclusion_tag("livestreams/_ways_to_buy.html")
def ways_to_buy(product: Product) -> dict[str, Any]:
    """The offers of `product` in sessions on air and to come, session by session."""
    offers = Offer.objects.of_product(product).on_air_or_coming()
    offers = offers.select_related("session__cooperative", "lot__variant")[:MOST]
    by_session = groupby(offers, key=lambda offer: offer.session)
    return {"product": product, "sessions": [(session, list(own)) for session, own in by_session]}
