"""The only publisher: reads the outbox, numbers feeds, hands work and news on.

One relay works at a time (an advisory lock); a second waits as a spare. Numbers are given before
anything is sent, and `published_at` is written after, so a crash between repeats a message and
never loses one. Tasks are safe to repeat; viewers drop numbers they have seen.
"""

import datetime as dt
import logging
import time
from collections.abc import Iterable
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Max
from kombu.exceptions import OperationalError as BrokerDown

from core.clock import db_now
from core.middleware import is_away, is_busy
from core.models import FeedCounter, OutboxMessage
from core.realtime import BEAT, Publisher
from core.snapshots import Snapshots

log = logging.getLogger(__name__)

Call = tuple[str, tuple[Any, ...]]  # a task and what it is called with

RELAY_LOCK = 7_305_001  # any number, the same in every relay
BATCH = 500
POLL_S = 0.1  # polling, not NOTIFY: docs/decisions/0004-relay-polls.md
WAIT_AFTER_FAULT_S = 1.0
BEAT_PERIOD_S = 2.0
MOST_PACED = 10_000
LEFT_UNDRAWN = dt.timedelta(minutes=2)


class Relay:
    """`run()` until `stop()`; `drain()` hands on what waits now and returns how many."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._stopping = False
        self._boards = Snapshots(publisher)
        self._sent_at: dict[Call, float] = {}
        self._paced: set[Call] = set()  # to be sent again when their pause is over
        self._beat_at = 0.0

    def stop(self) -> None:
        self._stopping = True

    def run(self) -> None:
        leading = False
        while not self._stopping:
            try:
                if leading := leading or self._take_over():
                    self._boards.begin()
                handed_on = self.turn() if leading else 0
            except Error as fault:
                if not is_away(fault) and not is_busy(fault):
                    raise
                log.warning("database unreachable, trying again: %s", fault)
                connection.close()  # the advisory lock went with it
                leading, handed_on = False, 0
                time.sleep(WAIT_AFTER_FAULT_S)
            except (BrokerDown, redis.RedisError, OSError) as fault:
                log.warning("broker or nginx unreachable, what is left waits: %s", fault)
                handed_on = 0
                time.sleep(WAIT_AFTER_FAULT_S)
            if handed_on < BATCH:
                time.sleep(POLL_S)
        self._boards.stop()

    def turn(self) -> int:
        handed_on = self.drain()
        self._send_due()
        if not self._boards.is_apart:
            self._boards.draw_due()
        self._beat()
        return handed_on

    def _beat(self) -> None:
        """Send the live channel a beat: all is handed on. Never sent while anything fails."""
        if self._boards.is_well and time.monotonic() - self._beat_at >= BEAT_PERIOD_S:
            self._publisher.publish("", BEAT, 0, None)
            self._beat_at = time.monotonic()

    def _take_over(self) -> bool:
        """Become the one relay, if none is; boards that another may have left undrawn are due."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [RELAY_LOCK])
            leading = cursor.fetchone()[0]
        if leading:
            recent = OutboxMessage.objects.filter(
                published_at__gt=db_now() - LEFT_UNDRAWN, feed_number__isnull=False
            )
            self._boards.mark(dict(recent.values_list("feed").annotate(Max("feed_number"))))
        return leading

    def drain(self) -> int:
        """Number and hand on one batch. Raises the broker's error with nothing marked as done."""
        messages = self._number()
        if not messages:
            return 0
        self._send_tasks(messages)
        self._tell_viewers(messages)
        OutboxMessage.objects.filter(pk__in=[m.pk for m in messages]).update(published_at=db_now())
        return len(messages)

    @transaction.atomic
    def _number(self) -> list[OutboxMessage]:
        """What is to be handed on now, each feed's in the order of its numbers.

        What was numbered before a fault goes first: a message with a lower id may commit after
        it, and gets a higher number.
        """
        unpublished = OutboxMessage.objects.filter(published_at=None)
        waiting = list(
            unpublished.filter(feed_number__isnull=False).order_by("feed_number", "id")[:BATCH]
        )
        fresh_ones = unpublished.filter(feed_number=None).order_by("id")
        waiting += fresh_ones[: BATCH - len(waiting)]
        fresh: dict[str, list[OutboxMessage]] = {}
        for message in waiting:
            if message.feed and message.feed_number is None:
                fresh.setdefault(message.feed, []).append(message)
        for feed, messages in fresh.items():
            last = _reserve_numbers(feed, len(messages))
            for number, message in enumerate(messages, start=last - len(messages) + 1):
                message.feed_number = number
        _write_numbers([message for messages in fresh.values() for message in messages])
        return waiting

    def _send_tasks(self, messages: Iterable[OutboxMessage]) -> None:
        sent: set[Call] = set()
        for message in messages:
            for task, keys in settings.OUTBOX_TASKS.get(message.topic, ()):
                arguments = tuple(message.payload.get(key) for key in keys)
                if None in arguments:  # one bad message must not keep all others waiting
                    log.error("outbox %s (%s) lacks %s", message.pk, message.topic, keys)
                elif (task, arguments) not in sent:  # recounting once serves the whole batch
                    sent.add((task, arguments))
                    self._send_paced((task, arguments))

    def _send_paced(self, call: Call) -> None:
        """Send at once, or when its pause is over: one recount serves all orders of a second.

        What waits here is lost with the process; the sweepers of beat find the same work.
        """
        pause_s = settings.OUTBOX_PAUSES_S.get(call[0], 0.0)
        if pause_s and time.monotonic() - self._sent_at.get(call, -pause_s) < pause_s:
            self._paced.add(call)
            return
        current_app.send_task(call[0], args=call[1], retry=False)
        self._paced.discard(call)
        if pause_s:
            self._sent_at[call] = time.monotonic()

    def _send_due(self) -> None:
        for call in list(self._paced):
            self._send_paced(call)
        if len(self._sent_at) > MOST_PACED:
            self._sent_at.clear()

    def _tell_viewers(self, messages: Iterable[OutboxMessage]) -> None:
        frames = []
        newest: dict[str, int] = {}
        for message in messages:
            if message.feed and message.feed_number:
                data = {"topic": message.topic, **message.payload}
                frames.append((message.feed, "event", message.feed_number, data))
                newest[message.feed] = max(newest.get(message.feed, 0), message.feed_number)
        self._boards.mark(newest)
        self._publisher.publish_all(frames)


def _write_numbers(messages: list[OutboxMessage]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_outboxmessage AS message SET feed_number = given.number"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, number)"
            " WHERE message.id = given.id",
            [[message.pk for message in messages], [message.feed_number for message in messages]],
        )


def _reserve_numbers(feed: str, count: int) -> int:
    """Take `count` numbers of `feed`; returns the last of them."""
    FeedCounter.objects.get_or_create(feed=feed)
    counter = FeedCounter.objects.select_for_update().get(feed=feed)
    counter.last_number += count
    counter.save(update_fields=["last_number"])
    return counter.last_number
