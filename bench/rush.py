"""How fast orders for one hot offer are taken, beside what the database alone could do.

One run, one server, one durability: the reference transaction in pgbench, the service without
HTTP, and the whole door (page form and API) with web, relay, worker and beat as ./run starts them.
The client shares the machine. `python -m bench.rush --json` prints one JSON object last.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import secrets
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.ground import Place, ground, tell
from bench.load import Outcome, press
from bench.rows import FEE_VND, PRICE_VND, SessionRows, make_session
from core.local.postgres import programs

REFERENCE = Path(__file__).parent / "reference"
BUYERS = 32
FEW_BUYERS = 8
SPREAD = 50
SERVICE_PROCESSES = 2
SERVICE_THREADS = 2  # with the processes: four connections keep a hot row busy, more only wait
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
LAST_UNITS = 1_000


def main() -> None:
    asked = arguments()
    with ground() as place:
        place.django()
        figures = measure(place, asked.seconds, asked.attempts)
    tell(figures, as_json=asked.json)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=8, help="length of each measurement")
    parser.add_argument("--attempts", type=int, default=3_000, help="on the last 1,000 units")
    return parser.parse_args()


def measure(place: Place, seconds: float, attempts: int) -> dict[str, Any]:
    rows = make_session(offers=SPREAD, is_simulated=False)
    hot, spread = rows.offer_ids[:1], rows.offer_ids
    say("reference, before")
    psql(place, REFERENCE / "tables.sql")
    references = {name: [pgbench(place, name, seconds)] for name in ("hot", "spread")}
    say("service")
    service = {
        name: served(place, rows, ids, seconds) for name, ids in (("hot", hot), ("spread", spread))
    }
    doors: dict[str, Outcome] = {}
    cpu_s: dict[str, Counter[str]] = {}
    for name, door, ids, buyers in (
        ("warm", form, spread, FEW_BUYERS),
        ("form", form, hot, BUYERS),
        ("form_c8", form, hot, FEW_BUYERS),
        ("form_spread", form, spread, BUYERS),
        ("api", api, hot, BUYERS),
        ("api_c8", api, hot, FEW_BUYERS),
    ):
        settle(place)
        say(f"door: {name}")
        used_s = cpu_seconds(place)
        doors[name] = asyncio.run(
            press(place.port, door(rows, ids), buyers=buyers, seconds=seconds)
        )
        cpu_s[name] = cpu_seconds(place) - used_s
    settle(place)
    say("reference, after")
    for name, found in references.items():
        found.append(pgbench(place, name, seconds))
    last = last_units(place, attempts)
    return report(references, service, doors, cpu_s, last)


def report(
    references: dict[str, list[float]],
    service: dict[str, float],
    doors: dict[str, Outcome],
    cpu_s: dict[str, Counter[str]],
    last: dict[str, int],
) -> dict[str, Any]:
    ms_each = 1000 / max(1, accepted(doors["form"]))
    reference = {name: statistics.mean(found) for name, found in references.items()}
    rate = {name: accepted(outcome) / outcome.seconds for name, outcome in doors.items()}
    errors = sum(
        outcome.lost + outcome.statuses.total() - accepted(outcome) for outcome in doors.values()
    )
    return {
        "orders_per_s_hot": round(rate["form"]),
        "orders_per_s_hot_api": round(rate["api"]),
        "orders_per_s_spread": round(rate["form_spread"]),
        "orders_per_s_hot_c8": round(rate["form_c8"]),
        "orders_per_s_hot_c8_api": round(rate["api_c8"]),
        "p50_ms": doors["form"].percentile_ms(0.5),
        "p99_ms": doors["form"].percentile_ms(0.99),
        "p50_ms_api": doors["api"].percentile_ms(0.5),
        "p99_ms_api": doors["api"].percentile_ms(0.99),
        "pgbench_hot_tps": round(reference["hot"]),
        "pgbench_hot_tps_runs": [round(tps) for tps in references["hot"]],
        "pgbench_spread_tps": round(reference["spread"]),
        "service_hot_tps": round(service["hot"]),
        "service_spread_tps": round(service["spread"]),
        "service_share_of_pgbench": share(service["hot"], reference["hot"]),
        "http_share_of_pgbench": share(rate["form"], reference["hot"]),
        "http_share_of_pgbench_api": share(rate["api"], reference["hot"]),
        "c32_share_of_c8": share(rate["form"], rate["form_c8"]),
        "server_cpu_ms_per_order": round(cpu_s["form"].total() * ms_each, 2),
        "server_cpu_ms_by_program": {
            name: round(seconds * ms_each, 2) for name, seconds in cpu_s["form"].most_common()
        },
        **last,
        "errors": errors + last["errors"],
    }


def accepted(outcome: Outcome) -> int:
    return outcome.count(201, 303)


def share(part: float, whole: float) -> float:
    return round(part / whole, 3)


def say(words: str) -> None:
    print(f"… {words}", file=sys.stderr, flush=True)


# What buyers send


def form(rows: SessionRows, offer_ids: list[int]) -> Callable[[], bytes]:
    """Orders as the page's script sends the form."""
    path = f"/phien/{rows.session_id}/dat/"
    draw = random.Random()  # a network has so many units free, whichever door
    of_all = urlencode({
        "buyer_name": "Giàng A Sử",
        "address_line": "Bản Tà Chơ, nhà 12",
        "note": "",
        "payment_method": "cod",
    })  # fmt: skip

    def request() -> bytes:
        offer = draw.choice(offer_ids)
        body = (
            f"{of_all}&buyer_phone={phone(draw)}&commune={draw.choice(rows.commune_codes)}"
            f"&idempotency_key={secrets.token_hex(16)}"
            f"&quantity_{offer}=1&price_{offer}={PRICE_VND}&fee={FEE_VND}"
        )
        kind = "application/x-www-form-urlencoded"
        return post(path, body.encode(), kind, f"Accept: application/json\r\n{client(draw)}")

    return request


def api(rows: SessionRows, offer_ids: list[int]) -> Callable[[], bytes]:
    draw = random.Random()

    def request() -> bytes:
        order = {
            "session": rows.session_id,
            "lines": [{"offer": draw.choice(offer_ids), "quantity": 1}],
            "name": "Giàng A Sử",
            "phone": phone(draw),
            "commune": draw.choice(rows.commune_codes),
            "address_line": "Bản Tà Chơ, nhà 12",
            "payment_method": "cod",
            "expected_total_vnd": PRICE_VND + FEE_VND,
        }
        key = f"Idempotency-Key: {secrets.token_hex(16)}\r\n{client(draw)}"
        return post("/api/orders/", json.dumps(order).encode(), "application/json", key)

    return request


def client(draw: random.Random) -> str:
    """A buyer at home, as the proxy names one: each network has a few units free for strangers."""
    at = f"{draw.randrange(11, 120)}.{draw.randrange(256)}.{draw.randrange(256)}"
    return f"X-Forwarded-For: {at}.{draw.randrange(1, 255)}\r\n"


def phone(draw: random.Random) -> str:
    return f"{draw.choice(('090', '091', '097', '098'))}{draw.randrange(10**7):07d}"


def post(path: str, body: bytes, kind: str, more: str = "") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{more}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


# What is measured beside the door


def psql(place: Place, script: Path) -> None:
    run_client(place, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script))


def pgbench(place: Place, name: str, seconds: float) -> float:
    """Transactions a second of the reference with 32 clients."""
    words = run_client(
        place, "pgbench", "-n", "-c", str(BUYERS), "-j", "2", "-T", str(round(seconds)),
        "-f", str(REFERENCE / f"{name}.sql"),
    )  # fmt: skip
    found = re.search(r"tps = ([\d.]+)", words)
    if found is None:
        msg = f"pgbench gave no figure: {words}"
        raise RuntimeError(msg)
    return float(found[1])


def run_client(place: Place, name: str, *words: str) -> str:
    done = subprocess.run(
        [programs() / name, *words, place.env["DATABASE_URL"]],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


def served(place: Place, rows: SessionRows, offer_ids: list[int], seconds: float) -> float:
    """Orders a second through the service, with as many connections as the web may use."""
    settle(place)
    command = [
        sys.executable, "-m", "bench.service", "--session", str(rows.session_id),
        "--communes", *rows.commune_codes, "--threads", str(SERVICE_THREADS),
        "--seconds", str(seconds), "--offers", *map(str, offer_ids),
    ]  # fmt: skip
    env = {**place.env, "DJANGO_SETTINGS_MODULE": "config.settings"}
    running = [
        subprocess.Popen(
            [*command, "--seed", str(number)], env=env, stdout=subprocess.PIPE, text=True
        )
        for number in range(SERVICE_PROCESSES)
    ]
    answers = [json.loads(process.communicate()[0]) for process in running]
    return sum(answer["orders"] / answer["seconds"] for answer in answers)


def last_units(place: Place, attempts: int) -> dict[str, int]:
    """Many more buyers than units; counts what they were told and what the database holds."""
    from livestreams.models import Offer
    from orders.models import OrderLine

    say("the last units")
    rows = make_session(offers=1, units=LAST_UNITS, cooperatives=1, is_simulated=False)
    requests = form(rows, rows.offer_ids)
    numbers = itertools.count()
    outcome = asyncio.run(
        press(place.port, lambda: requests() if next(numbers) < attempts else None, buyers=BUYERS)
    )
    offer = Offer.objects.get(pk=rows.offer_ids[0])
    sold = sum(OrderLine.objects.filter(offer=offer).values_list("quantity", flat=True))
    refused = outcome.count(409)
    return {
        "attempts": attempts,
        "accepted": accepted(outcome),
        "refused": refused,
        "oversold": max(0, sold - LAST_UNITS, offer.quantity_claimed - LAST_UNITS),
        "stranded": max(0, min(LAST_UNITS, attempts) - sold) + abs(offer.quantity_claimed - sold),
        "errors": attempts - accepted(outcome) - refused,
    }


def settle(place: Place) -> None:
    """Wait until the relay has handed on what the last measurement left."""
    from core.models import OutboxMessage

    deadline = time.monotonic() + 120
    while OutboxMessage.objects.filter(published_at=None).exists():
        if time.monotonic() > deadline:
            msg = f"the outbox does not empty: {place.words()[-2000:]}"
            raise TimeoutError(msg)
        time.sleep(0.2)
    time.sleep(0.5)


def cpu_seconds(place: Place) -> Counter[str]:
    """Processor time the platform's processes have used so far, by program."""
    roots = {program.pid: name for name, program in place.children.items()}
    for name, server in (("database", place.postgres), ("broker", place.broker)):
        if server.child is not None:
            roots[server.child.process.pid] = name
    parents: dict[int, int] = {}
    used_s: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if folder.name.isdigit():
            parents[int(folder.name)] = int(fields[1])
            # With that of children that have ended: servers of connections come and go
            used_s[int(folder.name)] = sum(int(fields[n]) for n in (11, 12, 13, 14)) * TICK_S
    total: Counter[str] = Counter()
    for pid, seconds in used_s.items():
        above = pid
        while above not in roots and above in parents:
            above = parents[above]
        if above in roots:
            total[roots[above]] += seconds
    return total


if __name__ == "__main__":
    main()
