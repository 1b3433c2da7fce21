"""What grows with the past: every page that shows rows, and every periodic task, small and large.

Two platforms of their own are loaded by load_scale, one of a demonstration's size and one with
years behind it. Each page is read in process as the big co-op's manager, the province's staff or a
guest would read it: the median of several, and how many queries.
"""

import argparse
import http
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.ground import Place, bare_ground, tell
from core import catalogue
from core.local.paths import BASE_DIR

SMALL = 3_000  # orders, as in a demonstration
TIMES = 5
WARM = 2
LIMIT_PAGE_MS, LIMIT_TASK_MS = 300, 5000


def main() -> None:
    asked = arguments()
    if asked.measure:
        print(json.dumps(measure()))
        return
    found = {name: of_size(n) for name, n in (("small", asked.small), ("large", asked.orders))}
    figures = beside(found["small"], found["large"])
    if asked.json:
        tell(figures, as_json=True)
        return
    show(figures)


def of_size(orders: int) -> dict[str, Any]:
    """What one platform with so many orders costs to read; nothing of it is left."""
    with bare_ground(None) as place:
        place.postgres.start()
        place.broker.start()
        catalogue.compile_if_older(BASE_DIR)
        place.manage("migrate", "--noinput", "-v0")
        place.manage("load_places")
        place.manage("collectstatic", "--noinput", "-v0")
        began_at = time.monotonic()
        place.manage("load_scale", "--orders", str(orders))
        loaded_s = round(time.monotonic() - began_at, 1)
        begun = time.monotonic()
        place.manage("check_books")
        return {
            **measured(place),
            "load_s": loaded_s,
            "check_books_s": round(time.monotonic() - begun, 1),
        }


def measured(place: Place) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.growth", "--measure"]
    done = subprocess.run(
        command, env=place.env, cwd=BASE_DIR, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def beside(small: dict[str, Any], large: dict[str, Any]) -> dict[str, Any]:
    routes = {
        name: {
            "ms": ms,
            "ms_small": small["routes"][name]["ms"],
            "queries": row["queries"],
            "queries_small": small["routes"][name]["queries"],
            "ratio": round(ms / max(small["routes"][name]["ms"], 0.1), 2),
        }
        for name, row in large["routes"].items()
        for ms in [row["ms"]]
    }
    tasks = {
        name: {"ms": ms, "ms_small": small["tasks"][name]} for name, ms in large["tasks"].items()
    }
    rest = {key: large[key] for key in ("orders", "load_s", "check_books_s")}
    return {"routes": routes, "tasks": tasks, **rest}


def show(figures: dict[str, Any]) -> None:
    print(f"{'page':44} {'ms':>8} {'small':>8} {'ratio':>6} {'queries':>8} {'small':>6}")
    for name, row in figures["routes"].items():
        over = " !" if row["ms"] > LIMIT_PAGE_MS else ""
        print(
            f"{name:44} {row['ms']:8.1f} {row['ms_small']:8.1f} {row['ratio']:6.2f}"
            f" {row['queries']:8} {row['queries_small']:6}{over}"
        )
    for name, row in figures["tasks"].items():
        over = " !" if row["ms"] > LIMIT_TASK_MS else ""
        print(f"{name:44} {row['ms']:8.1f} {row['ms_small']:8.1f}{over}")
    for name in ("orders", "load_s", "check_books_s"):
        print(f"{name:44} {figures[name]:8}")


# In a process of its own, on the platform of the environment


def measure() -> dict[str, Any]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from bench.growth_routes import people, routes
    from orders.models import Order

    who = people()
    found = {}
    for name, (reader, path) in routes().items():
        found[name] = read(who[reader], path)
    return {"routes": found, "tasks": run_tasks(), "orders": Order.objects.count()}


def read(client: Any, path: str) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def once() -> float:
        begun = time.perf_counter()
        answer = client.get(path, follow=True)
        b"".join(answer.streaming_content) if answer.streaming else answer.content
        spent = (time.perf_counter() - begun) * 1000
        if answer.status_code != http.HTTPStatus.OK:
            msg = f"{path}: {answer.status_code}"
            raise RuntimeError(msg)
        return spent

    for _ in range(WARM):
        once()
    times = [once() for _ in range(TIMES)]
    with CaptureQueriesContext(connection) as queries:
        once()
    return {"ms": round(statistics.median(times), 1), "queries": len(queries)}


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
        "--measure", action="store_true", help="read the platform of the environment only"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
