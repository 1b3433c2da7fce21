"""One small market with everything twice: what co-op A has (Lào Cai), co-op B has too (Cà Mau).

Lan bought at A; somebody else bought at B. Sessions are on air, each with an offer on sale.
"""

from dataclasses import dataclass
from typing import Any

from accounts.models import User
from coops.models import Cooperative, Membership
from livestreams.models import LivestreamSession, Offer, Slot
from orders.models import CallBack, Order, Parcel, Refund, StandbyEntry
from orders.services import tallies
from products.models import Lot, OcopRecognition, OcopRegister, Product, ProductPhoto, Variant
from tests.cast import Cast, make_cast
from tests.factories.accounts import UserFactory
from tests.factories.coops import CooperativePhotoFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory, RefundFactory, StandbyEntryFactory
from tests.factories.products import (
    LotFactory,
    OcopRecognitionFactory,
    OcopRegisterFactory,
    ProductFactory,
    ProductPhotoFactory,
    VariantFactory,
)
from tests.factories.traceability import (
    OriginCodeBatchFactory,
    OriginCodeFactory,
    TraceEventFactory,
)
from traceability.models import OriginCode, OriginCodeBatch, TraceEvent


@dataclass
class Side:
    """A co-op and one of each thing that is its own."""

    cooperative: Cooperative
    membership: Membership
    coop_photo: Any
    product: Product
    photo: ProductPhoto
    variant: Variant
    recognition: OcopRecognition
    register: OcopRegister
    lot: Lot
    session: LivestreamSession
    offer: Offer
    slot: Slot
    order: Order
    parcel: Parcel
    entry: StandbyEntry
    refund: Refund
    call_back: CallBack
    event: TraceEvent
    batch: OriginCodeBatch
    code: OriginCode
    province_code: str


@dataclass
class World:
    cast: Cast
    a: Side
    b: Side
    platform: User
    disabled: User


def make_world() -> World:
    """Call it inside a test that may use the database."""
    cast = make_cast()
    return World(
        cast=cast,
        a=make_side(cast.coop_a, cast.mai, "15"),
        b=make_side(cast.coop_b, cast.thao, "96"),
        platform=UserFactory(display_name="Nền tảng", phone="+84912000008", is_staff=True),
        disabled=UserFactory(display_name="Nghỉ", phone="+84912000009", is_active=False),
    )


def make_side(cooperative: Cooperative, manager: User, province_code: str) -> Side:
    membership = cooperative.memberships.get(user=manager)
    product = ProductFactory(cooperative=cooperative)
    photo = ProductPhotoFactory(product=product)
    variant = VariantFactory(product=product)
    lot = LotFactory(variant=variant)
    session = SessionFactory(cooperative=cooperative)
    offer = OfferFactory(session=session, lot=lot)
    order = OrderFactory(offer=offer, quantity=2)
    tallies.recount_session(session_id=session.pk)
    event = TraceEventFactory(lot=lot, recorded_by=manager)
    batch = OriginCodeBatchFactory(lot=lot, quantity=2, requested_by=manager)
    code = OriginCodeFactory(batch=batch)
    return Side(
        cooperative=cooperative,
        membership=membership,
        coop_photo=CooperativePhotoFactory(cooperative=cooperative),
        product=product,
        photo=photo,
        variant=variant,
        recognition=OcopRecognitionFactory(product=product),
        register=OcopRegisterFactory(province=cooperative.commune.province),
        lot=lot,
        session=session,
        offer=offer,
        slot=session.slots.get(),
        order=order,
        parcel=order.parcels.get(),
        entry=StandbyEntryFactory(offer=offer, state="left"),
        refund=RefundFactory(order__offer=offer, noted_by=manager),
        call_back=to_call(offer, order),
        event=event,
        batch=batch,
        code=code,
        province_code=province_code,
    )


def to_call(offer: Offer, order: Order) -> CallBack:
    """A buyer whose order counts once the co-op has called."""
    names = ("buyer_name", "commune_id", "address_line", "payment_method")
    buyer = {name: getattr(order, name) for name in names} | {"buyer_phone": "+84987000111"}
    wish = {"buyer": buyer, "lines": [[offer.pk, 1]], "seen": {"vnd": 10**9, "fee_vnd": 10**9}}
    return CallBack.objects.create(
        session=offer.session,
        buyer_name=order.buyer_name,
        buyer_phone=buyer["buyer_phone"],
        wish=wish,
    )
