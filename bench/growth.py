"""What grows with the past: every page that shows rows, and every periodic task, small and large.

Two platforms of their own stand side by side, loaded by load_scale: one of a demonstration's size
and one with years behind it. Each page is read in process as the big co-op's manager, the
province's staff or a guest would read it, on both by turns, so that a machine that is slower for a
minute is slower for both: the median of several, how many queries, how many bytes.
"""

import argparse
import contextlib
import http
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench import prepared
from bench.ground import Place, bare_ground, tell
from core import catalogue
from core.local.paths import BASE_DIR

SMALL = 3_000  # orders, as in a demonstration
TIMES = 7
WARM = 2
LIMIT_PAGE_MS, LIMIT_TASK_MS = 300, 5000


def main() -> None:
    asked = arguments()
    if asked.serve:
        serve()
        return
    with platform_of(asked.small) as small, platform_of(asked.orders) as large:
        figures = beside(small, large)
    if asked.json:
        tell(figures, as_json=True)
        return
    show(figures)


class Reader:
    """A process that reads pages of one platform, told what by lines of JSON."""

    def __init__(self, place: Place) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "bench.growth", "--serve"],
            env=place.env,
            cwd=BASE_DIR,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.facts: dict[str, Any] = {}

    def ask(self, **question: Any) -> Any:
        print(json.dumps(question), file=self.child.stdin, flush=True)
        for line in self.child.stdout:
            if line.startswith("{"):
                return json.loads(line)["found"]
        msg = f"the reader ended at {question}"
        raise RuntimeError(msg)

    def end(self) -> None:
        self.child.communicate()


@contextlib.contextmanager
def platform_of(orders: int) -> Iterator[Reader]:
    """A platform with so many orders and its reader; nothing of it is left."""
    with bare_ground(None) as place:
        catalogue.compile_if_older(BASE_DIR)
        prepared.start(place.postgres, place.env)
        place.broker.start()
        place.manage("collectstatic", "--noinput", "-v0")
        facts = {
            "orders": orders,
            "load_s": seconds_of(lambda: place.manage("load_scale", "--orders", str(orders))),
            "check_books_s": seconds_of(lambda: place.manage("check_books")),
        }
        reader = Reader(place)
        reader.facts = facts
        try:
            yield reader
        finally:
            reader.end()


def seconds_of(do: Callable[[], object]) -> float:
    begun = time.monotonic()
    do()
    return round(time.monotonic() - begun, 1)


def beside(small: Reader, large: Reader) -> dict[str, Any]:
    is_there = set(small.ask(do="names"))
    routes = {
        name: read_by_turns(small, large, name)
        for name in large.ask(do="names")
        if name in is_there
    }
    in_small, in_large = small.ask(do="tasks"), large.ask(do="tasks")
    tasks = {name: {"ms": ms, "ms_small": in_small[name]} for name, ms in in_large.items()}
    return {"routes": routes, "tasks": tasks, **large.facts}


def read_by_turns(small: Reader, large: Reader, name: str) -> dict[str, Any]:
    readers = {"": large, "_small": small}
    seen = {end: reader.ask(do="look", name=name) for end, reader in readers.items()}
    times: dict[str, list[float]] = {end: [] for end in readers}
    for _ in range(TIMES):
        for end, reader in readers.items():
            times[end].append(reader.ask(do="read", name=name))
    ms = {end: statistics.median(found) for end, found in times.items()}
    figures = {f"ms{end}": round(median, 1) for end, median in ms.items()}
    for what in ("queries", "bytes"):
        figures |= {f"{what}{end}": seen[end][what] for end in readers}
    return {**figures, "ratio": round(ms[""] / max(ms["_small"], 0.1), 2)}


def show(figures: dict[str, Any]) -> None:
    print(f"{'page':44} {'ms':>8} {'small':>8} {'ratio':>6} {'queries':>8} {'small':>6} {'kB':>8}")
    for name, row in figures["routes"].items():
        over = " !" if row["ms"] > LIMIT_PAGE_MS else ""
        print(
            f"{name:44} {row['ms']:8.1f} {row['ms_small']:8.1f} {row['ratio']:6.2f}"
            f" {row['queries']:8} {row['queries_small']:6}"
            f" {row['bytes'] / 1000:8.1f} {row['bytes_small'] / 1000:6.1f}{over}"
        )
    for name, row in figures["tasks"].items():
        over = " !" if row["ms"] > LIMIT_TASK_MS else ""
        print(f"{name:44} {row['ms']:8.1f} {row['ms_small']:8.1f}{over}")
    for name in ("orders", "load_s", "check_books_s"):
        print(f"{name:44} {figures[name]:8}")


# In a process of its own, on the platform of the environment


def serve() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from bench.growth_routes import people, routes

    who, paths = people(), routes()
    for line in sys.stdin:
        asked = json.loads(line)
        reader, path = paths.get(asked.get("name"), ("guest", ""))
        match asked["do"]:
            case "names":
                found: Any = list(paths)
            case "tasks":
                found = run_tasks()
            case "look":
                found = look(who[reader], path)
            case "read":
                found = read(who[reader], path)[0]
        print(json.dumps({"found": found}), flush=True)


def look(client: Any, path: str) -> dict[str, int]:
    """Read a page until it is warm; how many queries and bytes it takes then."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for _ in range(WARM):
        read(client, path)
    with CaptureQueriesContext(connection) as queries:
        _ms, size = read(client, path)
    return {"queries": len(queries), "bytes": size}


def read(client: Any, path: str) -> tuple[float, int]:
    """Milliseconds and bytes of one page."""
    begun = time.perf_counter()
    answer = client.get(path, follow=True)
    whole = b"".join(answer.streaming_content) if answer.streaming else answer.content
    spent = (time.perf_counter() - begun) * 1000
    if answer.status_code != http.HTTPStatus.OK:
        msg = f"{path}: {answer.status_code}"
        raise RuntimeError(msg)
    return spent, len(whole)


def run_tasks() -> dict[str, float]:
    """Each task of the clock twice; the longer of the two, in milliseconds."""
    from django.conf import settings

    from config.celery import app

    app.loader.import_default_modules()
    names = sorted({entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()})
    return {name: max(spent(app.tasks[name].run) for _ in range(2)) for name in names}


def spent(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return round((time.perf_counter() - begun) * 1000, 1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=500_000)
    parser.add_argument("--small", type=int, default=SMALL)
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--serve", action="store_true", help="read the environment's platform as told on stdin"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
