"""The live channel's sending side: frames for the viewers of a feed.

A frame is `{"feed", "kind", "number", "data"}`. Kind `board` is a whole public snapshot, so a
viewer who missed frames is right again with the next; kind `event` is one message of the feed for
those who may see it. Kind `beat` has no feed: the relay says that everything is handed on. Losing
frames loses no truth: both are read again from PostgreSQL.
"""

import functools
import json
from typing import Any, Protocol

import redis
from django.conf import settings

CHANNEL = "live"
BEAT = "beat"


class Publisher(Protocol):
    def publish(self, feed: str, kind: str, number: int, data: Any) -> None: ...


class RedisPublisher:
    """Publishes through the broker; raises redis.RedisError within REDIS_TIMEOUT_S when it is down."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=settings.REDIS_TIMEOUT_S,
            socket_connect_timeout=settings.REDIS_TIMEOUT_S,
        )

    def publish(self, feed: str, kind: str, number: int, data: Any) -> None:
        frame = {"feed": feed, "kind": kind, "number": number, "data": data}
        self._redis.publish(channel_name(), json.dumps(frame, ensure_ascii=False))


def channel_name() -> str:
    return f"{settings.REDIS_PREFIX}:{CHANNEL}"


@functools.cache
def publisher() -> Publisher:
    return RedisPublisher(settings.REDIS_URL)
