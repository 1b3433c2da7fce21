"""The packs a product is sold in."""

from typing import Any

from django.db import IntegrityError, transaction

from products import events
from products.errors import GtinTaken, LastPackOnSale, OnAirNow
from products.models import Product, Variant
from products.whereabouts import whereabouts_of


@transaction.atomic
def add_variant(
    *, product: Product, name: str, net_weight_g: int, price_vnd: int, gtin: str = ""
) -> Variant:
    """A new pack, last in line. `gtin` has 14 digits or none. Raises GtinTaken."""
    Product.objects.select_for_update().get(pk=product.pk)
    variant = Variant(
        product=product,
        name=name,
        net_weight_g=net_weight_g,
        price_vnd=price_vnd,
        gtin=gtin,
        position=product.variants.count(),
    )
    _save(variant)
    return variant


@transaction.atomic
def change_variant(*, variant: Variant, **values: Any) -> None:
    """Change name, net_weight_g, price_vnd or gtin, whichever is given. Raises GtinTaken.

    Offers and orders keep the price they were made with.
    """
    for name, value in values.items():
        setattr(variant, name, value)
    _save(variant, fields=list(values))


def hold(variant: Variant) -> None:
    """Lock the pack until the end of the transaction and reload its values."""
    variant.refresh_from_db(from_queryset=Variant.objects.select_for_update(no_key=True))


@transaction.atomic
def retire_variant(*, variant: Variant) -> bool:
    """Take a pack off the product page; True when it was deleted because nothing hangs on it.

    Raises LastPackOnSale when the product is on sale and has no other pack, OnAirNow while it is on
    sale on air.
    """
    product = Product.objects.select_for_update().get(pk=variant.product_id)
    others = product.variants.active().exclude(pk=variant.pk)
    if product.is_published and not others.exists():
        raise LastPackOnSale
    where = whereabouts_of("variant", variant.pk)
    if where.on_air:
        raise OnAirNow(where.on_air)
    has_history = variant.lots.exists()
    if product.published_at is None and not has_history:
        variant.delete()
    else:
        Variant.objects.filter(pk=variant.pk).update(is_active=False)
    _tell(product)
    return product.published_at is None and not has_history


@transaction.atomic
def bring_back_variant(*, variant: Variant) -> None:
    if Variant.objects.filter(pk=variant.pk, is_active=False).update(is_active=True):
        _tell(variant.product)


def _save(variant: Variant, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            variant.save(update_fields=fields)
    except IntegrityError as error:
        if "gtin_names_one_variant" in str(error):
            raise GtinTaken(field="gtin") from error
        raise
    _tell(variant.product)


def _tell(product: Product) -> None:
    if product.is_published:
        events.product_changed(product)
