"""What the tests of nginx work on: a live session behind a real nginx, and how to ask it."""

import contextlib
import json
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from bench.ground import Place
from bench.nginx import Front
from core.local.paths import BASE_DIR
from core.local.process import run

MAKE = """
from bench.rows import make_session
from core.live_grants import grant
import json
rows = make_session(offers=30, cooperatives=2)
quiet = make_session(offers=2, cooperatives=1)
print(json.dumps([rows.session_id, rows.offer_ids, quiet.session_id,
                  grant(f"session:{rows.session_id}")]))
"""


@dataclass
class Market:
    """What is served: a session with thirty offers, one in which nothing happens, a console."""

    place: Place
    front: Front
    session_id: int
    offer_ids: list[int]
    quiet_id: int
    grant: str

    @property
    def board_url(self) -> str:
        return f"{self.front.url}/live/board/{self.session_id}"

    def take(self, offer: int, units: int) -> None:
        """What an order does to a board: units claimed, and word of it in the outbox."""
        with psycopg2.connect(self.place.env["DATABASE_URL"]) as line, line.cursor() as cursor:
            cursor.execute(
                "UPDATE livestreams_offer SET quantity_claimed = quantity_claimed + %s"
                " WHERE id = %s",
                [units, offer],
            )
            cursor.execute(
                "INSERT INTO core_outboxmessage (topic, feed, payload, created_at)"
                " VALUES ('tests.units.taken', %s, %s, clock_timestamp())",
                [f"session:{self.session_id}", json.dumps({"units": units})],
            )
        line.close()


def made_by(place: Place) -> str:
    """What MAKE prints, run as a program of the platform."""
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", MAKE]
    return run(command, env=place.env, cwd=BASE_DIR)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="nginx-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    asked = urllib.request.Request(
        url, headers={n.replace("_", "-"): v for n, v in headers.items()}
    )
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, {k.lower(): v for k, v in refusal.headers.items()}, refusal.read()
