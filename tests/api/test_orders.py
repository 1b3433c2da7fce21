"""A guest's program orders: one key, one order, whatever the network does."""

import uuid
from typing import Any

import pytest
from django.db import connection

from core.models import IdempotencyRecord
from orders.models import Order
from tests.api.conftest import Api
from tests.core.shared_data import hostile_strings
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.world import World

LAN = "0912 345 678"


def wish(world: World, **changed: Any) -> dict[str, Any]:
    """Two packs to Lan, cash on delivery; keywords replace what is asked."""
    return {
        "session": world.a.session.pk,
        "lines": [{"offer": world.a.offer.pk, "quantity": 2}],
        "name": "Nguyễn Thị Lan",
        "phone": LAN,
        "commune": "04609",
        "address_line": "Thôn Nậm Đâu",
        "payment_method": "cod",
        "expected_total_vnd": 9_999_999,
        **changed,
    }


def test_an_order_is_placed_and_read_again_by_its_secret(guest: Api, world: World) -> None:
    answer = guest.post("orders/", wish(world))
    placed = answer.json()

    assert answer.status_code == 201
    assert (placed["state"], placed["goods_vnd"], placed["shipping_vnd"]) == (
        "confirmed",
        230_000,
        25_000,
    )
    assert placed["buyer_phone"] == "09•• ••• 678"
    assert placed["payment"] is None
    assert guest.get(f"orders/{placed['order_token']}/").json() == placed
    assert answer["Location"] == f"/api/orders/{placed['order_token']}/"
    order = Order.objects.get(code=placed["code"])
    assert (order.buyer_phone, order.language) == ("+84912345678", "vi")


def test_an_order_by_transfer_brings_the_vietqr(guest: Api, world: World) -> None:
    placed = guest.post("orders/", wish(world, payment_method="transfer")).json()

    assert placed["state"] == "awaiting_payment"
    assert placed["payment"]["amount_vnd"] == 255_000
    assert placed["payment"]["memo"] == placed["code"]
    assert placed["payment"]["vietqr"].startswith("000201")
    assert placed["code"] in placed["payment"]["vietqr"]
    assert placed["pay_by"] is not None


def test_a_secret_answer_goes_into_no_cache(guest: Api, world: World) -> None:
    for token in (world.a.order.token, "khong-co"):
        answer = guest.get(f"orders/{token}/")
        assert answer["Cache-Control"] == "no-store"
        assert answer["Referrer-Policy"] == "no-referrer"


def test_the_same_key_brings_the_same_answer_byte_for_byte(guest: Api, world: World) -> None:
    key = str(uuid.uuid4())
    first = guest.post("orders/", wish(world), key=key)
    again = guest.post("orders/", wish(world), key=key)

    assert again.status_code == first.status_code == 201
    assert (again.content, again["Content-Type"], again["Location"]) == (
        first.content,
        first["Content-Type"],
        first["Location"],
    )
    assert Order.objects.filter(buyer_phone="+84912345678").count() == 1


def test_the_same_key_with_another_wish_is_refused(guest: Api, world: World) -> None:
    key = str(uuid.uuid4())
    guest.post("orders/", wish(world), key=key)
    other = guest.post("orders/", wish(world, name="Người khác"), key=key)

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Order.objects.filter(buyer_phone="+84912345678").count() == 1


@pytest.mark.parametrize("key", [None, "short", "x" * 65, "khóa-có-dấu-không-được"])
def test_without_a_usable_key_nothing_is_done(guest: Api, world: World, key: str | None) -> None:
    answer = guest.post("orders/", wish(world), key=key)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert not Order.objects.filter(buyer_phone="+84912345678").exists()


def test_a_refused_wish_leaves_the_key_free(guest: Api, world: World) -> None:
    key = str(uuid.uuid4())
    refused = guest.post("orders/", wish(world, commune="00000"), key=key)
    corrected = guest.post("orders/", wish(world), key=key)

    assert (refused.status_code, refused.json()["field"]) == (400, "commune")
    assert corrected.status_code == 201


def test_too_many_says_how_each_line_stands(guest: Api, world: World) -> None:
    few = OfferFactory(session=world.a.session, quantity_offered=1)
    lines = [{"offer": few.pk, "quantity": 2}, {"offer": world.a.offer.pk, "quantity": 1}]
    answer = guest.post("orders/", wish(world, lines=lines))

    assert (answer.status_code, answer.json()["code"]) == (409, "sold_out")
    by_offer = {line["offer_id"]: line for line in answer.json()["details"]["lines"]}
    assert (by_offer[few.pk]["problem"], by_offer[few.pk]["possible"]) == ("sold_out", 1)
    assert by_offer[world.a.offer.pk]["problem"] == ""
    assert not Order.objects.filter(buyer_phone="+84912345678").exists()


def test_a_session_that_is_over_takes_no_order(guest: Api, world: World) -> None:
    session = SessionFactory(cooperative=world.a.cooperative, ended=True)
    offer = OfferFactory(session=session, closed=True)
    lines = [{"offer": offer.pk, "quantity": 1}]
    answer = guest.post("orders/", wish(world, session=session.pk, lines=lines))

    assert (answer.status_code, answer.json()["code"]) == (409, "session_not_live")


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"session": 999_999}, 404, None),
        ({"session": "1"}, 400, "session"),
        ({"session": True}, 400, "session"),
        ({"session": 10**30}, 400, "session"),
        ({"lines": []}, 400, "lines"),
        ({"lines": "all"}, 400, "lines"),
        ({"lines": [{"offer": 1, "quantity": 0}]}, 400, "lines.0.quantity"),
        ({"lines": [{"offer": 1, "quantity": 1.5}]}, 400, "lines.0.quantity"),
        ({"lines": [{"offer": 1, "quantity": 1}] * 51}, 400, "lines"),
        ({"name": "  \u200b "}, 400, "name"),
        ({"name": "a\0b"}, 400, "name"),
        ({"name": "\ud800"}, 400, None),
        ({"name": "x" * 81}, 400, "name"),
        ({"name": {"a": 1}}, 400, "name"),
        ({"phone": "12"}, 400, "phone"),
        ({"phone": None}, 400, "phone"),
        ({"commune": ["04609"]}, 400, "commune"),
        ({"payment_method": "gold"}, 400, "payment_method"),
        ({"note": "x" * 301}, 400, "note"),
    ],
)
def test_what_cannot_be_used_is_named(
    guest: Api, world: World, changed: dict[str, Any], status: int, field: str | None
) -> None:
    answer = guest.post("orders/", wish(world, **changed))

    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert set(answer.json()) == {"code", "message", "field", "details"}
    assert not Order.objects.filter(buyer_phone="+84912345678").exists()


def test_another_content_type_is_told_so(guest: Api, world: World) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    as_form = guest.client.post("/api/orders/", {"name": "Lan"}, headers=key)

    assert (as_form.status_code, as_form.json()["code"]) == (415, "unsupported_media_type")


def test_more_than_a_request_may_hold_is_refused(guest: Api, world: World) -> None:
    answer = guest.post("orders/", wish(world, note="x" * 3_000_000))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_big")


def test_a_method_there_is_not_says_so(guest: Api, world: World) -> None:
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        answer = guest.send(method, "orders/")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_an_order_is_cancelled_once(guest: Api, world: World) -> None:
    path = f"orders/{world.a.order.token}/cancel/"
    first, again = guest.post(path), guest.post(path)

    assert [first.json()["state"], again.json()["state"]] == ["cancelled", "cancelled"]
    world.a.offer.refresh_from_db()
    assert world.a.offer.quantity_claimed == 0


def test_a_packed_order_is_not_cancelled(guest: Api, world: World) -> None:
    world.a.order.parcels.update(state="packed")
    answer = guest.post(f"orders/{world.a.order.token}/cancel/")

    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_cancel")


def test_a_wrong_secret_and_none_are_alike(guest: Api, world: World) -> None:
    answers = [guest.get(f"orders/{token}/") for token in ("x" * 32, world.a.order.code, "\0")]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (404, answers[0].content)
    }


def test_the_secret_of_an_order_stays_out_of_the_history(guest: Api, world: World) -> None:
    guest.post(f"orders/{world.a.order.token}/cancel/")
    with connection.cursor() as cursor:
        cursor.execute("SELECT metadata::text FROM pghistory_context")
        kept = [row[0] for row in cursor.fetchall()]

    assert any("/api/orders/" in row for row in kept)
    assert not any(world.a.order.token in row for row in kept)


def test_hostile_words_are_kept_or_refused_and_never_break(guest: Api, world: World) -> None:
    session = SessionFactory(cooperative=world.a.cooperative)
    offer = OfferFactory(
        session=session, quantity_offered=1, limit_per_buyer=1, lot__quantity_made=1
    )
    lines = [{"offer": offer.pk, "quantity": 1}]
    OrderFactory(offer=offer)  # sold out: nothing is written, all is read
    for words in hostile_strings()[::12]:
        said = wish(world, session=session.pk, lines=lines, name=words, note=words, phone=words)
        assert guest.post("orders/", said).status_code in {400, 409}, words
        said = wish(world, session=session.pk, lines=lines, address_line=words)
        assert guest.post("orders/", said).status_code in {400, 409}, words
    assert not IdempotencyRecord.objects.exists()


def test_a_placed_order_is_answered_as_the_order_is_shown(guest: Api, world: World) -> None:
    """The answer is made without reading the order; it must not drift from the serializer."""
    for method in ("cod", "transfer"):
        placed = guest.post("orders/", wish(world, payment_method=method)).json()
        shown = guest.get(f"orders/{placed['order_token']}/").json()

        assert placed == shown
