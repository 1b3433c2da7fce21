"""A buyer who sends bytes and keeps what came back, by page and by API."""

import json
import secrets
import socket
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlencode

from livestreams.models import Offer

URLENCODED = "application/x-www-form-urlencoded"
BROKEN = OSError
COMMUNE = "04609"  # CommuneFactory's


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def essence(self) -> tuple[int, str, bytes]:
        """What must be the same for every repeat."""
        return self.status, self.headers.get("location", ""), self.body


@dataclass
class Buyer:
    """One press of the button: the same words and the same key however often it is sent."""

    port: int
    offer: Offer
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    timeout_s: float = 10

    @property
    def path(self) -> str:
        return f"/phien/{self.offer.session_id}/dat/"

    def form(self, **changes: Any) -> dict[str, Any]:
        return {
            "buyer_name": "Nguyễn Thị Lan",
            "buyer_phone": "0912345678",
            "commune": COMMUNE,
            "address_line": "Thôn Nậm Đâu",
            "note": "",
            "payment_method": "cod",
            "idempotency_key": self.key,
            f"quantity_{self.offer.pk}": "1",
            f"price_{self.offer.pk}": self.offer.unit_price_vnd,
            "fee": self.offer.session.shipping_fee_vnd,
            **changes,
        }

    def order(self, **changes: Any) -> dict[str, Any]:
        return {
            "session": self.offer.session_id,
            "lines": [{"offer": self.offer.pk, "quantity": 1}],
            "name": "Nguyễn Thị Lan",
            "phone": "0912345678",
            "commune": COMMUNE,
            "address_line": "Thôn Nậm Đâu",
            "payment_method": "cod",
            "expected_total_vnd": self.offer.unit_price_vnd + self.offer.session.shipping_fee_vnd,
            **changes,
        }

    def press(self, **changes: Any) -> Answer:
        """By the page's form. Raises what a broken network raises."""
        ours = {"Sec-Fetch-Site": "same-origin"}
        return self.send("POST", self.path, urlencode(self.form(**changes)), URLENCODED, ours)

    def call(self, *, key: str | None = None, **changes: Any) -> Answer:
        """By the API; `key=""` sends none."""
        key = self.key if key is None else key
        headers = {"Idempotency-Key": key} if key else {}
        body = json.dumps(self.order(**changes))
        return self.send("POST", "/api/orders/", body, "application/json", headers)

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def send(
        self,
        method: str,
        path: str,
        body: str | None = None,
        content_type: str = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        raw = (body or "").encode()
        told = {"Host": "localhost", "Content-Length": str(len(raw)), "Connection": "close"}
        told |= {"Content-Type": content_type} if content_type else {}
        lines = [
            f"{method} {path} HTTP/1.1",
            *(f"{k}: {v}" for k, v in (told | (headers or {})).items()),
        ]
        with socket.create_connection(("127.0.0.1", self.port), self.timeout_s) as line:
            line.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + raw)
            return read_answer(line.makefile("rb"))


def read_answer(stream: IO[bytes]) -> Answer:
    """The whole answer; ConnectionError when any byte of it is missing."""
    first = stream.readline()
    headers: dict[str, str] = {}
    while (text := stream.readline()) not in {b"\r\n", b""}:
        name, _colon, value = text.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    if text == b"":
        raise ConnectionError(first)
    length = int(headers.get("content-length", "0"))
    body = stream.read(length) if "content-length" in headers else stream.read()
    if len(body) < length:
        raise ConnectionError(body)
    return Answer(int(first.split(b" ")[1]), headers, body)
