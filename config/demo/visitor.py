"""A buyer's phone, as far as ordering goes: opens pages, fills in the form that is there, sends it."""

import http.client
import socket
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

TIMEOUT_S = 20
MAX_PAGE_BYTES = 2_000_000
MAX_WAIT_S = 10
QUANTITY = "quantity_"


class NoAnswer(Exception):
    """The network or the server gave no (whole) answer; the same request may be sent again."""


class ConnectionClosed(NoAnswer):
    """The server had closed the connection; servers do, when nothing has come for a while."""


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    retry_after_s: float
    body: str


@dataclass
class OrderPage:
    """What a buyer sees on the order page: the values of its fields, and the most of each offer."""

    fields: dict[str, str] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    payments: list[str] = field(default_factory=list)


class Visitor:
    """One phone with one connection. Not for use by two threads at once."""

    def __init__(self, site: str) -> None:
        self.site = site.rstrip("/")
        self._connection: http.client.HTTPConnection | None = None

    def open(self, path: str) -> Answer:
        return self._send("GET", path, None)

    def press(self, path: str, form: dict[str, str]) -> Answer:
        return self._send("POST", path, urlencode(form).encode())

    def press_and_leave(self, path: str, form: dict[str, str]) -> None:
        """Send the form and lose the network before the answer comes."""
        connection = self._connect()
        try:
            connection.request("POST", path, urlencode(form).encode(), _headers("POST"))
        except (OSError, http.client.HTTPException) as fault:
            raise NoAnswer(str(fault)) from fault
        finally:
            self.close()

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _send(self, method: str, path: str, body: bytes | None) -> Answer:
        """Over the open connection; over a new one if that was closed while idle."""
        if self._connection is not None:
            try:
                return self._send_over(self._connection, method, path, body)
            except ConnectionClosed:
                self.close()
        return self._send_over(self._connect(), method, path, body)

    def _send_over(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None
    ) -> Answer:
        try:
            connection.request(method, path, body, _headers(method))
            response = connection.getresponse()
            content = response.read(MAX_PAGE_BYTES)
            if not response.isclosed():
                response.close()
        except (
            ConnectionResetError,
            BrokenPipeError,
        ) as fault:  # http.client's word is one of them
            self.close()
            raise ConnectionClosed(f"{type(fault).__name__}: {fault}") from fault
        except (OSError, http.client.HTTPException) as fault:
            self.close()
            raise NoAnswer(f"{type(fault).__name__}: {fault}") from fault
        return Answer(
            status=response.status,
            location=_path_of(urljoin(path, response.headers.get("Location", ""))),
            retry_after_s=_seconds(response.headers.get("Retry-After", "")),
            body=content.decode("utf-8", "replace"),
        )

    def _connect(self) -> http.client.HTTPConnection:
        self.close()
        where = urlsplit(self.site)
        kind = (
            http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
        )
        self._connection = kind(where.netloc, timeout=TIMEOUT_S)
        return self._connection


def press_until_answered(visitor: Visitor, path: str, form: dict[str, str], tries: int) -> Answer:
    """Send the same form with the same key until there is an answer, as the page's script does."""
    for attempt in range(tries):
        try:
            answer = visitor.press(path, form)
        except NoAnswer:
            if attempt + 1 == tries:
                raise
            time.sleep(0.5)
            continue
        is_last = attempt + 1 == tries
        if is_last or not _should_wait(answer):
            return answer
        time.sleep(min(MAX_WAIT_S, answer.retry_after_s or 1))
    raise NoAnswer(path)


def order_links(board: str) -> dict[int, str]:
    """Targets of the board's order buttons, by offer id, parsed from the page."""
    found = _Links()
    found.feed(board)
    return found.by_offer


def read_order_page(page: str) -> OrderPage:
    """The order form of a page; without fields when nothing can be ordered."""
    found = _Form()
    found.feed(page)
    return found.page


def _should_wait(answer: Answer) -> bool:
    """The server asked to come again with the same key: busy, or the first press still runs."""
    return answer.retry_after_s > 0 and answer.status in {409, 429, 503}


def _headers(method: str) -> dict[str, str]:
    headers = {"User-Agent": "chophien-simulation", "Accept": "text/html", "Accept-Language": "vi"}
    if method == "POST":
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return headers


def _path_of(address: str) -> str:
    parts = urlsplit(address)
    return parts._replace(scheme="", netloc="").geturl()


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else 0.0


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.by_offer: dict[int, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get("href") or ""
        if tag != "a" or "data-order" not in given or "hidden" in given:
            return
        for offer in parse_qs(urlsplit(address).query).get("suat", []):
            if offer.isdigit():
                self.by_offer[int(offer)] = address


class _Form(HTMLParser):
    """Reads the form marked `data-order-form`."""

    def __init__(self) -> None:
        super().__init__()
        self.page = OrderPage()
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = "data-order-form" in given
        elif self._inside and tag == "input" and given.get("name"):
            self._read_input(given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False

    def _read_input(self, given: dict[str, str]) -> None:
        name, kind = given["name"], given.get("type", "text")
        if kind == "radio":
            if name == "payment_method":
                self.page.payments.append(given["value"])
            if "checked" not in given:
                return
        elif kind == "checkbox" and "checked" not in given:
            return
        self.page.fields[name] = given.get("value", "")
        if name.startswith(QUANTITY) and given.get("data-max", "").isdigit():
            self.page.limits[name] = int(given["data-max"])


def is_reachable(site: str) -> bool:
    """Whether something listens where `site` should be."""
    where = urlsplit(site)
    port = where.port or (443 if where.scheme == "https" else 80)
    try:
        socket.create_connection((where.hostname or "", port), timeout=5).close()
    except OSError:
        return False
    return True
