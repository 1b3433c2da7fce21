"""The live channel's sending side: frames for the viewers of a feed, over one or two transports.

The broker carries every frame to our own hub (config/hub.py). Where NCHAN_PUBLISH_URL is set,
boards also go to nginx, which fans them out to the thousands (deploy/nginx.conf).

A frame is `{"feed", "kind", "number", "data"}`. Kind `board` is a whole public snapshot, so a
viewer who missed frames is right again with the next; kind `event` is one message of the feed for
those who may see it. Kind `beat` has no feed: the relay says that everything is handed on. Losing
frames loses no truth: both are read again from PostgreSQL.
"""

import functools
import http.client
import json
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

import redis
from django.conf import settings

CHANNEL = "live"
BEAT = "beat"


Frame = tuple[str, str, int, Any]  # feed, kind, number, data


class Publisher(Protocol):
    def publish(self, feed: str, kind: str, number: int, data: Any) -> None: ...

    def publish_all(self, frames: Sequence[Frame]) -> None:
        """As `publish` for each, in order."""


class RedisPublisher:
    """Publishes through the broker; raises redis.RedisError within REDIS_TIMEOUT_S when it is down."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=settings.REDIS_TIMEOUT_S,
            socket_connect_timeout=settings.REDIS_TIMEOUT_S,
        )

    def publish(self, feed: str, kind: str, number: int, data: Any) -> None:
        self.publish_all([(feed, kind, number, data)])

    def publish_all(self, frames: Sequence[Frame]) -> None:
        if not frames:
            return
        together = self._redis.pipeline(transaction=False)
        for feed, kind, number, data in frames:
            frame = {"feed": feed, "kind": kind, "number": number, "data": data}
            together.publish(channel_name(), json.dumps(frame, ensure_ascii=False))
        together.execute()


class NotTaken(OSError):
    """The server that fans boards out did not take one."""


class NchanPublisher:
    """Posts boards to nchan, which keeps the newest of each and sends it to viewers.

    `url` is the publisher location, such as `http://nginx:8080/publish/`. What is not a board is
    not its business: consoles resume by feed number, which the hub knows and nchan does not, and
    a board that is rendered every few seconds needs no heartbeat.

    Raises OSError (NotTaken is one) within twice NCHAN_TIMEOUT_S when nginx is down or refuses.
    """

    def __init__(self, url: str) -> None:
        self._at = urlsplit(url)
        self._connection: http.client.HTTPConnection | None = None

    def publish(self, feed: str, kind: str, number: int, data: Any) -> None:
        if kind != "board":
            return
        path = f"{self._at.path}board/{feed.partition(':')[2]}"
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            status = self._post_kept(path, body)
        except http.client.HTTPException as fault:
            self.close()
            raise NotTaken(repr(fault)) from fault
        except OSError:
            self.close()
            raise
        if status not in {200, 201, 202}:
            msg = f"{path}: {status}"
            raise NotTaken(msg)

    def publish_all(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            self.publish(*frame)

    def _post_kept(self, path: str, body: bytes) -> int:
        """Post over the open connection; over a new one if that was closed meanwhile."""
        if self._connection is not None:
            try:
                return self._post(self._connection, path, body)
            except (ConnectionError, http.client.HTTPException):
                self.close()
        self._connection = http.client.HTTPConnection(
            str(self._at.hostname), self._at.port, timeout=settings.NCHAN_TIMEOUT_S
        )
        return self._post(self._connection, path, body)

    @staticmethod
    def _post(connection: http.client.HTTPConnection, path: str, body: bytes) -> int:
        headers = {"Content-Type": "application/json", "X-EventSource-Event": "board"}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Several:
    """Publishes each frame over every transport, in their order."""

    def __init__(self, *publishers: Publisher) -> None:
        self._publishers = publishers

    def publish(self, feed: str, kind: str, number: int, data: Any) -> None:
        for each in self._publishers:
            each.publish(feed, kind, number, data)

    def publish_all(self, frames: Sequence[Frame]) -> None:
        for each in self._publishers:
            each.publish_all(frames)


def channel_name() -> str:
    return f"{settings.REDIS_PREFIX}:{CHANNEL}"


@functools.cache
def publisher() -> Publisher:
    broker = RedisPublisher(settings.REDIS_URL)
    if not settings.NCHAN_PUBLISH_URL:
        return broker
    return Several(broker, NchanPublisher(settings.NCHAN_PUBLISH_URL))
