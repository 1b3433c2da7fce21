"""A rush of buyers at the public door: threads that order like people, and what came of it."""

import queue
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random

from config.demo import numbers
from config.demo.visitor import (
    Answer,
    NoAnswer,
    OrderPage,
    Visitor,
    order_links,
    press_until_answered,
    read_order_page,
)

TRIES = 6
DOUBLE_PRESS_SHARE = 0.06
LOST_ANSWER_SHARE = 0.04
IN_WAVES = 0.7  # of the buyers come with a rush, the rest whenever they like
WAVES_PER_MINUTE = 0.5
TRANSFER_SHARE = 0.3
PLACED, REFUSED, GONE = "placed", "refused", "gone"
OFFSETS = range(5_000, 95_000)  # phones of loaded sessions are below


@dataclass(frozen=True)
class Plan:
    site: str
    board_path: str
    orders: int
    minutes: float
    buyers: int
    communes: tuple[str, ...]
    seed: str


@dataclass
class Outcome:
    """What came of the rush so far; every change under the lock."""

    placed: set[str] = field(default_factory=set)  # addresses of the order pages
    refused: Counter[int] = field(default_factory=Counter)  # by HTTP status
    faults: Counter[str] = field(default_factory=Counter)
    presses_again: int = 0  # repeats of a press that must not make an order
    doubled: list[str] = field(default_factory=list)  # presses that made two orders: never
    seconds: list[float] = field(default_factory=list)
    sold_out: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def latencies_ms(self) -> tuple[int, int, int]:
        """Median, 95 of 100 and slowest answer to a press, in milliseconds."""
        with self.lock:
            known = sorted(self.seconds)
        if not known:
            return 0, 0, 0
        late = known[min(len(known) - 1, int(len(known) * 0.95))]
        return tuple(round(s * 1000) for s in (statistics.median(known), late, known[-1]))  # type: ignore[return-value]


def run(plan: Plan, outcome: Outcome, tell: Callable[[], None]) -> None:
    """Let `plan.buyers` people order until `plan.orders` orders were tried; calls `tell` at times."""
    rng = Random(plan.seed)
    moments = arrivals(rng, plan.orders, plan.minutes * 60)
    first_phone = rng.choice(OFFSETS)
    waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    with ThreadPoolExecutor(plan.buyers) as pool:
        people = [
            pool.submit(_live, plan, outcome, waiting, number, first_phone)
            for number in range(plan.buyers)
        ]
        try:
            _let_in(moments, waiting, outcome, tell)
        except BaseException:
            outcome.stopped.set()
            raise
        finally:
            for _ in people:
                waiting.put(None)
        for person in people:
            while not person.done():
                time.sleep(0.2)
                tell()
            person.result()


def arrivals(rng: Random, count: int, seconds: float) -> list[float]:
    """When each order is begun: some in waves after the host says “now”, some in between."""
    waves = [rng.uniform(0, seconds) for _ in range(max(1, int(seconds / 60 * WAVES_PER_MINUTE)))]
    moments = []
    for _ in range(count):
        if rng.random() < IN_WAVES:
            moments.append(min(seconds, rng.choice(waves) + rng.expovariate(1 / 8)))
        else:
            moments.append(rng.uniform(0, seconds))
    return sorted(moments)


def _let_in(
    moments: list[float],
    waiting: "queue.SimpleQueue[int | None]",
    outcome: Outcome,
    tell: Callable[[], None],
) -> None:
    begun = time.monotonic()
    for number, moment in enumerate(moments):
        while (pause := begun + moment - time.monotonic()) > 0:
            time.sleep(min(0.2, pause))
            tell()
        if outcome.sold_out.is_set():
            return
        waiting.put(number)


def _live(
    plan: Plan,
    outcome: Outcome,
    waiting: "queue.SimpleQueue[int | None]",
    number: int,
    first_phone: int,
) -> None:
    """One person's evening: waits for a turn, orders, waits again."""
    rng = Random(f"{plan.seed}-{number}")
    phone = OFFSETS.start + (first_phone + number) % len(OFFSETS)
    buyer = {
        "buyer_name": f"Khách mô phỏng {number + 1}",
        "buyer_phone": numbers.buyer_phone(phone),
        "commune": rng.choice(plan.communes),
        "address_line": f"Địa chỉ mô phỏng số {number + 1}",
    }
    visitor = Visitor(plan.site)
    while waiting.get() is not None:
        if outcome.stopped.is_set() or outcome.sold_out.is_set():
            continue
        try:
            _order_once(plan, outcome, visitor, buyer, rng)
        except NoAnswer as fault:
            with outcome.lock:
                outcome.faults[str(fault)] += 1
    visitor.close()


def _order_once(
    plan: Plan, outcome: Outcome, visitor: Visitor, buyer: dict[str, str], rng: Random
) -> None:
    board = visitor.open(plan.board_path)
    links = order_links(board.body) if board.status == 200 else {}
    if not links:
        outcome.sold_out.set()
        return
    address = next(iter(links.values())) if rng.random() < 0.6 else rng.choice([*links.values()])
    page = read_order_page(visitor.open(address).body)
    form = _fill_in(page, buyer, rng)
    if not form:
        with outcome.lock:
            outcome.refused[410] += 1  # gone between the board and the order page
        return
    begun = time.monotonic()
    answer = _press(plan, outcome, visitor, address, form, rng)
    with outcome.lock:
        outcome.seconds.append(time.monotonic() - begun)
        if answer.status == 303:
            outcome.placed.add(answer.location)
        else:
            outcome.refused[answer.status] += 1
    if answer.status == 303:
        visitor.open(answer.location)


def _fill_in(page: OrderPage, buyer: dict[str, str], rng: Random) -> dict[str, str]:
    """The form as a person would leave it; empty when nothing can be ordered."""
    chosen = [name for name in page.limits if page.fields.get(name) not in {"", "0", None}]
    if not chosen:
        return {}
    form = {**page.fields, **buyer}
    for name in chosen:
        form[name] = str(min(page.limits[name], rng.choices((1, 2, 3), (70, 22, 8))[0]))
    if len(page.payments) > 1 and rng.random() < TRANSFER_SHARE:
        form["payment_method"] = page.payments[-1]
    return form


def _press(
    plan: Plan,
    outcome: Outcome,
    visitor: Visitor,
    address: str,
    form: dict[str, str],
    rng: Random,
) -> Answer:
    """One press, sometimes twice at once, sometimes with the answer lost on the way."""
    luck = rng.random()
    if luck < DOUBLE_PRESS_SHARE:
        return _press_twice(plan, outcome, visitor, address, form)
    if luck < DOUBLE_PRESS_SHARE + LOST_ANSWER_SHARE:
        visitor.press_and_leave(address, form)
        with outcome.lock:
            outcome.presses_again += 1
    return press_until_answered(visitor, address, form, TRIES)


def _press_twice(
    plan: Plan, outcome: Outcome, visitor: Visitor, address: str, form: dict[str, str]
) -> Answer:
    answers: list[Answer] = []

    def second_thumb() -> None:
        other = Visitor(plan.site)
        try:
            answers.append(press_until_answered(other, address, form, TRIES))
        except NoAnswer:
            pass  # the first press tells
        finally:
            other.close()

    thumb = threading.Thread(target=second_thumb)
    thumb.start()
    first = press_until_answered(visitor, address, form, TRIES)
    thumb.join()
    places = {a.location for a in [first, *answers] if a.status == 303}
    with outcome.lock:
        outcome.presses_again += 1
        if len(places) > 1:
            outcome.doubled.append(address)
    return first
