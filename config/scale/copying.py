"""Rows of a model by COPY: a hundred times as quick as one INSERT each, constraints all the same."""

import datetime as dt
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db import connection
from django.db.models import Field, Model
from django.db.models.fields import NOT_PROVIDED

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
CHUNK_CHARS = 1_000_000


def copy_rows(model: type[Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write `rows`, whose cells are the columns `names`; other columns get their defaults."""
    written, constants = _columns(model, names)
    columns = ", ".join(f'"{name}"' for name in written)
    tail = "".join(f"\t{_cell(value)}" for value in constants) + "\n"
    sql = f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN'
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(sql, _Lines(rows, tail))


def reserve_ids(model: type[Model], count: int) -> int:
    """The first of `count` ids in a row that no other row gets."""
    column = model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_serial_sequence(%s, %s)", [f'"{model._meta.db_table}"', column]
        )
        sequence = cursor.fetchone()[0]
        cursor.execute("SELECT nextval(%s)", [sequence])
        first = int(cursor.fetchone()[0])
        cursor.execute("SELECT setval(%s, %s)", [sequence, first + max(count, 1) - 1])
    return first


def _columns(model: type[Model], names: Sequence[str]) -> tuple[list[str | None], list[Any]]:
    fields: dict[str, Field] = {field.attname: field for field in model._meta.concrete_fields}
    unknown = set(names) - set(fields)
    if unknown:
        raise ValueError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
    others = [
        field
        for name, field in fields.items()
        if name not in names
        and not field.generated
        and not field.primary_key
        and field.db_default is NOT_PROVIDED
    ]
    columns = [*(fields[name].column for name in names), *(field.column for field in others)]
    return columns, [_default(field) for field in others]


def _default(field: Field) -> Any:
    value = field.get_default()
    return json.dumps(value) if isinstance(value, dict | list) else value


def _cell(value: Any) -> str:
    if value is None:
        return "\\N"
    if value.__class__ is str:
        return value.translate(ESCAPES)
    if value.__class__ is bool:
        return "t" if value else "f"
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value).translate(ESCAPES) if not isinstance(value, int) else str(value)


class _Lines(io.TextIOBase):
    """What COPY reads: a line for each row, made as it is asked for."""

    def __init__(self, rows: Iterable[Sequence[Any]], tail: str) -> None:
        self.rows: Iterator[Sequence[Any]] = iter(rows)
        self.tail = tail
        self.rest = ""

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        wanted = CHUNK_CHARS if size is None or size < 0 else size
        parts, length = [self.rest], len(self.rest)
        cell: Callable[[Any], str] = _cell
        for row in self.rows:
            line = "\t".join([cell(value) for value in row]) + self.tail
            parts.append(line)
            length += len(line)
            if length >= wanted:
                break
        text = "".join(parts)
        self.rest = text[wanted:]
        return text[:wanted]
