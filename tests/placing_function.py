"""The database function behind an order, changed for the length of a test: for negative controls."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from orders.services import placing

SOURCE = Path(placing.__file__).with_suffix(".sql").read_text(encoding="utf-8")


@contextmanager
def placing_function(*changes: tuple[str, str]) -> Iterator[None]:
    """Put `(old, new)` pieces into the function; each old piece must be found once or more."""
    changed = SOURCE
    for old, new in changes:
        assert old in changed, f"the function no longer says: {old}"
        changed = changed.replace(old, new)
    install(changed)
    try:
        yield
    finally:
        install(SOURCE)


def install(source: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(source)
