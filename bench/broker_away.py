"""Take orders while the broker is frozen or stopped, and see what waited arrive in order, once.

    python -m bench.broker_away --minutes 30 --how frozen --json

A buyer every 0.7 s, 2,570 in half an hour, about as many as in the four hours of 4 November 2025.
Meanwhile the session's page and snapshot are read. Afterwards the feed is heard as viewers hear it.
"""

import argparse
import http.client
import json
import os
import signal
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

from bench.faults import tally_differences, undelivered
from bench.ground import Place, ground, tell
from bench.rows import SessionRows, make_session
from bench.rush import form

PAUSE_S = 0.7
BEFORE_S = 30.0
READ_EVERY = 15  # orders
DELIVERED_WITHIN_S = 60


@dataclass
class Seen:
    """What buyers and readers were told, and how long it took them."""

    orders: Counter[int] = field(default_factory=Counter)
    pages: Counter[int] = field(default_factory=Counter)
    took_ms: list[float] = field(default_factory=list)

    def percentile_ms(self, share: float) -> float:
        ranked = sorted(self.took_ms)
        return round(ranked[min(len(ranked) - 1, int(len(ranked) * share))], 1)


class Listener:
    """What a viewer gets over the broker: a number that is not above the last one is dropped.

    The relay marks a message as handed on after it is: one that was on its way when the broker
    froze is said again. What came out of order would be dropped, and so be missing.
    """

    def __init__(self) -> None:
        self.numbers = [0]
        self.repeated = 0
        self.is_over = threading.Event()
        self.is_listening = threading.Event()
        self.thread = threading.Thread(target=self.listen)

    def __enter__(self) -> Self:
        self.thread.start()
        self.is_listening.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join()

    def listen(self) -> None:
        import redis

        from core.realtime import channel_name

        while not self.is_over.is_set():
            try:
                line = redis.Redis.from_url(os.environ["REDIS_URL"]).pubsub()
                line.subscribe(channel_name())
                self.is_listening.set()
                while not self.is_over.is_set():
                    message = line.get_message(ignore_subscribe_messages=True, timeout=0.2)
                    frame = json.loads(message["data"]) if message else {}
                    if frame.get("kind") == "event":
                        self.hear(frame["number"])
            except redis.RedisError:
                time.sleep(0.05)

    def hear(self, number: int) -> None:
        if number > self.numbers[-1]:
            self.numbers.append(number)
        else:
            self.repeated += 1


def main() -> None:
    asked = arguments()
    with ground() as place:
        place.django()
        rows = make_session(offers=20)
        with Listener() as heard:
            figures = measure(place, rows, heard, asked.minutes * 60, asked.how)
    tell(figures, as_json=asked.json)
    wrong = ("lost", "not_delivered", "tally_differences", "faults")
    if any(figures[name] for name in wrong):
        raise SystemExit(1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.broker_away", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--how", choices=["frozen", "stopped"], default="frozen")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    return parser.parse_args()


def measure(
    place: Place, rows: SessionRows, heard: Listener, seconds: float, how: str
) -> dict[str, Any]:
    from core.models import OutboxMessage
    from orders.models import Order

    before = live(place, rows, BEFORE_S)
    settle()
    go_away(place, how)
    meanwhile = live(place, rows, seconds)
    waited = undelivered()
    come_back(place, how)
    began_at = time.monotonic()
    settle()
    delivered_s = time.monotonic() - began_at
    time.sleep(3)  # the tally follows, and what was said twice would come now
    placed = OutboxMessage.objects.filter(topic="orders.order.placed")
    given = set(placed.values_list("feed_number", flat=True))
    acknowledged = before.orders[201] + meanwhile.orders[201]
    return {
        "how": how,
        "minutes": round(seconds / 60, 1),
        "acknowledged": acknowledged,
        "lost": acknowledged - Order.objects.count(),
        "faults": (before.orders + meanwhile.orders).total() - acknowledged,
        "pages_read": dict(meanwhile.pages),
        "p50_ms_before": round(statistics.median(before.took_ms), 1),
        "p50_ms_meanwhile": round(statistics.median(meanwhile.took_ms), 1),
        "p99_ms_before": before.percentile_ms(0.99),
        "p99_ms_meanwhile": meanwhile.percentile_ms(0.99),
        "waited": waited,
        "delivered_s": round(delivered_s, 1),
        "not_delivered": undelivered() + len(given - set(heard.numbers)),
        "repeated_and_dropped": heard.repeated,
        "tally_differences": tally_differences(rows.session_id),
    }


def live(place: Place, rows: SessionRows, seconds: float) -> Seen:
    """One order every PAUSE_S, now and then a look at the session, for `seconds`."""
    seen, until = Seen(), time.monotonic() + seconds
    order = form(rows, rows.offer_ids)
    while (began_at := time.monotonic()) < until:
        seen.orders[status_of(place.port, order())] += 1
        seen.took_ms.append((time.monotonic() - began_at) * 1000)
        if seen.orders.total() % READ_EVERY == 0:
            for path in (f"/phien/{rows.session_id}/", f"/phien/{rows.session_id}/bang.json"):
                asked = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
                seen.pages[status_of(place.port, asked)] += 1
        time.sleep(max(0.0, PAUSE_S - (time.monotonic() - began_at)))
    return seen


def status_of(port: int, request: bytes) -> int:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.connect()
        line.sock.sendall(request)
        answer = http.client.HTTPResponse(line.sock)
        answer.begin()
        answer.read()
        return answer.status
    finally:
        line.close()


def settle() -> None:
    deadline = time.monotonic() + DELIVERED_WITHIN_S
    while undelivered() and time.monotonic() < deadline:
        time.sleep(0.1)


def go_away(place: Place, how: str) -> None:
    if how == "stopped":
        place.kill("broker")
    elif place.broker.child is not None:
        os.kill(place.broker.child.process.pid, signal.SIGSTOP)


def come_back(place: Place, how: str) -> None:
    if how == "stopped":
        place.broker.start()
    elif place.broker.child is not None:
        os.kill(place.broker.child.process.pid, signal.SIGCONT)


if __name__ == "__main__":
    main()
