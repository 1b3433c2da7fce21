"""Buyers' data go when they are no longer needed; what was sold stays as it was."""

import datetime as dt

import pytest
from django.core.management import call_command

from core.clock import db_now
from core.phones import mask_phone
from orders.models import CallBack, Order, PhoneReveal, SessionTally
from orders.services.crowding import forget_past_calls
from orders.services.erasing import ERASED_NAME, erase_buyer, erase_old_buyers
from orders.services.tallies import recount_session
from tests.factories.accounts import UserFactory
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import OrderFactory, StandbyEntryFactory

pytestmark = pytest.mark.django_db
PHONE, OTHER = "+84971234567", "+84977654321"


def aged(order: Order, *, days: int) -> Order:
    Order.objects.filter(pk=order.pk).update(placed_at=db_now() - dt.timedelta(days=days))
    return order


def carried_out(**given: object) -> Order:
    order = OrderFactory(**given)
    order.parcels.update(state="delivered")
    return order


def test_name_phone_and_address_go_from_order_history_line_and_reveals() -> None:
    order = carried_out(buyer_phone=PHONE, note="Nhà có chó")
    order.address_line = "Chuyển nhà sang thôn khác"
    order.save()
    aged(order, days=1100)
    PhoneReveal.objects.create(parcel=order.parcels.get(), revealed_to=UserFactory())
    entry = StandbyEntryFactory(state="promoted", order=order, buyer_phone=PHONE)

    assert erase_old_buyers() == 1

    order.refresh_from_db()
    entry.refresh_from_db()
    left = str(Order.objects.filter(pk=order.pk).values().get())
    left += str(list(Order.pgh_event_model.objects.filter(pgh_obj=order).values()))
    left += str(type(entry).objects.filter(pk=entry.pk).values().get())
    for said in (PHONE, PHONE[-4:], "Nguyễn Thị Lan", "Nậm Đâu", "thôn khác", "Nhà có chó"):
        assert said not in left
    assert order.buyer_name == ERASED_NAME
    assert mask_phone(order.buyer_phone) == "•••"
    assert not PhoneReveal.objects.exists()
    assert order.commune_id
    assert order.total_vnd


def test_without_the_history_being_erased_too_the_phone_would_stay() -> None:
    order = carried_out(buyer_phone=PHONE)
    Order.objects.filter(pk=order.pk).update(buyer_phone="x", address_line="")

    assert Order.pgh_event_model.objects.get(pgh_obj=order).buyer_phone == PHONE


def test_figures_stay_right() -> None:
    offer = OfferFactory(quantity_offered=20)
    for phone in (PHONE, PHONE, OTHER):
        aged(carried_out(offer=offer, buyer_phone=phone), days=1100)
    recount_session(session_id=offer.session_id)
    before = SessionTally.objects.filter(session=offer.session_id).values_list("buyer_count")
    counted = list(before)
    assert counted[0] == (2,)

    assert erase_old_buyers() == 3
    recount_session(session_id=offer.session_id)

    assert list(before.all()) == counted


def test_a_buyer_with_a_newer_order_in_the_session_waits_with_all_of_them() -> None:
    offer = OfferFactory(quantity_offered=20)
    old = aged(carried_out(offer=offer, buyer_phone=PHONE), days=1100)
    carried_out(offer=offer, buyer_phone=PHONE)

    assert erase_old_buyers() == 0
    old.refresh_from_db()
    assert old.buyer_phone == PHONE


@pytest.mark.parametrize(
    ("days", "given", "erased"),
    [
        (1100, {}, 0),  # not delivered: somebody is still to ring
        (1000, {"state": Order.State.CANCELLED}, 1),
        (181, {"state": Order.State.RELEASED}, 1),
        (179, {"state": Order.State.CANCELLED}, 0),
        (1100, {"transfer": True}, 0),
    ],
)
def test_what_is_under_way_or_young_is_kept(days: int, given: dict, erased: int) -> None:
    aged(OrderFactory(**given), days=days)

    assert erase_old_buyers() == erased


def test_a_buyer_may_ask_for_it_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    done = carried_out(buyer_phone=PHONE)
    under_way = OrderFactory(buyer_phone=PHONE)
    someone_else = carried_out(buyer_phone=OTHER)

    call_command("erase_buyer", "0971 234 567")

    assert "1 orders erased" in capsys.readouterr().out
    phones = [Order.objects.get(pk=one.pk).buyer_phone for one in (done, under_way, someone_else)]
    assert phones[1:] == [PHONE, OTHER]
    assert phones[0] != PHONE
    assert erase_buyer(phone=PHONE) == (0, 1)


def asked_to_be_called(order: Order, *, days: int = 0, phone: str = PHONE) -> CallBack:
    return CallBack.objects.create(
        session=order.session,
        buyer_name="Nguyễn Thị Lan",
        buyer_phone=phone,
        wish={"address_line": "Nậm Đâu"},
        wanted_at=db_now() - dt.timedelta(days=days),
        order=order,
    )


def test_who_was_to_be_called_goes_with_the_order_on_request_and_after_a_month() -> None:
    order = aged(carried_out(buyer_phone=PHONE), days=1100)
    asked_to_be_called(order)
    erase_old_buyers()
    assert not CallBack.objects.exists()

    asked_to_be_called(order)
    other = asked_to_be_called(order, phone=OTHER)
    erase_buyer(phone=PHONE)
    assert CallBack.objects.get() == other

    asked_to_be_called(order, days=31)
    PhoneReveal.objects.create(call_back=CallBack.objects.latest("pk"), revealed_to=UserFactory())
    assert forget_past_calls() == 1
    assert CallBack.objects.get() == other
    assert not PhoneReveal.objects.exists()
