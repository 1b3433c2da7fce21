"""The line for goods that are sold out: joined, left, promoted from, closed.

Who waits and how many is kept on the offer's own row, so that walk-ins cannot overtake the line
(OfferQuerySet.claim) and numbers are given in the order of the commits. Rows are locked in the
order of the house: standby entries, buyer shares, offers. The first entry's row is locked before
anything is taken for it, so however many promote at once, the line moves in its order.
"""

import datetime as dt
import logging
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Q

from coops.models import Commune
from core.clock import Instant
from core.codes import secret_token
from livestreams.models import MAX_UNITS_PER_CLAIM, Offer
from orders import events
from orders.errors import (
    AlreadyInLine,
    HoldOver,
    LimitReached,
    LineClosed,
    NothingChosen,
    NotInLine,
    NotSoldOut,
    SessionNotLive,
    SoldOut,
    TotalRose,
    TransferNotOffered,
)
from orders.models import BuyerShare, Order, StandbyEntry
from orders.services.cancelling import BooksDisagree
from orders.services.placing import Seen, dearer, place_for_standby

log = logging.getLogger(__name__)

State = StandbyEntry.State
ENDED, LIMIT, NO_TRANSFER = "ended", "limit", "no_transfer"  # close_reason
ONE_PHONE_LOCK = 7_305_004  # two-key advisory lock: (this number, offer and phone)

# The number, the count and the entry in one statement: the offer's row is held for nothing else
JOIN_SQL = """
    WITH numbered AS (
        UPDATE livestreams_offer
        SET standby_issued = standby_issued + 1, standby_waiting = standby_waiting + 1
        WHERE id = %(offer_id)s
          AND limit_per_buyer >= %(quantity)s
          AND (
              state = 'sold_out'
              OR (state = 'open' AND (standby_waiting > 0 OR quantity_claimed >= quantity_offered))
          )
        RETURNING standby_issued
    )
    INSERT INTO orders_standbyentry (
        offer_id, number, token, buyer_name, buyer_phone, commune_id, address_line, note,
        payment_method, language, quantity, seen_price_vnd, seen_fee_vnd, state, close_reason
    )
    SELECT
        %(offer_id)s, standby_issued, %(token)s, %(buyer_name)s, %(buyer_phone)s, %(commune_id)s,
        %(address_line)s, %(note)s, %(payment_method)s, %(language)s, %(quantity)s,
        %(seen_price_vnd)s, %(seen_fee_vnd)s, 'waiting', ''
    FROM numbered
    RETURNING id
"""


@dataclass(frozen=True)
class Place:
    """A place in the line: `number` 1 is the first; `waiting` counts the whole line."""

    number: int
    waiting: int


def join_line(  # noqa: PLR0913 - one for each thing the buyer says
    *,
    offer: Offer,
    quantity: int,
    buyer_name: str,
    buyer_phone: str,
    commune: Commune,
    address_line: str,
    payment_method: str,
    note: str = "",
    language: str = "vi",
    seen: Seen | None = None,
) -> StandbyEntry:
    """Join the line for `quantity` units of a sold-out offer of a live session.

    `buyer_phone` is E.164; a phone is in the line of an offer once. Nothing is promised and no
    stock is touched. The entry keeps what it would cost now, at most what was `seen`.

    Raises NotSoldOut (order instead), LineClosed, SessionNotLive, AlreadyInLine, LimitReached,
    TransferNotOffered, TotalRose or NothingChosen, writing nothing.
    """
    if not 0 < quantity <= MAX_UNITS_PER_CLAIM:
        raise NothingChosen
    said: dict[str, Any] = {
        "buyer_name": buyer_name,
        "buyer_phone": buyer_phone,
        "commune_id": commune.pk,
        "address_line": address_line,
        "note": note,
        "payment_method": payment_method,
        "language": language,
        "quantity": quantity,
    }
    with transaction.atomic():
        _one_at_a_time(offer.pk, buyer_phone)
        said |= _refuse_early(offer.pk, said, seen)
        events.line_joined(session_id=offer.session_id, offer_id=offer.pk)
        with connection.cursor() as cursor:
            cursor.execute(JOIN_SQL, {"offer_id": offer.pk, "token": secret_token(), **said})
            row = cursor.fetchone()
        if row is None:  # it changed since it was looked at
            raise _why_not(_fresh(offer.pk), quantity) or LineClosed
    return StandbyEntry.objects.get(pk=row[0])


@transaction.atomic
def leave_line(*, entry: StandbyEntry) -> StandbyEntry:
    """Give the place up. A second call finds it given up and changes nothing.

    Raises NotInLine when its turn has come meanwhile, or the line is closed.
    """
    is_left = _settle(entry, State.LEFT)
    entry.refresh_from_db()
    if not is_left and entry.state != State.LEFT:
        raise NotInLine
    return entry


def place_of(entry: StandbyEntry) -> Place:
    """The current place of a waiting entry."""
    line = StandbyEntry.objects.waiting().filter(offer_id=entry.offer_id)
    up_to_here = Count("pk", filter=Q(number__lte=entry.number))
    counted = line.aggregate(place=up_to_here, waiting=Count("pk"))
    return Place(max(1, counted["place"]), max(1, counted["waiting"]))


def promote_next(*, offer_id: int) -> Order | None:
    """Hold the available units for the first in line until `pay_by`; None when no one is promoted.

    Whoever wants more than there are gets those. Whoever may not have any (limit per buyer) is
    taken out of the line with the reason, and the next is asked. Nobody is promoted while the
    offer is not on sale. Safe to run at once and late.
    """
    while entry := _attend_first(offer_id):
        if entry.order:
            return entry.order
    return None


def promote_all(*, session_id: int | None = None) -> int:
    """See to every line (of one session): close what is over, promote where there are units.

    Returns how many were promoted. A line that cannot be seen to keeps no other waiting.
    """
    lines = Offer.objects.filter(standby_waiting__gt=0).order_by("pk")
    if session_id is not None:
        lines = lines.filter(session_id=session_id)
    promoted = 0
    for offer in lines.only("pk", "state"):
        try:
            if offer.state == Offer.State.CLOSED:
                close_line(offer_id=offer.pk)
                continue
            while promote_next(offer_id=offer.pk):
                promoted += 1
        except (DatabaseError, BooksDisagree):
            log.exception("the line of offer %s was not seen to; the next round will", offer.pk)
    return promoted


@transaction.atomic
def take_held_order(*, order: Order, seen_vnd: int | None = None) -> Order:
    """The buyer takes what is held: cash is confirmed, a transfer gets its time to pay.

    `seen_vnd` is the sum that the buyer agrees to; without it, the sum seen when joining the line.
    A second call finds it taken and changes nothing. Raises HoldOver past `pay_by` by the
    database's clock, and once released or cancelled; TotalRose when it costs more.
    """
    if order.state == Order.State.HELD:
        _refuse_dearer(order, seen_vnd)
    held = Order.objects.filter(pk=order.pk, state=Order.State.HELD, pay_by__gt=Instant())
    if order.payment_method == Order.PaymentMethod.TRANSFER:
        window = dt.timedelta(minutes=settings.PAYMENT_WINDOW_MINUTES)
        change = {"state": Order.State.AWAITING_PAYMENT, "pay_by": Instant() + window}
    else:
        change = {"state": Order.State.CONFIRMED, "pay_by": None}
    is_taken = held.update(placed_at=Instant(), **change)  # from now on it is ordered
    order.refresh_from_db()
    if is_taken:
        lines = list(order.lines.order_by("offer_id"))
        events.order_placed(order, lines, feed=order.session.feed)
    elif order.state not in {Order.State.AWAITING_PAYMENT, Order.State.CONFIRMED}:
        raise HoldOver
    return order


def _refuse_dearer(order: Order, seen_vnd: int | None) -> None:
    entry = StandbyEntry.objects.filter(order=order).first()
    if seen_vnd is None:
        quantity = order.lines.values_list("quantity", flat=True).get()
        seen_vnd = entry.seen_vnd(quantity) if entry else order.amount_vnd
    if order.amount_vnd > seen_vnd:
        raise TotalRose(
            lines=[],
            expected_total_vnd=seen_vnd,
            goods_vnd=order.goods_vnd,
            shipping_vnd=order.shipping_vnd,
            total_vnd=order.amount_vnd,
        )


@transaction.atomic
def close_line(*, offer_id: int) -> int:
    """Send everybody in the line of a closed offer home; returns how many stood there.

    Nothing happens while the offer is not closed, or no longer.
    """
    waiting = StandbyEntry.objects.waiting().filter(offer_id=offer_id).order_by("pk")
    entries = list(waiting.select_for_update(no_key=True))
    closed = Offer.objects.filter(pk=offer_id, state=Offer.State.CLOSED)
    if not entries or not closed.shorten_line(len(entries)):
        return 0
    StandbyEntry.objects.filter(pk__in=[entry.pk for entry in entries]).update(
        state=State.CLOSED, settled_at=Instant(), close_reason=ENDED
    )
    return len(entries)


def forget_past() -> int:
    """Delete places that came to nothing, with the names and addresses in them; returns how many."""
    deleted, _by_model = StandbyEntry.objects.past().delete()
    return deleted


def _one_at_a_time(offer_id: int, phone: str) -> None:
    """Until the end of the transaction this phone joins nothing else: the second press waits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))",
            [ONE_PHONE_LOCK, f"{offer_id}:{phone}"],
        )


def _refuse_early(offer_id: int, said: dict[str, Any], seen: Seen | None) -> dict[str, int]:
    """Turn away what cannot succeed before the offer's row is touched, which decides.

    Returns what the entry keeps of the price.
    """
    phone, quantity = said["buyer_phone"], said["quantity"]
    waiting = StandbyEntry.objects.waiting().filter(offer_id=offer_id, buyer_phone=phone)
    if waiting.select_for_update(no_key=True).first():
        raise AlreadyInLine
    offer = _fresh(offer_id)
    if refusal := _why_not(offer, quantity):
        raise refusal
    if quantity > _allowed(offer, phone):
        raise LimitReached
    is_transfer = said["payment_method"] == Order.PaymentMethod.TRANSFER
    if is_transfer and not offer.session.cooperative.can_take_transfers:
        raise TransferNotOffered
    fee_vnd = offer.session.shipping_fee_vnd
    if seen and offer.unit_price_vnd * quantity + fee_vnd > seen.vnd + seen.fee_vnd:
        raise dearer({offer.pk: quantity}, offer.session, seen)
    return {"seen_price_vnd": offer.unit_price_vnd, "seen_fee_vnd": fee_vnd}


def _why_not(offer: Offer, quantity: int) -> Exception | None:
    """The reason why the line of `offer` cannot be joined now, if any."""
    if not offer.session.is_live:
        return SessionNotLive()
    if offer.state not in {Offer.State.OPEN, Offer.State.SOLD_OUT}:
        return LineClosed()
    if offer.is_orderable:
        return NotSoldOut()
    return LimitReached() if quantity > offer.limit_per_buyer else None


def _fresh(offer_id: int) -> Offer:
    return Offer.objects.select_related("session__cooperative").get(pk=offer_id)


def _allowed(offer: Offer, phone: str) -> int:
    """How many more units the limit per buyer leaves this phone."""
    shares = BuyerShare.objects.filter(offer=offer, buyer_phone=phone)
    held = shares.values_list("quantity", flat=True).first() or 0
    return max(0, offer.limit_per_buyer - held)


@transaction.atomic
def _attend_first(offer_id: int) -> StandbyEntry | None:
    """Promote the first in line; None without an entry or without units. One row, one commit.

    Others who promote wait for the entry's row and then find the next.
    """
    here = Offer.objects.with_units_for_line().filter(pk=offer_id)
    if not here.exists():
        return None
    line = StandbyEntry.objects.waiting().filter(offer_id=offer_id).order_by("number")
    entry = line.select_for_update(no_key=True).first()
    offer = here.first()  # anew: whoever was first before us may have taken them
    if entry is None or offer is None:
        return None
    allowed = _allowed(offer, entry.buyer_phone)
    quantity = min(entry.quantity, offer.quantity_unclaimed, allowed)
    try:
        entry.order = place_for_standby(entry=entry, quantity=quantity) if quantity else None
    except (SoldOut, SessionNotLive):
        return None
    except (LimitReached, TransferNotOffered) as refusal:
        reason = LIMIT if isinstance(refusal, LimitReached) else NO_TRANSFER
    else:
        reason = "" if entry.order else LIMIT
    _settle(entry, State.PROMOTED if entry.order else State.CLOSED, reason)
    return entry


def _settle(entry: StandbyEntry, state: str, reason: str = "") -> bool:
    """Take a waiting entry out of the line; False when it no longer waits."""
    waiting = StandbyEntry.objects.waiting().filter(pk=entry.pk)
    changed = waiting.update(
        state=state, settled_at=Instant(), close_reason=reason, order=entry.order
    )
    if not changed:
        return False
    entry.state, entry.close_reason = state, reason
    offer = Offer.objects.filter(pk=entry.offer_id)
    session_id = offer.values_list("session_id", flat=True).get()
    events.standby_settled(entry, session_id=session_id)
    if not offer.shorten_line(1):
        msg = f"line of offer {entry.offer_id}"
        raise BooksDisagree(msg)
    return True
