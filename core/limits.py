"""How often something may be tried: one limiter for passwords, codes, searches, uploads and orders.

A limit allows `at_most` tries at once, and as many again in every `within_s` seconds, evenly: a
person who was stopped waits for the next try, not for the end of a window. Each subject has one
row, whose key is a keyed hash; phones and client addresses are stored nowhere. The database's clock
counts. A count's commit does not wait for the disk: a crash forgets counts, which nobody owns.
"""

import math
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _, ngettext_lazy

from core.errors import DomainError
from core.models import Allowance

MOST_ROWS = 500_000
SWEPT_AT_ONCE = 20_000

# Each step is counted only when those before it have passed, so a network that is stopped adds no
# rows. Steps lock their rows in the order given, which is the same for everybody of one kind
FIRST_SQL = "WITH clock AS (SELECT clock_timestamp() AS at)"
STEP_SQL = """,
    step_{n} AS (
        INSERT INTO core_allowance AS kept (key, free_at)
        SELECT %s, clock.at + make_interval(secs => %s)
        FROM clock WHERE {before}
        ON CONFLICT (key) DO UPDATE
        SET free_at =
            greatest(kept.free_at, (SELECT at FROM clock)) + make_interval(secs => %s)
        WHERE kept.free_at <= (SELECT at FROM clock) + make_interval(secs => %s)
        RETURNING key
    )"""
LAST_SQL = """
    SELECT {passed}, ARRAY(
        SELECT extract(epoch FROM kept.free_at - clock.at)
        FROM unnest(%s::text[]) WITH ORDINALITY AS asked (key, n)
        CROSS JOIN clock LEFT JOIN core_allowance AS kept USING (key) ORDER BY n
    )"""
NOT_WAITING = ", set_config('synchronous_commit', 'off', true)"


@dataclass(frozen=True)
class Limit:
    """`at_most` tries at once by one subject, and `at_most` more in every `within_s` seconds."""

    name: str
    at_most: int
    within_s: int

    @property
    def pause_s(self) -> float:
        """How long one try is counted for, on average."""
        return self.within_s / self.at_most

    def key(self, subject: str) -> str:
        words = f"{self.name}:{subject}"
        return salted_hmac("core.limits", words, algorithm="sha256").hexdigest()[:32]


Try = tuple[Limit, str]


class TooManyTries(DomainError):
    """`details["wait_s"]`: after how many seconds the next try is allowed; `limit`: which one."""

    status = 429
    code = "too_many_tries"
    message = _("Too many tries. Please wait a moment and try again.")

    def __init__(self, *, wait_s: int, limit: str = "") -> None:
        minutes = math.ceil(wait_s / 60)
        words: Any = ngettext_lazy(
            "Too many tries. Please wait %(minutes)s minute and try again.",
            "Too many tries. Please wait %(minutes)s minutes and try again.",
            "minutes",
        )
        super().__init__(words % {"minutes": minutes}, wait_s=wait_s)
        self.retry_after_s = wait_s
        self.limit = limit


def allow(limit: Limit, subject: str) -> bool:
    """Count one try of `subject`; False when it is one too many, which is not counted."""
    return refusal_of((limit, subject)) is None


def check(*tries: Try) -> None:
    """Count one try under each limit in turn; raises TooManyTries at the first that is passed.

    Name the limit of many (a network) before that of one (a phone). Call it outside a transaction
    that may roll back or lasts long: until its end the rows stay locked.
    """
    if refusal := refusal_of(*tries):
        raise refusal


def refusal_of(*tries: Try) -> TooManyTries | None:
    """`check`, with the refusal returned: one statement, so tries at once cannot pass together."""
    sql = FIRST_SQL
    values: list[Any] = []
    keys = [limit.key(subject) for limit, subject in tries]
    for n, (limit, _subject) in enumerate(tries):
        before = f"EXISTS (SELECT FROM step_{n - 1})" if n else "true"
        sql += STEP_SQL.format(n=n, before=before)
        values += [keys[n], limit.pause_s, limit.pause_s, limit.within_s - limit.pause_s]
    passed = " + ".join(f"(SELECT count(*) FROM step_{n})" for n in range(len(tries)))  # noqa: S608
    sql += LAST_SQL.format(passed=passed)
    if not connection.in_atomic_block:  # within a transaction it would hold for all of it
        sql += NOT_WAITING
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, keys])
        count, left_s, *_rest = cursor.fetchone()
    if count == len(tries):
        return None
    limit = tries[count][0]
    return TooManyTries(wait_s=_wait_s(limit, left_s[count]), limit=limit.name)


def tries_left(limit: Limit, subject: str) -> int:
    """How many tries are allowed at this moment; counts nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM free_at - clock_timestamp()) FROM core_allowance"
            " WHERE key = %s",
            [limit.key(subject)],
        )
        row = cursor.fetchone()
    spent_s = max(0.0, float(row[0])) if row else 0.0
    return max(0, int((limit.within_s - spent_s) / limit.pause_s + 1e-6))


def give_back(*tries: Try) -> None:
    """The try was a good one (the right password): it is not counted after all."""
    with connection.cursor() as cursor:
        for limit, subject in tries:
            cursor.execute(
                "UPDATE core_allowance SET free_at = free_at - make_interval(secs => %s)"
                " WHERE key = %s",
                [limit.pause_s, limit.key(subject)],
            )


def forget(*tries: Try) -> None:
    """Start anew, as if nothing had been tried."""
    Allowance.objects.filter(key__in=[limit.key(subject) for limit, subject in tries]).delete()


def sweep(most: int = MOST_ROWS) -> int:
    """Delete rows that count nothing any more, and beyond `most` those that count least.

    In batches, so that no lock is held long; rows that are being counted now are passed over.
    """
    swept = _delete("free_at < clock_timestamp()", SWEPT_AT_ONCE)
    if swept < SWEPT_AT_ONCE and (over := Allowance.objects.count() - most) > 0:
        swept += _delete("true", min(over, SWEPT_AT_ONCE * 5))
    return swept


def _delete(condition: str, most: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM core_allowance WHERE key = ANY(ARRAY("  # noqa: S608 - conditions of ours
            f" SELECT key FROM core_allowance WHERE {condition}"
            " ORDER BY free_at LIMIT %s FOR UPDATE SKIP LOCKED))",
            [most],
        )
        return cursor.rowcount


def _wait_s(limit: Limit, left_s: Any) -> int:
    """Seconds until one try is free again; a row written this very moment is not seen yet."""
    left = limit.within_s if left_s is None else float(left_s)
    return max(1, math.ceil(left - limit.within_s + limit.pause_s))
