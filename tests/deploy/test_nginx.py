"""Debian's nginx with deploy/nginx.conf and nchan, a real relay, real pages: as production runs."""

import contextlib
import gzip
import html
import http.client
import json
import random
import re
import shutil
import socket
import ssl
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
from playwright.sync_api import Browser, expect

from bench.ground import Place, ground
from bench.nginx import IPV6, Front, Ports, nginx, publish_url
from core.local.paths import BASE_DIR
from core.local.process import run
from core.realtime import NchanPublisher
from livestreams.board import as_json
from tests.deploy.watching import Watcher

SECRET = "N0-0ne-May-Read-This-1234567890"
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

    def claimed(self) -> int:
        with psycopg2.connect(self.place.env["DATABASE_URL"]) as line, line.cursor() as cursor:
            cursor.execute(
                "SELECT sum(quantity_claimed) FROM livestreams_offer WHERE session_id = %s",
                [self.session_id],
            )
            found = cursor.fetchone()
        line.close()
        assert found
        return int(found[0])


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    ports = Ports()
    env = {"NCHAN_PUBLISH_URL": publish_url(ports), "BEHIND_PROXY": "true"}
    with (
        ground(("web", "relay"), settings_env=env) as place,
        folder() as where,
        nginx(where, web_port=place.port, ports=ports, workers=2) as front,
    ):
        session_id, offers, quiet, word = json.loads(made_by(place))
        yield Market(place, front, session_id, offers, quiet, word)


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


def sold(board: Any, of: int) -> int:
    return 30 * of - sum(board["l"])


# Boards


def test_a_viewer_gets_the_newest_board_at_once_and_then_each_in_order(market: Market):
    market.take(market.offer_ids[0], 1)
    time.sleep(1)
    with Watcher(market.board_url) as lan:
        lan.until(lambda: len(lan.boards()) == 1, 2)
        assert (lan.status, lan.headers["cache-control"]) == (200, "no-store")
        assert lan.headers["content-type"].startswith("text/event-stream")
        units = lan.boards()[0]["l"][0]
        for _ in range(5):
            market.take(market.offer_ids[0], 3)
            time.sleep(0.3)
        lan.until(lambda: lan.boards()[-1]["l"][0] == units - 15)
        times = [board["at"] for board in lan.boards()]
        assert times == sorted(set(times))
        assert max(len(as_json(board).encode()) for board in lan.boards()) < 2000


def test_a_newcomer_to_a_session_where_nothing_happens_has_the_board_soon(market: Market):
    with Watcher(f"{market.front.url}/live/board/{market.quiet_id}") as lan:
        lan.until(lambda: bool(lan.boards()), 6)
        first = len(lan.boards())
        lan.until(lambda: len(lan.boards()) > first, 6)  # the beat of a board: it is drawn again
    status, _headers, body = get(f"{market.front.url}/phien/{market.quiet_id}/bang.json")
    assert (status, json.loads(body)["v"]) == (200, lan.boards()[0]["v"])


def test_viewers_that_are_cut_at_random_lose_and_repeat_nothing(market: Market):
    dice = random.Random(3)
    seen: list[int] = []
    last_id, last = "", None
    for _ in range(25):
        market.take(dice.choice(market.offer_ids), 1)
        with Watcher(market.board_url, last_event_id=last_id) as lan:
            time.sleep(dice.random() * 0.4)
        seen += [board["at"] for board in lan.boards()]
        if lan.boards():
            last_id, last = lan.frames[-1].number, lan.boards()[-1]
    assert len(seen) >= 5
    assert seen == sorted(set(seen))  # in order, none twice
    with Watcher(market.board_url, last_event_id=last_id) as lan:
        time.sleep(1)
    whole = json.loads(get(f"{market.front.url}/phien/{market.session_id}/bang.json")[2])
    newest = [*[last], *lan.boards()][-1]
    assert newest
    assert newest["l"] == [offer["l"] for offer in whole["o"]]


def test_a_number_of_the_hubs_is_answered_with_the_newest_board(market: Market):
    market.take(market.offer_ids[0], 1)
    with Watcher(market.board_url, last_event_id="42") as lan:
        lan.until(lambda: len(lan.boards()) >= 1, 6)


@pytest.mark.parametrize("is_limited", [True, False])
def test_one_address_takes_only_so_many_connections(market: Market, is_limited: bool):
    few = {"limit_conn watching 6000;": "limit_conn watching 3;" if is_limited else ""}
    address = f"/live/board/{market.session_id}"
    with folder() as where, nginx(where, web_port=market.place.port, more=few) as front:
        with contextlib.ExitStack() as crowd:
            told = [watch(front, address, crowd) for _ in range(5)]
            refused = [429, 429] if is_limited else [200, 200]
            assert told == [200, 200, 200, *refused]
            assert get(f"{front.url}/phien/{market.session_id}/bang.json")[0] == 200
        time.sleep(1)
        with contextlib.ExitStack() as crowd:
            assert watch(front, address, crowd) == 200  # who left makes room


def watch(front: Front, address: str, until: contextlib.ExitStack) -> int:
    """The status a viewer is answered, who stays `until` then."""
    at = urlsplit(front.url)
    line = until.enter_context(socket.create_connection((at.hostname, at.port), 10))
    asked = f"GET {address} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
    line.sendall(asked.encode())
    return int(line.recv(100).split()[1])


# Consoles


def test_a_console_resumes_by_feed_number_through_nginx(market: Market):
    url = f"{market.front.url}/live/console/{market.grant}"
    with Watcher(url) as minh:
        time.sleep(1)
        before = len(minh.events())
        market.take(market.offer_ids[1], 1)
        minh.until(lambda: len(minh.events()) == before + 1)
    first = minh.events()[-1]
    for _ in range(5):
        market.take(market.offer_ids[1], 1)
    with Watcher(url, last_event_id=str(first)) as minh:
        minh.until(lambda: len(minh.events()) == 5)
        market.take(market.offer_ids[1], 1)
        minh.until(lambda: len(minh.events()) == 6)
        minh.until(lambda: any(frame.kind == "beat" for frame in minh.frames))
    assert minh.events() == list(range(first + 1, first + 7))
    assert get(f"{market.front.url}/live/console/{market.grant[:-1]}")[0] == 404


# Who may publish


@pytest.mark.parametrize("path", ["/publish/board/{}", "/live/board/{}", "//publish/board/{}"])
def test_nobody_publishes_from_outside(market: Market, path: str):
    at = market.front.url.removeprefix("http://")
    line = http.client.HTTPConnection(at, timeout=10)
    line.request("POST", path.format(market.session_id), '{"s":"gone"}')
    assert line.getresponse().status in {403, 404, 405}
    line.close()
    with Watcher(market.board_url) as lan:
        lan.until(lambda: bool(lan.boards()), 6)
        assert lan.boards()[-1]["s"] == "live"


def test_only_private_addresses_reach_the_publisher(market: Market):
    stranger = {"allow 127.0.0.0/8;": ""}
    with folder() as where, nginx(where, web_port=market.place.port, more=stranger) as front:
        at = f"127.0.0.1:{front.ports.publish}"
        line = http.client.HTTPConnection(at, timeout=10)
        line.request("POST", "/publish/board/7", "{}")
        assert line.getresponse().status == 403
        line.close()
    line = http.client.HTTPConnection(f"127.0.0.1:{market.front.ports.publish}", timeout=10)
    for path in ("/publish/board/x", "/publish/board/123456789012", "/live/board/7", "/"):
        line.request("POST", path, "{}")
        answer = line.getresponse()
        answer.read()
        assert answer.status == 404
    line.close()


# When nginx is away


def test_the_publisher_tells_that_nginx_is_away_and_finds_it_again(market: Market):
    ports = Ports()
    publisher = NchanPublisher(publish_url(ports))
    with pytest.raises(OSError, match=r"."):
        publisher.publish("session:7", "board", 1, {"at": 1})
    for number in (2, 3):
        with folder() as where, nginx(where, web_port=market.place.port, ports=ports) as front:
            publisher.publish("session:7", "board", number, {"at": number})
            publisher.publish("session:7", "event", number, {})  # not its business
            publisher.publish("", "beat", 0, None)
            with Watcher(f"{front.url}/live/board/7") as lan:
                lan.until(lambda: lan.boards() == [{"at": number}])  # noqa: B023
        with pytest.raises(OSError, match=r"."):
            publisher.publish("session:7", "board", number, {})


def test_a_silent_or_refusing_server_is_a_fault_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        publisher = NchanPublisher(f"http://127.0.0.1:{silent.getsockname()[1]}/publish/")
        begun = time.monotonic()
        with pytest.raises(OSError, match=r"."):
            publisher.publish("session:7", "board", 1, {})
        assert time.monotonic() - begun < 5


def test_a_refused_board_is_a_fault(market: Market):
    publisher = NchanPublisher(f"{market.front.publish_url}nowhere/")
    with pytest.raises(OSError, match="404"):
        publisher.publish("session:7", "board", 1, {})
    publisher.close()


# Too many orders from one address


def test_who_is_one_too_many_loses_nothing_and_comes_again(market: Market):
    few = {"rate=30r/s": "rate=1r/m", "rate=20r/s": "rate=1r/m", "burst=60": "burst=1"}
    page = f"/phien/{market.session_id}/dat/"
    with folder() as where, nginx(where, web_port=market.place.port, more=few) as front:
        for _ in range(2):
            assert get(front.url + page)[0] == 200
        status, told, body = get(front.url + page)
        assert (status, told["retry-after"], told["cache-control"]) == (429, "2", "no-store")
        assert told["content-type"].startswith("text/html")
        assert 'http-equiv="refresh"' in body.decode()
        assert "Đang có rất nhiều người" in body.decode()
        for path, kind in ((page, "text/html"), ("/api/orders/", "application/json")):
            line = http.client.HTTPConnection(front.url.removeprefix("http://"), timeout=10)
            line.request("POST", path, "{}", {"Content-Type": "application/json"})
            answer = line.getresponse()
            words = answer.read().decode()
            line.close()
            assert (answer.status, answer.headers["Retry-After"]) == (429, "2")
            assert answer.headers["Content-Type"].startswith(kind)
            assert "refresh" not in words  # loading it anew would forget what was typed
        assert json.loads(words)["code"] == "too_many_requests"
        sent = [post_to(front, "/tra-cuu-don/") for _ in range(4)]
        assert sent.count(429) == 2, "everything that is sent has a limit"
        assert get(front.url + "/")[0] == 200, "reading has none"


def post_to(front: Front, path: str) -> int:
    line = http.client.HTTPConnection(front.url.removeprefix("http://"), timeout=10)
    line.request("POST", path, "", {"Content-Type": "application/x-www-form-urlencoded"})
    status = line.getresponse().status
    line.close()
    return status


# The second's cache


def drawn_at(body: bytes) -> str:
    """When the page or the snapshot was drawn, to the millisecond: tells one drawing from another."""
    text = body.decode()
    if not text.startswith("{"):
        text = html.unescape(text.split('data-whole="')[1].split('"')[0])
    return str(json.loads(text)["at"])


@pytest.mark.parametrize("name", ["", "bang.json"])
def test_viewers_of_one_second_cost_one_drawing(market: Market, name: str):
    url = f"{market.front.url}/phien/{market.session_id}/{name}"
    time.sleep(1.1)
    with ThreadPoolExecutor(20) as crowd:
        # each comes by a link of his own, as social networks make them
        answers = list(crowd.map(lambda n: get(f"{url}?fbclid={n}"), range(60)))
    assert {status for status, _, _ in answers} == {200}
    assert len({drawn_at(body) for _, _, body in answers}) <= 2  # where a second ends, two
    time.sleep(2.1)
    later = get(url)
    assert drawn_at(later[2]) not in {drawn_at(body) for _, _, body in answers}
    straight = {
        drawn_at(get(f"{market.place.url}/phien/{market.session_id}/{name}")[2]) for _ in "ab"
    }
    assert len(straight) == 2  # the harm: without the cache each view is drawn


@pytest.mark.parametrize("name", ["", "bang.json"])
def test_nothing_personal_is_kept_and_languages_and_zipping_stay_apart(market: Market, name: str):
    url = f"{market.front.url}/phien/{market.session_id}/{name}"
    for _ in range(2):
        status, headers, body = get(url)
        assert (status, "set-cookie" in headers) == (200, False)
        assert headers["cache-control"] == "public, max-age=1"
        for personal in (b"csrf", b"<form", b"buyer_"):
            assert personal not in body.lower()
        _, headers, zipped = get(url, Accept_Encoding="gzip")
        assert headers["content-encoding"] == "gzip"
        assert abs(int(drawn_at(gzip.decompress(zipped))) - int(drawn_at(body))) < 3000
    if not name:
        assert "Đang bán" in get(url)[2].decode()
        assert "Now selling" in get(url, Cookie="lang=en")[2].decode()
        mine = get(url, Cookie="phien=somebodys-session")
        assert "private" in mine[1]["cache-control"]
        assert get(url)[1]["cache-control"] == "public, max-age=1"


# Headers that nginx and the pages might read each in its own way
TWO_READINGS = [
    [("Cookie", 'lang="en"')],
    [("Cookie", "lang =en")],
    [("Cookie", "lang=vi"), ("Cookie", "lang=en")],
    [("Cookie", "lang=en; lang=vi")],
    [("Accept-Encoding", "identity"), ("Accept-Encoding", "gzip")],
]


def seen_after(front: Front, session_id: int, headers: list[tuple[str, str]]) -> list[str]:
    """What others are shown right after somebody asked for the page with `headers`."""
    time.sleep(2.1)
    address = f"/phien/{session_id}/"
    line = http.client.HTTPConnection(front.url.removeprefix("http://"), timeout=10)
    line.putrequest("GET", address, skip_accept_encoding=True)
    for name, value in headers:
        line.putheader(name, value)
    line.endheaders()
    line.getresponse().read()
    line.close()
    shown = []
    for cookie in ("lang=vi", "lang=en"):
        _status, told, body = get(front.url + address, Cookie=cookie)
        is_english = b"Now selling" in body
        shown.append("zipped" if "content-encoding" in told else "en" if is_english else "vi")
    return shown


def test_no_header_leads_one_reader_to_the_answer_of_another(market: Market):
    for headers in TWO_READINGS:
        assert seen_after(market.front, market.session_id, headers) == ["vi", "en"], headers
    as_sent = {
        "Cookie $told_cookies;": "Cookie $http_cookie;",
        "Accept-Encoding $zipping;": "Accept-Encoding $http_accept_encoding;",
    }
    with folder() as where, nginx(where, web_port=market.place.port, more=as_sent) as front:
        for headers in (TWO_READINGS[0], TWO_READINGS[1]):
            assert seen_after(front, market.session_id, headers) == ["en", "en"]  # the harm


# Addresses that hold secrets


SECRET_ADDRESSES = [f"/don/{SECRET}/", f"/api/orders/{SECRET}/", f"/live/console/{SECRET}"]


def logs_after(front: Front) -> str:
    for address in SECRET_ADDRESSES:
        get(f"{front.url}{address}")
        get(f"{front.url}{address}?ref={SECRET}")
    time.sleep(1.5)  # the log is written once a second
    assert '"GET /don/' in front.access_log()
    return front.access_log() + front.error_log()


def test_no_secret_address_is_written_down(market: Market):
    assert SECRET not in logs_after(market.front)


def test_no_secret_address_is_written_down_when_the_pages_are_away():
    with folder() as where, nginx(where, web_port=Ports().plain) as front:
        logs = logs_after(front)
        assert SECRET not in logs
        assert " 502 " in logs  # the fault itself is not hidden
    usual = {"error.log crit;": "error.log warn;"}
    with folder() as where, nginx(where, web_port=Ports().plain, more=usual) as front:
        assert SECRET in logs_after(front)  # the harm


# The door itself


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.parametrize("address", ["127.0.0.1", *(["::1"] if IPV6.exists() else [])])
def test_the_door_speaks_tls_and_sends_plain_visitors_there(market: Market, address: str):
    port = market.front.ports.tls
    line = http.client.HTTPSConnection(address, port, context=unverified(), timeout=10)
    line.request("GET", f"/phien/{market.session_id}/", headers={"Host": f"localhost:{port}"})
    assert line.getresponse().status == 200
    line.close()
    for host, status, location in (
        ("localhost", 301, "https://localhost/phien/"),
        ("elsewhere.example", 421, None),
    ):
        plain = http.client.HTTPConnection(address, market.front.ports.redirect, timeout=10)
        plain.request("GET", "/phien/", headers={"Host": host})
        answer = plain.getresponse()
        assert (answer.status, answer.headers["Location"]) == (status, location)
        plain.close()


def test_answers_of_its_own_keep_browsers_on_tls_and_long_bodies_of_strangers_out(market: Market):
    for path, kind in (("/media/none", "GET"), ("/lam-viec/", "POST")):
        line = http.client.HTTPSConnection(
            "127.0.0.1", market.front.ports.tls, context=unverified(), timeout=10
        )
        line.putrequest(kind, path)
        line.putheader("Content-Length", "60000000" if kind == "POST" else "0")
        line.endheaders()
        answer = line.getresponse()
        assert answer.status == (413 if kind == "POST" else 404)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        line.close()


def test_a_slash_leads_to_the_board_with_its_limits(market: Market):
    line = http.client.HTTPConnection("localhost", market.front.ports.plain, timeout=10)
    line.request("GET", f"/live/board/{market.session_id}/")
    answer = line.getresponse()
    assert (answer.status, answer.headers["Location"].partition("/live/")[2]) == (
        308,
        f"board/{market.session_id}",
    )
    line.close()


def test_a_browser_follows_the_board_through_tls(market: Market, browser: Browser):
    context = browser.new_context(ignore_https_errors=True, locale="vi-VN")
    page = context.new_page()
    polls: list[str] = []
    page.on("request", lambda asked: polls.append(asked.url) if "bang.json" in asked.url else None)
    page.goto(f"{market.front.tls_url}/phien/{market.session_id}/")
    offer = market.offer_ids[9]
    left = page.locator(f"#offer-{offer} [data-left-count]")
    before = int(re.sub(r"\D", "", left.inner_text()))
    market.take(offer, 7)
    words = re.sub(r"\B(?=(\d{3})+$)", ".", str(before - 7))
    expect(left).to_have_text(re.compile(rf"\b{re.escape(words)}\b"), timeout=3_000)
    assert page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
    assert polls == []
    context.close()


def test_pictures_come_from_the_disk_and_nothing_else_does(market: Market):
    shelf = market.front.folder / "media" / "pictures" / "ab"
    shelf.mkdir(parents=True)
    (shelf / "abcdef-320.webp").write_bytes(b"picture")
    (market.front.folder / "media" / "private.txt").write_bytes(b"private")
    status, headers, body = get(f"{market.front.url}/media/pictures/ab/abcdef-320.webp")
    assert (status, body) == (200, b"picture")
    assert "immutable" in headers["cache-control"]
    for path in ("private.txt", "pictures/ab/../../private.txt", "pictures/"):
        assert get(f"{market.front.url}/media/{path}")[0] == 404
