"""A stand-in for eSMS.vn: the same address, body and answers over HTTP, and its bad days.

After developers.esms.vn, “Send OTP/Customer care message”: JSON in, JSON out, always status 200;
`CodeResult` 100 taken, 101 wrong key, 103 no balance, 104 unknown sender, 108 bad number,
124 `RequestId` seen before.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

PATH = "/MainService.svc/json/SendMultipleMessage_V4_post_json/"
API_KEY, API_SECRET, BRAND = "A1B2C3", "S3CR3T", "ChoPhien"
FAULTS = {
    "300": "Missing parameter",
    "101": "Authorize Failed",
    "104": "Brand name code is not exist",
    "108": "Phone number is not in correct format",
    "124": "Request exist 1",
}
REQUIRED = ("ApiKey", "SecretKey", "Phone", "Content", "SmsType")


@dataclass
class Gateway:
    """`sent` is what would reach a phone. `mood`: "", "slow", "silent" (it takes what is sent and never
    answers), "drip", "garbage", "500" or a
    CodeResult to answer everything with.
    """

    url: str = ""
    mood: str = ""
    asked: int = 0
    sent: list[dict[str, str]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def code_sent_to(self, phone: str) -> str:
        """The digits of the last message to `phone`, as 0912345678."""
        last = [m["Content"] for m in self.sent if m["Phone"] == phone][-1]
        found = re.search(r"\d{6}", last)
        assert found, last
        return found[0]

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.asked += 1
            if wrong := self.fault_in(body):
                return wrong
            self.seen.add(body.get("RequestId", ""))
            self.sent.append(body)
            return {"CodeResult": "100", "CountRegenerate": 0, "SMSID": f"sms-{len(self.sent)}"}

    def fault_in(self, body: dict[str, Any]) -> dict[str, Any] | None:
        if self.mood.isdigit() and self.mood != "500":
            return refusal(self.mood, "as told")
        missing = [name for name in REQUIRED if not body.get(name)]
        faults = {
            "300": bool(missing),
            "101": (body.get("ApiKey"), body.get("SecretKey")) != (API_KEY, API_SECRET),
            "104": body.get("SmsType") == "2" and body.get("Brandname") != BRAND,
            "108": not re.fullmatch(r"0\d{9}", str(body.get("Phone"))),
            "124": body.get("RequestId") in self.seen,
        }
        return next((refusal(code, FAULTS[code]) for code, is_so in faults.items() if is_so), None)


def refusal(code: str, words: str) -> dict[str, Any]:
    return {"CodeResult": code, "CountRegenerate": 0, "ErrorMessage": words}


class Handler(BaseHTTPRequestHandler):
    gateway: ClassVar[Gateway]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mood = self.gateway.mood
        if self.path != PATH or mood == "500":
            self.send_error(404 if self.path != PATH else 500)
            return
        if mood == "silent":
            with self.gateway.lock:
                self.gateway.asked += 1
            self.connection.settimeout(60)
            self.rfile.read(1)  # until the caller goes away
            self.close_connection = True
            return
        if mood == "slow":
            time.sleep(3)
        answer = json.dumps(self.gateway.answer(json.loads(body))).encode()
        if mood == "garbage":
            answer = b"<html>maintenance</html>"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if mood == "drip":
            for byte in answer:
                self.wfile.write(bytes([byte]))
                time.sleep(0.1)
            return
        self.wfile.write(answer)

    def log_message(self, *_args: Any) -> None:
        """Quiet."""

    def handle(self) -> None:
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the caller lost patience, as it should


@contextmanager
def running_gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    handler = type("Bound", (Handler,), {"gateway": gateway})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    gateway.url = f"http://127.0.0.1:{server.server_port}{PATH}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def gateway_for(settings: Any) -> Iterator[Gateway]:
    """A gateway, up and with a balance, that the settings of a test name."""
    with running_gateway() as gateway:
        settings.SMS_API_URL = gateway.url
        settings.SMS_API_KEY = API_KEY
        settings.SMS_API_SECRET = API_SECRET
        settings.SMS_BRAND_NAME = BRAND
        settings.SMS_TIMEOUT_S = 1
        yield gateway
