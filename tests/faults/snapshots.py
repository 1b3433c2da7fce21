"""The whole database put aside, brought back, and reduced to what does not depend on chance."""

import functools
import io
from collections.abc import Iterator

from django.db import connection, transaction

from tests.emptying import filled

# Times of counting, of sending and of settling; words drawn by lot; the history's own marks
TIMES = {"timestamp with time zone"}
BY_LOT = {
    ("orders_sessiontally", "id"),  # numbers of rows follow the order of their writing
    ("traceability_origincode", "id"),
    ("core_outboxmessage", "id"),
    ("core_filejob", "token"),
    ("dashboards_dailyfigure", "id"),
    ("orders_order", "code"),
    ("orders_order", "token"),
    ("orders_order", "search_text"),  # holds the code
    ("orders_orderevent", "code"),
    ("orders_orderevent", "token"),
    ("traceability_origincode", "code"),
    ("traceability_origincodebatchevent", "label_file"),
    ("core_picture", "token"),
    ("pghistory_context", "id"),
    ("pghistory_context", "metadata"),
}
WITHOUT_LOTS = {("core_outboxmessage", "payload"): "payload - 'code'"}
HISTORY_MARKS = {"pgh_id", "pgh_context_id"}
OURS = "schemaname = 'public' AND tablename <> 'django_migrations'"


@functools.cache
def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tablename FROM pg_tables WHERE {OURS} ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


def filled_tables() -> list[str]:
    with connection.cursor() as cursor:
        return filled(cursor, tables())


class Snapshot:
    """Every row and every sequence as they are now."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        with connection.cursor() as cursor:
            for table in filled_tables():
                stream = io.StringIO()
                columns = ", ".join(stored_columns(table))
                cursor.copy_expert(f'COPY (SELECT {columns} FROM "{table}") TO STDOUT', stream)
                self.rows[table] = stream.getvalue()
            cursor.execute(
                "SELECT schemaname || '.' || quote_ident(sequencename), last_value"
                " FROM pg_sequences WHERE schemaname = 'public'"
            )
            self.sequences: list[tuple[str, int | None]] = cursor.fetchall()

    def restore(self) -> None:
        filled = filled_tables()
        with transaction.atomic(), connection.cursor() as cursor:
            # History is among the rows
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in filled:
                cursor.execute(f'DELETE FROM "{table}"')  # quicker than TRUNCATE for a few rows
            for table, rows in self.rows.items():
                columns = ", ".join(stored_columns(table))
                cursor.copy_expert(f'COPY "{table}" ({columns}) FROM STDIN', io.StringIO(rows))
            for name, last in self.sequences:
                cursor.execute("SELECT setval(%s, %s, %s)", [name, last or 1, last is not None])


@functools.cache
def columns_of(table: str) -> list[tuple[str, str, bool]]:
    """Name, type, and whether the database makes the value itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type, is_generated <> 'NEVER'"
            " FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
            " ORDER BY ordinal_position",
            [table],
        )
        return cursor.fetchall()


def stored_columns(table: str) -> list[str]:
    return [f'"{name}"' for name, _kind, is_generated in columns_of(table) if not is_generated]


Held = dict[str, list[str]]


def held() -> Held:
    """Of each table that holds anything: its rows in any order, a time only as there or not."""
    return {table: sorted(plain_rows(table)) for table in filled_tables()}


def differences(one: Held, other: Held) -> list[str]:
    """The rows that only one of them holds."""
    return [
        f"{sign} {table}: {row}"
        for table in sorted(set(one) | set(other))
        for sign, mine, theirs in (("-", one, other), ("+", other, one))
        for row in set(mine.get(table, ())) - set(theirs.get(table, ()))
    ] or [f"{table}: doubled rows" for table in one if len(one[table]) != len(other[table])]


def plain_rows(table: str) -> Iterator[str]:
    parts = []
    for column, kind, _is_generated in columns_of(table):
        if column in HISTORY_MARKS:
            continue
        hides = kind in TIMES or (table, column) in BY_LOT
        plain = WITHOUT_LOTS.get((table, column), f'"{column}"')
        parts.append(f"{plain} IS NULL" if hides else plain)
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT ({", ".join(parts)})::text FROM "{table}"')
        for row in cursor.fetchall():
            yield row[0]
