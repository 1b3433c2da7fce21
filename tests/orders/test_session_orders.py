"""Those who run a session: money seen, orders called off, figures; guests see their own part."""

import uuid
from typing import Any

import pytest
from django.test import Client

from coops.models import Cooperative
from livestreams.models import LivestreamSession
from orders import tasks
from orders.models import Order
from orders.services import paying
from tests.cast import Cast, client_of, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory
from tests.orders.test_order_page import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def session(cast: Cast) -> LivestreamSession:
    """Held by co-op A; co-op B has joined."""
    session = SessionFactory(cooperative=cast.coop_a)
    SlotFactory(session=session, cooperative=cast.coop_b)
    return session


@pytest.fixture
def minh(cast: Cast) -> Client:
    return client_of(cast.minh)


def page_of(session: LivestreamSession) -> str:
    return f"/lam-viec/phien/{session.pk}/don/"


def press(client: Client, where: str, **typed: Any) -> Any:
    return client.post(where, {"idempotency_key": str(uuid.uuid4()), **typed})


def order_of(session: LivestreamSession, coop: Cooperative | None = None, **more: Any) -> Order:
    coop = coop or session.cooperative
    offer = OfferFactory(
        session=session, cooperative=coop, lot__variant__product__name=f"Hàng của {coop.name}"
    )
    return OrderFactory(offer=offer, **more)


def test_the_holder_sees_every_order_and_confirms_money(
    minh: Client, session: Any, cast: Cast
) -> None:
    order = order_of(session, transfer=True)
    theirs = order_of(session, cast.coop_b)
    read = words(minh.get(page_of(session)))
    assert order.code in read
    assert theirs.code in read
    assert cast.coop_b.name in read

    answer = press(minh, f"{page_of(session)}{order.pk}/tien/")

    assert answer.status_code == 303
    order.refresh_from_db()
    assert (order.state, order.paid_confirmed_by) == ("confirmed", cast.minh)
    assert "đã trả tiền" in words(minh.get(answer["Location"]))


def test_a_guest_cooperative_sees_its_own_lines_and_no_money(cast: Cast, session: Any) -> None:
    tea = OfferFactory(session=session, lot__variant__product__name="Chè của A")
    crab = OfferFactory(
        session=session, cooperative=cast.coop_b, lot__variant__product__name="Ba khía của B"
    )
    shared = OrderFactory(lines=[(tea, 1), (crab, 1)], transfer=True)
    foreign = OrderFactory(lines=[(tea, 1)])
    thao = client_of(cast.thao)

    page = thao.get(page_of(session))
    read = words(page)

    assert shared.code in read
    assert foreign.code not in read
    assert "Ba khía của B" in read
    assert "Chè của A" not in read
    assert "/tien/" not in page.content.decode()
    for act in ("tien/", "huy/"):
        assert press(thao, f"{page_of(session)}{shared.pk}/{act}", reason="x").status_code == 404
    shared.refresh_from_db()
    assert shared.state == Order.State.AWAITING_PAYMENT


@pytest.mark.parametrize("who", ["lan", "ha", "binh"])
def test_strangers_find_nothing(cast: Cast, session: Any, who: str) -> None:
    order = order_of(session, transfer=True)
    client = client_of(getattr(cast, who))
    assert client.get(page_of(session)).status_code == 404
    assert client.get(f"/lam-viec/phien/{session.pk}/so-lieu.json").status_code == 404
    assert press(client, f"{page_of(session)}{order.pk}/tien/").status_code == 404


def test_an_order_is_not_reached_through_another_session(
    minh: Client, cast: Cast, session: Any
) -> None:
    foreign = OrderFactory(transfer=True)
    mine = SessionFactory(cooperative=cast.coop_a)
    for at in (foreign.session, mine):
        assert press(minh, f"{page_of(at)}{foreign.pk}/tien/").status_code == 404


def test_confirming_twice_is_one_confirmation(minh: Client, session: Any) -> None:
    order = order_of(session, transfer=True)
    for _press in range(2):
        assert press(minh, f"{page_of(session)}{order.pk}/tien/").status_code == 303


def test_calling_off_needs_a_reason_and_tells_the_buyer(minh: Client, session: Any) -> None:
    order = order_of(session)
    where = f"{page_of(session)}{order.pk}/huy/"

    empty = press(minh, where, reason=" ")
    assert empty.status_code == 422
    assert "Hãy cho người mua biết lý do" in words(empty)
    assert press(minh, where, reason="Mưa đá làm dập chè").status_code == 303

    assert "Mưa đá làm dập chè" in words(Client().get(f"/don/{order.token}/"))


def test_orders_are_found_and_sorted_into_tabs(minh: Client, session: Any) -> None:
    waiting = order_of(session, transfer=True, buyer_name="Lò Thị Mỷ")
    taken = order_of(session, buyer_name="Vàng A Sủa")

    read = words(minh.get(page_of(session), {"tab": "cho-tien"}))
    assert waiting.code in read
    assert taken.code not in read
    assert taken.code in words(minh.get(page_of(session), {"q": "vang a sua"}))
    assert minh.get(page_of(session), {"tab": "x", "page": "x", "q": "%"}).status_code == 200


def test_figures_are_the_whole_for_the_holder_and_ones_own_for_a_guest(
    minh: Client, cast: Cast, session: Any
) -> None:
    order_of(session, quantity=2)
    order_of(session, cast.coop_b, quantity=3)
    where = f"/lam-viec/phien/{session.pk}/so-lieu.json"
    empty = minh.get(where).json()["total"]
    assert (empty["order_count"], empty["counted_at"]) == (0, None)
    tasks.recount_session(session.pk)

    whole = minh.get(where).json()
    guest = client_of(cast.thao).get(where).json()

    assert whole["scope"] == "session"
    assert [whole["total"][n] for n in ("order_count", "unit_count", "goods_vnd", "weight_g")] == [
        2,
        5,
        575_000,
        1_000,
    ]
    assert whole["total"]["age_s"] < 60
    assert [(o["live_code"], o["quantity_claimed"]) for o in whole["offers"]] == [
        ("A01", 2),
        ("B01", 3),
    ]
    assert guest["scope"] == "cooperative"
    assert (guest["total"]["order_count"], guest["total"]["unit_count"]) == (1, 3)
    assert [o["live_code"] for o in guest["offers"]] == ["B01"]


def test_the_holder_is_told_what_is_waited_for_and_what_must_go_back(
    minh: Client, cast: Cast, session: Any
) -> None:
    waiting = order_of(session, transfer=True)
    late = order_of(session, transfer=True, state="released")
    paying.confirm_payment(order=late, user=cast.minh)
    where = f"/lam-viec/phien/{session.pk}/so-lieu.json"

    money = minh.get(where).json()["money"]

    assert (money["count"], money["amount_vnd"]) == (1, waiting.total_vnd)
    assert (money["refund_count"], money["refund_vnd"]) == (1, late.total_vnd)
    read = words(minh.get(page_of(session)))
    assert "1 đơn đang chờ chuyển khoản" in read
    assert "Cần trả lại" in read
    assert client_of(cast.thao).get(where).json()["money"] is None


def test_figures_equal_a_recount_of_the_lines(minh: Client, session: Any) -> None:
    for n in (1, 2, 3):
        order_of(session, quantity=n)
    tasks.recount_session(session.pk)
    got = minh.get(f"/lam-viec/phien/{session.pk}/so-lieu.json").json()
    assert got["total"]["goods_vnd"] == sum(offer["goods_vnd"] for offer in got["offers"])
    assert got["total"]["unit_count"] == sum(offer["quantity_claimed"] for offer in got["offers"])


def test_the_list_is_counted_for_queries_at_one_and_at_three(
    minh: Client, session: Any, django_assert_max_num_queries: Any
) -> None:
    order_of(session)
    with django_assert_max_num_queries(20) as one:
        minh.get(page_of(session))
    order_of(session), order_of(session)
    with django_assert_max_num_queries(20) as three:
        minh.get(page_of(session))
    assert len(one) == len(three)
