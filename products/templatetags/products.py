"""Words about products that several pages need."""

import uuid
from collections.abc import Iterable

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.idempotency import KEY_FIELD
from products.models import Variant

register = template.Library()


@register.filter
def lowest_price(packs: Iterable[Variant]) -> int | None:
    """The price (đồng) of the cheapest of `packs`."""
    return min((pack.price_vnd for pack in packs), default=None)


@register.simple_tag
def new_key() -> SafeString:
    """A fresh idempotency key as a hidden field: one for each form drawn."""
    return format_html('<input type="hidden" name="{}" value="{}">', KEY_FIELD, uuid.uuid4())
