"""What the factories promise to the stories of other apps."""

import pytest

from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory

pytestmark = pytest.mark.django_db


def test_an_open_offer_holds_its_allotment():
    offer = OfferFactory(quantity_offered=10)
    assert offer.lot.quantity_available == 90
    assert offer.lot.variant.product.cooperative == offer.session.cooperative
    assert offer.live_code == "A01"


def test_codes_count_up_by_co_op():
    session = SessionFactory()
    OfferFactory(session=session)
    assert OfferFactory(session=session).live_code == "A02"
    guest = SlotFactory(session=session)
    offer = OfferFactory(session=session, cooperative=guest.cooperative, lined_up=True)
    assert offer.live_code == "B01"
    assert offer.lot.quantity_available == 100
    assert offer.lot.variant.product.cooperative == guest.cooperative
