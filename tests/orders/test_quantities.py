"""A number of units is read alike on the order page, the change page, in a waitlist and by the API."""

import uuid
from typing import Any

import pytest
from django.test import Client

from livestreams.models import Offer
from orders.models import Order, StandbyEntry
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import OrderFactory
from tests.orders.helpers import order_of
from tests.orders.order_form import address, typed, value_of, words

pytestmark = pytest.mark.django_db
TWO = ["2.0", "+2", "00002", "２", " 2\u200b"]


def to_order(offer: Offer, quantity: Any) -> Any:
    return Client().post(address(offer.session), typed((offer, quantity)))


def to_change(offer: Offer, quantity: Any) -> Any:
    order = order_of((offer, 1))
    return Client().post(f"/don/{order.token}/sua/", typed((offer, quantity)))


def to_wait(offer: Offer, quantity: Any) -> Any:
    OrderFactory(offer=offer, quantity=offer.quantity_offered)
    sent = typed((offer, quantity))
    return Client().post(f"/phien/{offer.session_id}/cho/{offer.pk}/", sent)


def to_api(offer: Offer, quantity: Any) -> Any:
    order = {
        "session": offer.session_id,
        "lines": [{"offer": offer.pk, "quantity": quantity}],
        "name": "Nguyễn Thị Lan",
        "phone": "0912345678",
        "commune": CommuneFactory().pk,
        "address_line": "Thôn Nậm Đâu",
        "payment_method": "cod",
        "expected_total_vnd": 9_999_999,
    }
    key = {"Idempotency-Key": uuid.uuid4().hex}
    return Client().post("/api/orders/", order, "application/json", headers=key)


@pytest.mark.parametrize("quantity", TWO)
@pytest.mark.parametrize("send", [to_order, to_change, to_wait, to_api])
def test_two_is_taken_as_two_everywhere(send: Any, quantity: str) -> None:
    offer = OfferFactory(limit_per_buyer=5)
    answer = send(offer, quantity)
    assert answer.status_code in {201, 303}, words(answer)
    if send is to_wait:
        assert StandbyEntry.objects.get().quantity == 2
    else:
        assert Order.objects.latest("pk").lines.get().quantity == 2


@pytest.mark.parametrize("quantity", ["2.5", "2.00", "hai"])
@pytest.mark.parametrize("send", [to_order, to_change, to_wait])
def test_what_is_no_number_is_said_at_its_field(send: Any, quantity: str) -> None:
    offer = OfferFactory(limit_per_buyer=5)
    page = send(offer, quantity)
    assert page.status_code == 422
    assert "số nguyên" in words(page).lower()
    assert value_of(page, f"quantity_{offer.pk}") == quantity
