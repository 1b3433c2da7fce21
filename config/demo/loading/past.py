"""Past sessions with all their orders, written in bulk: the services only know the present.

The books are the same as if every order had come through the door: claims, shares, stock
movements and tallies agree with the order lines.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from django.conf import settings
from django.db import transaction

from accounts.models import User
from config.demo import content, crowd, numbers
from config.demo.loading.goods import best_before, record_steps
from config.demo.loading.people import host_of, manager_of
from coops.models import Commune, Cooperative
from core.clock import LOCAL_ZONE, db_now, local_day
from core.codes import order_code, secret_token
from core.phones import normalize_phone
from livestreams.models import LETTERS, LivestreamSession, Offer, Slot
from orders.models import BuyerShare, Order, OrderLine, Parcel
from orders.services.cancelling import BY_BUYER, TIME_RAN_OUT
from orders.services.refunding import note_returned
from orders.services.tallies import recount_session
from products.models import Lot, StockMovement, Variant

# Where buyers of the demonstration live: shares of a hundred by province, the rest anywhere
CITIES = {"01": 30, "79": 24, "31": 8, "48": 7, "92": 4, "15": 4, "12": 3, "33": 3, "22": 3}
SOLD_AFTERWARDS = "Bán tại chợ sau phiên"
MOST_DAYS_OLD = 21  # a lot of a past session was harvested at most so long before


@dataclass(frozen=True)
class Market:
    """A past session in the making: its rows, and the co-ops by slug."""

    demo: content.Session
    session: LivestreamSession
    cooperatives: dict[str, Cooperative]
    offers: list[Offer]
    host: User
    now: dt.datetime


def load_past(today: dt.date) -> int:
    """Load the past sessions that are missing, each whole or not at all; returns how many came."""
    return sum(_load_session(demo, today) for demo in content.sessions().past)


@transaction.atomic
def _load_session(demo: content.Session, today: dt.date) -> bool:
    kept = LivestreamSession.objects.filter(
        title=demo.title, cooperative__slug=demo.cooperative, is_simulated=True
    )
    if kept.exists():
        return False
    market = _open_market(demo, today)
    people = crowd.gather(
        demo.key,
        offers=[crowd.OnOffer(offer.units, offer.limit, offer.sold) for offer in demo.offers],
        orders=demo.orders,
        minutes=demo.minutes,
    )
    _write_orders(market, people)
    _close_books(market, people)
    for parcel in Parcel.objects.filter(
        order__session=market.session, state=Parcel.State.RETURNED
    ).select_related("order"):
        note_returned(parcel=parcel, user=None)
    recount_session(session_id=market.session.pk)
    return True


def _open_market(demo: content.Session, today: dt.date) -> Market:
    cooperatives = {
        coop.slug: coop
        for coop in Cooperative.objects.filter(slug__in=demo.cooperatives).select_related("commune")
    }
    starts_at = demo.starts_at or _at(today - dt.timedelta(days=demo.days_ago), demo.time)
    session = LivestreamSession(
        cooperative=cooperatives[demo.cooperative],
        title=demo.title,
        summary=demo.summary,
        starts_at=starts_at,
        planned_minutes=demo.minutes,
        shipping_fee_vnd=demo.shipping_fee_vnd,
        state=LivestreamSession.State.ENDED,
        went_live_at=starts_at,
        ended_at=starts_at + dt.timedelta(minutes=demo.minutes),
        created_by=host_of(demo.cooperative),
        created_at=starts_at - dt.timedelta(days=5),
        is_simulated=True,
    )
    session.save()
    Slot.objects.bulk_create(
        Slot(
            session=session,
            cooperative=cooperatives[slug],
            position=position,
            joined_at=starts_at - dt.timedelta(days=4),
        )
        for position, slug in enumerate(demo.cooperatives)
    )
    offers = _write_offers(demo, session)
    host = host_of(demo.cooperative)
    return Market(demo, session, cooperatives, offers, host, db_now())


def _write_offers(demo: content.Session, session: LivestreamSession) -> list[Offer]:
    """Offers in the order of selling, each with a lot of its own; live codes count per co-op."""
    letters = dict(zip(demo.cooperatives, LETTERS, strict=False))
    taken: Counter[str] = Counter()
    offers = []
    for position, row in enumerate(demo.offers):
        lot = _write_lot(row, session)
        letter = letters[lot.variant.product.cooperative.slug]
        taken[letter] += 1
        offers.append(
            Offer(
                session=session,
                cooperative=lot.variant.product.cooperative,
                lot=lot,
                live_code=f"{letter}{taken[letter]:02d}",
                position=position,
                unit_price_vnd=row.price_vnd,
                quantity_offered=row.units,
                limit_per_buyer=row.limit,
                state=Offer.State.CLOSED,
                opened_at=session.went_live_at,
                closed_at=session.ended_at,
                created_at=session.starts_at - dt.timedelta(days=1),
            )
        )
    return Offer.objects.bulk_create(offers)


def _write_lot(row: content.Offer, session: LivestreamSession) -> Lot:
    """The lot a past session sold from; nothing of it is left today."""
    variant = Variant.objects.select_related("product__cooperative__commune").get(
        product__slug=row.product_slug, position=row.pack
    )
    demo = next(p for c in content.cooperatives() for p in c.products if p.slug == row.product_slug)
    day = local_day(session.starts_at)
    age = min([lot.days_ago for lot in demo.lots] + [MOST_DAYS_OLD])
    harvested_on = day - dt.timedelta(days=age)
    manager = manager_of(variant.product.cooperative.slug)
    lot = Lot.objects.create(
        variant=variant,
        code=f"P{day:%y%m%d}-{row.pack + 1}",
        harvested_on=harvested_on,
        best_before_on=best_before(demo, harvested_on),
        plot=demo.plot,
        quantity_made=row.units,
        quantity_available=0,
        created_at=session.starts_at - dt.timedelta(days=1),
    )
    record_steps(demo, [lot], by=manager, until=day)
    return lot


def _write_orders(market: Market, people: Sequence[crowd.CrowdOrder]) -> None:
    rng = Random(f"{market.demo.key}-orders")
    communes = _communes(rng)
    codes = _codes()
    homes = {buyer: next(communes) for buyer in sorted({person.buyer for person in people})}
    orders = [_order(market, person, homes[person.buyer], next(codes), rng) for person in people]
    Order.objects.bulk_create(orders, batch_size=500)
    parcels = _write_parcels(market, people, orders, rng)
    OrderLine.objects.bulk_create(
        (
            OrderLine.of(
                offer, quantity, order=order, parcel=parcels[order.pk, offer.cooperative_id]
            )
            for order, person in zip(orders, people, strict=True)
            for index, quantity in sorted(person.lines.items())
            for offer in [market.offers[index]]
        ),
        batch_size=500,
    )


def _order(
    market: Market, person: crowd.CrowdOrder, commune: Commune, code: str, rng: Random
) -> Order:
    session, offers = market.session, market.offers
    placed_at = session.starts_at + dt.timedelta(seconds=person.second)
    pay_by = placed_at + dt.timedelta(minutes=settings.PAYMENT_WINDOW_MINUTES)
    coops = {offers[index].cooperative_id for index in person.lines}
    order = Order(
        code=code,
        token=secret_token(),
        session=session,
        buyer_name=f"Khách mô phỏng {person.buyer + 1}",
        buyer_phone=normalize_phone(numbers.buyer_phone(person.buyer)),
        commune=commune,
        address_line=f"Địa chỉ mô phỏng số {person.buyer + 1}",
        payment_method=Order.PaymentMethod.COD,
        state=Order.State.CONFIRMED,
        goods_vnd=sum(offers[i].unit_price_vnd * units for i, units in person.lines.items()),
        shipping_vnd=session.shipping_fee_vnd * len(coops),
        placed_at=placed_at,
        is_simulated=True,
    )
    if person.is_transfer:
        order.payment_method = Order.PaymentMethod.TRANSFER
        order.pay_into_account_of(session.cooperative)
        order.pay_by = pay_by
    if person.fate == crowd.RELEASED:
        order.state, order.close_reason = Order.State.RELEASED, TIME_RAN_OUT
        order.closed_at = pay_by + dt.timedelta(seconds=rng.uniform(1, 15))
    elif person.fate == crowd.CANCELLED:
        order.state, order.close_reason = Order.State.CANCELLED, BY_BUYER
        order.closed_at = placed_at + dt.timedelta(minutes=rng.uniform(1, 14))
    elif person.is_transfer:
        order.paid_at = placed_at + dt.timedelta(minutes=rng.uniform(1, 14))
        order.paid_confirmed_by = market.host
    return order


def _write_parcels(
    market: Market, people: Sequence[crowd.CrowdOrder], orders: Sequence[Order], rng: Random
) -> dict[tuple[int, int], Parcel]:
    parcels = []
    for order, person in zip(orders, people, strict=True):
        goods: Counter[int] = Counter()
        for index, units in person.lines.items():
            offer = market.offers[index]
            goods[offer.cooperative_id] += offer.unit_price_vnd * units
        for coop_id, goods_vnd in sorted(goods.items()):
            state, changed_at = _progress(order, person.fate, market.now, rng)
            parcels.append(
                Parcel(
                    order=order,
                    cooperative_id=coop_id,
                    state=state,
                    goods_vnd=goods_vnd,
                    shipping_vnd=market.session.shipping_fee_vnd,
                    changed_at=changed_at,
                )
            )
    made = Parcel.objects.bulk_create(parcels, batch_size=500)
    return {(parcel.order_id, parcel.cooperative_id): parcel for parcel in made}


def _progress(order: Order, fate: str, now: dt.datetime, rng: Random) -> tuple[str, dt.datetime]:
    """How far a parcel has come by `now`, and since when."""
    if order.closed_at:
        return Parcel.State.CANCELLED, order.closed_at
    way = [
        (Parcel.State.PACKED, rng.uniform(0.4, 1.2)),
        (Parcel.State.SHIPPED, rng.uniform(1.3, 2.0)),
        (Parcel.State.RETURNED if fate == crowd.RETURNED else Parcel.State.DELIVERED,
         rng.uniform(3.0, 6.5)),
    ]  # fmt: skip
    state, changed_at = Parcel.State.NEW, order.placed_at
    for step, days in way:
        at = order.placed_at + dt.timedelta(days=days)
        if at <= now:
            state, changed_at = step, at
    return state, changed_at


def _close_books(market: Market, people: Sequence[crowd.CrowdOrder]) -> None:
    """Claims, shares and stock movements of the orders that are not cancelled."""
    claimed: Counter[int] = Counter()
    held: Counter[tuple[int, str]] = Counter()
    for person in people:
        if person.is_open:
            phone = normalize_phone(numbers.buyer_phone(person.buyer))
            for index, units in person.lines.items():
                claimed[index] += units
                held[market.offers[index].pk, phone] += units
    for index, offer in enumerate(market.offers):
        offer.quantity_claimed = claimed[index]
    Offer.objects.bulk_update(market.offers, ["quantity_claimed"])
    BuyerShare.objects.bulk_create(
        (
            BuyerShare(offer_id=offer_id, buyer_phone=phone, quantity=units)
            for (offer_id, phone), units in held.items()
        ),
        batch_size=500,
    )
    StockMovement.objects.bulk_create(
        movement for offer in market.offers for movement in _movements(market, offer)
    )


def _movements(market: Market, offer: Offer) -> Iterator[StockMovement]:
    """In, out to the offer, back what it did not sell, and away at the market afterwards."""
    rest = offer.quantity_offered - offer.quantity_claimed
    kind, session = StockMovement.Kind, market.session
    moves = [
        (kind.HARVEST, offer.quantity_offered, "", "", offer.created_at),
        (kind.ALLOT, -offer.quantity_offered, offer.reference, "", session.went_live_at),
        (kind.GIVE_BACK, rest, offer.reference, "", session.ended_at),
        (kind.ADJUST, -rest, "", SOLD_AFTERWARDS, session.ended_at),
    ]
    for kind_of_move, quantity, reference, note, moved_at in moves:
        if quantity:
            yield StockMovement(
                lot=offer.lot,
                kind=kind_of_move,
                quantity=quantity,
                reference=reference,
                note=note,
                moved_by=market.host,
                moved_at=moved_at,
            )


def _communes(rng: Random) -> Iterator[Commune]:
    """Where the next buyer lives, for ever."""
    by_province: dict[str, list[Commune]] = {}
    for commune in Commune.objects.order_by("pk").only("pk", "province_id"):
        by_province.setdefault(commune.province_id, []).append(commune)
    everywhere = [commune for communes in by_province.values() for commune in communes]
    known = {code: share for code, share in CITIES.items() if code in by_province}
    places = [*known, ""]
    shares = [*known.values(), max(1, 100 - sum(known.values()))]
    for place in iter(lambda: rng.choices(places, shares)[0], None):
        yield rng.choice(by_province.get(place, everywhere))


def _codes() -> Iterator[str]:
    """Order codes that are not in use."""
    seen = set(Order.objects.values_list("code", flat=True))
    while True:
        code = order_code()
        if code not in seen:
            seen.add(code)
            yield code


def _at(day: dt.date, local_time: str) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.fromisoformat(local_time), tzinfo=LOCAL_ZONE)
