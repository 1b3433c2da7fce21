"""The daily roll-up, counted again session by session from the order lines.

A session is counted anew when its tally is newer than its figures, so whatever brings the tally up
to date brings these along. Each run may come twice, at once, late and out of order.
"""

import datetime as dt
import logging
import time
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery

from core.clock import Instant, db_now
from dashboards.models import RollUpState, SessionRollUp
from livestreams.models import LivestreamSession
from orders.models import Order, SessionTally
from orders.querysets import CLOSED_STATES, ORDERED_STATES

logger = logging.getLogger(__name__)
ROLL_UP_LOCK = 7_305_006  # with the session's number
RUN_S = 3.0  # what one run of a task takes at most; the rest waits for the next
CHECK_AFTER = dt.timedelta(hours=20)
COLUMNS = (
    "level, sold_on, session_id, province_id, commune_id, cooperative_id, product_id, variant_id, "
    "is_simulated, cooperative_name, product_name, order_count, unit_count, goods_vnd, weight_g, "
    "returned_vnd, closed_order_count"
)
COUNT_SQL = """
    SELECT
        CASE grouping(commune.code, line.cooperative_id, pack.product_id, line.variant_id)
            WHEN 15 THEN 'province' WHEN 7 THEN 'commune' WHEN 3 THEN 'cooperative'
            WHEN 1 THEN 'product' ELSE 'variant' END,
        placed.day, %(session_id)s, commune.province_id, commune.code, line.cooperative_id,
        pack.product_id, line.variant_id, placed.is_simulated,
        CASE WHEN grouping(line.cooperative_id) = 0
            THEN (array_agg(line.cooperative_name ORDER BY line.id DESC))[1] ELSE '' END,
        CASE WHEN grouping(pack.product_id) = 0
            THEN (array_agg(line.product_name ORDER BY line.id DESC))[1] ELSE '' END,
        count(DISTINCT placed.id) FILTER (WHERE placed.is_ordered),
        coalesce(sum(line.quantity) FILTER (WHERE placed.is_ordered), 0),
        coalesce(sum(line.line_total_vnd) FILTER (WHERE placed.is_ordered), 0),
        coalesce(sum(line.quantity * line.net_weight_g::bigint)
            FILTER (WHERE placed.is_ordered), 0),
        coalesce(sum(line.line_total_vnd)
            FILTER (WHERE placed.is_ordered AND parcel.state = 'returned'), 0),
        count(DISTINCT placed.id) FILTER (WHERE NOT placed.is_ordered)
    FROM (
        SELECT id, is_simulated, state = ANY(%(ordered)s) AS is_ordered,
            (placed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day
        FROM orders_order WHERE session_id = %(session_id)s AND state = ANY(%(told)s)
    ) AS placed
    JOIN orders_orderline AS line ON line.order_id = placed.id
    JOIN orders_parcel AS parcel ON parcel.id = line.parcel_id
    JOIN coops_cooperative AS coop ON coop.id = line.cooperative_id
    JOIN coops_commune AS commune ON commune.code = coop.commune_id
    JOIN products_variant AS pack ON pack.id = line.variant_id
    GROUP BY GROUPING SETS (
        (placed.day, placed.is_simulated, commune.province_id),
        (placed.day, placed.is_simulated, commune.province_id, commune.code),
        (placed.day, placed.is_simulated, commune.province_id, commune.code, line.cooperative_id),
        (placed.day, placed.is_simulated, commune.province_id, commune.code, line.cooperative_id,
         pack.product_id),
        (placed.day, placed.is_simulated, commune.province_id, commune.code, line.cooperative_id,
         pack.product_id, line.variant_id)
    )
"""
# What is kept and not counted, or counted and not kept; places and names are those of the day
COMPARED = (
    "level, sold_on, cooperative_id, product_id, variant_id, is_simulated, order_count, unit_count, "
    "goods_vnd, weight_g, returned_vnd, closed_order_count"
)
CHECK_SQL = f"""
    WITH counted ({COLUMNS}) AS ({COUNT_SQL}),
    kept AS (SELECT {COMPARED} FROM dashboards_dailyfigure WHERE session_id = %(session_id)s),
    anew AS (SELECT {COMPARED} FROM counted)
    (SELECT 'kept', * FROM (SELECT * FROM kept EXCEPT ALL SELECT * FROM anew) AS gone)
    UNION ALL
    (SELECT 'counted', * FROM (SELECT * FROM anew EXCEPT ALL SELECT * FROM kept) AS missing)
"""  # noqa: S608 - names of columns


@dataclass(frozen=True)
class Difference:
    session_id: int
    side: str  # kept, or counted
    row: tuple[object, ...]

    def __str__(self) -> str:
        shown = "/".join("" if cell is None else str(cell) for cell in self.row)
        return f"session {self.session_id}: only {self.side}: {shown}"


@transaction.atomic
def roll_up_session(*, session_id: int) -> None:
    """Count the session's figures again. A session that is gone is left alone."""
    if not LivestreamSession.objects.filter(pk=session_id).exists():
        return
    _queue(session_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")  # what is committed by now is counted
        counted_at = cursor.fetchone()[0]
        cursor.execute("DELETE FROM dashboards_dailyfigure WHERE session_id = %s", [session_id])
        sql = f"INSERT INTO dashboards_dailyfigure ({COLUMNS}) {COUNT_SQL}"
        cursor.execute(sql, _known(session_id))
    SessionRollUp.objects.update_or_create(
        session_id=session_id, defaults={"counted_at": counted_at, "checked_at": counted_at}
    )


def roll_up_changed(*, within_s: float = RUN_S) -> int:
    """Count sessions again whose tally is newer, those that wait longest first; returns how many."""
    began_at, deadline = db_now(), time.monotonic() + within_s
    done = 0
    for session_id in changed_sessions():
        if time.monotonic() > deadline:
            return done
        roll_up_session(session_id=session_id)
        done += 1
    _note_complete(began_at)
    return done


def roll_up_all() -> int:
    """Count every session with orders again; returns how many there are."""
    began_at = db_now()
    sessions = list(_sessions_to_count().values_list("pk", flat=True))
    for session_id in sessions:
        roll_up_session(session_id=session_id)
    _note_complete(began_at)
    return len(sessions)


def changed_sessions() -> list[int]:
    counted_at = Subquery(
        SessionRollUp.objects.filter(session=OuterRef("session")).values("counted_at"),
        output_field=DateTimeField(),
    )
    tallies = SessionTally.objects.filter(cooperative=None).alias(figures_at=counted_at)
    late = tallies.filter(Q(figures_at=None) | Q(counted_at__gt=F("figures_at")))
    order = F("figures_at").asc(nulls_first=True)
    return list(late.order_by(order, "session_id").values_list("session_id", flat=True))


def check_session(*, session_id: int) -> list[Difference]:
    """Where the figures of a session differ from a recount of its lines."""
    with connection.cursor() as cursor:
        cursor.execute(CHECK_SQL, _known(session_id))
        return [Difference(session_id, side, tuple(row)) for side, *row in cursor.fetchall()]


def check_all() -> list[Difference]:
    sessions = _sessions_to_count().values_list("pk", flat=True)
    return [found for session_id in sessions for found in check_session(session_id=session_id)]


def check_some(*, within_s: float = RUN_S) -> int:
    """Compare with a recount what was not compared for the longest time; mends what differs.

    A session whose tally is newer is about to be counted anyway and is left for later. Returns how
    many sessions differed.
    """
    deadline = time.monotonic() + within_s
    due = SessionRollUp.objects.filter(checked_at__lt=Instant() - CHECK_AFTER)
    late = set(changed_sessions())
    wrong = 0
    for session_id in due.order_by("checked_at").values_list("session_id", flat=True):
        if time.monotonic() > deadline:
            break
        if session_id in late:
            continue
        if found := check_session(session_id=session_id):
            wrong += 1
            logger.error("Figures differ from a recount and are counted again: %s", found[0])
            roll_up_session(session_id=session_id)
        SessionRollUp.objects.filter(session=session_id).update(checked_at=Instant())
    return wrong


def complete_at() -> dt.datetime | None:
    """Changes up to then are in the figures; None before the first run."""
    return RollUpState.objects.values_list("complete_at", flat=True).first()


def _sessions_to_count() -> QuerySet[LivestreamSession]:
    """Those with orders, and those whose figures may have outlived their orders."""
    ordered = Exists(Order.objects.filter(session=OuterRef("pk")))
    rolled = SessionRollUp.objects.values("session_id")
    return LivestreamSession.objects.filter(Q(ordered) | Q(pk__in=rolled)).order_by("pk")


def _note_complete(at: dt.datetime) -> None:
    """Runs that end in another order than they began leave the later moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO dashboards_rollupstate AS kept (id, complete_at) VALUES (1, %s)
            ON CONFLICT (id) DO UPDATE
            SET complete_at = greatest(kept.complete_at, excluded.complete_at)
            """,
            [at],
        )


def _queue(session_id: int) -> None:
    """Wait until no other count of this session runs; ours then sees all it has seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ROLL_UP_LOCK, session_id])


def _known(session_id: int) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "ordered": list(ORDERED_STATES),
        "told": [*ORDERED_STATES, *CLOSED_STATES],
    }
