"""A small WSGI application behind the bridge, in lanes of a few threads: what test_bridge talks to."""

import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django

django.setup()

from django.db import connection  # noqa: E402 - settings first

from config.bridge import Bridge  # noqa: E402
from config.health import show_health  # noqa: E402
from config.lanes import Lane  # noqa: E402

SHOWN = (
    "REQUEST_METHOD",
    "PATH_INFO",
    "QUERY_STRING",
    "REMOTE_ADDR",
    "HTTP_COOKIE",
    "HTTP_X_SEEN",
    "CONTENT_LENGTH",
)
PIECES, PIECE = 40, b"x" * 100_000
SLOW_STATEMENT = "SELECT pg_sleep(20) /* too slow */"
LATE = {"began": 0, "went on": 0}


def pages(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/fail":
        raise RuntimeError(path)
    if path == "/empty":
        start_response("204 No Content", [])
        return []
    start_response("200 OK", [("content-type", "text/plain"), ("x-path", "seen")])
    if path == "/big":
        return (PIECE for _ in range(PIECES))
    if path == "/slow":
        time.sleep(0.4)
    if path.startswith("/held"):
        hold_until_there(Path(environ["QUERY_STRING"]))
    if path == "/too-slow":
        LATE["began"] += 1
        with connection.cursor() as cursor:
            cursor.execute(SLOW_STATEMENT)
            cursor.execute("SELECT 1")
            LATE["went on"] += 1
    if path == "/late":
        return [json.dumps(LATE).encode()]
    body = environ["wsgi.input"].read()
    digest = hashlib.sha256(body).hexdigest()
    told = {name: environ.get(name) for name in SHOWN}
    return [json.dumps({**told, "length": len(body), "digest": digest}).encode()]


def hold_until_there(gate: Path) -> None:
    """Until the test opens the gate, however slow the machine is."""
    (gate.parent / "begun").touch()
    deadline = time.monotonic() + 20
    while not gate.exists() and time.monotonic() < deadline:
        time.sleep(0.01)


patient = Lane("patient", threads=1, waiting=2, longest_wait_s=20, longest_answer_s=20)
lane = Lane("tests", threads=1, waiting=2, longest_wait_s=0.6, longest_answer_s=5)
hasty = Lane("hasty", threads=1, waiting=2, longest_wait_s=2, longest_answer_s=0.5)
uploads = Lane("uploads", threads=1, waiting=2, longest_wait_s=2, longest_answer_s=5)
LANES = {"/held/patiently": patient, "/too-slow": hasty}
bridge = Bridge(pages, for_files=uploads)


class Application:
    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        if scope.path == "/healthz":
            show_health(scope, proto)
        else:
            await bridge(scope, proto, LANES.get(scope.path, lane))


application = Application()
