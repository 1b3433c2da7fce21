"""A co-op at its desk during the rush: what it changes about itself keeps no buyer waiting.

An order locks nothing of co-op, lot and pack: it points at its offers, and they at those.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from coops.services import cooperatives, members, photos
from coops.services.cooperatives import Particulars
from core.clock import db_today
from core.errors import Busy
from livestreams.models import Offer
from orders.models import Order
from products.services import stock
from tests.factories.coops import CommuneFactory
from tests.factories.core import PictureFactory
from tests.factories.livestreams import OfferFactory
from tests.orders.helpers import order_of
from tests.threads import beside

pytestmark = pytest.mark.django_db(transaction=True)


def add_a_picture(offer: Offer) -> Any:
    return photos.add_photo(cooperative=offer.cooperative, picture=PictureFactory())


def correct_the_story(offer: Offer) -> Any:
    coop = offer.cooperative
    same = {name: getattr(coop, name) for name in Particulars.__dataclass_fields__}
    told = Particulars(**{**same, "story": "Chè hái tay."})
    return cooperatives.update_cooperative(cooperative=coop, particulars=told)


def change_who_works_here(offer: Offer) -> Any:
    return members.lock_cooperative(offer.cooperative_id)


def bring_in_a_harvest(offer: Offer) -> Any:
    pack = offer.lot.variant
    return stock.record_harvest(variant=pack, harvested_on=db_today(), quantity=5)


def lock_what_is_sold(offer: Offer) -> Any:
    return Offer.objects.select_for_update().get(pk=offer.pk)


def order_during(work: Callable[[Offer], Any]) -> Order:
    """An order placed while `work` is done but not committed."""
    offer, commune = OfferFactory(), CommuneFactory()
    with transaction.atomic():
        work(offer)
        return beside(lambda: order_of((offer, 1), commune=commune))()


@pytest.mark.parametrize(
    "work", [add_a_picture, correct_the_story, change_who_works_here, bring_in_a_harvest]
)
def test_buyers_order_while_the_co_op_works(work: Callable[[Offer], Any]) -> None:
    assert order_during(work).pk


def test_control_whoever_locks_what_is_sold_turns_buyers_away() -> None:
    with pytest.raises(Busy):
        order_during(lock_what_is_sold)
