"""A buyer who has transferred says so: the goods wait for the host, and nobody holds stock by it."""

import datetime as dt
import uuid

import pytest
from django.test import Client
from rest_framework.test import APIClient

from core.clock import db_now
from orders.errors import CannotChange, NotAwaitingPayment, NothingToLookFor
from orders.models import Order, Refund
from orders.services.cancelling import release_overdue
from orders.services.changing import change_order
from orders.services.paying import confirm_payment, say_not_found, say_paid
from tests.cast import client_of, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory
from tests.orders.order_form import words

pytestmark = pytest.mark.django_db

LAN = "+84912345678"


def minutes_left(order: Order) -> float:
    return (order.pay_by - db_now()) / dt.timedelta(minutes=1)


def press(order: Order) -> None:
    key = {"idempotency_key": str(uuid.uuid4())}
    assert Client().post(f"/don/{order.token}/da-chuyen/", key).status_code == 303
    order.refresh_from_db()


def page_of(order: Order) -> str:
    return words(Client().get(f"/don/{order.token}/"))


@pytest.mark.parametrize(("has_paid_before", "minutes"), [(True, 120), (False, 30)])
def test_it_holds_the_goods_further_once(has_paid_before: bool, minutes: int) -> None:
    order = OrderFactory(transfer=True, buyer_phone=LAN)
    if has_paid_before:
        OrderFactory(transfer=True, buyer_phone=LAN, state="confirmed", paid_at=db_now())
    press(order)
    assert minutes - 1 < minutes_left(order) <= minutes
    Order.objects.filter(pk=order.pk).update(pay_by=db_now() + dt.timedelta(minutes=1))
    press(order)
    assert minutes_left(order) <= 1  # a second press holds nothing
    Order.objects.filter(pk=order.pk).update(pay_by=db_now() - dt.timedelta(seconds=1))
    assert release_overdue() == 1


def test_it_never_shortens_the_time(settings) -> None:
    settings.SAID_PAID_MINUTES_NEW = 1
    order = OrderFactory(transfer=True)
    press(order)
    assert minutes_left(order) > 13


def test_the_host_sees_it_first_and_confirms() -> None:
    cast = make_cast()
    session = SessionFactory(cooperative=cast.coop_a)
    said = OrderFactory(offer=OfferFactory(session=session), transfer=True)
    later = OrderFactory(offer=OfferFactory(session=session), transfer=True)
    say_paid(order=said)
    host = client_of(cast.mai)

    listed = words(host.get(f"/lam-viec/phien/{session.pk}/don/?tab=cho-tien"))
    figures = host.get(f"/lam-viec/phien/{session.pk}/so-lieu.json").json()

    assert "Người mua báo đã chuyển" in listed
    assert listed.index(said.code) < listed.index(later.code)
    assert (figures["money"]["count"], figures["money"]["said_count"]) == (2, 1)
    confirm_payment(order=said, user=cast.mai)
    assert "Người mua báo đã chuyển" not in words(host.get(f"/lam-viec/phien/{session.pk}/don/"))


def test_after_the_release_it_is_said_too_and_leads_to_the_money_to_send_back() -> None:
    cast = make_cast()
    order = OrderFactory(
        offer=OfferFactory(session__cooperative=cast.coop_a), transfer=True, state="released"
    )
    assert "Tôi đã chuyển" in page_of(order)
    press(order)
    assert order.state == Order.State.RELEASED
    assert "Bạn đã báo chuyển tiền" in page_of(order)
    listed = words(client_of(cast.mai).get(f"/lam-viec/phien/{order.session_id}/don/?tab=cho-tien"))
    assert order.code in listed
    confirm_payment(order=order, user=cast.mai)
    assert Refund.objects.get().order == order


def test_a_claim_after_the_release_is_dismissed_by_the_host_who_looked() -> None:
    cast = make_cast()
    session = SessionFactory(cooperative=cast.coop_a)
    order = OrderFactory(offer=OfferFactory(session=session), transfer=True, state="released")
    say_paid(order=order)
    host, base = client_of(cast.mai), f"/lam-viec/phien/{session.pk}/"
    address = f"{base}don/{order.pk}/khong-thay/"
    key = {"idempotency_key": str(uuid.uuid4())}
    assert address in host.get(f"{base}don/?tab=cho-tien").content.decode()
    assert client_of(cast.thao).post(address, key).status_code == 404
    before = Client().get(f"/don/{order.token}/trang-thai.json").json()["version"]

    assert host.post(address, key).status_code == 303
    assert "ra khỏi danh sách" in words(host.get(f"{base}don/"))
    assert order.code not in words(host.get(f"{base}don/?tab=cho-tien"))
    assert host.get(f"{base}so-lieu.json").json()["money"]["said_count"] == 0
    listed = words(host.get(f"{base}don/"))
    assert "không thấy tiền" in listed
    assert address not in host.get(f"{base}don/").content.decode()
    assert "không thấy khoản chuyển" in page_of(order)
    assert session.cooperative.phone.replace("+84", "0") in page_of(order).replace(" ", "")
    assert "Tôi đã chuyển" not in page_of(order)
    after = Client().get(f"/don/{order.token}/trang-thai.json").json()["version"]
    assert before != after, "an open page changes by itself"
    assert host.post(address, {"idempotency_key": str(uuid.uuid4())}).status_code == 303
    confirm_payment(order=order, user=cast.mai)  # it came after all
    assert Refund.objects.get().order == order
    assert "không thấy khoản chuyển" not in page_of(order)


@pytest.mark.parametrize("state", ["awaiting_payment", "confirmed", "paid", "silent"])
def test_only_a_claim_of_a_closed_order_is_dismissed(state: str) -> None:
    order = OrderFactory(transfer=True, state="released" if state in {"paid", "silent"} else state)
    if state == "awaiting_payment":
        say_paid(order=order)
    if state == "paid":
        say_paid(order=order)
        confirm_payment(order=order, user=make_cast().mai)
    with pytest.raises(NothingToLookFor):
        say_not_found(order=order)
    order.refresh_from_db()
    assert order.money_not_found_at is None


def test_who_said_it_changes_nothing_more_but_may_call_off() -> None:
    order = OrderFactory(transfer=True, quantity=2)
    press(order)
    with pytest.raises(CannotChange):
        change_order(order=order, note="khác")
    page = page_of(order)
    assert "Sửa đơn" not in page
    assert "Hủy đơn" in page
    assert "Tôi đã chuyển" not in page


@pytest.mark.parametrize("state", ["held", "confirmed"])
def test_only_a_transfer_that_is_waited_for_can_be_said(state: str) -> None:
    order = OrderFactory(state=state, pay_by=db_now())
    with pytest.raises(NotAwaitingPayment):
        say_paid(order=order)
    assert "Tôi đã chuyển" not in page_of(order)


def test_programs_say_it_too() -> None:
    order = OrderFactory(transfer=True)
    answer = APIClient().post(
        f"/api/orders/{order.token}/paid/", headers={"Idempotency-Key": str(uuid.uuid4())}
    )
    assert answer.status_code == 200
    assert answer.json()["buyer_paid_at"]


@pytest.mark.parametrize("state", ["awaiting_payment", "confirmed", "released", "cancelled"])
def test_the_page_says_whose_account_it_is_why_and_whom_to_ring(state: str) -> None:
    session = SessionFactory()
    guest = SlotFactory(session=session).cooperative
    offer = OfferFactory(session=session, cooperative=guest)
    order = OrderFactory(offer=offer, transfer=True, state=state)
    page = page_of(order)
    lead = session.cooperative
    assert f"tài khoản của {lead.name} , bên giữ phiên này" in page
    assert "nhận tiền chuyển khoản cho cả phiên" in page
    assert lead.phone.replace("+84", "0").replace(" ", "") in page.replace(" ", "")


def test_the_guide_tells_the_truth_about_joint_sessions() -> None:
    assert "tài khoản của hợp tác xã giữ phiên" in words(Client().get("/gioi-thieu/"))
