"""Do the books agree? Each question compares what is kept with a recount; nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from orders.querysets import OPEN_STATES, ORDERED_STATES

STATEMENT_TIMEOUT = "15min"  # millions of lines are counted; nobody waits for a page
TALLY_LATE_S = 120  # a live session's tally follows its orders; later than this is a fault


@dataclass(frozen=True)
class Question:
    """`sql` selects (what, kept, counted) wherever the two differ."""

    name: str
    sql: str


@dataclass(frozen=True)
class Difference:
    question: str
    what: str
    kept: str
    counted: str

    def __str__(self) -> str:
        return f"{self.question}: {self.what}: {self.kept} kept, {self.counted} counted"


QUESTIONS = (
    Question(
        "units claimed of an offer are in its open orders",
        """
        SELECT 'offer ' || offer.id, offer.quantity_claimed, coalesce(sum(line.quantity), 0)
        FROM livestreams_offer AS offer
        LEFT JOIN (
            SELECT offer_id, quantity FROM orders_orderline JOIN orders_order AS placed
            ON placed.id = order_id AND placed.state = ANY(%(open)s)
        ) AS line ON line.offer_id = offer.id
        GROUP BY offer.id HAVING offer.quantity_claimed <> coalesce(sum(line.quantity), 0)
        """,
    ),
    Question(
        "a buyer's share of an offer is in the buyer's open orders",
        """
        SELECT 'offer ' || coalesce(share.offer_id, bought.offer_id) || ', phone …'
                || right(coalesce(share.buyer_phone, bought.buyer_phone), 3),
            coalesce(share.quantity, 0), coalesce(bought.quantity, 0)
        FROM orders_buyershare AS share
        FULL JOIN (
            SELECT line.offer_id, placed.buyer_phone, sum(line.quantity) AS quantity
            FROM orders_orderline AS line JOIN orders_order AS placed
            ON placed.id = line.order_id AND placed.state = ANY(%(open)s) GROUP BY 1, 2
        ) AS bought USING (offer_id, buyer_phone)
        WHERE coalesce(share.quantity, 0) <> coalesce(bought.quantity, 0)
        """,
    ),
    Question(
        "units available of a lot are the sum of its movements",
        """
        SELECT 'lot ' || lot.id, lot.quantity_available, coalesce(sum(moved.quantity), 0)
        FROM products_lot AS lot LEFT JOIN products_stockmovement AS moved ON moved.lot_id = lot.id
        GROUP BY lot.id HAVING lot.quantity_available <> coalesce(sum(moved.quantity), 0)
        """,
    ),
    Question(
        "an offer holds what left the lot for it",
        """
        SELECT 'offer ' || offer.id, held.quantity, -coalesce(sum(moved.quantity), 0)
        FROM livestreams_offer AS offer
        CROSS JOIN LATERAL (
            SELECT CASE offer.state WHEN 'lined_up' THEN 0
                WHEN 'closed' THEN offer.quantity_claimed ELSE offer.quantity_offered END AS quantity
        ) AS held
        LEFT JOIN products_stockmovement AS moved ON moved.reference = 'offer:' || offer.id
        GROUP BY offer.id, held.quantity HAVING held.quantity <> -coalesce(sum(moved.quantity), 0)
        """,
    ),
    Question(
        "an order's goods are the sum of its lines",
        """
        SELECT 'order ' || placed.code, placed.goods_vnd, coalesce(sum(line.line_total_vnd), 0)
        FROM orders_order AS placed LEFT JOIN orders_orderline AS line ON line.order_id = placed.id
        GROUP BY placed.id HAVING placed.goods_vnd <> coalesce(sum(line.line_total_vnd), 0)
        """,
    ),
    Question(
        "an order's amount is the sum of its parcels",
        """
        SELECT 'order ' || placed.code, placed.total_vnd,
            coalesce(sum(parcel.goods_vnd + parcel.shipping_vnd), 0)
        FROM orders_order AS placed LEFT JOIN orders_parcel AS parcel ON parcel.order_id = placed.id
        GROUP BY placed.id
        HAVING placed.total_vnd <> coalesce(sum(parcel.goods_vnd + parcel.shipping_vnd), 0)
        """,
    ),
    Question(
        "a parcel's goods are the sum of its lines",
        """
        SELECT 'parcel ' || parcel.id, parcel.goods_vnd, coalesce(sum(line.line_total_vnd), 0)
        FROM orders_parcel AS parcel LEFT JOIN orders_orderline AS line
            ON line.parcel_id = parcel.id AND line.cooperative_id = parcel.cooperative_id
        GROUP BY parcel.id HAVING parcel.goods_vnd <> coalesce(sum(line.line_total_vnd), 0)
        """,
    ),
    Question(
        "parcels are cancelled exactly when their order is closed or nothing is left in them",
        """
        SELECT 'parcel ' || parcel.id, parcel.state, placed.state
        FROM orders_parcel AS parcel JOIN orders_order AS placed ON placed.id = parcel.order_id
        WHERE (parcel.state = 'cancelled')
            = (placed.state = ANY(%(open)s) AND parcel.goods_vnd > 0)
        """,
    ),
    Question(
        "money of a closed order is in the queue of money to send back, all of it",
        """
        SELECT 'order ' || placed.code, coalesce(refund.amount_vnd, 0),
            CASE WHEN placed.state = ANY(%(open)s) OR placed.paid_at IS NULL THEN 0
                ELSE placed.total_vnd END
        FROM orders_order AS placed LEFT JOIN orders_refund AS refund
            ON refund.order_id = placed.id AND refund.parcel_id IS NULL
        WHERE (placed.paid_at IS NOT NULL OR refund.id IS NOT NULL)
            AND coalesce(refund.amount_vnd, 0)
                <> CASE WHEN placed.state = ANY(%(open)s) OR placed.paid_at IS NULL THEN 0
                    ELSE placed.total_vnd END
        """,
    ),
    Question(
        "money of a parcel that came back is in the queue of money to send back, all of it",
        """
        SELECT 'parcel ' || parcel.id, coalesce(refund.amount_vnd, 0),
            CASE WHEN parcel.state = 'returned' AND placed.paid_at IS NOT NULL
                THEN parcel.goods_vnd + parcel.shipping_vnd ELSE 0 END
        FROM orders_parcel AS parcel
        JOIN orders_order AS placed ON placed.id = parcel.order_id
        LEFT JOIN orders_refund AS refund ON refund.parcel_id = parcel.id
        WHERE (parcel.state = 'returned' OR refund.id IS NOT NULL)
            AND coalesce(refund.amount_vnd, 0)
                <> CASE WHEN parcel.state = 'returned' AND placed.paid_at IS NOT NULL
                    THEN parcel.goods_vnd + parcel.shipping_vnd ELSE 0 END
        """,
    ),
    Question(
        "an order that took the place of another was paid with exactly that money",
        """
        SELECT 'order ' || anew.code, anew.total_vnd, refund.amount_vnd
        FROM orders_refund AS refund JOIN orders_order AS anew ON anew.id = refund.replacement_id
        WHERE anew.total_vnd <> refund.amount_vnd OR anew.paid_at IS NULL
        """,
    ),
    Question(
        "those counted in line for an offer are its waiting entries",
        """
        SELECT 'offer ' || offer.id, offer.standby_waiting, count(entry.id)
        FROM livestreams_offer AS offer LEFT JOIN orders_standbyentry AS entry
            ON entry.offer_id = offer.id AND entry.state = 'waiting'
        GROUP BY offer.id HAVING offer.standby_waiting <> count(entry.id)
        """,
    ),
    Question(
        "no entry of a line has a number that its offer has not given",
        """
        SELECT 'offer ' || offer.id, offer.standby_issued, max(entry.number)
        FROM livestreams_offer AS offer JOIN orders_standbyentry AS entry
            ON entry.offer_id = offer.id
        GROUP BY offer.id HAVING offer.standby_issued < max(entry.number)
        """,
    ),
    Question(
        "an entry whose turn came became an order of the same buyer in the same session",
        """
        SELECT 'standby entry ' || entry.id, 'order ' || placed.code, 0
        FROM orders_standbyentry AS entry
        JOIN orders_order AS placed ON placed.id = entry.order_id
        JOIN livestreams_offer AS offer ON offer.id = entry.offer_id
        WHERE (placed.buyer_phone, placed.session_id) <> (entry.buyer_phone, offer.session_id)
        """,
    ),
    Question(
        "a held order is of somebody whose turn came",
        """
        SELECT 'order ' || placed.code, 'held', coalesce(entry.state, 'of nobody')
        FROM orders_order AS placed
        LEFT JOIN orders_standbyentry AS entry ON entry.order_id = placed.id
        WHERE placed.state = 'held' AND entry.state IS DISTINCT FROM 'promoted'
        """,
    ),
    Question(
        "nobody is left standing in line for an offer that is closed",
        """
        SELECT 'offer ' || offer.id, count(*), 0
        FROM livestreams_offer AS offer JOIN orders_standbyentry AS entry
            ON entry.offer_id = offer.id AND entry.state = 'waiting'
        WHERE offer.state = 'closed'
            AND offer.closed_at < clock_timestamp() - make_interval(secs => %(late_s)s)
        GROUP BY offer.id
        """,
    ),
    Question(
        "a session's tally is a recount of its lines",
        """
        WITH counted AS (
            SELECT placed.session_id, line.cooperative_id,
                count(DISTINCT placed.id) AS orders, sum(line.quantity) AS units,
                sum(line.line_total_vnd) AS goods
            FROM orders_order AS placed JOIN orders_orderline AS line ON line.order_id = placed.id
            WHERE placed.state = ANY(%(ordered)s)
            GROUP BY GROUPING SETS ((placed.session_id), (placed.session_id, line.cooperative_id))
        ), changed AS (
            SELECT session_id, greatest(max(greatest(placed_at, paid_at, closed_at)), (
                -- A buyer's change leaves no time on the order, only word of it
                SELECT max(word.created_at) FROM core_outboxmessage AS word
                WHERE word.feed = 'session:' || session_id AND word.topic LIKE 'orders.order.%%'
            )) AS at
            FROM orders_order GROUP BY session_id
        )
        SELECT 'session ' || coalesce(tally.session_id, counted.session_id)
                || coalesce(', co-op ' || coalesce(tally.cooperative_id, counted.cooperative_id), ''),
            concat_ws('/', tally.order_count, tally.unit_count, tally.goods_vnd),
            concat_ws('/', counted.orders, counted.units, counted.goods)
        FROM orders_sessiontally AS tally
        FULL JOIN counted ON counted.session_id = tally.session_id
            AND counted.cooperative_id IS NOT DISTINCT FROM tally.cooperative_id
        LEFT JOIN changed ON changed.session_id = coalesce(tally.session_id, counted.session_id)
        WHERE (coalesce(tally.order_count, 0), coalesce(tally.unit_count, 0),
               coalesce(tally.goods_vnd, 0))
            <> (coalesce(counted.orders, 0), coalesce(counted.units, 0), coalesce(counted.goods, 0))
          AND (tally.counted_at > changed.at
               OR changed.at < clock_timestamp() - make_interval(secs => %(late_s)s))
        """,
    ),
)


def differences() -> list[Difference]:
    """Whatever does not agree, all questions asked of one moment."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = %s", [STATEMENT_TIMEOUT])
        return ask()


def ask(questions: Sequence[Question] = QUESTIONS) -> list[Difference]:
    """As `differences`, inside a transaction that has begun already."""
    known: dict[str, Any] = {
        "open": list(OPEN_STATES),
        "ordered": list(ORDERED_STATES),
        "late_s": TALLY_LATE_S,
    }
    found = []
    with connection.cursor() as cursor:
        for question in questions:
            cursor.execute(question.sql, known)
            found += [
                Difference(question.name, str(what), str(kept), str(counted))
                for what, kept, counted in cursor.fetchall()
            ]
    return found
