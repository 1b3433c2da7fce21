"""Place an order: one short transaction that claims the units last.

The hot rows (offers) are locked by the final statements only, in id order, so that two baskets
never wait for each other crosswise and a lock is held no longer than the commit takes. All that
the order copies (names, prices, lots) is read before. This module is the one door: page, API and
simulation go through `place_order`.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from coops.models import Commune
from core.clock import Instant
from core.codes import order_code, secret_token
from livestreams.models import LivestreamSession, Offer
from orders import events
from orders.errors import (
    LimitReached,
    NothingChosen,
    OrderRefused,
    SessionNotLive,
    SoldOut,
    TransferNotOffered,
)
from orders.models import Order, OrderLine, Parcel

CODE_TRIES = 8
CODE_INDEX = "orders_order_code"  # how the name of the unique index of `code` begins
GONE, CLOSED, SOLD_OUT, LIMIT = "gone", "closed", "sold_out", "limit"

SHARE_SQL = """
    INSERT INTO orders_buyershare (offer_id, buyer_phone, quantity)
    SELECT offer.id, %(phone)s, wanted.quantity
    FROM unnest(%(offer_ids)s::bigint[], %(quantities)s::int[]) AS wanted (offer_id, quantity)
    JOIN livestreams_offer AS offer ON offer.id = wanted.offer_id
    WHERE wanted.quantity <= offer.limit_per_buyer
    ORDER BY offer.id
    ON CONFLICT (offer_id, buyer_phone) DO UPDATE
        SET quantity = orders_buyershare.quantity + excluded.quantity
        WHERE orders_buyershare.quantity + excluded.quantity
            <= (SELECT limit_per_buyer FROM livestreams_offer WHERE id = excluded.offer_id)
    RETURNING offer_id
"""


@dataclass(frozen=True)
class LineState:
    """A line somebody asked for, as the offer stands now.

    `problem` is "" or gone, closed, sold_out, limit. `possible` is how many of the `quantity`
    asked for could be ordered now (0 where none).
    """

    offer_id: int
    live_code: str
    name: str
    quantity: int
    left: int
    limit: int
    problem: str
    possible: int


class _Refused(Exception):
    """Rolls the attempt back; `offer_ids` name the lines at fault."""

    def __init__(self, problem: str, offer_ids: Iterable[int]) -> None:
        self.problem = problem
        self.offer_ids = set(offer_ids)
        super().__init__(problem)


class _CodeTaken(Exception):
    pass


def place_order(  # noqa: PLR0913 - one for each thing the buyer says
    *,
    session: LivestreamSession,
    lines: Sequence[tuple[int, int]],
    buyer_name: str,
    buyer_phone: str,
    commune: Commune,
    address_line: str,
    payment_method: str,
    note: str = "",
    language: str = "vi",
) -> Order:
    """Claim units of open offers of a live session and write the order, all or nothing.

    `lines` holds (offer id, quantity); lines of one offer are added up. `buyer_phone` is E.164.
    Cash orders are confirmed at once; transfers hold their units until `pay_by`, reckoned by the
    database's clock.

    Raises SoldOut, LimitReached, SessionNotLive, NothingChosen or TransferNotOffered, writing
    nothing; `details["lines"]` says how each line stands.
    """
    wanted = merge_lines(lines)
    if not wanted:
        raise NothingChosen
    for _try in range(CODE_TRIES):
        order = Order(
            code=order_code(),
            token=secret_token(),
            session_id=session.pk,
            buyer_name=buyer_name,
            buyer_phone=buyer_phone,
            commune=commune,
            address_line=address_line,
            note=note,
            payment_method=payment_method,
            language=language,
        )
        try:
            return _place(order, wanted)
        except _CodeTaken:
            continue
        except _Refused as refusal:
            raise _in_words(refusal, session.pk, wanted) from None
    msg = "no free order code found"
    raise RuntimeError(msg)


def merge_lines(lines: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Quantities by offer id, in id order; one offer named twice is one line."""
    wanted: dict[int, int] = {}
    for offer_id, quantity in lines:
        if quantity > 0:
            wanted[offer_id] = wanted.get(offer_id, 0) + quantity
    return dict(sorted(wanted.items()))


def line_states(
    session_id: int, wanted: dict[int, int], *, at_fault: dict[int, str] | None = None
) -> list[LineState]:
    """How each wanted line stands now; `at_fault` adds problems found elsewhere by offer id."""
    offers = {offer.pk: offer for offer in _offers(session_id, wanted)}
    found = at_fault or {}
    return [
        _line_state(offers.get(offer_id), offer_id, quantity, found.get(offer_id, ""))
        for offer_id, quantity in wanted.items()
    ]


@transaction.atomic
def _place(order: Order, wanted: dict[int, int]) -> Order:
    offers = _offers(order.session_id, wanted)
    _refuse_early(order, offers, wanted)
    _take_shares(order.buyer_phone, wanted)
    coops = {offer.cooperative_id for offer in offers}
    fee_vnd = offers[0].session.shipping_fee_vnd
    order.goods_vnd = sum(offer.unit_price_vnd * wanted[offer.pk] for offer in offers)
    order.shipping_vnd = fee_vnd * len(coops)
    order.is_simulated = offers[0].session.is_simulated
    _start(order, offers[0].now)
    try:
        order.save(force_insert=True)
    except IntegrityError as error:
        if f'"{CODE_INDEX}' in str(error):
            raise _CodeTaken from error
        raise
    lines = _write_parcels(order, offers, wanted, fee_vnd)
    events.order_placed(order, lines, feed=offers[0].session.feed)
    _claim(offers, wanted)
    return order


def _offers(session_id: int, wanted: Iterable[int]) -> list[Any]:
    """The wanted offers with all that an order copies, and the database's clock as `now`."""
    return list(
        Offer.objects.filter(session_id=session_id, pk__in=list(wanted))
        .select_related("session__cooperative", "cooperative", "lot__variant__product")
        .annotate(now=Instant())
        .order_by("pk")
    )


def _refuse_early(order: Order, offers: Sequence[Offer], wanted: dict[int, int]) -> None:
    """Turn away what cannot succeed before anything is locked. No guard: the claims are that."""
    if missing := set(wanted) - {offer.pk for offer in offers}:
        raise _Refused(GONE, missing)
    session = offers[0].session
    if not session.is_live:
        raise SessionNotLive(lines=[])
    is_transfer = order.payment_method == Order.PaymentMethod.TRANSFER
    if is_transfer and not session.cooperative.can_take_transfers:
        raise TransferNotOffered
    short = {o.pk for o in offers if not o.is_orderable or o.quantity_left < wanted[o.pk]}
    if short:
        raise _Refused(SOLD_OUT, short)


def _take_shares(phone: str, wanted: dict[int, int]) -> None:
    """Add to what this phone holds of each offer; one guarded statement, rows in offer-id order."""
    with connection.cursor() as cursor:
        cursor.execute(
            SHARE_SQL,
            {"phone": phone, "offer_ids": list(wanted), "quantities": list(wanted.values())},
        )
        within_limit = {row[0] for row in cursor.fetchall()}
    if over := set(wanted) - within_limit:
        raise _Refused(LIMIT, over)


def _start(order: Order, now: dt.datetime) -> None:
    if order.payment_method == Order.PaymentMethod.TRANSFER:
        order.state = Order.State.AWAITING_PAYMENT
        order.pay_by = now + dt.timedelta(minutes=settings.PAYMENT_WINDOW_MINUTES)
    else:
        order.state = Order.State.CONFIRMED


def _write_parcels(
    order: Order, offers: Sequence[Offer], wanted: dict[int, int], fee_vnd: int
) -> list[OrderLine]:
    by_coop: dict[int, list[Offer]] = {}
    for offer in offers:
        by_coop.setdefault(offer.cooperative_id, []).append(offer)
    parcels = Parcel.objects.bulk_create(
        Parcel(
            order=order,
            cooperative_id=coop_id,
            goods_vnd=sum(o.unit_price_vnd * wanted[o.pk] for o in theirs),
            shipping_vnd=fee_vnd,
        )
        for coop_id, theirs in sorted(by_coop.items())
    )
    parcel_of = {parcel.cooperative_id: parcel for parcel in parcels}
    return OrderLine.objects.bulk_create(
        _line(order, parcel_of[offer.cooperative_id], offer, wanted[offer.pk]) for offer in offers
    )


def _line(order: Order, parcel: Parcel, offer: Offer, quantity: int) -> OrderLine:
    variant = offer.lot.variant
    return OrderLine(
        order=order,
        parcel=parcel,
        offer=offer,
        lot=offer.lot,
        variant=variant,
        cooperative_id=offer.cooperative_id,
        live_code=offer.live_code,
        product_name=variant.product.name,
        variant_name=variant.name,
        cooperative_name=offer.cooperative.name,
        lot_code=offer.lot.code,
        net_weight_g=variant.net_weight_g,
        unit_price_vnd=offer.unit_price_vnd,
        quantity=quantity,
    )


def _claim(offers: Sequence[Offer], wanted: dict[int, int]) -> None:
    """The guard: each offer's own row decides, in id order, and nothing follows but the commit."""
    for offer in offers:
        if not Offer.objects.filter(pk=offer.pk).claim(wanted[offer.pk]):
            raise _Refused(SOLD_OUT, {offer.pk})


def _in_words(refusal: _Refused, session_id: int, wanted: dict[int, int]) -> OrderRefused:
    """The refusal as the offers stand now, after the attempt has been rolled back."""
    is_live = LivestreamSession.objects.live().filter(pk=session_id).exists()
    if not is_live:
        return SessionNotLive(lines=[])
    at_fault = dict.fromkeys(refusal.offer_ids, refusal.problem)
    states = line_states(session_id, wanted, at_fault=at_fault)
    kind = LimitReached if refusal.problem == LIMIT else SoldOut
    return kind(lines=[asdict(state) for state in states])


def _line_state(offer: Offer | None, offer_id: int, quantity: int, problem: str) -> LineState:
    if offer is None:
        return LineState(offer_id, "", "", quantity, 0, 0, GONE, 0)
    left = offer.quantity_left if offer.state == Offer.State.OPEN else 0
    if offer.state in {Offer.State.CLOSED, Offer.State.LINED_UP}:
        problem = CLOSED
    elif left < quantity:
        problem = SOLD_OUT
    elif quantity > offer.limit_per_buyer:
        problem = LIMIT
    possible = min(quantity, left, offer.limit_per_buyer)
    if problem == LIMIT and possible == quantity:
        possible = 0  # how many this phone already holds is nobody else's business
    product = offer.lot.variant.product
    return LineState(
        offer_id=offer.pk,
        live_code=offer.live_code,
        name=f"{product.name}, {offer.lot.variant.name}",
        quantity=quantity,
        left=left,
        limit=offer.limit_per_buyer,
        problem=problem,
        possible=possible,
    )
