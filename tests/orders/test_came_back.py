"""A paid parcel that came back: its money is on a list until it is settled, and its order says so."""

import pytest
from django.test import Client

from orders.books import ask
from orders.errors import CannotPlaceAnew, WrongStep
from orders.models import Order, Parcel, Refund
from orders.services import packing, refunding
from orders.services.paying import confirm_payment
from tests.cast import client_of, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory
from tests.orders.order_form import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def parcels() -> list[Parcel]:
    """Two on their way, of one paid order in a joint session: the first is the lead co-op's."""
    cast = make_cast()
    session = SessionFactory(cooperative=cast.coop_a)
    other = OfferFactory(session=session, cooperative=SlotFactory(session=session).cooperative)
    lines = [(OfferFactory(session=session), 1), (other, 2)]
    order = OrderFactory(lines=lines, transfer=True)
    confirm_payment(order=order, user=cast.mai)
    order.parcels.update(state="shipped")
    return sorted(order.parcels.all(), key=lambda p: p.cooperative_id != cast.coop_a.pk)


def money_differences() -> list[str]:
    return [str(found) for found in ask() if "money" in found.question]


def buyers_page(order: Order) -> str:
    return words(Client().get(f"/don/{order.token}/"))


def test_its_money_is_on_the_list_of_who_took_it(parcels: list[Parcel]) -> None:
    own, guests = parcels
    order = own.order
    mai = order.paid_confirmed_by
    packing.move_parcel(parcel=guests, state="returned", by=mai)

    refund = Refund.objects.get()
    assert (refund.parcel, refund.reason, refund.amount_vnd) == (
        guests,
        "returned",
        guests.amount_vnd,
    )
    host = client_of(mai)
    listed = words(host.get(f"/lam-viec/{order.session.cooperative.slug}/tien-tra-lai/"))
    assert order.code in listed
    assert "hàng đã trả tiền bị trả về" in listed.lower()
    assert "sẽ được trả lại" in buyers_page(order)
    assert not money_differences()

    packing.move_parcel(parcel=own, state="returned")
    assert Refund.objects.count() == 2
    assert "Bị trả về" in words(host.get(f"/lam-viec/phien/{order.session_id}/don/"))
    refunding.send_back(refund=refund, reference="FT1", user=refund.noted_by)
    assert not money_differences()


def test_a_step_taken_back_takes_it_off_the_list_unless_it_was_sent(parcels: list[Parcel]) -> None:
    parcel = packing.move_parcel(parcel=parcels[0], state="returned")
    packing.undo_step(parcel=parcel)
    assert not Refund.objects.exists()

    packing.move_parcel(parcel=parcel, state="returned")
    refund = Refund.objects.get()
    with pytest.raises(CannotPlaceAnew):
        refunding.place_anew(refund=refund, user=parcel.order.paid_confirmed_by)
    refunding.send_back(refund=refund, reference="FT2", user=parcel.order.paid_confirmed_by)
    with pytest.raises(WrongStep):
        packing.undo_step(parcel=Parcel.objects.get(pk=parcel.pk))
    assert "FT2" in buyers_page(parcel.order)


def test_cash_that_never_came_is_on_no_list() -> None:
    order = OrderFactory()
    order.parcels.update(state="shipped")
    packing.move_parcel(parcel=order.parcels.get(), state="returned")
    assert not Refund.objects.exists()
    assert not money_differences()
