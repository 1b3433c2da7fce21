"""Whether a busy platform stays up: photos arrive all at once, hundreds read slowly, buyers rush.

The platform runs under its own supervisor (`manage.py up`), which would replace what it holds for
dead. Photos are sent as the page's script sends them: one at a time, again after a pause until they
are answered, each with its own key. `--json` prints one JSON object last.
"""

import argparse
import asyncio
import contextlib
import http.client
import io
import json
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

from bench.board import say
from bench.ground import Place, supervised_ground, tell
from bench.load import Outcome, press
from bench.rows import SessionRows, make_session
from bench.rush import form

BUYERS, OFFERS = 32, 30
PHOTOS, OF_ONE_PERSON = 24, 4
PHOTO_BYTES = 4_800_000
READERS = 600
READ_PATHS = ("/san-pham/", "/")
SIP_BYTES, SIP_S = 256, 0.5  # what a slow reader takes, and how often
SEND_TIMEOUT_S, GIVE_UP_S = 90, 300
RETRY_S = 4.0
FINAL = {400, 404, 410, 413, 422}
HEALTH_EVERY_S = 0.25
TOKEN = "a" * 32


@dataclass(frozen=True)
class Sender:
    """A signed-in member and the product that gets their photos."""

    session: str
    path: str


def main() -> None:
    asked = arguments()
    if asked.readers_of:
        read_slowly(asked.readers_of, asked.readers)
        return
    with supervised_ground() as place:
        place.django()
        figures = measure(place, asked)
    tell(figures, as_json=asked.json)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--readers", type=int, default=READERS)
    parser.add_argument("--buyers", type=int, default=BUYERS)
    parser.add_argument("--seconds", type=float, default=20, help="length of each rush of buyers")
    parser.add_argument("--readers-of", type=int, default=0, help=argparse.SUPPRESS)  # a port
    return parser.parse_args()


def measure(place: Place, asked: argparse.Namespace) -> dict[str, Any]:
    rows = make_session(offers=OFFERS)
    senders = make_senders(rows, asked.photos)
    photo = phone_photo()
    order = form(rows, rows.offer_ids)
    say("warm")
    rush(place, order, asked.buyers, 3)
    say("a rush of buyers alone")
    alone = rush(place, order, asked.buyers, asked.seconds)
    say(f"the same, with {asked.photos} photos and {asked.readers} slow readers")
    health, uploads = Health(place.port), Uploads(place.port, photo)
    with readers(place.port, asked.readers) as crowd, health:
        uploads.begin(senders)
        busy = rush(place, order, asked.buyers, asked.seconds)
        say("the rest of the photos")
        uploads.finish()
        answered = crowd.answered()
    return {
        "orders": len(busy.latencies_s),
        "orders_p50_ms": busy.percentile_ms(0.5),
        "orders_p99_ms": busy.percentile_ms(0.99),
        "orders_p99_ms_alone": alone.percentile_ms(0.99),
        "order_errors": busy.lost + busy.statuses.total() - busy.count(201, 303),
        "uploads_sent": len(senders),
        "uploads_done": kept_photos(senders),
        "uploads_refused": uploads.outcomes["refused"],
        "uploads_sent_again": uploads.again,
        "uploads_s": round(uploads.ended_at - uploads.began_at, 1),
        "readers": asked.readers,
        "readers_answered": answered,
        "health_max_ms": health.slowest_ms,
        "health_unanswered": health.unanswered,
        "restarts": restarts(place),
    }


def rush(place: Place, order: Any, buyers: int, seconds: float) -> Outcome:
    return asyncio.run(press(place.port, order, buyers=buyers, seconds=seconds))


def restarts(place: Place) -> int:
    """How often the supervisor found something dead or silent."""
    words = place.words()
    return words.count("ended unexpectedly") + words.count("no longer answers")


# Photos


def make_senders(rows: SessionRows, photos: int) -> list[Sender]:
    """One for each photo: members with a product each, OF_ONE_PERSON photos apiece."""
    from django.conf import settings
    from django.test import Client

    from accounts.models import User
    from accounts.sessions import BACKEND
    from coops.models import Cooperative, Membership
    from products.models import Category, Product

    coop = Cooperative.objects.get(pk=rows.cooperative_ids[0])
    senders: list[Sender] = []
    for number in range(-(-photos // OF_ONE_PERSON)):
        user = User.objects.create(
            phone=f"+8497{number:07d}", display_name=f"Thành viên {number + 1}"
        )
        Membership.objects.create(user=user, cooperative=coop, role=Membership.Role.MANAGER)
        product = Product.objects.create(
            cooperative=coop,
            name=f"Mật ong bạc hà {number + 1}",
            slug=f"mat-ong-bac-ha-{number + 1}",
            category=Category.TEA,
        )
        client = Client()
        client.force_login(user, backend=BACKEND)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        senders += [Sender(session, add_photos_path(product.pk))] * OF_ONE_PERSON
    return senders[:photos]


def add_photos_path(product_id: int) -> str:
    from django.urls import reverse

    return reverse("add-photos", args=[product_id])


def kept_photos(senders: Sequence[Sender]) -> int:
    """What the database holds, whatever was answered."""
    from products.models import ProductPhoto

    names = {sender.path for sender in senders}
    products = ProductPhoto.objects.values_list("product_id", flat=True)
    return sum(add_photos_path(product_id) in names for product_id in products)


def phone_photo() -> bytes:
    """Twelve megapixels as a phone keeps them: a JPEG of PHOTO_BYTES."""
    from PIL import Image

    draw = random.Random(4)
    small = Image.frombytes("RGB", (1000, 750), draw.randbytes(1000 * 750 * 3))
    photo = small.resize((4000, 3000), Image.Resampling.BICUBIC)
    best = b""
    for quality in range(30, 96, 5):
        out = io.BytesIO()
        photo.save(out, "JPEG", quality=quality)
        if len(out.getvalue()) > PHOTO_BYTES:
            break
        best = out.getvalue()
    return best + bytes(PHOTO_BYTES - len(best))  # what stands behind its end is not read


class Uploads:
    """Photos on their way, each in a thread of its own until it is answered for good."""

    def __init__(self, port: int, photo: bytes) -> None:
        self.port, self.photo = port, photo
        self.outcomes: Counter[str] = Counter()
        self.again = 0
        self.began_at = self.ended_at = 0.0

    def begin(self, senders: Sequence[Sender]) -> None:
        self.began_at = time.monotonic()
        self.pool = ThreadPoolExecutor(max(1, len(senders)))
        self.sending = [self.pool.submit(self.send, sender) for sender in senders]

    def finish(self) -> None:
        for one in self.sending:
            self.outcomes[one.result()] += 1
        self.pool.shutdown()
        self.ended_at = time.monotonic()

    def send(self, sender: Sender) -> str:
        key, until = secrets.token_hex(16), time.monotonic() + GIVE_UP_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, pause_s = self.send_once(sender, key)
                if status < 300:
                    return "kept"
                if status in FINAL:
                    return "refused"
                time.sleep(pause_s)
                self.again += 1
                continue
            time.sleep(RETRY_S)
            self.again += 1
        return "given up"

    def send_once(self, sender: Sender, key: str) -> tuple[int, float]:
        """Status, and after how many seconds to send it again."""
        mark = "chophien"
        part = (
            f'--{mark}\r\nContent-Disposition: form-data; name="photos"; filename="anh.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        )
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SEND_TIMEOUT_S)
        try:
            headers = {
                "Host": f"localhost:{self.port}",
                "Accept": "application/json",
                "Content-Type": f"multipart/form-data; boundary={mark}",
                "Cookie": f"phien={sender.session}; csrf={TOKEN}",
                "X-CSRFToken": TOKEN,
                "Idempotency-Key": key,
            }
            body = part.encode() + self.photo + f"\r\n--{mark}--\r\n".encode()
            line.request("POST", sender.path, body, headers)
            answer = line.getresponse()
            answer.read()
            return answer.status, float(answer.headers.get("Retry-After", RETRY_S))
        finally:
            line.close()


# Health


class Health(contextlib.AbstractContextManager["Health"]):
    """Asks /healthz again and again meanwhile."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.slowest_ms = 0.0
        self.unanswered = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_fault: object) -> None:
        self.over.set()
        self.thread.join()

    def watch(self) -> None:
        while not self.over.wait(HEALTH_EVERY_S):
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            began = time.monotonic()
            try:
                line.request("GET", "/healthz")
                self.unanswered += line.getresponse().status != http.HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
            finally:
                line.close()
            self.slowest_ms = max(self.slowest_ms, round((time.monotonic() - began) * 1000, 1))


# Slow readers, in a process of their own


class Readers:
    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self.program = program

    def answered(self) -> int:
        """How many have been answered with a page so far."""
        assert self.program.stdin is not None  # noqa: S101
        assert self.program.stdout is not None  # noqa: S101
        self.program.stdin.write("count\n")
        self.program.stdin.flush()
        found: int = json.loads(self.program.stdout.readline())
        return found


@contextlib.contextmanager
def readers(port: int, count: int) -> Any:
    """Slow readers, all of them connected."""
    words = ["--readers-of", str(port), "--readers", str(count)]
    program = subprocess.Popen(
        [sys.executable, "-m", "bench.uploads", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None  # noqa: S101
        if program.stdout.readline() != "ready\n":
            msg = "the slow readers' program ended"
            raise RuntimeError(msg)
        yield Readers(program)
    finally:
        program.kill()
        program.communicate()


def read_slowly(port: int, count: int) -> None:
    """Connect, ask for a page, take a sip now and then, and ask again when all of it is read."""
    lines = [slow_line(port) for _ in range(count)]
    seen: set[int] = set()
    print("ready", flush=True)
    for number, line in enumerate(lines):
        ask(line, number)
    os.set_blocking(sys.stdin.fileno(), False)
    while True:
        for number, line in enumerate(lines):
            with contextlib.suppress(BlockingIOError):
                try:
                    sip = line.recv(SIP_BYTES)
                except ConnectionError:
                    sip = b""
                if sip.startswith(b"HTTP/1.1 200"):
                    seen.add(number)
                if not sip:
                    line.close()
                    lines[number] = slow_line(port)
                    ask(lines[number], number)
        time.sleep(SIP_S)
        with contextlib.suppress(BlockingIOError):
            if os.read(sys.stdin.fileno(), 100):
                print(json.dumps(len(seen)), flush=True)


def slow_line(port: int) -> socket.socket:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", port))
    line.setblocking(False)
    return line


def ask(line: socket.socket, number: int) -> None:
    path = READ_PATHS[number % len(READ_PATHS)]
    line.send(f"GET {path} HTTP/1.1\r\nHost: localhost:{line.getpeername()[1]}\r\n\r\n".encode())


if __name__ == "__main__":
    main()
