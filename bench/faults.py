"""Kill processes of a running platform at random moments, and count what buyers lost: nothing.

    python -m bench.faults --kills 200 --json

The whole platform runs under `manage.py up`. While buyers order, one process after the other (now
and then two at once) is ended with SIGKILL: web, relay, worker, beat, broker, the database, single
backends of it, and the children web and worker have. After each kill the clock runs until, all
without a hand, an order sent after it is acknowledged, an event written after it is handed on, and
a tally has been counted anew. With --freezes, so many more are stopped where they stand (SIGSTOP)
instead. At the end the buyers' own ledger is held against the database.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.ground import Place, supervised_ground
from bench.judge import Shop, as_figures, judge
from bench.rows import make_session
from core.local import standstill
from core.local.paths import LocalError
from core.local.standstill import Process, processes

BUYERS = 6
UNITS = [40] * 3 + [4_000] * 17  # of each offer: some sell out
RECOVERY_LIMIT_S = 60
SETTLE_S = 90
PAUSE_S = (0.2, 4.0)
TWO_AT_ONCE = 0.1
TARGETS = (
    *("web", "relay", "worker", "beat", "broker", "database"),
    *("web child", "worker child", "database backend"),
)
WORDS = {
    "web": "granian",
    "relay": "manage.py relay",
    "worker": "config worker --queues orders",
    "beat": "config beat",
    "broker": "valkey-server",
    "database": "bin/postgres",
}


@dataclass
class Kill:
    """`recovery_s` is None when the platform was not whole again within RECOVERY_LIMIT_S."""

    targets: list[str]
    how: signal.Signals = signal.SIGKILL
    recovery_s: float | None = None


@dataclass
class Run:
    kills: list[Kill] = field(default_factory=list)
    seconds: float = 0.0
    undelivered: int = 0
    tally_differences: int = 0


def main() -> None:
    wanted = arguments()
    env = {"PAYMENT_WINDOW_MINUTES": "1", "REDIS_PREFIX": "bench"}
    with supervised_ground(env) as place:
        place.django()
        rows = make_session(offers=len(UNITS), units=UNITS)
        shop = Shop(place.port, rows, seed=wanted.seed)
        report = say if not wanted.json else (lambda _words: None)
        draw = random.Random(wanted.seed)
        plan = strikes(wanted.kills, wanted.freezes, draw)
        run = asyncio.run(rush(place, shop, plan, report))
        with fresh_connection():
            figures = figures_of(run, shop) | as_figures(judge(shop.ledger, rows))
        figures["books"] = check_books(place)
        if wanted.log:
            wanted.log.write_text(place.words())
    print(json.dumps(figures) if wanted.json else "\n".join(lines(figures)))
    if not is_sound(figures):
        raise SystemExit(1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--freezes", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    parser.add_argument("--log", type=Path, help="keep here what the programs said")
    return parser.parse_args()


def say(words: str) -> None:
    print(words, flush=True)


def strikes(kills: int, freezes: int, draw: random.Random) -> list[Kill]:
    """What is done to which process, in which order."""
    plan, left = [], kills
    while left:
        count = 2 if left > 1 and draw.random() < TWO_AT_ONCE else 1
        plan.append(Kill(draw.sample(TARGETS, count)))
        left -= count
    plan += [Kill(draw.sample(TARGETS, 1), signal.SIGSTOP) for _ in range(freezes)]
    draw.shuffle(plan)
    return plan


async def rush(place: Place, shop: Shop, plan: list[Kill], report: Callable[[str], None]) -> Run:
    """Do what is planned, at random moments, while buyers order; then let all come to rest."""
    run, begun = Run(), time.monotonic()
    buyers = [asyncio.create_task(shop.buy()) for _ in range(BUYERS)]
    for kill in plan:
        await asyncio.sleep(shop.draw.uniform(*PAUSE_S))
        await strike(place, shop, kill)
        run.kills.append(kill)
        took = f"{kill.recovery_s:.1f} s" if kill.recovery_s is not None else "NOT whole again"
        what = f"{kill.how.name} {' and '.join(kill.targets)}"
        report(f"{len(run.kills):4}  {what:36} {took}")
    shop.is_closing = True
    await asyncio.gather(*buyers)
    run.undelivered, run.tally_differences = await asyncio.to_thread(come_to_rest, shop)
    run.seconds = time.monotonic() - begun
    return run


async def strike(place: Place, shop: Shop, kill: Kill) -> None:
    """End (or freeze) the targets and wait until the platform is whole again."""
    before = dict.fromkeys(kill.targets, 0)
    for target in kill.targets:
        before[target] = await asyncio.to_thread(find, place, target)
    began_at = time.monotonic()
    for pid in before.values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kill.how)
    is_kill = kill.how is signal.SIGKILL
    mains = [target for target in kill.targets if is_kill and target in WORDS]
    moment, wall = began_at, time.time()
    is_renewed = not mains
    while time.monotonic() - began_at < RECOVERY_LIMIT_S:
        await asyncio.sleep(0.1)
        if not is_renewed:  # orders that the dead one's children still take do not count
            is_renewed = all(look(place, name) not in {None, before[name]} for name in mains)
            moment, wall = time.monotonic(), time.time()
        elif not is_kill and standstill.stopped_below(before.values()):
            moment, wall = time.monotonic(), time.time()
        elif shop.ledger.acknowledged_after(moment) is None:
            continue
        elif await asyncio.to_thread(is_handed_on, wall):
            kill.recovery_s = time.monotonic() - began_at
            break


# Which process is which


def find(place: Place, target: str) -> int:
    """Waits for it: what was killed before may just be starting."""
    deadline = time.monotonic() + RECOVERY_LIMIT_S
    while (pid := look(place, target)) is None:
        if time.monotonic() > deadline:
            msg = f"{target} is not running: {place.words()[-2000:]}"
            raise TimeoutError(msg)
        time.sleep(0.05)
    return pid


def look(place: Place, target: str) -> int | None:
    name, _, part = target.partition(" ")
    every = list(processes())
    mains = [p for p in children(every, place.children["up"].pid) if WORDS[name] in words(p)]
    if not mains or not part:
        return mains[0].pid if mains else None
    below = children(every, mains[0].pid)
    if part == "backend":  # one that serves, not one that keeps house
        below = [process for process in below if " app app " in words(process)]
    return below[-1].pid if below else None


def children(every: list[Process], parent: int) -> list[Process]:
    return [process for process in every if process.parent == parent and process.state != "Z"]


def words(process: Process) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process.pid}/cmdline").read_text().replace("\0", " ")
    return ""


# What the database says


@contextlib.contextmanager
def fresh_connection() -> Iterator[None]:
    """For one look: the connection of this thread may have died with the server."""
    from django.db import connection

    connection.close()
    yield
    connection.close()


def is_handed_on(wall: float) -> bool:
    """Whether an event written after `wall` has been passed on, and a tally counted after it."""
    import datetime as dt

    from django.db import DatabaseError, InterfaceError

    from core.models import OutboxMessage
    from orders.models import SessionTally

    moment = dt.datetime.fromtimestamp(wall, dt.UTC)
    try:
        with fresh_connection():
            passed_on = OutboxMessage.objects.filter(
                created_at__gt=moment, published_at__isnull=False
            )
            return (
                passed_on.exists() and SessionTally.objects.filter(counted_at__gt=moment).exists()
            )
    except (DatabaseError, InterfaceError):
        return False


def come_to_rest(shop: Shop) -> tuple[int, int]:
    """Wait for relay and worker to finish; messages still waiting, and rows of the tally that
    differ from a recount.
    """
    deadline = time.monotonic() + SETTLE_S
    while True:
        with fresh_connection():
            left = undelivered(), tally_differences(shop.rows.session_id)
        if left == (0, 0) or time.monotonic() > deadline:
            return left
        time.sleep(0.5)


def undelivered() -> int:
    from core.models import OutboxMessage

    return OutboxMessage.objects.filter(published_at=None).count()


def tally_differences(session_id: int) -> int:
    """0 when the tally of the whole session agrees with its open orders."""
    from django.db.models import Count, Sum

    from orders.models import Order, OrderLine, SessionTally
    from orders.querysets import ORDERED_STATES

    tally = SessionTally.objects.filter(session_id=session_id, cooperative=None).first()
    if tally is None:
        return 1
    confirmed = Order.objects.filter(session_id=session_id, state__in=ORDERED_STATES)
    orders = confirmed.aggregate(n=Count("pk"), goods_vnd=Sum("goods_vnd"))
    units = OrderLine.objects.filter(order__in=confirmed).aggregate(n=Sum("quantity"))["n"]
    counted = (tally.order_count, tally.unit_count, tally.goods_vnd)
    return int(counted != (orders["n"], units or 0, orders["goods_vnd"] or 0))


def check_books(place: Place) -> str:
    """What manage.py check_books says once it agrees; the sweeper goes on releasing orders, and
    the tally follows a moment later. Raises LocalError when they keep differing.
    """
    deadline = time.monotonic() + SETTLE_S
    while True:
        try:
            return place.manage("check_books").strip().splitlines()[-1]
        except LocalError:
            if time.monotonic() > deadline:
                raise
        time.sleep(1)


# What is told


def figures_of(run: Run, shop: Shop) -> dict[str, Any]:
    recoveries = [kill.recovery_s for kill in run.kills if kill.recovery_s is not None]
    worst: dict[str, float] = {}
    for kill in run.kills:
        name = kill.targets[0] if len(kill.targets) == 1 else "two at once"
        name = name if kill.how is signal.SIGKILL else f"{name} frozen"
        took = RECOVERY_LIMIT_S if kill.recovery_s is None else kill.recovery_s
        worst[name] = round(max(worst.get(name, 0), took), 1)
    killed = [kill for kill in run.kills if kill.how is signal.SIGKILL]
    counted = Counter(target for kill in killed for target in kill.targets)
    statuses = shop.ledger.statuses
    return {
        "kills": counted.total(),
        "kills_by_process": dict(counted),
        "freezes": len(run.kills) - len(killed),
        "not_recovered": sum(kill.recovery_s is None for kill in run.kills),
        "worst_recovery_s": max(worst.values(), default=0),
        "median_recovery_s": round(statistics.median(recoveries), 1) if recoveries else None,
        "worst_recovery_s_by_process": worst,
        "worst_gap_s": round(shop.ledger.worst_gap_s, 1),
        "answers": dict(statuses),
        "faults_shown": sum(n for status, n in statuses.items() if is_fault(status)),
        "undelivered": run.undelivered,
        "tally_differences": run.tally_differences,
        "seconds": round(run.seconds, 1),
    }


def is_fault(status: str) -> bool:
    return status.startswith("5") and status != "503"


def is_sound(figures: dict[str, Any]) -> bool:
    nothing = (
        *("lost", "doubled", "phantoms", "oversold", "stranded", "unsettled"),
        *("undelivered", "tally_differences", "not_recovered", "faults_shown"),
    )
    return not any(figures[name] for name in nothing)


def lines(figures: dict[str, Any]) -> list[str]:
    return [f"{name:30} {value}" for name, value in figures.items()]


if __name__ == "__main__":
    main()
