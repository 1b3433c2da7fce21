"""Strangers are counted in the order's own transaction: nothing of what they did not get."""

import time
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils.crypto import salted_hmac
from pytest_django import Settings

from core.models import IdempotencyRecord
from livestreams.models import Offer
from orders.errors import CodeNeeded, SoldOut
from orders.services import placing, weighing
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory
from tests.threads import beside

pytestmark = pytest.mark.django_db(transaction=True)
AT_HOME = "203.0.113.5"
UNITS = 5  # of the eight that all strangers together have free while few buyers are known


def order(offer: Offer, *, number: int = 1, key: str = "") -> dict[str, Any]:
    """As the doors place an order of a stranger at home."""
    return placing.place(
        session_id=offer.session_id,
        lines=[(offer.pk, UNITS)],
        buyer=placing.Buyer(
            buyer_name="Lò Thị Huệ",
            buyer_phone=f"+8491234560{number}",
            commune_id=CommuneFactory(code="03901").pk,
            address_line="Bản Lướt",
            payment_method="cod",
        ),
        seen=None,
        kept=IdempotencyRecord(scope="guest", key=key, fingerprint="f") if key else None,
        client_ip=AT_HOME,
    )


def test_what_a_stranger_does_not_get_is_not_counted() -> None:
    gone = OfferFactory(quantity_offered=UNITS - 1, limit_per_buyer=UNITS)
    offer = OfferFactory(session=gone.session, quantity_offered=50, limit_per_buyer=UNITS)
    for number in range(1, 5):
        with pytest.raises(SoldOut):
            order(gone, number=number)
    with transaction.atomic():
        order(offer, number=5)
        transaction.set_rollback(True)

    assert order(offer, number=6)["state"] == "confirmed"
    with pytest.raises(CodeNeeded):  # what is had is counted
        order(offer, number=7)


def test_the_same_press_twice_at_once_is_one_order_and_asks_for_no_code() -> None:
    offer = OfferFactory(quantity_offered=50, limit_per_buyer=UNITS)
    with transaction.atomic():
        first = order(offer, key="k" * 32)
        twin = beside(lambda: order(offer, key="k" * 32))
        other = beside(lambda: order(offer, number=2, key="o" * 32))
        await_waiting(2)

    assert twin() == first
    with pytest.raises(CodeNeeded):
        other()
    offer.refresh_from_db()
    assert offer.quantity_claimed == UNITS


def await_waiting(count: int) -> None:
    """Until so many connections wait for a lock."""
    deadline = time.monotonic() + 5
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_database AS base"
                " ON base.oid = database OR database IS NULL"
                " WHERE NOT granted AND datname = current_database()"
            )
            if cursor.fetchone()[0] >= count:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")


def test_a_client_is_hashed_as_django_would_with_the_key_of_the_settings(
    settings: Settings,
) -> None:
    for secret in ("a" * 50, "b" * 50):
        settings.SECRET_KEY = secret
        hashed = salted_hmac(weighing.SALT, "phone:+84912345678", algorithm="sha256")
        assert weighing.phone_key("+84912345678") == hashed.hexdigest()[:32]
