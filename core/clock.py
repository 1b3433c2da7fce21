"""Business time: the database's clock, and the local day."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import connection, models
from django.db.models import Func

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def db_now() -> dt.datetime:
    """The database's wall clock, UTC. Web, worker and host clocks may be wrong."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


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
    """The database's wall clock inside a query (Now() stands still in a transaction)."""

    template = "clock_timestamp()"
    output_field = models.DateTimeField()
