"""No order costs more than the sum its buyer saw, through whichever door it comes."""

import uuid
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from livestreams.models import LivestreamSession, Offer
from orders.errors import TotalRose
from orders.models import Order, StandbyEntry
from orders.services.cancelling import cancel_order_for_coop
from orders.services.placing import Seen
from orders.services.standing_by import promote_next, take_held_order
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.orders.helpers import in_line, order_of
from tests.orders.order_form import address, typed, value_of, words
from tests.placing_function import placing_function

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}


@pytest.fixture
def offer() -> Offer:
    session = SessionFactory(shipping_fee_vnd=25_000)
    return OfferFactory(session=session, unit_price_vnd=115_000, quantity_offered=9)


def price(offer: Offer, vnd: int) -> None:
    Offer.objects.filter(pk=offer.pk).update(unit_price_vnd=vnd)


def by_program(offer: Offer, expected_vnd: int | None, **changes: Any) -> Any:
    order = {
        "session": offer.session_id,
        "lines": [{"offer": offer.pk, "quantity": 2}],
        "name": "Lan",
        "phone": "0912 345 678",
        "commune": typed()["commune"],
        "address_line": "Thôn Nậm Đâu",
        "payment_method": "cod",
        **({} if expected_vnd is None else {"expected_total_vnd": expected_vnd}),
        **changes,
    }
    key = {"Idempotency-Key": str(uuid.uuid4())}
    return APIClient().post("/api/orders/", order, format="json", headers=key)


def test_a_price_that_rose_under_the_form_is_asked_about(offer: Offer) -> None:
    form = typed((offer, 2))
    price(offer, 125_000)

    asked = Client().post(address(offer.session), form)

    assert (asked.status_code, Order.objects.count()) == (409, 0)
    said = words(asked)
    for told in ("115.000 ₫", "125.000 ₫", "255.000 ₫", "275.000 ₫", "Chốt đơn giá này"):
        assert told in said
    assert value_of(asked, "buyer_name") == "Nguyễn Thị Lan"
    assert value_of(asked, f"price_{offer.pk}") == "125000"

    agreed = Client().post(address(offer.session), {**form, f"price_{offer.pk}": "125000"})
    assert agreed.status_code == 303
    assert Order.objects.get().total_vnd == 275_000


def test_a_fee_that_rose_is_asked_about_and_counts_for_each_parcel(offer: Offer) -> None:
    guest = SlotFactory(session=offer.session).cooperative
    other = OfferFactory(session=offer.session, cooperative=guest)
    form = typed((offer, 1), (other, 1))
    LivestreamSession.objects.filter(pk=offer.session_id).update(shipping_fee_vnd=26_000)

    assert Client().post(address(offer.session), form).status_code == 409
    assert Client().post(address(offer.session), {**form, "fee": "26000"}).status_code == 303


def test_a_script_is_sent_to_the_page_that_asks(offer: Offer) -> None:
    form = typed((offer, 2))
    price(offer, 125_000)

    told = Client().post(address(offer.session), form, headers=JSON)

    assert (told.status_code, told.json()["code"]) == (409, "total_rose")
    assert "notice" not in told.json()  # prices of the page change too
    assert Order.objects.count() == 0


def test_a_lower_price_is_given(offer: Offer) -> None:
    form = typed((offer, 2))
    price(offer, 100_000)
    assert Client().post(address(offer.session), form).status_code == 303
    assert by_program(offer, 255_000).status_code == 201
    assert {order.total_vnd for order in Order.objects.all()} == {225_000}


@pytest.mark.parametrize("sent", [{}, {"price": "x"}, {"price": "-1"}, {"price": "9" * 30}])
def test_a_form_that_brings_no_price_is_asked(offer: Offer, sent: dict[str, str]) -> None:
    form = typed((offer, 1))
    del form[f"price_{offer.pk}"]
    form |= {f"{name}_{offer.pk}": value for name, value in sent.items()}

    asked = Client().post(address(offer.session), form)

    assert (asked.status_code, Order.objects.count()) == (409, 0)
    assert "140.000 ₫" in words(asked)


def test_a_program_says_what_its_buyer_saw(offer: Offer) -> None:
    silent = by_program(offer, None)
    assert silent.status_code == 400
    assert silent.json()["field"] == "expected_total_vnd"

    dear = by_program(offer, 254_999)
    told = dear.json()
    assert (dear.status_code, told["code"]) == (409, "total_rose")
    assert (told["details"]["expected_total_vnd"], told["details"]["total_vnd"]) == (
        254_999,
        255_000,
    )
    assert told["details"]["lines"][0]["unit_price_vnd"] == 115_000
    assert Order.objects.count() == 0

    assert by_program(offer, 255_000).status_code == 201


def test_without_the_comparison_the_buyer_is_charged_unasked(offer: Offer) -> None:
    """Control: the guard is the function's own."""
    with placing_function(("v_problem := 'dearer';", "NULL;")):
        assert by_program(offer, 1).status_code == 201
    assert Order.objects.get().total_vnd == 255_000


def sold_out() -> Offer:
    offer = OfferFactory(quantity_offered=1, unit_price_vnd=100_000)
    order_of((offer, 1), buyer_phone="+84912000001")
    offer.refresh_from_db()
    return offer


def test_joining_the_line_at_a_price_that_rose_is_asked_about() -> None:
    offer = sold_out()
    with pytest.raises(TotalRose) as refusal:
        in_line(offer, seen=Seen(99_999, offer.session.shipping_fee_vnd))
    assert refusal.value.details["total_vnd"] == 125_000
    assert not StandbyEntry.objects.exists()
    assert in_line(offer, seen=Seen(125_000)).seen_price_vnd == 100_000


def test_a_turn_that_costs_more_than_when_joining_is_asked_about() -> None:
    offer = sold_out()
    entry = in_line(offer)
    price(offer, 120_000)
    cancel_order_for_coop(order=Order.objects.get(), reason="hết")
    order = promote_next(offer_id=offer.pk)
    assert order is not None

    page = Client().get(f"/hang-cho/{entry.token}/")
    for told in ("125.000 ₫", "145.000 ₫"):
        assert told in words(page)
    assert value_of(page, "seen_vnd") == "145000"
    with pytest.raises(TotalRose):
        take_held_order(order=order)

    assert take_held_order(order=order, seen_vnd=145_000).state == Order.State.CONFIRMED
