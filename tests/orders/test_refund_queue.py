"""The queue of money to send back: found, rung up, sent or placed anew, taken back."""

import uuid
from typing import Any

import pytest
from django.test import Client

from orders.models import Order, Refund
from orders.services import cancelling, paying, refunding
from tests.cast import Cast, client_of, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory, RefundFactory
from tests.orders.helpers import LAN
from tests.orders.test_order_page import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def minh(cast: Cast) -> Client:
    return client_of(cast.minh)


@pytest.fixture
def refund(cast: Cast) -> Refund:
    """Lan's money for two packs of co-op A, too late."""
    session = SessionFactory(cooperative=cast.coop_a)
    SlotFactory(session=session, cooperative=cast.coop_b)
    offer = OfferFactory(session=session, quantity_offered=5)
    order = OrderFactory(
        offer=offer, quantity=2, transfer=True, state="released", buyer_phone=LAN,
        buyer_name="Lò Thị Mỷ",
    )  # fmt: skip
    paying.confirm_payment(order=order, user=cast.minh)
    return Refund.objects.get()


def page_of(refund: Refund) -> str:
    return f"/lam-viec/{refund.order.session.cooperative.slug}/tien-tra-lai/"


def press(client: Client, refund: Refund, act: str, **typed: Any) -> Any:
    where = f"{page_of(refund)}{refund.pk}/{act}/"
    return client.post(where, {"idempotency_key": str(uuid.uuid4()), **typed})


def test_money_that_came_late_is_explained_and_stands_in_the_queue(
    minh: Client, cast: Cast
) -> None:
    order = OrderFactory(
        offer__session=SessionFactory(cooperative=cast.coop_a), transfer=True, state="released"
    )
    listed = minh.get(f"/lam-viec/phien/{order.session_id}/don/").content.decode()
    assert f"/don/{order.pk}/tien/" in listed

    where = f"/lam-viec/phien/{order.session_id}/don/{order.pk}/tien/"
    answer = minh.post(where, {"idempotency_key": str(uuid.uuid4()), "amount": order.total_vnd})

    assert answer.status_code == 303
    read = words(minh.get(answer["Location"]))
    assert "danh sách tiền cần trả lại" in read
    assert order.code in read
    order.refresh_from_db()
    assert order.state == Order.State.RELEASED


def test_the_number_is_masked_until_somebody_asks(minh: Client, refund: Refund) -> None:
    assert "0912 345 678" not in words(minh.get(page_of(refund)))
    assert press(minh, refund, "hien-so").status_code == 303
    assert "0912 345 678" in words(minh.get(page_of(refund)))


def test_sent_back_needs_the_banks_number_and_can_be_taken_back(
    minh: Client, refund: Refund
) -> None:
    empty = press(minh, refund, "da-tra", reference=" ")
    assert empty.status_code == 422
    assert "số ngân hàng" in words(empty).lower()
    assert press(minh, refund, "da-tra", reference="FT26110412345").status_code == 303
    settled = minh.get(page_of(refund), {"tab": "da-xong"})
    assert "FT26110412345" in words(settled)
    assert refund.order.code not in words(minh.get(page_of(refund)))

    buyer = words(Client().get(f"/don/{refund.order.token}/"))
    assert "FT26110412345" in buyer

    assert press(minh, refund, "lui").status_code == 303
    assert refund.order.code in words(minh.get(page_of(refund)))


def test_placed_anew_the_buyer_has_a_paid_order(minh: Client, refund: Refund) -> None:
    answer = press(minh, refund, "dat-lai")
    assert answer.status_code == 303
    anew = Order.objects.get(paid_by=refund)
    assert anew.code in words(minh.get(page_of(refund), {"tab": "da-xong"}))
    old_page = Client().get(f"/don/{refund.order.token}/")
    assert anew.token in old_page.content.decode()
    assert "Đã trả tiền" in words(Client().get(f"/don/{anew.token}/"))


def test_what_is_sold_out_is_refused_in_words_and_stays(minh: Client, refund: Refund) -> None:
    offer = refund.order.lines.get().offer
    OrderFactory(offer=offer, quantity=4)
    page = press(minh, refund, "dat-lai")
    assert page.status_code == 409
    assert refund.order.code in words(page)
    refund.refresh_from_db()
    assert refund.state == "due"


def test_the_buyer_sees_what_happened_in_the_order_it_happened(
    minh: Client, refund: Refund
) -> None:
    where = f"/don/{refund.order.token}/"
    Order.objects.filter(pk=refund.order_id).update(closed_at=refund.order.placed_at)
    before = Client().get(f"{where}trang-thai.json").json()["version"]
    read = words(Client().get(where))
    assert read.index("Hết giờ giữ") < read.index("Đã trả tiền")
    press(minh, refund, "da-tra", reference="FT1")
    assert Client().get(f"{where}trang-thai.json").json()["version"] != before


def test_a_slip_is_struck_from_the_list(minh: Client, refund: Refund) -> None:
    assert press(minh, refund, "lui").status_code == 303
    assert not Refund.objects.exists()
    assert "Chưa có khoản nào" in words(minh.get(page_of(refund)))


def test_somebody_was_quicker(minh: Client, refund: Refund, cast: Cast) -> None:
    refunding.send_back(refund=refund, reference="FT1", user=cast.mai)
    page = press(minh, refund, "da-tra", reference="FT2")
    assert page.status_code == 409
    assert "vừa được xử lý" in words(page)


def test_the_queue_is_searched_and_paged(minh: Client, refund: Refund) -> None:
    other = RefundFactory(order__offer=OfferFactory(session=refund.order.session))
    for typed in (refund.order.code, "lo thi my", "678"):
        read = words(minh.get(page_of(refund), {"q": typed}))
        assert refund.order.code in read, typed
        assert other.order.code not in read
    assert minh.get(page_of(refund), {"q": "%", "page": "x", "tab": "x"}).status_code == 200
    assert "Không có khoản nào khớp" in words(minh.get(page_of(refund), {"q": "không ai"}))


def test_guests_of_the_session_and_strangers_see_none_of_it(cast: Cast, refund: Refund) -> None:
    for who in ("thao", "lan", "ha"):
        client = client_of(getattr(cast, who))
        assert client.get(page_of(refund)).status_code == 404
        assert press(client, refund, "da-tra", reference="FT1").status_code == 404
    refund.refresh_from_db()
    assert refund.state == "due"


def test_a_paid_order_called_off_appears_with_its_reason(minh: Client, cast: Cast) -> None:
    order = OrderFactory(offer__session=SessionFactory(cooperative=cast.coop_a), transfer=True)
    paying.confirm_payment(order=order, user=cast.minh)
    cancelling.cancel_order_for_coop(order=order, reason="Mưa đá làm dập chè", user=cast.minh)
    assert "Mưa đá làm dập chè" in words(minh.get(page_of(order.refund)))
    assert "gửi lại bạn" in words(Client().get(f"/don/{order.token}/"))


def test_the_list_is_counted_for_queries_at_one_and_at_three(
    minh: Client, refund: Refund, django_assert_max_num_queries: Any
) -> None:
    minh.get(page_of(refund))  # what is read once for all
    with django_assert_max_num_queries(20) as one:
        minh.get(page_of(refund))
    for _n in range(2):
        RefundFactory(order__offer=OfferFactory(session=refund.order.session))
    with django_assert_max_num_queries(20) as three:
        minh.get(page_of(refund))
    assert len(one) == len(three)
