"""Words about products that several pages need."""

from collections.abc import Iterable

from django import template

from products.models import Variant

register = template.Library()


@register.filter
def lowest_price(packs: Iterable[Variant]) -> int | None:
    """The price (đồng) of the cheapest of `packs`."""
    return min((pack.price_vnd for pack in packs), default=None)
