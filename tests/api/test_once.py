"""One wish, one effect; what happens without."""

import uuid

import pytest
from django.test import Client

from orders.models import Order
from tests.api.conftest import Api
from tests.api.test_orders import wish
from tests.cast import client_of
from tests.world import World


def lans_orders() -> int:
    return Order.objects.filter(buyer_phone="+84912345678").count()


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


def test_without_the_guard_a_repeat_would_order_twice(
    guest: Api, world: World, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control for the tests that count one order."""
    monkeypatch.setattr("orders.api_placing.record_of", lambda _request: None)
    for _press in range(2):
        assert guest.post("orders/", wish(world), key=key).status_code == 201

    assert lans_orders() == 2


def test_keys_of_two_people_are_their_own(mai: Api, thao: Api, world: World, key: str) -> None:
    for api, side in ((mai, world.a), (thao, world.b)):
        path = f"my/products/{side.product.pk}/"
        assert api.patch(path, {"name": "Chè mới"}, key=key).status_code == 200


def test_a_browser_session_needs_the_csrf_header_too(world: World) -> None:
    signed_in = Client(enforce_csrf_checks=True)
    signed_in.cookies = client_of(world.cast.mai).cookies
    answer = Api(client=signed_in).patch(f"my/products/{world.a.product.pk}/", {"name": "Khác"})

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
