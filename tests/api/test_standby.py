"""A guest's program stands in line: one key, one place; takes what is held or leaves it."""

import uuid
from typing import Any

import pytest

from core.limits import Limit
from livestreams.models import Offer
from orders.models import Order, StandbyEntry
from orders.services import cancelling, weighing
from orders.services.standing_by import promote_next
from tests.api.conftest import Api
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import OrderFactory
from tests.orders.helpers import in_line, phone_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest() -> Api:
    return Api()


@pytest.fixture
def gone() -> Offer:
    """One bag of tea, in somebody's order."""
    offer = OfferFactory(quantity_offered=1)
    OrderFactory(offer=offer, buyer_phone=phone_of(901))
    offer.refresh_from_db()
    return offer


def wish(offer: Offer, /, **changed: Any) -> dict[str, Any]:
    order = Order.objects.filter(lines__offer=offer).earliest("pk")
    return {
        "session": offer.session_id,
        "offer": offer.pk,
        "quantity": 1,
        "name": "Nguyễn Thị Lan",
        "phone": "0912 345 678",
        "commune": order.commune_id,
        "address_line": "Thôn Nậm Đâu",
        "payment_method": "cod",
        "expected_total_vnd": offer.unit_price_vnd * 50 + offer.session.shipping_fee_vnd,
        **changed,
    }


def test_a_place_is_taken_and_read_again_by_its_secret(guest: Api, gone: Offer) -> None:
    in_line(gone, buyer_phone=phone_of(1))

    answer = guest.post("standby/", wish(gone))

    place = answer.json()
    assert answer.status_code == 201
    assert (place["stage"], place["place"], place["waiting"]) == ("waiting", 2, 2)
    assert place["buyer_phone"] == "09•• ••• 678"
    assert answer["Location"] == f"/api/standby/{place['entry_token']}/"
    again = guest.get(f"standby/{place['entry_token']}/")
    assert {**again.json(), "now": ""} == {**place, "now": ""}
    assert again["Cache-Control"] == "no-store"


def test_the_same_key_is_one_place(guest: Api, gone: Offer) -> None:
    key = str(uuid.uuid4())
    first, again = (guest.post("standby/", wish(gone), key=key) for _ in range(2))
    assert first.content == again.content
    assert StandbyEntry.objects.count() == 1


def test_refusals_say_why_in_their_code(guest: Api, gone: Offer) -> None:
    free = OfferFactory(session=gone.session)
    in_line(gone)
    for changed, code in (
        ({"offer": free.pk}, "not_sold_out"),
        ({}, "already_in_line"),
        ({"phone": "0987000005", "quantity": 6}, "limit_reached"),
    ):
        answer = guest.post("standby/", wish(gone, **changed))
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert guest.post("standby/", wish(gone), key=None).status_code == 400
    assert guest.post("standby/", wish(gone, offer=999_999)).status_code == 404
    assert StandbyEntry.objects.count() == 1


def test_joining_has_a_limit(guest: Api, gone: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighing, "JOINS_OF_PHONE", Limit("joins", 1, 600))
    guest.post("standby/", wish(gone))
    answer = guest.post("standby/", wish(gone))
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_tries")


def test_leaving_and_leaving_again(guest: Api, gone: Offer) -> None:
    token = in_line(gone).token
    for _ in range(2):
        answer = guest.post(f"standby/{token}/leave/")
        assert (answer.status_code, answer.json()["stage"]) == (200, "left")


def test_what_is_held_is_taken(guest: Api, gone: Offer) -> None:
    token = in_line(gone).token
    cancelling.cancel_order(order=Order.objects.get(lines__offer=gone))
    promote_next(offer_id=gone.pk)
    place = guest.get(f"standby/{token}/").json()
    assert (place["stage"], place["quantity_held"], place["place"]) == ("held", 1, None)
    assert place["held_until"] > place["now"]

    taken = guest.post(f"orders/{place['order_token']}/take/")

    assert (taken.status_code, taken.json()["state"]) == (200, "confirmed")
    assert guest.get(f"standby/{token}/").json()["stage"] == "taken"
    assert guest.post(f"orders/{place['order_token']}/cancel/").status_code == 200
    again = guest.post(f"orders/{place['order_token']}/take/")
    assert (again.status_code, again.json()["code"]) == (409, "hold_over")


def test_wrong_and_missing_secrets_look_alike(guest: Api, gone: Offer) -> None:
    answers = [guest.get(f"standby/{token}/") for token in ("x", "y" * 32, str(in_line(gone).pk))]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
