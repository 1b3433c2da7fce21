"""How often somebody may try: counted in PostgreSQL, one atomic statement, keys as hashes."""

from django.db import connection
from django.utils.crypto import salted_hmac

from orders.errors import TooManyTries
from orders.models import TryCount

WINDOW_S = 600
KEPT_WINDOWS = 6
JOINS = {"phone": 20, "address": 120}  # lines joined in one window; many share one address

COUNT_SQL = """
    INSERT INTO orders_trycount (key, began_at, count)
    SELECT key, to_timestamp(floor(extract(epoch FROM clock_timestamp()) / %(window)s) * %(window)s), 1
    FROM unnest(%(keys)s::text[]) AS key
    ORDER BY key
    ON CONFLICT (key, began_at) DO UPDATE SET count = orders_trycount.count + 1
    RETURNING key, count,
        ceil(extract(epoch FROM began_at - clock_timestamp()) + %(window)s)::int AS wait_s
"""


def count_try(**limits: tuple[str, int]) -> None:
    """Count one try under each name; `phone=("+84…", 10)` allows ten in a window of ten minutes.

    Counts and compares in one statement, so tries at the same moment cannot pass together.
    Raises TooManyTries (`wait_s` seconds until the window ends) when any limit is passed. Call it
    outside a transaction that may roll back.
    """
    allowed = {_key(name, value): most for name, (value, most) in limits.items()}
    with connection.cursor() as cursor:
        cursor.execute(COUNT_SQL, {"window": WINDOW_S, "keys": sorted(allowed)})
        rows = cursor.fetchall()
    waits = [wait_s for key, count, wait_s in rows if count > allowed[key]]
    if waits:
        raise TooManyTries(wait_s=max(1, *waits))


def count_joining(*, phone: str, address: str) -> None:
    """Standing in line costs no stock, so it has a limit of its own; as count_try."""
    count_try(standby_phone=(phone, JOINS["phone"]), standby_address=(address, JOINS["address"]))


def forget_old() -> None:
    """Drop counts whose window ended long ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {TryCount._meta.db_table}"  # noqa: S608 - our own table's name
            " WHERE began_at < clock_timestamp() - make_interval(secs => %s)",
            [WINDOW_S * KEPT_WINDOWS],
        )


def _key(name: str, value: str) -> str:
    return salted_hmac("orders.limits", f"{name}:{value}", algorithm="sha256").hexdigest()
