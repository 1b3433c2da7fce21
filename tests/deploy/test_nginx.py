"""Debian's nginx with deploy/nginx.conf and nchan, a real relay, real pages: as production runs."""

import gzip
import html
import http.client
import json
import re
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser, expect

from bench.nginx import IPV6, Front, Ports, nginx
from tests.deploy.market import Market, folder, get

SECRET = "N0-0ne-May-Read-This-1234567890"

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
