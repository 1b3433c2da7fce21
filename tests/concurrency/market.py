"""A small market that can be set back to how it began, looked at as a whole, and audited.

Two co-ops sell in one session. Tea (A01) is nearly gone, honey (A02) comes from another lot,
`leaf` (A03) from tea's own, and so does `later`, which is lined up only. Tea's lot also stands in
the next session, `eve`, into which the guest is invited as well. Lan's transfer of two bags of tea
and a jar of honey is overdue and not yet released; Ba has time left to pay for one of each, and may
change his mind.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from django.db import connection

from accounts.models import User
from coops.models import Commune
from core.clock import db_now
from livestreams.models import LivestreamSession, Offer, Slot
from orders import books
from orders.models import Order, Refund, StandbyEntry
from orders.services import paying, standing_by, tallies
from tests.factories.accounts import UserFactory
from tests.factories.coops import CommuneFactory, CooperativeFactory
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory
from tests.factories.products import LotFactory

LAN, BA, HUE, MAI, TU, NAM, SON = (f"+8490000000{n}" for n in range(1, 8))

# Rows the commands change
TABLES = (
    "products_lot",
    "products_stockmovement",
    "livestreams_livestreamsession",
    "livestreams_slot",
    "livestreams_offer",
    "orders_order",
    "orders_parcel",
    "orders_orderline",
    "orders_buyershare",
    "orders_standbyentry",
    "orders_refund",
    "orders_sessiontally",
    "core_outboxmessage",
    "core_idempotencyrecord",
)

# Everything that must be alike after two orders of events that are alike; no ids, no instants
PICTURE_SQL = """
SELECT json_build_object(
    'session', (SELECT json_agg(json_build_array(state, now_selling_id) ORDER BY id)
        FROM livestreams_livestreamsession),
    'slots', (SELECT json_agg(json_build_array(id, joined_at IS NULL) ORDER BY id)
        FROM livestreams_slot),
    'offers', (SELECT json_agg(json_build_array(live_code, position, state, quantity_offered,
            quantity_claimed, unit_price_vnd, limit_per_buyer, standby_waiting, standby_issued)
            ORDER BY id) FROM livestreams_offer),
    'lots', (SELECT json_agg(json_build_array(id, quantity_available) ORDER BY id)
        FROM products_lot),
    'moved', (SELECT json_agg(json_build_array(lot_id, kind, quantity, reference)
            ORDER BY lot_id, kind, quantity, reference) FROM products_stockmovement),
    'orders', (SELECT json_agg(told ORDER BY told::text) FROM (
        SELECT json_build_array(buyer_phone, state, payment_method, goods_vnd, shipping_vnd,
            paid_at IS NOT NULL, closed_at IS NOT NULL, close_reason, pay_by IS NOT NULL,
            (SELECT json_agg(json_build_array(live_code, quantity, unit_price_vnd) ORDER BY live_code)
                FROM orders_orderline AS line WHERE line.order_id = placed.id),
            (SELECT json_agg(json_build_array(state, goods_vnd, shipping_vnd) ORDER BY cooperative_id)
                FROM orders_parcel AS parcel WHERE parcel.order_id = placed.id)
        ) AS told FROM orders_order AS placed) AS each_order),
    'shares', (SELECT json_agg(json_build_array(offer_id, buyer_phone, quantity)
            ORDER BY offer_id, buyer_phone) FROM orders_buyershare WHERE quantity > 0),
    'standby', (SELECT json_agg(json_build_array(offer_id, number, entry.buyer_phone, quantity,
            entry.state, entry.close_reason, placed.state, placed.buyer_phone)
            ORDER BY offer_id, number) FROM orders_standbyentry AS entry
            LEFT JOIN orders_order AS placed ON placed.id = entry.order_id),
    'refunds', (SELECT json_agg(json_build_array(placed.buyer_phone, placed.state, reason, amount_vnd,
            refund.state, reference, renewed.state) ORDER BY placed.id)
            FROM orders_refund AS refund JOIN orders_order AS placed ON placed.id = refund.order_id
            LEFT JOIN orders_order AS renewed ON renewed.id = refund.replacement_id)
)::text
"""

# A recount of our own; check_books counts most of it a second time in its own words
WRONG_SQL = """
SELECT 'oversold: ' || live_code FROM livestreams_offer WHERE quantity_claimed > quantity_offered
UNION ALL
SELECT 'claimed ' || quantity_claimed || ', in orders ' || ordered || ': ' || live_code FROM (
    SELECT offer.live_code, offer.quantity_claimed, coalesce(sum(line.quantity) FILTER (
        WHERE placed.state IN ('held', 'awaiting_payment', 'confirmed')), 0) AS ordered
    FROM livestreams_offer AS offer
    LEFT JOIN orders_orderline AS line ON line.offer_id = offer.id
    LEFT JOIN orders_order AS placed ON placed.id = line.order_id GROUP BY offer.id
) AS counted WHERE quantity_claimed <> ordered
UNION ALL
SELECT 'lot ' || lot.id || ' and its offers are not what was made' FROM products_lot AS lot
WHERE lot.quantity_made <> lot.quantity_available + (
    SELECT coalesce(sum(CASE state WHEN 'lined_up' THEN 0 WHEN 'closed' THEN quantity_claimed
        ELSE quantity_offered END), 0) FROM livestreams_offer AS offer WHERE offer.lot_id = lot.id)
UNION ALL
SELECT 'share of ' || buyer_phone || ': ' || quantity FROM orders_buyershare AS share
WHERE quantity <> (SELECT coalesce(sum(line.quantity), 0) FROM orders_orderline AS line
    JOIN orders_order AS placed ON placed.id = line.order_id
    WHERE line.offer_id = share.offer_id AND placed.buyer_phone = share.buyer_phone
        AND placed.state IN ('held', 'awaiting_payment', 'confirmed'))
UNION ALL
SELECT 'over the limit: ' || buyer_phone FROM orders_buyershare AS share
JOIN livestreams_offer AS offer ON offer.id = offer_id
WHERE share.quantity > offer.limit_per_buyer
UNION ALL
SELECT 'no line, or no parcel: ' || code FROM orders_order AS placed
WHERE NOT EXISTS (SELECT FROM orders_orderline WHERE order_id = placed.id)
    OR NOT EXISTS (SELECT FROM orders_parcel WHERE order_id = placed.id)
UNION ALL
SELECT 'a line in a parcel of another order: ' || line.id FROM orders_orderline AS line
JOIN orders_parcel AS parcel ON parcel.id = line.parcel_id
WHERE parcel.order_id <> line.order_id OR parcel.cooperative_id <> line.cooperative_id
UNION ALL
SELECT 'goods are not the lines: ' || code FROM orders_order AS placed WHERE goods_vnd <>
    (SELECT sum(line_total_vnd) FROM orders_orderline WHERE order_id = placed.id)
    OR goods_vnd <> (SELECT sum(goods_vnd) FROM orders_parcel WHERE order_id = placed.id)
UNION ALL
SELECT 'waiting ' || standby_waiting || ' is no recount: ' || live_code FROM livestreams_offer AS offer
WHERE standby_waiting <> (SELECT count(*) FROM orders_standbyentry AS entry
    WHERE entry.offer_id = offer.id AND entry.state = 'waiting')
    OR standby_issued < (SELECT coalesce(max(number), 0) FROM orders_standbyentry AS entry
        WHERE entry.offer_id = offer.id)
UNION ALL
SELECT 'overtaken in the line: ' || ahead.id FROM orders_standbyentry AS ahead
JOIN orders_standbyentry AS behind ON behind.offer_id = ahead.offer_id
    AND behind.number > ahead.number
WHERE ahead.state = 'waiting' AND behind.state = 'promoted'
UNION ALL
SELECT 'paid and closed without a refund: ' || code FROM orders_order AS placed
WHERE paid_at IS NOT NULL AND placed.state IN ('cancelled', 'released')
    AND NOT EXISTS (SELECT FROM orders_refund WHERE order_id = placed.id)
UNION ALL
SELECT 'a refund of an order that is open or was never paid: ' || code FROM orders_refund AS refund
JOIN orders_order AS placed ON placed.id = refund.order_id
WHERE refund.reason IN ('late', 'cancelled')
    AND (placed.state NOT IN ('cancelled', 'released') OR placed.paid_at IS NULL)
UNION ALL
SELECT 'on sale in a session that is over: ' || live_code FROM livestreams_offer AS offer
JOIN livestreams_livestreamsession AS session ON session.id = offer.session_id
WHERE session.state = 'ended' AND offer.state <> 'closed'
"""


COLUMNS_SQL = """
SELECT table_name, string_agg(column_name, ', ') FROM information_schema.columns
WHERE table_schema = 'public' AND is_generated = 'NEVER' AND table_name = ANY(%s) GROUP BY 1
"""

Ask = Callable[..., list[tuple]]


def ask(sql: str, params: object = None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


@dataclass
class Market:
    """`commune` is where everybody lives; `minh` hosts.

    Where buyers stand in line `line` holds their entries. `held` is the order of the first of them
    once its turn has come.
    """

    session: LivestreamSession
    tea: Offer
    honey: Offer
    leaf: Offer
    later: Offer
    eve: LivestreamSession
    guest: Slot
    lans: Order
    bas: Order
    commune: Commune
    minh: User
    line: list[StandbyEntry] = field(default_factory=list)
    refund: Refund | None = None

    @classmethod
    def open(
        cls, *, left: int = 1, waiting: int = 0, held_minutes: int = 0, money_came: bool = False
    ) -> Self:
        """`left` bags of tea are in nobody's order, `waiting` buyers stand in line for tea.

        With `held_minutes` the first of them has been promoted, for so long from now. With
        `money_came` the transfer of an order that was released came after all.
        """
        session = SessionFactory(
            cooperative=CooperativeFactory(
                bank_bin="970405", bank_account_number="2900123456789", bank_account_name="HTX CHE"
            )
        )
        guest = SlotFactory(session=session).cooperative
        lot = LotFactory(variant__product__cooperative=session.cooperative, quantity_made=30)
        tea = OfferFactory(session=session, lot=lot, quantity_offered=3 + left + bool(held_minutes))
        honey = OfferFactory(
            session=session, cooperative=guest, quantity_offered=8, limit_per_buyer=3
        )
        leaf = OfferFactory(session=session, lot=lot, quantity_offered=4)
        later = OfferFactory(session=session, lot=lot, quantity_offered=2, lined_up=True)
        eve = SessionFactory(cooperative=session.cooperative, coming=True)
        invited = SlotFactory(session=eve, cooperative=guest)
        OfferFactory(session=eve, lot=lot, quantity_offered=2, lined_up=True)
        OfferFactory(session=eve, cooperative=guest, lot=honey.lot, lined_up=True)
        commune = CommuneFactory()
        lans = OrderFactory(
            offer=tea,
            lines=[(tea, 2), (honey, 1)],
            overdue=True,
            buyer_phone=LAN,
            commune=commune,
        )
        bas = OrderFactory(
            offer=tea,
            lines=[(tea, 1), (honey, 1)],
            transfer=True,
            buyer_phone=BA,
            commune=commune,
        )
        market = cls(
            session, tea, honey, leaf, later, eve, invited, lans, bas, commune, UserFactory()
        )
        for phone in (TU, NAM)[:waiting]:
            market.line_up(phone)
        if money_came:
            market.take_late_money()
        if held_minutes:
            market.promote_first(dt.timedelta(minutes=held_minutes))
        tallies.recount_session(session_id=session.pk)
        for offer in (tea, honey, leaf):
            offer.refresh_from_db()
        return market

    @property
    def held(self) -> Order:
        order = self.line[0].order
        assert order
        return order

    @property
    def money(self) -> Refund:
        assert self.refund
        return self.refund

    def line_up(self, phone: str) -> None:
        entry = StandbyEntry.objects.create(
            offer=self.tea,
            number=len(self.line) + 1,
            token=f"token-of-{phone}",
            buyer_name="Tẩn A Tú",
            buyer_phone=phone,
            commune=self.commune,
            address_line="Thôn Nậm Đâu",
            payment_method=Order.PaymentMethod.COD,
            quantity=1,
        )
        self.line.append(entry)
        number = len(self.line)
        Offer.objects.filter(pk=self.tea.pk).update(standby_waiting=number, standby_issued=number)

    def take_late_money(self) -> None:
        order = OrderFactory(
            offer=self.tea,
            overdue=True,
            state=Order.State.RELEASED,
            closed_at=db_now(),
            close_reason="time",
            buyer_phone=SON,
            commune=self.commune,
        )
        paying.confirm_payment(order=order, user=self.minh)
        self.refund = Refund.objects.select_related("order__session").get(order=order)

    def promote_first(self, until: dt.timedelta) -> None:
        entry = self.line[0]
        order = standing_by.promote_next(offer_id=self.tea.pk)
        assert order
        assert order.buyer_phone == entry.buyer_phone
        Order.objects.filter(pk=order.pk).update(pay_by=db_now() + until)
        self.line[0] = StandbyEntry.objects.select_related("order").get(pk=entry.pk)


class Copy:
    """The rows as they are now, to be put back as often as wanted."""

    def __init__(self, name: str, ask: Ask = ask) -> None:
        self.name = name
        self.ask = ask
        self.columns = dict(ask(COLUMNS_SQL, [list(TABLES)]))
        statements = [f"DROP SCHEMA IF EXISTS {name} CASCADE", f"CREATE SCHEMA {name}"]
        statements += [f"CREATE UNLOGGED TABLE {name}.{table} AS TABLE {table}" for table in TABLES]
        ask("; ".join(statements))

    def put_back(self) -> None:
        """Without triggers: neither history nor references look on."""
        clear(
            self.ask,
            [
                f"INSERT INTO {table} ({names}) SELECT {names} FROM {self.name}.{table}"
                for table, names in self.columns.items()
            ],
        )


def forget_copies() -> None:
    """Away with every Copy: other tests back up and restore the whole database."""
    for (name,) in ask("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kept%'"):
        ask(f"DROP SCHEMA {name} CASCADE")


def clear(ask: Ask = ask, then: Sequence[str] = ()) -> None:
    """Away with all that markets consist of."""
    statements = ["SET session_replication_role = replica"]
    statements += [f"DELETE FROM {table}" for table in TABLES]
    ask("; ".join([*statements, *then, "SET session_replication_role = origin"]))


def picture(ask: Ask = ask) -> str:
    """All of the market that matters, as JSON; alike for two markets that stand alike."""
    return str(ask(PICTURE_SQL)[0][0])


def wrongs(ask: Ask = ask) -> list[str]:
    """What must never be; empty when all is well. Nobody may have lowered a limit meanwhile."""
    return [row[0] for row in ask(WRONG_SQL)]


def differences() -> list[str]:
    """What `check_books` finds once the worker has recounted, as word of each change asks it to."""
    for session in LivestreamSession.objects.all():
        tallies.recount_session(session_id=session.pk)
    return [str(difference) for difference in books.differences()]
