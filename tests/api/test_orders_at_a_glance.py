"""The short way into an order reads nothing otherwise than the long one, and leaves words to it."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings, strategies as st
from rest_framework.exceptions import ValidationError

from core.rest import checked
from orders import api_placing
from orders.api_placing import FIELDS, NEW_ORDER, plainly_read
from orders.models import Order
from tests.api.conftest import Api
from tests.api.test_orders import wish
from tests.world import World

WHOLE = st.sampled_from([1, 2, 50, 0, -1, 1.0, True, "1", None, 2**31, 10**30])
TEXTS = st.one_of(
    st.sampled_from(
        ["Nguyễn Thị Lan", "", " \u200b", "x" * 81, "x" * 301, "a\0b", "\ud800", "=1+1"]
    ),
    st.text(max_size=12),
    st.sampled_from([None, 7, ["a"], {"a": 1}]),
)
GOOD: dict[str, Any] = {
    "session": 1,
    "lines": [{"offer": 1, "quantity": 2}],
    "name": "Nguyễn Thị Lan",
    "phone": "0912 345 678",
    "commune": "04609",
    "address_line": "Thôn Nậm Đâu",
    "payment_method": "cod",
    "note": "",
    "expected_total_vnd": 255_000,
}
ODD = {
    "session": WHOLE,
    "lines": st.one_of(
        st.lists(st.fixed_dictionaries({"offer": WHOLE, "quantity": WHOLE}), max_size=3),
        st.sampled_from([[], "all", None, [{}], [1], [{"offer": 1}], GOOD["lines"] * 51]),
        st.just([{"offer": 1, "quantity": 2, "price": 0}]),
    ),
    "phone": st.one_of(TEXTS, st.sampled_from(["+84 91 2345678", "12", "0912345678" + " " * 20])),
    "commune": st.one_of(TEXTS, st.sampled_from([" 04609 ", "00000", "4609", 4609])),
    "payment_method": st.sampled_from(["cod", "transfer", "card", "", None, ["cod"]]),
    "name": TEXTS,
    "expected_total_vnd": st.one_of(WHOLE, st.sampled_from([10**12, 10**14])),
    "address_line": TEXTS,
    "note": TEXTS,
    "price": WHOLE,
}


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A good order with one to three things changed, added or left out."""
    body = dict(GOOD)
    for name in draw(st.lists(st.sampled_from(sorted(ODD)), min_size=1, max_size=3)):
        body[name] = draw(ODD[name])
    for name in draw(st.sets(st.sampled_from(sorted(GOOD)), max_size=1)):
        body.pop(name, None)
    return body


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies())
def test_both_ways_read_the_same(world: World, body: dict[str, Any]) -> None:
    try:
        at_a_glance = plainly_read(body)
    except (KeyError, TypeError, ValueError):
        at_a_glance = None
    if at_a_glance is not None:
        assert dict(checked(NEW_ORDER, body)) == at_a_glance


def test_what_is_right_goes_the_short_way(world: World) -> None:
    assert set(GOOD) == FIELDS
    for changed in ({}, {"payment_method": "transfer"}, {"note": "Gọi trước"}):
        assert plainly_read({**GOOD, **changed}) is not None
    with pytest.raises(ValidationError):
        checked(NEW_ORDER, {**GOOD, "phone": "12"})


def test_both_ways_answer_the_same(
    guest: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = guest.post("orders/", wish(world))
    monkeypatch.setattr(api_placing, "plain_order", lambda _request: None)
    long = guest.post("orders/", wish(world))

    own = ("code", "order_token", "page_url", "placed_at", "cancel_until")
    one, other = short.json(), long.json()
    assert list(one) == list(other)
    assert {n: v for n, v in one.items() if n not in own} == {
        n: v for n, v in other.items() if n not in own
    }
    for name in ("Content-Type", "Content-Language", "Cache-Control"):
        assert short.get(name) == long.get(name)


def test_a_key_keeps_its_answer_whichever_way_it_comes(
    guest: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = str(uuid.uuid4())
    first = guest.post("orders/", wish(world), key=key)
    monkeypatch.setattr(api_placing, "plain_order", lambda _request: None)
    again = guest.post("orders/", wish(world), key=key)

    assert again.content == first.content
    assert Order.objects.filter(token=json.loads(first.content)["order_token"]).count() == 1


def test_refusals_are_the_same(guest: Api, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers() -> list[tuple[int, Any]]:
        lines = [{"offer": world.a.offer.pk, "quantity": 45}]
        asked = [wish(world, lines=lines), wish(world, session=999_999), wish(world, phone="1")]
        said = [guest.post("orders/", body) for body in asked]
        said.append(guest.post("orders/", wish(world), key=None))
        return [(answer.status_code, answer.json()) for answer in said]

    short = answers()
    monkeypatch.setattr(api_placing, "plain_order", lambda _request: None)
    assert short == answers()
    assert [status for status, _body in short] == [409, 404, 400, 400]


@pytest.mark.parametrize("length", ["no number", "-1", "1e9"])
def test_a_length_that_is_none_is_no_fault(db: None, length: str) -> None:
    answer = Client().generic(
        "POST", "/api/orders/", b"{}", content_type="application/json", CONTENT_LENGTH=length
    )
    assert answer.status_code == 400
