"""Business time: the database's clock, and the local day."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import connection, models
from django.db.models import Func

# The first transaction not visible at this moment: a later reader never gets a lower one
REVISION = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def db_now() -> dt.datetime:
    """The database's wall clock, UTC. Web, worker and host clocks may be wrong."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def db_moment() -> tuple[dt.datetime, int]:
    """The wall clock, and a number of what can be read now that never goes back as a clock may."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT clock_timestamp(), {REVISION}")
        return cursor.fetchone()


def local_day(instant: dt.datetime) -> dt.date:
    return instant.astimezone(LOCAL_ZONE).date()


def start_of_local_day(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, tzinfo=LOCAL_ZONE)


def db_today() -> dt.date:
    return local_day(db_now())


class Today(Func):
    """Today's local day by the database's clock, for use inside a query."""

    template = "(statement_timestamp() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date"
    output_field = models.DateField()


class Instant(Func):
    """The database's wall clock inside a query (Now() is constant in a transaction)."""

    template = "clock_timestamp()"
    output_field = models.DateTimeField()


class Revision(Func):
    """The number of `db_moment` inside a query."""

    template = REVISION
    output_field = models.BigIntegerField()
