"""Boards that changed or are watched, each rendered and sent at most four times a second.

The relay hands messages on; rendering takes milliseconds a board, so it runs in a separate thread
and no message waits for it however many boards are live.
"""

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

import redis
from django.conf import settings
from django.db import Error, connection
from django.utils.module_loading import import_string

from core.middleware import is_away, is_busy
from core.models import FeedCounter
from core.realtime import Publisher

log = logging.getLogger(__name__)

SNAPSHOT_PERIOD_S = 0.25  # at most four board snapshots a second and feed
REDRAWN_S = 5.0  # a board that is watched, though nothing happens: who comes in finds one
LOOK_S = 0.05
WELL_S = 5.0  # a round that takes longer, or fails, is not reported as current
WAIT_AFTER_FAULT_S = 1.0


class Snapshots:
    """`draw_due()` once, or `begin()` for a thread that goes on until `stop()`."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._dirty: dict[str, int] = {}  # feed -> its newest number
        self._drawn_at: dict[str, float] = {}
        self._looked_at = 0.0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._well_at = 0.0

    def mark(self, numbers: Mapping[str, int]) -> None:
        """Make the boards of these feeds due, each at its newest number."""
        with self._lock:
            for feed, number in numbers.items():
                self._dirty[feed] = max(self._dirty.get(feed, 0), number)

    @property
    def is_apart(self) -> bool:
        return self._thread is not None

    @property
    def is_well(self) -> bool:
        return not self.is_apart or time.monotonic() - self._well_at < WELL_S

    def begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        if self._thread is not None:
            self._over.set()
            self._thread.join(WELL_S)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self.draw_due()
                self._well_at = time.monotonic()
                self._over.wait(LOOK_S)
            except (Error, redis.RedisError, OSError) as fault:
                log.warning("boards cannot be drawn or sent, trying again: %s", fault)
                connection.close()
                self._over.wait(WAIT_AFTER_FAULT_S)
            except Exception:
                log.exception("boards cannot be drawn")
                self._over.wait(WAIT_AFTER_FAULT_S)
        connection.close()

    def draw_due(self) -> None:
        """Send the board of each feed that is due, each at most once per SNAPSHOT_PERIOD_S."""
        self._look_for_watched()
        with self._lock:
            due = list(self._dirty.items())
        for feed, number in due:
            if time.monotonic() - self._drawn_at.get(feed, 0.0) < SNAPSHOT_PERIOD_S:
                continue
            if (board := _draw(feed)) is not None:
                self._publisher.publish(feed, "board", number, board)
            self._drawn_at[feed] = time.monotonic()
            with self._lock:
                if self._dirty[feed] == number:
                    del self._dirty[feed]

    def _look_for_watched(self) -> None:
        """Make the boards due that are watched and have not been rendered for REDRAWN_S."""
        now = time.monotonic()
        if now - self._looked_at < REDRAWN_S / 2:
            return
        self._looked_at = now
        old = [
            feed
            for kind, keys in settings.LIVE_FEEDS.items()
            for feed in (f"{kind}:{key}" for key in import_string(keys)())
            if feed not in self._dirty and now - self._drawn_at.get(feed, 0.0) > REDRAWN_S / 2
        ]
        numbers = dict(FeedCounter.objects.filter(feed__in=old).values_list("feed", "last_number"))
        self.mark({feed: numbers.get(feed, 0) for feed in old})


def _draw(feed: str) -> Any:
    """The feed's snapshot, or None; a board that cannot be rendered delays no other."""
    kind, _, key = feed.partition(":")
    draw = settings.LIVE_SNAPSHOTS.get(kind)
    try:
        return import_string(draw)(key) if draw else None
    except Exception as fault:
        if is_away(fault) or is_busy(fault):
            raise
        log.exception("the board of %s cannot be drawn", feed)
        return None
