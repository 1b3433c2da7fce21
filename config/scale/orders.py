"""Orders of the planned sessions with all that hangs on them, written some sessions at a time."""

import datetime as dt
import random
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from config.scale import market
from config.scale.copying import copy_rows, reserve_ids
from config.scale.market import FEE_VND, OfferPlan, SessionPlan
from config.scale.words import HAMLETS, person
from core import codes
from orders.models import BuyerShare, Order, OrderLine, Parcel, Refund, StandbyEntry
from orders.services.tallies import recount_session
from products.models import StockMovement

ORDERS_AT_ONCE = 8_000
MINUTES = 110  # in which a session sells
STILL_TO_PAY_H = 12  # so that unpaid orders are not released during a measurement
PLACES_IN_LINE = 3  # of the first offer of every session, come to nothing
NAMES = {
    Order: (
        "id", "code", "token", "session_id", "buyer_name", "buyer_phone", "commune_id",
        "address_line", "payment_method", "state", "goods_vnd", "shipping_vnd", "placed_at",
        "pay_by", "paid_at", "closed_at", "close_reason", "payee_bank_bin", "payee_account_number",
        "payee_account_name",
    ),
    Parcel: (
        "id", "order_id", "cooperative_id", "state", "goods_vnd", "shipping_vnd", "changed_at",
    ),
    OrderLine: (
        "order_id", "parcel_id", "offer_id", "lot_id", "variant_id", "cooperative_id", "live_code",
        "product_name", "variant_name", "cooperative_name", "lot_code", "net_weight_g",
        "unit_price_vnd", "quantity",
    ),
    BuyerShare: ("offer_id", "buyer_phone", "quantity"),
    Refund: (
        "order_id", "reason", "amount_vnd", "state", "noted_at", "settled_at", "reference",
    ),
    StandbyEntry: (
        "offer_id", "number", "token", "buyer_name", "buyer_phone", "commune_id", "address_line",
        "payment_method", "quantity", "state", "joined_at", "settled_at",
    ),
    StockMovement: ("lot_id", "kind", "quantity", "reference", "moved_at"),
}  # fmt: skip
HISTORY = ("pgh_obj_id", "pgh_label", "pgh_created_at")
STEPS = (("packed", 1), ("shipped", 2), ("delivered", 5))  # and days after the order


@dataclass
class Buyer:
    name: str
    phone: str
    commune_id: str
    address_line: str


class OrderWriter:
    """Generates orders by session; the rows of several are written in one transaction."""

    def __init__(self, ground: Any, draw: random.Random, now: dt.datetime, taken: set[str]) -> None:
        self.ground, self.draw, self.now = ground, draw, now
        self.taken = taken  # order codes in use
        self.communes = [commune.code for commune in ground.communes]
        self.buyers = [self.buyer(n) for n in range(max(ground.shape.orders // 3, 50))]
        self.clear()

    def clear(self) -> None:
        self.rows: dict[Any, list[Any]] = {model: [] for model in NAMES}
        self.shares: Counter[tuple[int, str]] = Counter()
        self.order_history: list[Any] = []
        self.parcel_history: list[Any] = []

    def buyer(self, n: int) -> Buyer:
        phone = f"+849{(n * 7_919 + 12_345_678) % 10**8:08d}"
        hamlet = self.draw.choice(HAMLETS)
        return Buyer(person(self.draw), phone, self.draw.choice(self.communes), hamlet)

    def write(self, sessions: list[SessionPlan]) -> Iterator[int]:
        """Write all, some sessions at a time, and yield how many orders each time."""
        some: list[SessionPlan] = []
        count = 0
        for session in sessions:
            some.append(session)
            count += session.order_count
            if count >= ORDERS_AT_ONCE:
                yield self.write_some(some)
                some, count = [], 0
        yield self.write_some(some)

    @transaction.atomic
    def write_some(self, sessions: list[SessionPlan]) -> int:
        """Sessions, offers, orders, stock and tallies that agree with one another."""
        order_id = reserve_ids(Order, sum(session.order_count for session in sessions))
        parcel_id = reserve_ids(Parcel, 3 * sum(session.order_count for session in sessions))
        for session in sessions:
            for at in self.moments(session):
                parcel_id += self.draw_order(session, order_id, parcel_id, at)
                order_id += 1
            self.draw_line(session)
            self.draw_stock(session)
        market.write_sessions(sessions)
        market.write_offers(sessions)
        for model, names in NAMES.items():
            copy_rows(model, names, self.rows[model])
        self.write_history()
        take_from_lots(sessions)
        count = len(self.rows[Order])
        self.clear()
        for session in sessions:
            if session.order_count:
                recount_session(session_id=session.pk)
        return count

    def moments(self, session: SessionPlan) -> list[dt.datetime]:
        began = session.went_live_at or session.starts_at
        minutes = 19 if session.state == "live" else MINUTES
        return sorted(
            began + dt.timedelta(minutes=self.draw.uniform(0, minutes))
            for _ in range(session.order_count)
        )

    def draw_order(self, session: SessionPlan, pk: int, parcel_id: int, at: dt.datetime) -> int:
        """One order with its parcels and lines; returns how many parcels."""
        buyer = self.draw.choice(self.buyers)
        lines = self.lines(session)
        coops = list(dict.fromkeys(offer.coop.pk for offer, _quantity in lines))
        goods_vnd = sum(offer.price_vnd * quantity for offer, quantity in lines)
        fees_vnd = FEE_VND * len(coops)
        state, method = self.outcome(session)
        is_open = state in {"confirmed", "awaiting_payment"}
        is_transfer = method == "transfer"
        paid_at = at + dt.timedelta(minutes=4) if is_transfer and state == "confirmed" else None
        is_refunded = is_transfer and state == "cancelled" and self.draw.random() < 0.3
        if is_refunded:
            paid_at = at + dt.timedelta(minutes=4)
            self.rows[Refund].append(self.refund(pk, goods_vnd + fees_vnd, at))
        pay_by = at + dt.timedelta(minutes=15) if is_transfer else None
        if state == "awaiting_payment":
            pay_by = self.now + dt.timedelta(hours=STILL_TO_PAY_H)
        closed_at = None if is_open else at + dt.timedelta(minutes=16)
        order = (
            pk, self.code(), secrets.token_urlsafe(24), session.pk, buyer.name, buyer.phone,
            buyer.commune_id, buyer.address_line, method, state, goods_vnd, fees_vnd, at, pay_by,
            paid_at, closed_at, "Đổi ý" if state == "cancelled" else "",
            *(session.coops[0].account if is_transfer else ("", "", "")),
        )  # fmt: skip
        self.rows[Order].append(order)
        self.remember_order(order)
        for n, coop_id in enumerate(coops):
            mine = [(offer, q) for offer, q in lines if offer.coop.pk == coop_id]
            vnd = sum(offer.price_vnd * quantity for offer, quantity in mine)
            parcel = (parcel_id + n, pk, coop_id, vnd)
            self.draw_parcel(parcel, at, is_open=is_open, may_return=paid_at is None)
            for offer, quantity in mine:
                self.draw_order_line(offer, quantity, pk, parcel_id + n)
        if is_open:
            for offer, quantity in lines:
                offer.claimed += quantity
                self.shares[offer.pk, buyer.phone] += quantity
        return len(coops)

    def lines(self, session: SessionPlan) -> list[tuple[OfferPlan, int]]:
        wanted = self.draw.choices((1, 2, 3), (70, 22, 8))[0]
        offers = self.draw.sample(session.offers, min(wanted, len(session.offers)))
        return [(offer, self.draw.choices((1, 2, 3), (70, 22, 8))[0]) for offer in offers]

    def outcome(self, session: SessionPlan) -> tuple[str, str]:
        """(state, way to pay)"""
        method = "transfer" if self.draw.random() < 0.4 else "cod"
        if session.state == "live":
            return ("awaiting_payment" if method == "transfer" else "confirmed"), method
        chance = self.draw.random()
        if chance < 0.05:
            return "cancelled", method
        if chance < 0.14 and method == "transfer":
            return "released", method
        return "confirmed", method

    def draw_parcel(self, row: Any, at: dt.datetime, *, is_open: bool, may_return: bool) -> None:
        """Paid goods do not come back here: their money would have to be sent back too."""
        pk, order_id, coop_id, vnd = row
        state, changed_at = "new", at
        path = [(step, at + dt.timedelta(days=days)) for step, days in STEPS] if is_open else []
        if path and may_return and self.draw.random() < 0.03:
            path[-1] = ("returned", path[-1][1])
        if not is_open:
            path = [("cancelled", at + dt.timedelta(minutes=16))]
        for step, moment in path:
            if moment > self.now:
                break
            old = (pk, order_id, coop_id, state, vnd, FEE_VND, changed_at)
            self.parcel_history.append((pk, "update", moment, *old))
            state, changed_at = step, moment
        self.rows[Parcel].append((pk, order_id, coop_id, state, vnd, FEE_VND, changed_at))

    def draw_order_line(self, offer: OfferPlan, quantity: int, order_id: int, parcel: int) -> None:
        lot = offer.lot
        self.rows[OrderLine].append(
            (order_id, parcel, offer.pk, lot.pk, lot.variant_id, offer.coop.pk, offer.live_code,
             lot.product_name, lot.variant_name, offer.coop.name, lot.code, lot.net_weight_g,
             offer.price_vnd, quantity)
        )  # fmt: skip

    def remember_order(self, order: Any) -> None:
        """What it was before its last step."""
        row = dict(zip(NAMES[Order], order, strict=True))
        if row["state"] == "awaiting_payment" or (
            row["state"] == "confirmed" and row["payment_method"] == "cod"
        ):
            return
        at = row["closed_at"] or row["paid_at"]
        is_cash = row["payment_method"] == "cod"
        before = {"paid_at": None, "closed_at": None, "close_reason": "", "state": "confirmed"}
        if not is_cash and not (row["paid_at"] and row["closed_at"]):
            before["state"] = "awaiting_payment"
        if row["paid_at"] and row["closed_at"]:
            before["paid_at"] = row["paid_at"]
        self.order_history.append((row["id"], "update", at, *({**row, **before}).values()))

    def refund(self, order_id: int, amount_vnd: int, at: dt.datetime) -> Any:
        noted_at = at + dt.timedelta(minutes=20)
        if at > self.now - dt.timedelta(days=30):
            return (order_id, "cancelled", amount_vnd, "due", noted_at, None, "")
        settled_at = at + dt.timedelta(days=1)
        return (order_id, "cancelled", amount_vnd, "sent", noted_at, settled_at, f"FT{order_id}")

    def draw_line(self, session: SessionPlan) -> None:
        """Shares of what was bought, and places in line that came to nothing."""
        rows = ((offer_id, phone, n) for (offer_id, phone), n in self.shares.items())
        self.rows[BuyerShare] += rows
        self.shares.clear()
        if session.state != "ended":
            return
        offer = session.offers[0]
        offer.waited = PLACES_IN_LINE
        for n, buyer in enumerate(self.draw.sample(self.buyers, PLACES_IN_LINE)):
            self.rows[StandbyEntry].append(
                (offer.pk, n + 1, secrets.token_urlsafe(24), buyer.name, buyer.phone,
                 buyer.commune_id, buyer.address_line, "cod", 1, "closed", session.went_live_at,
                 session.ended_at)
            )  # fmt: skip

    def draw_stock(self, session: SessionPlan) -> None:
        for offer in session.offers:
            if session.state == "scheduled":
                continue
            lot, mark = offer.lot.pk, f"offer:{offer.pk}"
            out = (lot, "allot", -offer.offered, mark, session.went_live_at)
            self.rows[StockMovement].append(out)
            if session.state == "ended" and offer.offered > offer.claimed:
                back = (lot, "give_back", offer.offered - offer.claimed, mark, session.ended_at)
                self.rows[StockMovement].append(back)

    def write_history(self) -> None:
        for model, rows in ((Order, self.order_history), (Parcel, self.parcel_history)):
            kept: Any = model
            copy_rows(kept.pgh_event_model, (*HISTORY, *NAMES[model]), rows)

    def code(self) -> str:
        code = codes.order_code()
        while code in self.taken:
            code = codes.order_code()
        self.taken.add(code)
        return code


def take_from_lots(sessions: list[SessionPlan]) -> None:
    """Subtract the quantities of the stock movements from their lots."""
    left: Counter[int] = Counter()
    for session in sessions:
        for offer in session.offers:
            if session.state != "scheduled":
                taken = offer.claimed if session.state == "ended" else offer.offered
                left[offer.lot.pk] += taken
    pairs = sorted(left.items())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE products_lot AS lot SET quantity_available = quantity_available - taken.quantity
            FROM unnest(%s::bigint[], %s::int[]) AS taken (lot_id, quantity)
            WHERE lot.id = taken.lot_id
            """,
            [[pk for pk, _n in pairs], [n for _pk, n in pairs]],
        )
