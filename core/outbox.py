"""Write messages about a change, in the transaction of the change."""

from typing import Any

from django.db import connection

from core.models import OutboxMessage


class NotInTransaction(RuntimeError):
    """A message must commit together with the change, so it needs an open transaction."""


def add(topic: str, *, feed: str = "", **payload: Any) -> None:
    """Write one message; the relay hands it on after the commit.

    `topic` reads `<app>.<noun>.<past>`; `feed` (such as `session:12`) puts it in line for the
    viewers of that feed; `payload` holds plain JSON values, ids rather than copies, no phones.

    Raises NotInTransaction outside `transaction.atomic`.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction(topic)
    OutboxMessage.objects.create(topic=topic, feed=feed, payload=payload)
