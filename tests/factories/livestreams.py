"""Market days: a session on air, the co-ops in it, and what they offer."""

import datetime as dt
from typing import Any

import factory
from factory.django import DjangoModelFactory

from core.clock import db_now
from livestreams.models import LivestreamSession, Offer, Slot
from products.models import Lot, StockMovement
from tests.factories.coops import CooperativeFactory
from tests.factories.products import LotFactory


class SessionFactory(DjangoModelFactory[LivestreamSession]):
    """A session live for ten minutes, with its co-op's slot.

    `coming=True` starts in two days, `ended=True` ended an hour ago, `cancelled=True`, `draft=True`.
    """

    class Meta:
        model = LivestreamSession
        skip_postgeneration_save = True

    cooperative = factory.SubFactory(CooperativeFactory)
    title = "Phiên chợ vùng cao"
    summary = "Chè cổ thụ, mật ong và nếp mới."
    starts_at = factory.LazyFunction(lambda: db_now() - dt.timedelta(minutes=10))
    planned_minutes = 120
    shipping_fee_vnd = 25_000
    state = LivestreamSession.State.LIVE
    went_live_at = factory.LazyFunction(lambda: db_now() - dt.timedelta(minutes=10))

    class Params:
        coming = factory.Trait(
            state=LivestreamSession.State.SCHEDULED,
            starts_at=factory.LazyFunction(lambda: db_now() + dt.timedelta(days=2)),
            went_live_at=None,
        )
        draft = factory.Trait(
            state=LivestreamSession.State.DRAFT,
            starts_at=factory.LazyFunction(lambda: db_now() + dt.timedelta(days=2)),
            went_live_at=None,
        )
        ended = factory.Trait(
            state=LivestreamSession.State.ENDED,
            starts_at=factory.LazyFunction(lambda: db_now() - dt.timedelta(hours=3)),
            went_live_at=factory.LazyFunction(lambda: db_now() - dt.timedelta(hours=3)),
            ended_at=factory.LazyFunction(lambda: db_now() - dt.timedelta(hours=1)),
        )
        cancelled = factory.Trait(
            state=LivestreamSession.State.CANCELLED,
            starts_at=factory.LazyFunction(lambda: db_now() + dt.timedelta(days=2)),
            went_live_at=None,
        )

    @factory.post_generation
    def own_slot(self: LivestreamSession, create: bool, _given: Any) -> None:  # type: ignore[misc]
        if create:
            self.slots.create(cooperative=self.cooperative, position=0, joined_at=db_now())


class SlotFactory(DjangoModelFactory[Slot]):
    """Another co-op that has joined the session; `invited=True` has not answered yet."""

    class Meta:
        model = Slot

    session = factory.SubFactory(SessionFactory)
    cooperative = factory.SubFactory(CooperativeFactory)
    position = factory.LazyAttribute(lambda slot: slot.session.slots.count())
    joined_at = factory.LazyFunction(db_now)

    class Params:
        invited = factory.Trait(joined_at=None)


class OfferFactory(DjangoModelFactory[Offer]):
    """Ten bags on sale, taken out of the lot as opening does; `lined_up=True` before that.

    Codes count up in the session: A01, A02 … for the first co-op, B01 … for the second.
    """

    class Meta:
        model = Offer
        skip_postgeneration_save = True

    session = factory.SubFactory(SessionFactory)
    cooperative = factory.SelfAttribute("session.cooperative")
    lot = factory.SubFactory(
        LotFactory, variant__product__cooperative=factory.SelfAttribute("....cooperative")
    )
    live_code = factory.LazyAttribute(lambda offer: next_code(offer.session, offer.cooperative))
    position = factory.LazyAttribute(lambda offer: offer.session.offers.count())
    unit_price_vnd = 115_000
    quantity_offered = 10
    limit_per_buyer = 5
    state = Offer.State.OPEN
    opened_at = factory.LazyFunction(lambda: db_now() - dt.timedelta(minutes=5))

    class Params:
        lined_up = factory.Trait(state=Offer.State.LINED_UP, opened_at=None)
        closed = factory.Trait(state=Offer.State.CLOSED, closed_at=factory.LazyFunction(db_now))

    @factory.post_generation
    def allotment(self: Offer, create: bool, _given: Any) -> None:  # type: ignore[misc]
        """What the lot no longer has: all of an open offer, what was sold of a closed one."""
        held = {Offer.State.LINED_UP: 0, Offer.State.CLOSED: self.quantity_claimed}
        quantity = held.get(self.state, self.quantity_offered)
        if not create or not quantity:
            return
        assert Lot.objects.filter(pk=self.lot_id).take(quantity)
        StockMovement.objects.create(
            lot=self.lot,
            kind=StockMovement.Kind.ALLOT,
            quantity=-quantity,
            reference=f"offer:{self.pk}",
        )
        self.lot.refresh_from_db()


def next_code(session: LivestreamSession, cooperative: Any) -> str:
    """The next free live code of the co-op in the session, whether or not it has a slot."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    coops = list(session.slots.values_list("cooperative_id", flat=True))
    place = coops.index(cooperative.pk) if cooperative.pk in coops else len(coops)
    return f"{letters[place]}{session.offers.filter(cooperative=cooperative).count() + 1:02d}"
