"""How people get hold of products, packs, lots and recognitions: theirs, or 404."""

from typing import Any

from django.shortcuts import get_object_or_404

from coops.models import Cooperative
from products.models import Lot, OcopRecognition, Product, ProductPhoto, Variant

WITH_PLACE = "cooperative__commune__province"


def get_public_cooperative(slug: str) -> Cooperative:
    shown = Cooperative.objects.public().select_related("commune__province")
    return get_object_or_404(shown.prefetch_related("photos__picture"), slug=slug)


def get_public_product(slug: str) -> Product:
    return get_object_or_404(Product.objects.public().for_cards(), slug=slug)


def get_product_to_manage(user: Any, product_id: int) -> Product:
    mine = Product.objects.managed_by(user).select_related(WITH_PLACE)
    return get_object_or_404(mine, pk=product_id)


def get_photo_to_manage(user: Any, photo_id: int) -> ProductPhoto:
    mine = ProductPhoto.objects.filter(product__in=Product.objects.managed_by(user))
    return get_object_or_404(mine.select_related("product", "picture"), pk=photo_id)


def get_variant_to_manage(user: Any, variant_id: int) -> Variant:
    mine = Variant.objects.managed_by(user).select_related(f"product__{WITH_PLACE}")
    return get_object_or_404(mine, pk=variant_id)


def get_lot_to_manage(user: Any, lot_id: int) -> Lot:
    mine = Lot.objects.managed_by(user).select_related(f"variant__product__{WITH_PLACE}")
    return get_object_or_404(mine, pk=lot_id)


def get_recognition_to_manage(user: Any, recognition_id: int) -> OcopRecognition:
    mine = OcopRecognition.objects.managed_by(user).select_related(f"product__{WITH_PLACE}")
    return get_object_or_404(mine, pk=recognition_id)


def get_recognition_to_review(user: Any, recognition_id: int) -> OcopRecognition:
    theirs = OcopRecognition.objects.reviewable_by(user).select_related(f"product__{WITH_PLACE}")
    return get_object_or_404(theirs, pk=recognition_id)
