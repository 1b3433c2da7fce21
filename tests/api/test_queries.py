"""A longer list costs no more questions to the database."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.conftest import Api
from tests.cast import client_of
from tests.factories.coops import CooperativeFactory, MembershipFactory
from tests.factories.core import PictureFactory
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory
from tests.factories.products import LotFactory
from tests.factories.traceability import OriginCodeBatchFactory, TraceEventFactory
from tests.world import Side, World, make_side


def another(side: Side) -> None:
    """One more of everything the lists below hold, with all that hangs on it."""
    user = side.membership.user
    coop = CooperativeFactory()
    MembershipFactory(user=user, cooperative=coop)
    make_side(coop, user, "15")
    lot = LotFactory(variant=side.variant)
    make = side.product.__class__.objects.create
    product = make(cooperative=side.cooperative, name="Chè", slug=f"che-{lot.pk}")
    product.variants.create(name="Gói", net_weight_g=100, price_vnd=50_000)
    session = SessionFactory(cooperative=side.cooperative, cover=PictureFactory())
    SlotFactory(session=session, cooperative=coop)
    offer = OfferFactory(session=side.session)
    OrderFactory(offer=offer)
    event = TraceEventFactory(lot=side.lot, commune=side.cooperative.commune)
    event.photos.create(picture=PictureFactory())
    OriginCodeBatchFactory(lot=side.lot)


LISTS = [
    "provinces/", "communes/", "cooperatives/", "products/", "sessions/",
    "sessions/{a.session.pk}/", "sessions/{a.session.pk}/board/", "origin/{a.code.code}/",
    "my/cooperatives/", "my/cooperatives/{a.cooperative.slug}/products/",
    "my/cooperatives/{a.cooperative.slug}/sessions/",
    "my/cooperatives/{a.cooperative.slug}/parcels/", "my/variants/{a.variant.pk}/lots/",
    "my/lots/{a.lot.pk}/steps/", "my/lots/{a.lot.pk}/batches/",
    "my/sessions/{a.session.pk}/offers/", "my/sessions/{a.session.pk}/figures/",
]  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_three_rows_cost_as_many_queries_as_one(mai: Api, world: World, path: str) -> None:
    address = path.format(a=world.a)
    TraceEventFactory(lot=world.a.lot, commune=world.a.cooperative.commune)
    few, shorter = cost(mai, address)
    another(world.a)
    another(world.a)
    many, longer = cost(mai, address)

    assert longer > shorter or path in {"provinces/", "communes/"} or "figures" in path
    assert many <= few + 2, path  # a prefetch that had nothing to fetch at first
    assert many <= 14


@pytest.mark.parametrize("table", ["", "phien/", "hop-tac-xa/", "san-pham/", "xa/", "ngay/"])
def test_figures_cost_the_same_however_much_was_sold(world: World, table: str) -> None:
    ha = Api(client=client_of(world.cast.ha))
    few, _size = cost(ha, f"provinces/15/figures/{table}")
    another(world.a)
    another(world.a)
    many, _size = cost(ha, f"provinces/15/figures/{table}")

    assert many <= few  # the first reading also notes that the session is in use


def cost(api: Api, path: str) -> tuple[int, int]:
    """(queries, bytes) of one reading."""
    with CaptureQueriesContext(connection) as queries:
        answer: Any = api.get(path)
    assert answer.status_code == 200
    return len(queries), len(answer.content)
