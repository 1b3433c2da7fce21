"""From draft to shop window and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core.clock import Instant
from core.codes import random_code
from core.errors import NotAllowed
from core.text import slugify_vi
from products import events
from products.errors import NotReadyToPublish, OnAirNow
from products.models import Product
from products.whereabouts import whereabouts_of

State = Product.State


@dataclass(frozen=True)
class Missing:
    """What a buyer would miss: `code` for programs, `step` of the editor where it is filled in."""

    code: str
    step: str
    message: Any


def missing_of(product: Product) -> list[Missing]:
    """What keeps the product from being published; empty when it is ready."""
    found = []
    if not product.photos.exists():
        found.append(Missing("photo", "photos", _("Add at least one photo.")))
    if not product.name:
        found.append(Missing("name", "name", _("Give the product a name.")))
    if not product.story:
        found.append(Missing("story", "story", _("Tell buyers a little about it.")))
    if not product.variants.active().exists():
        found.append(Missing("pack", "packs", _("Add at least one pack with weight and price.")))
    return found


@transaction.atomic
def publish_product(*, product: Product) -> None:
    """Let buyers see the product. Raises NotReadyToPublish, or NotAllowed when it is on sale.

    Its address is made of its name the first time and stays for ever.
    """
    row = Product.objects.select_for_update().get(pk=product.pk)
    missing = missing_of(row)
    if missing:
        raise NotReadyToPublish(missing)
    if row.published_at is None:
        _give_address(row)
    changed = Product.objects.filter(pk=row.pk, state__in=(State.DRAFT, State.HIDDEN)).update(
        state=State.PUBLISHED, published_at=Coalesce(F("published_at"), Instant())
    )
    if not changed:
        raise NotAllowed(_("This product is on sale already."))
    product.refresh_from_db()
    events.product_published(product)


@transaction.atomic
def hide_product(*, product: Product) -> Sequence[str]:
    """Take a product out of the shop window; orders made with it go on.

    Returns the titles of coming sessions in which it will not be opened. Raises OnAirNow while it
    is on sale on air.
    """
    Product.objects.select_for_update(no_key=True).get(pk=product.pk)
    where = whereabouts_of("product", product.pk)
    if where.on_air:
        raise OnAirNow(where.on_air)
    changed = Product.objects.filter(pk=product.pk, state=State.PUBLISHED).update(
        state=State.HIDDEN
    )
    if not changed:
        raise NotAllowed(_("This product is not on sale now."))
    product.refresh_from_db()
    events.product_hidden(product)
    return where.coming


def _give_address(product: Product) -> None:
    """A slug of the name; with the co-op's own ending, then a random one, when it is taken."""
    stem = slugify_vi(product.name, max_length=60) or "san-pham"
    place = slugify_vi(product.cooperative.commune.name, max_length=24)
    for slug in (stem, f"{stem}-{place}", f"{stem}-{random_code(6).lower()}"):
        try:
            with transaction.atomic():
                Product.objects.filter(pk=product.pk).update(slug=slug)
        except IntegrityError:
            continue
        return
    raise NotAllowed(_("This could not be published now. Please press once more."))
