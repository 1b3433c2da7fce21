"""Bringing in lots and counting them, as the manager sees it."""

import pytest
from django.test import Client
from django.urls import reverse

from products.models import Lot
from products.services.stock import take_from_lot
from tests.cast import Cast
from tests.factories.products import LotFactory
from tests.products.conftest import send, text_of


@pytest.fixture
def lot(cast: Cast) -> Lot:
    return LotFactory(variant__product__cooperative=cast.coop_a, code="L261101-1")


def test_a_new_lot_shows_with_its_movement_and_who_brought_it_in(mai: Client, lot: Lot):
    url = reverse("show-stock", args=[lot.variant_id])
    response = send(mai, url, quantity="60", harvested_on="04/11/2025", code=" che-xuan ")
    assert response.status_code == 302
    page = text_of(mai.get(url))
    for words in ("CHE-XUAN", "04/11/2025", "Nhập lô mới", "+60", "Mai"):
        assert words in page


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("quantity", "0"),
        ("quantity", "mười"),
        ("harvested_on", "01/01/2099"),
        ("harvested_on", "30/02/2025"),
        ("best_before_on", "01/01/2025"),
        ("code", "LÔ CHÈ"),
        ("code", "L" * 21),
        ("code", "L261101-1"),
        ("plot", "x" * 161),
    ],
)
def test_a_wrong_lot_is_refused_at_the_field_and_stays_typed(
    mai: Client, lot: Lot, field: str, wrong: str
):
    data = {"quantity": "60", "harvested_on": "04/11/2025", field: wrong}
    response = send(mai, reverse("show-stock", args=[lot.variant_id]), **data)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert wrong in text_of(response) or field.endswith("_on")
    assert Lot.objects.count() == 1


def test_pressing_twice_brings_in_one_lot(mai: Client, lot: Lot):
    url = reverse("show-stock", args=[lot.variant_id])
    for _ in range(2):
        send(mai, url, key="k" * 20, quantity="60", harvested_on="04/11/2025")
    assert Lot.objects.count() == 2


def test_a_count_needs_a_reason_and_shows_it(mai: Client, lot: Lot):
    url = reverse("count-lot", args=[lot.pk])
    assert "100" in text_of(mai.get(url))
    without = send(mai, url, counted="97", seen="100", reason="")
    assert without.status_code == 422
    assert list(without.context["form"].errors) == ["reason"]
    assert send(mai, url, counted="97", seen="100", reason="Rách <b>").status_code == 302
    page = text_of(mai.get(reverse("show-stock", args=[lot.variant_id])))
    assert "Rách &lt;b&gt;" in page
    assert ">-3<" in page


def test_a_count_overtaken_by_an_offer_shows_the_new_number_and_keeps_the_typed(
    mai: Client, lot: Lot
):
    take_from_lot(lot_id=lot.pk, quantity=30, reference="offer:1")
    url = reverse("count-lot", args=[lot.pk])
    response = send(mai, url, counted="97", seen="100", reason="Đếm lại")
    page = text_of(response)
    assert response.status_code == 409
    assert "nay còn 70" in page
    assert 'name="seen" value="70"' in page
    assert 'value="97"' in page
    lot.refresh_from_db()
    assert lot.quantity_available == 70
