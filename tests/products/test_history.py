"""Managers read in plain words who changed what."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from core.history import changes_of
from products.models import Product
from tests.cast import Cast
from tests.factories.products import (
    LotFactory,
    OcopRecognitionFactory,
    ProductFactory,
    VariantFactory,
)
from tests.products.conftest import send, text_of


def test_a_change_tells_person_field_before_and_after(mai: Client, cast: Cast):
    product = ProductFactory(cooperative=cast.coop_a, name="Chè", category="tea")
    variant = VariantFactory(product=product)
    LotFactory(variant=variant)
    OcopRecognitionFactory(product=product)
    url = reverse("edit-product", args=[product.pk])
    send(mai, url, form="name", name="Chè <b>Shan</b>", category="herb")
    pack = {"name": "Gói", "net_weight_g": "1,2 kg", "price_vnd": "130.000"}
    send(mai, reverse("edit-variant", args=[variant.pk]), **pack)
    send(mai, reverse("hide-product", args=[product.pk]))

    page = text_of(mai.get(reverse("show-product-history", args=[product.pk])))
    for words in (
        "Mai", "Chè &lt;b&gt;Shan&lt;/b&gt;", "cây thuốc", "125.000\u00a0₫", "130.000\u00a0₫",
        "200\u00a0g", "1,2\u00a0kg", "đã ẩn",
    ):  # fmt: skip
        assert words in page
    assert "<b>Shan</b>" not in page


@pytest.mark.django_db
def test_changes_come_newest_first_and_those_of_no_person_have_no_name():
    product = ProductFactory(name="Chè")
    product.name = "Chè Shan"
    product.save(update_fields=["name"])
    Product.objects.filter(pk=product.pk).update(state="hidden")
    labels = {"name": "tên", "state": "trạng thái"}
    changes = changes_of([("Sản phẩm", product, labels)])
    assert [(c.who, c.thing, c.field, c.old, c.new) for c in changes] == [
        ("", "Sản phẩm", "trạng thái", "đang bán", "đã ẩn"),
        ("", "Sản phẩm", "tên", "Chè", "Chè Shan"),
        ("", "Sản phẩm", "", "", ""),
    ]


@pytest.mark.django_db
def test_only_the_newest_changes_are_read():
    product = ProductFactory(name="Chè 0")
    for number in range(1, 6):
        product.name = f"Chè {number}"
        product.save(update_fields=["name"])
    changes = changes_of([("Sản phẩm", product, {"name": "tên"})], most=2)
    assert [change.new for change in changes] == ["Chè 5", "Chè 4"]


@pytest.mark.django_db
def test_thirty_lots_cost_as_many_queries_as_one(
    django_assert_num_queries: DjangoAssertNumQueries,
):
    variant = VariantFactory()
    for count in (1, 29):
        for _more in range(count):
            LotFactory(variant=variant).save()
        lots = [(lot.code, lot, {"code": "mã"}) for lot in variant.lots.all()]
        with django_assert_num_queries(1):  # nobody acted, so nobody is looked up
            assert len(changes_of(lots)) == len(lots)
