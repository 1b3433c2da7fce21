"""“Change the order” behind the secret link: without a script, nothing typed is lost."""

import uuid
from typing import Any

import pytest
from django.test import Client

from livestreams.models import Offer
from orders.models import Order
from orders.services import packing
from tests.api.conftest import Api
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import OrderFactory
from tests.orders.helpers import LAN, order_of
from tests.orders.test_order_page import value_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest() -> Client:
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def offer() -> Offer:
    return OfferFactory(quantity_offered=10, limit_per_buyer=5, unit_price_vnd=100_000)


def page_of(order: Order) -> str:
    return f"/don/{order.token}/sua/"


def typed(order: Order, offer: Offer, quantity: Any, **changes: Any) -> dict[str, Any]:
    return {
        "buyer_name": "Lò Thị Mỷ",
        "commune": order.commune_id,
        "address_line": "Thôn Mới",
        "note": "Gọi trước",
        "idempotency_key": str(uuid.uuid4()),
        f"quantity_{offer.pk}": quantity,
        **changes,
    }


def test_the_form_shows_the_order_as_it_is(guest: Client, offer: Offer) -> None:
    order = order_of((offer, 3), note="Gọi trước khi giao")
    page = guest.get(page_of(order))
    assert page["Cache-Control"] == "no-store"
    assert value_of(page, f"quantity_{offer.pk}") == "3"
    assert value_of(page, "address_line") == order.address_line
    assert value_of(page, "note") == "Gọi trước khi giao"
    assert "09•• ••• 678" in words(page)
    assert page_of(order) in guest.get(f"/don/{order.token}/").content.decode()


def test_saved_changes_are_told_on_the_order(guest: Client, offer: Offer) -> None:
    order = order_of((offer, 3))
    sent = typed(order, offer, 2)
    for _again in range(2):
        answer = guest.post(page_of(order), sent)
        assert answer.status_code == 303
    read = words(guest.get(answer["Location"]))
    assert "Đã lưu thay đổi" in read
    assert "2 × Chè Shan tuyết" in read
    assert "Lò Thị Mỷ" in read
    order.refresh_from_db()
    assert (order.goods_vnd, order.buyer_phone) == (200_000, LAN)


@pytest.mark.parametrize("quantity", ["", "x", "-1", "2,5", "99999", "0"])
def test_bad_input_is_said_and_kept(guest: Client, offer: Offer, quantity: str) -> None:
    order = order_of((offer, 3))
    page = guest.post(page_of(order), typed(order, offer, quantity, address_line="Ngõ mới"))
    assert page.status_code == 422
    assert value_of(page, "address_line") == "Ngõ mới"
    assert value_of(page, f"quantity_{offer.pk}") == quantity
    order.refresh_from_db()
    assert order.goods_vnd == 300_000


def test_too_many_are_refused_with_how_many_there_are(
    guest: Client, offer: Offer, monkeypatch: Any
) -> None:
    order = order_of((offer, 2))
    monkeypatch.setattr("orders.change_form.most_of", lambda _line: 5)  # as the page was drawn
    OrderFactory(offer=offer, quantity=7)
    page = guest.post(page_of(order), typed(order, offer, 4))
    assert page.status_code == 409
    assert "bạn chọn 4, hiện chỉ lấy được tối đa 3" in words(page)
    assert value_of(page, f"quantity_{offer.pk}") == "4"
    assert value_of(page, "note") == "Gọi trước"


def test_too_late_to_change_is_said_on_the_order(guest: Client, offer: Offer) -> None:
    order = order_of((offer, 2))
    packing.move_parcel(parcel=order.parcels.get(), state="packed")
    for page in (guest.get(page_of(order)), guest.post(page_of(order), typed(order, offer, 1))):
        assert page.status_code == 409
        assert "không sửa ở đây được nữa" in words(page)
    assert page_of(order) not in guest.get(f"/don/{order.token}/").content.decode()


def test_what_was_saved_in_time_is_answered_again_when_it_is_too_late(
    guest: Client, offer: Offer
) -> None:
    """The first answer was lost on the way; the phone sends it again after the packing began."""
    order = order_of((offer, 3))
    sent = typed(order, offer, 2)
    first = guest.post(page_of(order), sent)
    packing.move_parcel(parcel=order.parcels.get(), state="packed")
    again = guest.post(page_of(order), sent)
    assert (again.status_code, again["Location"]) == (303, first["Location"])
    assert guest.post(page_of(order), typed(order, offer, 1)).status_code == 409


def test_without_a_script_the_province_is_chosen_first(guest: Client, offer: Offer) -> None:
    order = order_of((offer, 2))
    sent = typed(order, offer, 1, commune="", commune_province="15", recount="1")
    page = guest.post(page_of(order), sent)
    assert page.status_code == 422
    assert "100.000 ₫" in words(page)
    assert order.lines.get().quantity == 2


def test_a_program_changes_by_the_secret_link(offer: Offer) -> None:
    guest, order = Api(), order_of((offer, 3))
    where = f"orders/{order.token}/change/"
    answer = guest.post(where, {"lines": [{"offer": offer.pk, "quantity": 1}], "note": "Chiều"})
    assert answer.status_code == 200
    assert (answer.json()["goods_vnd"], answer.json()["note"]) == (100_000, "Chiều")
    refused = guest.post(where, {"lines": [{"offer": offer.pk, "quantity": 6}]})
    assert refused.status_code == 409
    assert refused.json()["details"]["lines"][0]["possible"] == 5
    assert guest.post(where, {"lines": [{"offer": offer.pk, "quantity": 0}]}).status_code == 422
    assert guest.post(where, {"name": ""}).status_code == 400
    assert guest.post(f"orders/{'x' * 32}/change/", {}).status_code == 404
