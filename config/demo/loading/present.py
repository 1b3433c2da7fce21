"""The session that is live now and the one that comes: made by the services, like everyone's.

People try things out here: a co-op may be suspended, a product hidden. What the services refuse
is left out, and only a session that cannot be held at all raises their DomainError.
"""

import datetime as dt
import itertools
from contextlib import suppress
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet

from accounts.models import User
from config.demo import content, crowd, numbers
from config.demo.loading.goods import fresh_lot
from config.demo.loading.people import host_of
from coops.models import Commune, Cooperative
from core.clock import LOCAL_ZONE, db_now, db_today
from core.errors import DomainError
from core.models import Picture
from core.phones import normalize_phone
from livestreams.models import LivestreamSession, Offer
from livestreams.readiness import why_not_openable
from livestreams.services import joining, lining_up, running, scheduling, selling
from orders.models import Order
from orders.services.placing import place_order
from orders.services.standing_by import join_line
from products.models import Variant

STALE_AFTER = dt.timedelta(hours=6)
SOON = dt.timedelta(seconds=5)  # a session is announced for the future, and then goes live at once
FIRST_ORDERS = 14


def keep_live() -> bool:
    """See that a session of the demonstration is live and not old; True when a new one began."""
    demo = content.sessions().live
    current = _of_demo(demo).filter(state=LivestreamSession.State.LIVE).first()
    if current and current.went_live_at and current.went_live_at > db_now() - STALE_AFTER:
        return False
    host = host_of(demo.cooperative)
    if current:
        _end_in_time(current, host)
    session = _go_live(demo, host)
    _first_orders(demo, session)
    _form_lines(demo, session)
    return True


@transaction.atomic
def _end_in_time(session: LivestreamSession, host: User) -> None:
    """End a session left live while the platform was off: at its planned end or its last order, so
    that it does not appear to have lasted for days.
    """
    running.end_session(session=session, by=host)
    session.refresh_from_db()
    if not session.went_live_at or not session.ended_at:
        return
    planned = session.went_live_at + dt.timedelta(minutes=session.planned_minutes)
    last_order = session.orders.aggregate(at=Max("placed_at"))["at"] or planned
    ended_at = min(session.ended_at, max(planned, last_order))
    LivestreamSession.objects.filter(pk=session.pk).update(ended_at=ended_at)


@transaction.atomic
def keep_coming() -> bool:
    """See that a session is announced for a coming evening; True when something changed."""
    demo = content.sessions().coming
    current = _of_demo(demo).filter(state=LivestreamSession.State.SCHEDULED).first()
    if current is None:
        _schedule(demo, _next_evening(demo.time), host_of(demo.cooperative))
        return True
    if current.starts_at > db_now():
        return False
    scheduling.edit_session(session=current, starts_at=_next_evening(demo.time))
    _refresh_line_up(demo, current)
    return True


@transaction.atomic
def _go_live(demo: content.Session, host: User) -> LivestreamSession:
    session = _schedule(demo, db_now() + SOON, host)
    running.go_live(session=session, by=host)
    first = session.offers.filter(state=Offer.State.OPEN).order_by("position").first()
    if first:
        selling.sell_now(offer=first, by=host)
    session.refresh_from_db()
    return session


def _schedule(demo: content.Session, starts_at: dt.datetime, host: User) -> LivestreamSession:
    cooperatives = {c.slug: c for c in Cooperative.objects.filter(slug__in=demo.cooperatives)}
    session = scheduling.schedule_session(
        cooperative=cooperatives[demo.cooperative],
        title=demo.title,
        starts_at=starts_at,
        planned_minutes=demo.minutes,
        summary=demo.summary,
        cover=_earlier_cover(demo),
        shipping_fee_vnd=demo.shipping_fee_vnd,
        by=host,
    )
    LivestreamSession.objects.filter(pk=session.pk).update(is_simulated=True)
    session.refresh_from_db()
    for slug in demo.guests:
        with suppress(DomainError):
            slot = joining.invite_cooperative(session=session, cooperative=cooperatives[slug])
            joining.join_session(slot=slot)
    for row in demo.offers:
        with suppress(DomainError):
            _line_up(session, row)
    return session


def _line_up(session: LivestreamSession, row: content.Offer) -> None:
    variant = Variant.objects.select_related("product__cooperative__commune").get(
        product__slug=row.product_slug, position=row.pack
    )
    lining_up.line_up_offer(
        session=session,
        cooperative=variant.product.cooperative,
        lot=fresh_lot(variant, row.units, db_today()),
        unit_price_vnd=row.price_vnd,
        quantity_offered=row.units,
        limit_per_buyer=row.limit,
    )


def _refresh_line_up(demo: content.Session, session: LivestreamSession) -> None:
    """Line up afresh what could not be opened any more, such as a lot past its day."""
    rows = {(row.product_slug, row.pack): row for row in demo.offers}
    for offer in session.offers.for_cards().filter(state=Offer.State.LINED_UP):
        variant = offer.lot.variant
        row = rows.get((variant.product.slug, variant.position))
        if row and why_not_openable(offer, db_today()):
            lining_up.remove_offer(offer=offer)
            _line_up(session, row)


def _first_orders(demo: content.Session, session: LivestreamSession) -> None:
    """The orders of the first minutes, through the same door as everyone's."""
    offers = list(session.offers.filter(state=Offer.State.OPEN).order_by("position"))
    on_offer = [crowd.OnOffer(offer.quantity_left, offer.limit_per_buyer, 1) for offer in offers]
    communes = list(Commune.objects.order_by("pk")[:: max(1, Commune.objects.count() // 40)])
    people = crowd.gather(demo.key, offers=on_offer, orders=FIRST_ORDERS, minutes=30)
    for person in people:
        with suppress(DomainError):
            _place(session, person, offers, communes)


def _place(
    session: LivestreamSession,
    person: crowd.CrowdOrder,
    offers: list[Offer],
    communes: list[Commune],
) -> None:
    number, method = person.buyer + 1, Order.PaymentMethod
    order = place_order(
        session=session,
        lines=[(offers[index].pk, units) for index, units in person.lines.items()],
        payment_method=method.TRANSFER if person.is_transfer else method.COD,
        **_somebody(number, communes),
    )
    Order.objects.filter(pk=order.pk).update(is_simulated=True)


def _form_lines(demo: content.Session, session: LivestreamSession) -> None:
    """Sell out offers that have a waitlist, and add as many entries as the content says."""
    lengths = {(row.product_slug, row.pack): row.in_line for row in demo.offers}
    communes = list(Commune.objects.order_by("pk")[:40])
    strangers = itertools.count(FIRST_ORDERS * 10)
    for offer in session.offers.for_cards().filter(state=Offer.State.OPEN):
        variant = offer.lot.variant
        length = lengths.get((variant.product.slug, variant.position), 0)
        while length and offer.quantity_left:
            units = min(offer.limit_per_buyer, offer.quantity_left)
            person = crowd.CrowdOrder(0, next(strangers), {0: units}, False, crowd.DELIVERED)
            _place(session, person, [offer], communes)
            offer.refresh_from_db()
        for buyer in itertools.islice(strangers, length):
            join_line(
                offer=offer,
                quantity=1,
                payment_method=Order.PaymentMethod.COD,
                **_somebody(buyer + 1, communes),
            )


def _somebody(number: int, communes: list[Commune]) -> dict[str, Any]:
    """A simulated buyer, with a name that no real person has."""
    return {
        "buyer_name": f"Khách mô phỏng {number}",
        "buyer_phone": normalize_phone(numbers.buyer_phone(number - 1)),
        "commune": communes[number % len(communes)],
        "address_line": f"Địa chỉ mô phỏng số {number}",
    }


def _of_demo(demo: content.Session) -> QuerySet[LivestreamSession]:
    return LivestreamSession.objects.filter(
        title=demo.title, cooperative__slug=demo.cooperative, is_simulated=True
    ).order_by("-pk")


def _earlier_cover(demo: content.Session) -> Picture | None:
    earlier = _of_demo(demo).exclude(cover=None).first()
    return earlier.cover if earlier else None


def _next_evening(local_time: str) -> dt.datetime:
    tomorrow = db_today() + dt.timedelta(days=1)
    return dt.datetime.combine(tomorrow, dt.time.fromisoformat(local_time), tzinfo=LOCAL_ZONE)
