"""The factories make true things: stock has its movements, stars are in date."""

import pytest
from django.db.models import Sum

from products.models import OcopRecognition, Product, StockMovement
from tests.factories.products import (
    LotFactory,
    OcopRecognitionFactory,
    OcopRegisterFactory,
    ProductFactory,
    ProductPhotoFactory,
)

pytestmark = pytest.mark.django_db


def test_a_product_is_public_and_a_draft_is_not():
    product = ProductFactory()
    ProductFactory(draft=True)
    assert list(Product.objects.public()) == [product]


def test_movements_of_a_lot_add_up_to_what_is_available():
    lot = LotFactory(quantity_made=50, quantity_available=30)
    assert StockMovement.objects.filter(lot=lot).aggregate(n=Sum("quantity"))["n"] == 30


def test_a_recognition_is_valid_and_a_waiting_one_is_not():
    recognition = OcopRecognitionFactory()
    OcopRecognitionFactory(waiting=True)
    assert list(OcopRecognition.objects.valid()) == [recognition]


def test_photos_stand_in_line():
    product = ProductFactory()
    photos = [ProductPhotoFactory(product=product) for _ in range(3)]
    assert [photo.position for photo in product.photos.all()] == [0, 1, 2]
    assert product.cover == photos[0].picture


def test_a_register_has_a_count():
    assert OcopRegisterFactory().product_count == 605
