"""An order is paid to the account it was placed with, whatever the co-op does to its own."""

import uuid

import pytest
from django.test import Client
from rest_framework.test import APIClient

from coops.models import Cooperative
from core.vietqr import parse_vietqr
from orders.models import Order
from orders.services.standing_by import promote_next
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import StandbyEntryFactory
from tests.orders.helpers import order_of
from tests.orders.order_form import words

pytestmark = pytest.mark.django_db

ANOTHER = {"bank_bin": "970436", "bank_account_number": "9990001112", "bank_account_name": "B"}
NONE = dict.fromkeys(ANOTHER, "")


@pytest.mark.parametrize("account", [ANOTHER, NONE])
def test_page_and_api_keep_the_account_the_order_was_placed_with(account: dict[str, str]) -> None:
    order = order_of((OfferFactory(), 1), payment_method="transfer")
    number = order.session.cooperative.bank_account_number
    Cooperative.objects.update(**account)

    page = Client().get(f"/don/{order.token}/")
    shown = APIClient().get(f"/api/orders/{order.token}/")
    changed = APIClient().post(
        f"/api/orders/{order.token}/change/",
        {"note": "Gọi trước"},
        format="json",
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )

    assert number in words(page)
    for answer in (shown, changed):
        assert answer.status_code == 200
        payment = answer.json()["payment"]
        assert payment["account_number"] == number
        assert parse_vietqr(payment["vietqr"]).account_number == number
    assert Client().get(f"/don/{order.token}/vietqr.png").status_code == 200


def test_goods_held_for_the_first_in_line_keep_theirs_too() -> None:
    offer = OfferFactory(quantity_offered=1)
    StandbyEntryFactory(offer=offer, payment_method="transfer")
    order = promote_next(offer_id=offer.pk)
    assert order is not None
    assert Order.objects.get().payee_account_number == offer.cooperative.bank_account_number


def test_an_order_in_cash_names_no_account() -> None:
    order = order_of((OfferFactory(), 1))
    order.refresh_from_db()
    assert (order.has_payee, order.payee_account_name) == (False, "")
