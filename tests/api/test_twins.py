"""The same request twice, the second while the first is still on its way."""

import threading
import uuid
from collections.abc import Iterator

import pytest
from django.db import transaction

from core.models import IdempotencyRecord
from orders.models import Order
from tests.api.conftest import Api
from tests.api.test_orders import wish
from tests.threads import beside
from tests.world import World, make_world


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def on_its_way(transactional_db: None, key: str) -> Iterator[World]:
    """The first request with `key` holds its record and has not committed yet."""
    world = make_world()
    has_begun, may_end = threading.Event(), threading.Event()

    def first_request() -> None:
        with transaction.atomic():
            IdempotencyRecord.objects.create(scope="guest", key=key, fingerprint="x")
            has_begun.set()
            may_end.wait(20)

    wait_for_it = beside(first_request)
    assert has_begun.wait(20)
    yield world
    may_end.set()
    wait_for_it()


def test_a_twin_is_asked_to_wait_while_the_first_still_runs(
    guest: Api, on_its_way: World, key: str
) -> None:
    answer = guest.post("orders/", wish(on_its_way), key=key)

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_flight")
    assert not Order.objects.filter(buyer_phone="+84912345678").exists()
