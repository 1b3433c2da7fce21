"""A co-op at its desk during the rush: what it changes about itself keeps no buyer waiting.

An order points at co-op and pack, so it shares a lock on their rows; whoever locks those to keep
colleagues apart must leave that one free.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, transaction

from coops.models import Cooperative
from coops.services import cooperatives, members, photos
from coops.services.cooperatives import Particulars
from core.clock import db_today
from core.middleware import is_busy
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


def lock_the_whole_row(offer: Offer) -> Any:
    return Cooperative.objects.select_for_update().get(pk=offer.cooperative_id)


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


def test_without_that_care_the_buyer_is_turned_away() -> None:
    with pytest.raises(OperationalError) as refused:
        order_during(lock_the_whole_row)
    assert is_busy(refused.value)
