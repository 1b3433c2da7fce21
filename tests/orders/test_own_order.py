"""The buyer's page behind its secret link, and the way back to it with code and phone."""

import io
import json
import uuid
from typing import Any

import pytest
import zxingcpp
from django.test import Client
from PIL import Image

from core.clock import LOCAL_ZONE
from core.vietqr import parse_vietqr
from orders.models import Order
from orders.services import packing, paying, refunding
from tests.factories.accounts import UserFactory
from tests.factories.orders import OrderFactory, RefundFactory
from tests.orders.helpers import LAN
from tests.orders.test_order_page import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest() -> Client:
    return Client()


def link(order: Order) -> str:
    return f"/don/{order.token}/"


def test_the_page_says_what_to_whom_and_what_comes_next(guest: Client) -> None:
    order = OrderFactory(quantity=2, buyer_phone=LAN)
    page = guest.get(link(order))

    read = words(page)
    assert order.code in read
    assert "2 × Chè Shan tuyết" in read
    assert "255.000 ₫" in read
    assert "09•• ••• 678" in read
    assert "0912 345 678" not in read.split("Giao đến")[1]
    assert "không cần làm gì thêm" in read


def test_the_link_is_kept_out_of_caches_referers_and_search(guest: Client) -> None:
    order = OrderFactory(transfer=True)
    for part in ("", "trang-thai.json", "vietqr.png"):
        page = guest.get(link(order) + part)
        assert page.status_code == 200
        assert page["Cache-Control"] == "no-store"
        assert page["Referrer-Policy"] == "no-referrer"
        assert "noindex" in page["X-Robots-Tag"]


@pytest.mark.parametrize("token", ["x", "a" * 32, "a" * 500, "%00", "..", "CP7Q3K9X"])
def test_a_link_that_is_not_one_is_missing(guest: Client, token: str) -> None:
    order = OrderFactory()
    assert guest.get(f"/don/{token}/").status_code == 404
    assert guest.get(f"/don/{order.code}/").status_code == 404
    assert guest.get(f"/don/{order.pk}/").status_code == 404


def test_the_transfer_code_holds_account_amount_and_message(guest: Client) -> None:
    order = OrderFactory(transfer=True)
    picture = Image.open(io.BytesIO(guest.get(f"{link(order)}vietqr.png").content))

    (code,) = zxingcpp.read_barcodes(picture)
    paid = parse_vietqr(code.text)

    coop = order.session.cooperative
    assert (paid.bank_bin, paid.account_number) == (coop.bank_bin, coop.bank_account_number)
    assert (paid.amount_vnd, paid.memo) == (order.total_vnd, order.code)


def test_nothing_is_asked_for_once_it_is_paid_or_over(guest: Client) -> None:
    order = OrderFactory(transfer=True)
    waiting = words(guest.get(link(order)))
    assert "Lưu ảnh mã QR" in waiting
    assert "Đã trả tiền" not in waiting
    paying.confirm_payment(order=order, user=UserFactory())
    assert "Lưu ảnh mã QR" not in words(guest.get(link(order)))
    assert guest.get(f"{link(order)}vietqr.png").status_code == 302
    released = OrderFactory(transfer=True, state="released")
    assert "hàng đã được bán lại" in words(guest.get(link(released)))


def test_past_its_time_the_page_says_not_to_pay_and_what_to_do(guest: Client) -> None:
    order = OrderFactory(overdue=True)
    page = guest.get(link(order))
    assert "đừng chuyển tiền nữa" in words(page)
    assert "data-payment-code" not in page.content.decode()
    again = f"/phien/{order.session_id}/dat/?suat={order.lines.get().offer_id}"
    assert again in page.content.decode()
    assert guest.get(f"{link(order)}vietqr.png").status_code == 302


def test_a_page_left_open_learns_that_the_time_is_over(guest: Client) -> None:
    order = OrderFactory(transfer=True)
    before = guest.get(f"{link(order)}trang-thai.json").json()
    Order.objects.filter(pk=order.pk).update(pay_by=before["now"])
    assert guest.get(f"{link(order)}trang-thai.json").json()["version"] != before["version"]


def test_without_a_script_the_time_is_a_time_of_day(guest: Client) -> None:
    order = OrderFactory(transfer=True)
    assert order.pay_by is not None
    at = order.pay_by.astimezone(LOCAL_ZONE)
    assert f"đến {at:%H:%M}" in words(guest.get(link(order)))


def test_steps_follow_the_parcel(guest: Client) -> None:
    order = OrderFactory()
    parcel = order.parcels.get()
    before = guest.get(f"{link(order)}trang-thai.json").json()
    for state in ("packed", "shipped"):
        packing.move_parcel(parcel=parcel, state=state)

    after = guest.get(f"{link(order)}trang-thai.json").json()

    assert before["version"] != after["version"]
    assert after["parcels"] == [{"id": parcel.pk, "state": "shipped"}]
    assert "chuẩn bị sẵn tiền mặt" in words(guest.get(link(order)))
    assert LAN[-9:] not in json.dumps(after)


@pytest.mark.parametrize("state", ["new", "packed", "shipped", "delivered", "returned"])
def test_each_state_of_a_parcel_has_its_page(guest: Client, state: str) -> None:
    order = OrderFactory()
    order.parcels.update(state=state)
    read = words(guest.get(link(order)))
    assert ("Đã nhận đơn của bạn" in read) == (state == "new")
    assert ("Số tiền phải trả" in read) == (state != "delivered")
    assert read.count("Bị trả về") == (2 if state == "returned" else 0)  # step and chip


def cancel(client: Client, order: Order) -> Any:
    return client.post(f"{link(order)}huy/", {"idempotency_key": str(uuid.uuid4())})


def test_the_buyer_cancels_by_the_link_once(guest: Client) -> None:
    order = OrderFactory()
    assert "Muốn sửa hay hủy đơn?" in words(guest.get(link(order)))

    assert cancel(Client(enforce_csrf_checks=True), order).status_code == 303
    assert cancel(guest, order).status_code == 303

    order.refresh_from_db()
    assert order.state == Order.State.CANCELLED
    read = words(guest.get(link(order)))
    assert "Đơn này đã hủy" in read
    assert "Muốn sửa hay hủy đơn?" not in read


def test_too_late_to_cancel_is_said_on_the_order(guest: Client) -> None:
    order = OrderFactory()
    packing.move_parcel(parcel=order.parcels.get(), state="packed")
    page = cancel(guest, order)
    assert page.status_code == 409
    assert "Mời bạn gọi hợp tác xã" in words(page)
    assert order.code in words(page)


def test_a_get_cancels_nothing(guest: Client) -> None:
    order = OrderFactory()
    assert guest.get(f"{link(order)}huy/")["Location"] == link(order)
    order.refresh_from_db()
    assert order.is_open


# The way back


def find(client: Client, code: str, phone: str) -> Any:
    return client.post("/tra-don/", {"code": code, "phone": phone})


@pytest.mark.parametrize("spell", [str, str.lower, lambda c: f" {c[:2]} {c[2:5]}-{c[5:]} "])
def test_code_and_phone_lead_to_the_order(guest: Client, spell: Any) -> None:
    order = OrderFactory(buyer_phone=LAN)
    answer = find(guest, spell(order.code), "0912.345.678")
    assert (answer.status_code, answer["Location"]) == (303, link(order))


def test_a_wrong_phone_and_a_missing_order_look_the_same(guest: Client) -> None:
    order = OrderFactory(buyer_phone=LAN)

    def seen(code: str, phone: str) -> tuple[int, str]:
        page = find(Client(), code, phone)
        body = page.content.decode().replace(code, "CODE").replace(phone, "PHONE")
        return page.status_code, body[body.index("<main") : body.index("</main>")]

    wrong_phone = seen(order.code, "0987654321")
    no_order = seen("CP22222F", "0987654321")
    mistyped = seen("CP2222", "0987654321")

    assert wrong_phone[0] == 422
    assert wrong_phone == no_order == mistyped


@pytest.mark.parametrize(
    ("code", "phone"), [("", "0912345678"), ("CP1", ""), ("CP1", "12"), ("\0", "\0")]
)
def test_unreadable_input_is_said_at_its_field(guest: Client, code: str, phone: str) -> None:
    page = find(guest, code, phone)
    assert page.status_code == 422
    assert "data-errors" in page.content.decode()


@pytest.mark.parametrize("kept", ["phone", "code"])
def test_guessing_is_stopped_for_a_phone_and_for_a_code(guest: Client, kept: str) -> None:
    order = OrderFactory(buyer_phone=LAN)
    for n in range(10):
        code = order.code if kept == "code" else f"CP{n}"
        phone = f"09876543{n:02d}" if kept == "code" else "0912345678"
        assert find(guest, code, phone).status_code == 422

    stopped = find(guest, order.code, "0912345678")

    assert stopped.status_code == 429
    assert 50 <= int(stopped["Retry-After"]) <= 60, "until the next try, not until a window ends"
    assert "đợi 1 phút" in words(stopped)


def test_money_still_owed_is_not_told_as_sent_back(guest: Client) -> None:
    refund = RefundFactory()
    owed = words(guest.get(link(refund.order)))
    assert "Chờ trả lại" in owed
    assert "Đã trả lại" not in owed
    assert "Số tiền phải trả" not in owed

    refunding.send_back(refund=refund, reference="FT261122", user=UserFactory())
    assert "Đã trả lại" in words(guest.get(link(refund.order)))
