"""The live channel through Debian's nginx and nchan: boards, consoles, who may publish."""

import contextlib
import http.client
import json
import random
import socket
import time
from urllib.parse import urlsplit

import pytest

from bench.nginx import Front, Ports, nginx, publish_url
from core.realtime import NchanPublisher
from livestreams.board import as_json
from tests.deploy.market import Market, folder, get
from tests.deploy.watching import Watcher

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
