"""What thousands of viewers of a board cost, over both transports, and what they cost buyers.

One run on one machine: web, relay and worker as ./run starts them, nginx with nchan beside them, a
message every 250 ms. The viewers' client shares the machine. `--json` prints one JSON object last.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from bench.ground import Place, ground, tell
from bench.load import Outcome, press
from bench.nginx import Front, Ports, nginx, publish_url
from bench.reading import cached_beside_file, first_load
from bench.rows import SessionRows, make_session
from bench.rush import form

VIEWERS, NCHAN_VIEWERS = 2_000, 5_000
MESSAGE_S = 0.25
ORDERS_PER_S = 20
TURNS = 3
BUYERS = 10
OFFERS, UNITS = 30, 10_000
PRICE_CHANGE_EACH = 20  # messages: the host changes a price every five seconds
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    asked = arguments()
    ports = Ports()
    folder = Path(tempfile.mkdtemp(prefix="chophien-board-"))
    folder.chmod(0o755)
    env = {"NCHAN_PUBLISH_URL": publish_url(ports)}
    try:
        with (
            ground(("web", "relay", "worker"), settings_env=env) as place,
            nginx(folder, web_port=place.port, ports=ports) as front,
        ):
            place.django()
            figures = measure(place, front, asked)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tell(figures, as_json=asked.json)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--viewers", type=int, default=VIEWERS, help="of the embedded hub")
    parser.add_argument("--nchan-viewers", type=int, default=NCHAN_VIEWERS, help="0 leaves it out")
    parser.add_argument("--seconds", type=float, default=20, help="length of each measurement")
    return parser.parse_args()


def measure(place: Place, front: Front, asked: argparse.Namespace) -> dict[str, Any]:
    rows = make_session(offers=OFFERS, units=UNITS)
    path = f"/live/board/{rows.session_id}"
    web, fan = [place.children["web"].pid], [front.child.process.pid]
    orders(place, rows, 3)  # warm
    without, watched, embedded = [], [], {}
    for turn in range(TURNS):  # turn by turn: what else the machine does falls on both
        say(f"orders nobody watches, {turn + 1} of {TURNS}")
        with messages(rows):
            time.sleep(1)
            without.append(orders(place, rows, asked.seconds / TURNS))
        say(f"{asked.viewers} viewers of the hub, and orders while they watch")
        with crowd(place.port, path, asked.viewers) as viewers, messages(rows):
            time.sleep(1)
            watched.append(orders(place, rows, asked.seconds / TURNS))
            if turn == TURNS - 1:
                embedded = viewers.count(asked.seconds, lambda: cpu_s(web))
    nchan: dict[str, Any] = {}
    if asked.nchan_viewers:
        say(f"{asked.nchan_viewers} viewers of nchan")
        with crowd(front.ports.plain, path, asked.nchan_viewers) as viewers, messages(rows):
            nchan = viewers.count(asked.seconds, lambda: cpu_s(fan))
    say("reading through the cache")
    page = f"/phien/{rows.session_id}/"
    return {
        **embedded,
        "bytes_first_load": first_load(place.port, page),
        **order_figures(without, watched),
        **{f"nchan_{name}": value for name, value in nchan.items()},
        **cached_beside_file(front, page, "page"),
        **cached_beside_file(front, f"{page}bang.json", "snapshot"),
    }


def order_figures(without: list[Outcome], with_viewers: list[Outcome]) -> dict[str, Any]:
    alone, watched = (
        Outcome(latencies_s=[s for outcome in outcomes for s in outcome.latencies_s])
        for outcomes in (without, with_viewers)
    )
    errors = sum(
        outcome.lost + outcome.statuses.total() - outcome.count(201, 303)
        for outcome in [*without, *with_viewers]
    )
    return {
        "order_p50_ms_without": alone.percentile_ms(0.5),
        "order_p50_ms_with": watched.percentile_ms(0.5),
        "order_p99_ms_without": alone.percentile_ms(0.99),
        "order_p99_ms_with": watched.percentile_ms(0.99),
        "order_p99_ratio": round(watched.percentile_ms(0.99) / alone.percentile_ms(0.99), 2),
        "orders": len(watched.latencies_s) + len(alone.latencies_s),
        "order_errors": errors,
    }


def say(words: str) -> None:
    print(f"… {words}", file=sys.stderr, flush=True)


# What happens meanwhile


@contextlib.contextmanager
def messages(rows: SessionRows) -> Iterator[None]:
    """A change of the board every MESSAGE_S, as orders and hosts make them."""
    over = threading.Event()
    thread = threading.Thread(target=change_board, args=(rows, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def change_board(rows: SessionRows, over: threading.Event) -> None:
    from django.db import connection, transaction

    from core import outbox
    from livestreams.models import Offer

    number = 0
    due = time.monotonic()
    while not over.wait(max(0.0, due - time.monotonic())):
        due += MESSAGE_S
        number += 1
        offer = Offer.objects.filter(pk=rows.offer_ids[number % len(rows.offer_ids)])
        with transaction.atomic():
            if number % PRICE_CHANGE_EACH:
                offer.claim(1)
            else:
                offer.update(unit_price_vnd=100_000 + number * 1_000)
            outbox.add("bench.board.changed", feed=f"session:{rows.session_id}")
    connection.close()


def orders(place: Place, rows: SessionRows, seconds: float) -> Outcome:
    """ORDERS_PER_S orders by the page's form, spread over the offers, one after another."""
    each = form(rows, rows.offer_ids)

    async def steadily() -> Outcome:
        whole = Outcome()
        async with asyncio.TaskGroup() as group:
            for buyer in range(BUYERS):
                group.create_task(buy(buyer / ORDERS_PER_S, whole))
        return whole

    async def buy(wait_s: float, whole: Outcome) -> None:
        due = time.monotonic() + wait_s
        until = time.monotonic() + seconds
        while due < until:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += BUYERS / ORDERS_PER_S
            one = iter([each()])
            outcome = await press(place.port, lambda one=one: next(one, None), buyers=1)
            whole.latencies_s += outcome.latencies_s
            whole.statuses += outcome.statuses
            whole.lost += outcome.lost

    return asyncio.run(steadily())


# Viewers


class Viewers:
    def __init__(self, words: IO[str], answers: IO[str]) -> None:
        self.words, self.answers = words, answers

    def count(self, seconds: float, used_s: Callable[[], float]) -> dict[str, Any]:
        """What was delivered within `seconds`, and the servers' time for it."""
        self.tell("begin")
        before_s = used_s()
        time.sleep(seconds)
        spent_s = used_s() - before_s
        self.tell("end")
        counted: dict[str, Any] = json.loads(self.hear())
        every = counted.pop("all_deliveries")
        return counted | {"cpu_us_per_delivery": round(spent_s * 1e6 / max(1, every), 1)}

    def tell(self, word: str) -> None:
        self.words.write(f"{word}\n")
        self.words.flush()

    def hear(self) -> str:
        line = self.answers.readline()
        if not line:
            msg = "the viewers' program ended"
            raise RuntimeError(msg)
        return line


@contextlib.contextmanager
def crowd(port: int, path: str, viewers: int) -> Iterator[Viewers]:
    """Viewers that have their first board, until the block ends."""
    program = subprocess.Popen(
        [sys.executable, "-m", "bench.watchers", "--port", str(port), "--path", path,
         "--viewers", str(viewers)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        found = Viewers(cast("IO[str]", program.stdin), cast("IO[str]", program.stdout))
        found.hear()
        yield found
    finally:
        program.kill()
        program.communicate()


def cpu_s(roots: list[int]) -> float:
    """Processor time that these processes and their children have used."""
    ticks, waiting = 0, list(roots)
    while waiting:
        pid = waiting.pop()
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
            for thread in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
    return ticks * TICK_S


if __name__ == "__main__":
    main()
