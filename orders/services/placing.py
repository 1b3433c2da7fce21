"""Place an order: one short transaction that claims the units last.

The transaction is one database function (placing.sql, beside this file): an order costs one round
trip, and the hot rows (offers) are locked by its final statements only, in id order. This module is
the one door: page, API, standby line and simulation go through it.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)

from core.codes import order_code, secret_token
from core.errors import Busy
from core.idempotency import KeyReused, StillRunning
from core.middleware import is_busy
from core.models import IdempotencyRecord
from core.phones import mask_phone
from livestreams.models import LivestreamSession, Offer
from orders.errors import (
    CodeNeeded,
    LimitReached,
    NothingChosen,
    OrderRefused,
    SessionNotLive,
    SoldOut,
    TotalRose,
    TransferNotOffered,
)
from orders.models import Order, StandbyEntry
from orders.services.weighing import NOBODY, Client, client

CODE_TRIES = 8
CODE_INDEX = "orders_order_code"  # how the name of the unique index of `code` begins
GONE, CLOSED, SOLD_OUT, LIMIT = "gone", "closed", "sold_out", "limit"
NO_TRANSFER, NOT_LIVE, DEARER = "no_transfer", "not_live", "dearer"
AT_FAULT = {"CP001": SOLD_OUT, "CP003": LIMIT, "CP004": CLOSED}  # codes of placing.sql
OFFER_COLUMNS = (
    "state", "live_code", "limit_per_buyer", "quantity_offered", "quantity_claimed",
    "standby_waiting", "unit_price_vnd",
)  # fmt: skip
NAME_COLUMNS = ("lot__variant__product__name", "lot__variant__name")

CALL_SQL = """
    SELECT orders_place_order(
        %(session_id)s::bigint, %(offer_ids)s::bigint[], %(quantities)s::integer[],
        %(code)s, %(token)s, %(buyer_name)s, %(buyer_phone)s, %(commune_id)s, %(address_line)s,
        %(note)s, %(payment_method)s, %(language)s, %(hold)s, %(is_standby)s,
        %(scope)s, %(key)s, %(fingerprint)s, %(seen_vnd)s::bigint, %(seen_fee_vnd)s::bigint,
        %(client_network)s, %(client_block)s, %(client_phone)s, %(counted)s, %(counted_in_all)s
    )::text
"""


@dataclass(frozen=True)
class Buyer:
    """The buyer and the terms: everything of an order but its lines. `buyer_phone` is E.164."""

    buyer_name: str
    buyer_phone: str
    commune_id: str
    address_line: str
    payment_method: str
    note: str = ""
    language: str = "vi"


@dataclass(frozen=True)
class Seen:
    """The sum that the buyer saw: `vnd`, and `fee_vnd` more for the parcel of each co-op."""

    vnd: int
    fee_vnd: int = 0


@dataclass(frozen=True)
class LineState:
    """A requested line, with the current state of its offer.

    `problem` is "" or gone, closed, sold_out, limit. `possible` is how many of the `quantity`
    asked for could be ordered now (0 where none), `unit_price_vnd` what one costs now.
    """

    offer_id: int
    live_code: str
    name: str
    quantity: int
    left: int
    limit: int
    problem: str
    possible: int
    unit_price_vnd: int


class _Refused(Exception):
    """The database turned the attempt away; `offer_ids` name the lines at fault."""

    def __init__(
        self, problem: str, offer_ids: Iterable[int] | None, *, fee_vnd: int = 0, parcels: int = 0
    ) -> None:
        self.problem = problem
        self.offer_ids = set(offer_ids or ())
        self.fee_vnd, self.parcels = fee_vnd, parcels
        super().__init__(problem)


class _CodeTaken(Exception):
    pass


class _UsedThisMoment(Exception):
    """A twin with the same key committed while this one was writing."""


def place_order(
    *,
    session: LivestreamSession,
    lines: Iterable[tuple[int, int]],
    seen: Seen | None = None,
    **buyer: Any,
) -> Order:
    """Claim units of open offers of a live session and write the order, all or nothing.

    `lines` holds (offer id, quantity); lines of one offer are added up. `buyer` is what `Buyer`
    holds, with `commune` for its id. Cash orders are confirmed at once; transfers hold their units
    until `pay_by`, reckoned by the database's clock. The order costs at most what was `seen`;
    without it, what it costs now.

    Raises SoldOut, LimitReached, SessionNotLive, NothingChosen, TransferNotOffered or TotalRose,
    writing nothing; `details["lines"]` gives the state of each line.
    """
    who = Buyer(commune_id=buyer.pop("commune").pk, **buyer)
    return order_of(place(session_id=session.pk, lines=lines, buyer=who, seen=seen), who)


def place(
    *,
    session_id: int,
    lines: Iterable[tuple[int, int]],
    buyer: Buyer,
    seen: Seen | None,
    kept: IdempotencyRecord | None = None,
    client_ip: str = "",
) -> dict[str, Any]:
    """`place_order` for doors that answer strangers; returns what was written, as plain values.

    With `kept` (scope, key and fingerprint) the answer is stored in the same transaction, and a
    repeat gets the very same. Keys of the answer: order_id, code, token, session, state,
    payment_method, placed_at and pay_by (ISO 8601, UTC), goods_vnd, shipping_vnd, is_simulated,
    account, parcels (each with its lines).

    Raises what `place_order` raises, KeyReused when the key came with other words, and CodeNeeded
    where a stranger (`client_ip`) has to show a code first.
    """
    wanted = merge_lines(lines)
    if not wanted:
        raise NothingChosen
    who = client(session_id=session_id, phone=buyer.buyer_phone, client_ip=client_ip)
    return _place(session_id, wanted, buyer, seen=seen, kept=kept, who=who)


def place_for_standby(*, entry: StandbyEntry, quantity: int) -> Order:
    """Turn an entry of the line into an order that is held for its buyer; goes past the line.

    Raises SoldOut, LimitReached or SessionNotLive, writing nothing.
    """
    who = Buyer(
        **{name: getattr(entry, name) for name in Buyer.__dataclass_fields__},
    )
    session_id = entry.offer.session_id
    answer = _place(session_id, {entry.offer_id: quantity}, who, is_standby=True)
    return order_of(answer, who)


def order_of(answer: Mapping[str, Any], buyer: Buyer) -> Order:
    """The row just written, without reading it again."""
    values = {
        "id": answer["order_id"],
        **{name: answer[name] for name in ("code", "token", "state", "goods_vnd", "shipping_vnd")},
        "session_id": answer["session"],
        **asdict(buyer),
        "total_vnd": answer["goods_vnd"] + answer["shipping_vnd"],
        "placed_at": dt.datetime.fromisoformat(answer["placed_at"]),
        "pay_by": dt.datetime.fromisoformat(answer["pay_by"]) if answer["pay_by"] else None,
        "close_reason": "",
        "is_simulated": answer["is_simulated"],
        **{f"payee_{name}": value for name, value in answer["account"].items()},
    }
    names = [field.attname for field in Order._meta.concrete_fields]
    return Order.from_db(connection.alias, names, [values.get(name) for name in names])


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
    """The current state of each wanted line; `at_fault` adds problems found elsewhere, by offer id.

    Raises SessionNotLive when the session of the offers is not on air. One light statement: in a
    rush this is the most frequent answer.
    """
    rows = {
        row["pk"]: row
        for row in Offer.objects.filter(session_id=session_id, pk__in=list(wanted)).values(
            "pk", "session__state", *OFFER_COLUMNS, *NAME_COLUMNS
        )
    }
    if any(row["session__state"] != LivestreamSession.State.LIVE for row in rows.values()):
        raise SessionNotLive(lines=[])
    found = at_fault or {}
    return [
        _line_state(rows.get(offer_id), offer_id, quantity, found.get(offer_id, ""))
        for offer_id, quantity in wanted.items()
    ]


def _place(  # noqa: PLR0913 - one for each thing that decides
    session_id: int,
    wanted: dict[int, int],
    buyer: Buyer,
    *,
    seen: Seen | None = None,
    kept: IdempotencyRecord | None = None,
    is_standby: bool = False,
    who: Client = NOBODY,
) -> dict[str, Any]:
    asked = {
        "session_id": session_id,
        "offer_ids": list(wanted),
        "quantities": list(wanted.values()),
        "hold": dt.timedelta(minutes=settings.PAYMENT_WINDOW_MINUTES),
        "is_standby": is_standby,
        "scope": kept and kept.scope,
        "key": kept and kept.key,
        "fingerprint": kept and kept.fingerprint,
        "seen_vnd": seen and seen.vnd,
        "seen_fee_vnd": seen and seen.fee_vnd,
        **buyer.__dict__,
        **who.__dict__,
    }
    for _try in range(CODE_TRIES):
        asked["code"], asked["token"] = order_code(), secret_token()
        try:
            return _ask(asked)
        except (_CodeTaken, _UsedThisMoment):
            continue
        except _Refused as refusal:
            raise _in_words(refusal, session_id, wanted, seen) from None
    msg = "no free order code found"
    raise RuntimeError(msg)


def _ask(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        found = _call(asked)
    except DatabaseError as error:
        if refusal := _raised(error):
            raise refusal from error
        raise
    match found["outcome"]:
        case "placed" | "kept":
            answer: dict[str, Any] = found["answer"]
            return answer
        case "reused":
            raise KeyReused
        case "code":
            raise CodeNeeded(phone=mask_phone(asked["buyer_phone"]))
    raise _Refused(
        found["problem"],
        found["offer_ids"],
        fee_vnd=found["fee_vnd"] or 0,
        parcels=found["parcels"],
    )


def _call(asked: dict[str, Any]) -> dict[str, Any]:
    """One statement, which is the whole transaction unless the caller has opened one.

    The connection is not asked beforehand whether it lives. One that died is found out here, and
    where a key keeps the answer the same is asked once more on a new one: the first may have
    committed, and then its answer comes back.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            return _execute(asked)
    connection.health_check_done = True  # type: ignore[attr-defined]  # missing in the stubs
    try:
        return _execute(asked)
    except (OperationalError, InterfaceError):
        if asked["key"] is None or connection.is_usable():
            raise
        connection.close()
        return _execute(asked)


def _execute(asked: dict[str, Any]) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(CALL_SQL, asked)
        row = cursor.fetchone()
    found: dict[str, Any] = json.loads(row[0])
    return found


def _raised(error: DatabaseError) -> Exception | None:
    """What a guard of the function, or the index of codes, said by raising `error`."""
    cause: Any = error.__cause__
    if isinstance(error, OperationalError) and is_busy(error):
        is_twin = "INSERT INTO core_idempotencyrecord" in (cause.diag.context or "")
        return StillRunning() if is_twin else Busy()
    if isinstance(error, IntegrityError) and f'"{CODE_INDEX}' in str(error):
        return _CodeTaken()
    code = getattr(cause, "pgcode", "")
    if code == "CP002":
        return _UsedThisMoment()
    if problem := AT_FAULT.get(code):
        return _Refused(problem, [int(cause.diag.message_detail)])
    return None


def _in_words(
    refusal: _Refused, session_id: int, wanted: dict[int, int], seen: Seen | None
) -> OrderRefused:
    """The refusal with the current offers, after the attempt has been rolled back."""
    if refusal.problem == NO_TRANSFER:
        return TransferNotOffered()
    if refusal.problem == NOT_LIVE:
        return SessionNotLive(lines=[])
    at_fault = dict.fromkeys(refusal.offer_ids, refusal.problem)
    try:
        states = line_states(session_id, wanted, at_fault=at_fault)
    except SessionNotLive as ended_meanwhile:
        return ended_meanwhile
    lines = [asdict(state) for state in states]
    if refusal.problem == DEARER and seen and not any(state.problem for state in states):
        return _total_rose(states, refusal.fee_vnd, refusal.parcels, seen)
    kind = LimitReached if refusal.problem == LIMIT else SoldOut
    return kind(lines=lines)


def dearer(wanted: dict[int, int], session: LivestreamSession, seen: Seen) -> TotalRose:
    """The refusal of what costs more than was `seen`, for goods of one co-op."""
    states = line_states(session.pk, wanted)
    return _total_rose(states, session.shipping_fee_vnd, 1, seen)


def _total_rose(states: list[LineState], fee_vnd: int, parcels: int, seen: Seen) -> TotalRose:
    goods_vnd = sum(state.unit_price_vnd * state.quantity for state in states)
    shipping_vnd = fee_vnd * parcels
    return TotalRose(
        lines=[asdict(state) for state in states],
        expected_total_vnd=seen.vnd + seen.fee_vnd * parcels,
        goods_vnd=goods_vnd,
        shipping_vnd=shipping_vnd,
        total_vnd=goods_vnd + shipping_vnd,
    )


def _line_state(
    row: dict[str, Any] | None, offer_id: int, quantity: int, problem: str
) -> LineState:
    if row is None:
        return LineState(offer_id, "", "", quantity, 0, 0, GONE, 0, 0)
    offer = Offer(**{name: row[name] for name in OFFER_COLUMNS})
    is_open = offer.state == Offer.State.OPEN and problem != CLOSED
    left = offer.quantity_left if is_open else 0
    if problem == CLOSED or offer.state in {Offer.State.CLOSED, Offer.State.LINED_UP}:
        problem = CLOSED
    elif left < quantity:
        problem = SOLD_OUT
    elif quantity > offer.limit_per_buyer:
        problem = LIMIT
    possible = min(quantity, left, offer.limit_per_buyer)
    if problem == LIMIT and possible == quantity:
        possible = 0  # how many this phone already holds is nobody else's business
    return LineState(
        offer_id=offer_id,
        live_code=offer.live_code,
        name=", ".join(row[name] for name in NAME_COLUMNS),
        quantity=quantity,
        left=left,
        limit=offer.limit_per_buyer,
        problem=problem,
        possible=possible,
        unit_price_vnd=offer.unit_price_vnd,
    )
