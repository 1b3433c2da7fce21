"""A session's figures, counted again from its order lines."""

import datetime as dt

from django.db import connection, transaction

from core.clock import Instant
from livestreams.models import LivestreamSession
from orders.models import SessionTally

# Counting reads every order of the session, about 500 a millisecond; so many orders make a second of
# pause between two counts, which keeps a great session's to a twentieth of one processor
ORDERS_FOR_A_SECOND = 25_000
# Two-key advisory locks of PostgreSQL: (this number, session)
TALLY_LOCK = 7_305_002

RECOUNT_SQL = """
    INSERT INTO orders_sessiontally (
        session_id, cooperative_id, order_count, unit_count, buyer_count, goods_vnd, weight_g,
        closed_order_count, counted_at
    )
    SELECT
        %(session_id)s,
        line.cooperative_id,
        count(DISTINCT placed.id) FILTER (WHERE placed.is_open),
        coalesce(sum(line.quantity) FILTER (WHERE placed.is_open), 0),
        count(DISTINCT placed.buyer_phone) FILTER (WHERE placed.is_open),
        coalesce(sum(line.line_total_vnd) FILTER (WHERE placed.is_open), 0),
        coalesce(sum(line.quantity * line.net_weight_g::bigint) FILTER (WHERE placed.is_open), 0),
        count(DISTINCT placed.id) FILTER (WHERE placed.is_closed),
        clock_timestamp()
    FROM (
        SELECT id, buyer_phone, state IN ('awaiting_payment', 'confirmed') AS is_open,
            state IN ('cancelled', 'released') AS is_closed
        FROM orders_order WHERE session_id = %(session_id)s
    ) AS placed
    JOIN orders_orderline AS line ON line.order_id = placed.id
    GROUP BY GROUPING SETS ((), (line.cooperative_id))
    ON CONFLICT (session_id, cooperative_id) DO UPDATE SET
        order_count = excluded.order_count,
        unit_count = excluded.unit_count,
        buyer_count = excluded.buyer_count,
        goods_vnd = excluded.goods_vnd,
        weight_g = excluded.weight_g,
        closed_order_count = excluded.closed_order_count,
        counted_at = excluded.counted_at
"""


def follow_session(*, session_id: int) -> bool:
    """Recount after news, unless a great session that is live was counted a moment ago; False then.

    The next news, the minute's recount or the session's end makes that good.
    """
    of_live = SessionTally.objects.filter(
        session_id=session_id, session__state=LivestreamSession.State.LIVE, cooperative=None
    )
    tally = of_live.annotate(now=Instant()).first()
    if tally:
        orders = tally.order_count + tally.closed_order_count
        pause = dt.timedelta(seconds=orders // ORDERS_FOR_A_SECOND)
        if dt.timedelta(0) <= tally.now - tally.counted_at < pause:
            return False
    recount_session(session_id=session_id)
    return True


@transaction.atomic
def recount_session(*, session_id: int) -> None:
    """Count the session's lines again, for the whole and for each co-op in it.

    Safe to run twice, at once and late: recounts of a session queue for a lock first, so the one
    that writes last has also counted last. A session that is gone is left alone.
    """
    if not LivestreamSession.objects.filter(pk=session_id).exists():
        return
    _queue(session_id)
    with connection.cursor() as cursor:
        cursor.execute(RECOUNT_SQL, {"session_id": session_id})


def _queue(session_id: int) -> None:
    """Wait until no other recount of this session runs; ours then sees all it has seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [TALLY_LOCK, session_id])
