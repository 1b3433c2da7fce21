"""Words in the outbox, and what of them comes through to viewers and to the queue."""

import base64
import json
from typing import Any

import redis
from django.conf import settings
from django.db import transaction

from core import outbox
from core.models import OutboxMessage
from core.realtime import channel_name

TIMEOUT_S = 20
QUEUE = f"{settings.REDIS_PREFIX}:{settings.CELERY_TASK_DEFAULT_QUEUE}"


def add(feed: str = "", topic: str = "tests.thing.happened", **payload: Any) -> None:
    with transaction.atomic():
        outbox.add(topic, feed=feed, **payload)


def numbers(feed: str) -> list[int | None]:
    """The feed's numbers in the order of ids."""
    rows = OutboxMessage.objects.filter(feed=feed).order_by("pk")
    return list(rows.values_list("feed_number", flat=True))


def waiting() -> int:
    return OutboxMessage.objects.filter(published_at=None).count()


class Listener:
    """What is published to viewers, and which tasks are in the queue."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url)
        self.client.delete(QUEUE)
        self.subscription = self.client.pubsub(ignore_subscribe_messages=True)
        self.subscription.subscribe(channel_name())
        while self.subscription.get_message(timeout=0.2):
            pass
        self.seen: list[dict[str, Any]] = []

    def frames(self, kind: str = "event") -> list[dict[str, Any]]:
        """Everything of this kind since the beginning."""
        while message := self.subscription.get_message(timeout=0.1):
            self.seen.append(json.loads(message["data"]))
        return [frame for frame in self.seen if frame["kind"] == kind]

    def tasks(self) -> list[tuple[str, list[Any]]]:
        """Tasks in the queue, oldest first."""
        found = [json.loads(raw) for raw in reversed(self.client.lrange(QUEUE, 0, -1))]
        return [
            (task["headers"]["task"], json.loads(base64.b64decode(task["body"]))[0])
            for task in found
        ]
