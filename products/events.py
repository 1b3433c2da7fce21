"""Outbox messages about products, written in the transaction of the change."""

from core import outbox
from products.models import Lot, OcopRecognition, Product


def product_published(product: Product) -> None:
    _product("products.product.published", product)


def product_hidden(product: Product) -> None:
    _product("products.product.hidden", product)


def product_changed(product: Product) -> None:
    """What buyers read of a product on sale has changed."""
    _product("products.product.changed", product)


def recognition_submitted(recognition: OcopRecognition) -> None:
    _recognition("products.recognition.submitted", recognition)


def recognition_decided(recognition: OcopRecognition) -> None:
    _recognition("products.recognition.decided", recognition)


def lot_changed(lot: Lot) -> None:
    outbox.add("products.lot.changed", lot_id=lot.pk, variant_id=lot.variant_id)


def _product(topic: str, product: Product) -> None:
    outbox.add(topic, product_id=product.pk, cooperative_id=product.cooperative_id)


def _recognition(topic: str, recognition: OcopRecognition) -> None:
    outbox.add(topic, recognition_id=recognition.pk, product_id=recognition.product_id)
