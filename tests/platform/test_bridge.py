"""The bridge between granian and the pages: nothing is lost on the way, and a full line says so."""

import hashlib
import http.client
import json
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from core.local.process import Child
from tests.platform.bridge_app import PIECE, PIECES, SLOW_STATEMENT
from tests.servers import free_port

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    chosen = free_port()
    serve = [sys.executable, "-m", "granian", "--interface", "rsgi", "--port", str(chosen)]
    quiet = ["--no-ws", "--log-level", "warning", "tests.platform.bridge_app:application"]
    log: Path = tmp_path_factory.mktemp("bridge") / "log"
    server = Child("bridge", [*serve, *quiet], log=log)
    try:
        for _ in range(150):
            try:
                socket.create_connection(("127.0.0.1", chosen), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield chosen
    finally:
        server.stop()


def ask(port: int, path: str, **more: Any) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(more.pop("method", "GET"), path, **more)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def told(port: int, path: str, **more: Any) -> dict[str, Any]:
    answer, body = ask(port, path, **more)
    assert answer.status == 200
    found: dict[str, Any] = json.loads(body)
    return found


def test_a_request_arrives_as_pep_3333_tells_it(port: int) -> None:
    seen = told(port, "/t%C3%ACm%2520?q=che%20shan&x", headers={"X-Seen": "yes"})

    assert seen["PATH_INFO"].encode("latin-1").decode() == "/tìm%20"
    assert (seen["QUERY_STRING"], seen["REMOTE_ADDR"]) == ("q=che%20shan&x", "127.0.0.1")
    assert seen["HTTP_X_SEEN"] == "yes"


def test_letters_that_no_browser_leaves_in_an_address_arrive_too(port: int) -> None:
    """Written by hand, or by a program that quotes nothing: `?q=chợ` as it stands."""
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        plain.sendall("GET /?q=chợ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: plain.recv(65_536), b""))

    seen = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert seen["QUERY_STRING"].encode("latin-1").decode() == "q=chợ"


def test_cookies_sent_in_two_lines_are_one(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("GET", "/")
    connection.putheader("Cookie", "a=1")
    connection.putheader("Cookie", "b=2")
    connection.endheaders()

    assert json.loads(connection.getresponse().read())["HTTP_COOKIE"] == "a=1; b=2"
    connection.close()


def test_nobody_says_with_an_underscore_what_only_a_proxy_may(port: int) -> None:
    seen = told(port, "/", headers={"X-Seen": "the proxy's", "X_Seen": "a stranger's"})

    assert seen["HTTP_X_SEEN"] == "the proxy's"
    assert told(port, "/", headers={"X_Seen": "a stranger's"})["HTTP_X_SEEN"] is None


@pytest.mark.parametrize("size", [0, 10, 999_999, 6_000_000])
def test_a_body_of_any_size_arrives_whole(port: int, size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"e" * (size % 256)
    seen = told(port, "/", method="POST", body=body)

    assert int(seen["CONTENT_LENGTH"]) == size
    assert (seen["length"], seen["digest"]) == (size, hashlib.sha256(body).hexdigest())


def test_a_body_without_a_length_arrives_whole(port: int) -> None:
    seen = told(port, "/", method="POST", body=iter([b"a" * 70_000] * 30), encode_chunked=True)

    assert seen["length"] == int(seen["CONTENT_LENGTH"]) == 2_100_000


def test_too_long_a_body_is_refused(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(80_000_000))
    connection.endheaders()
    status = 0
    try:
        for _ in range(80):
            connection.send(b"x" * 1_000_000)
    except OSError:
        status = 413  # the server closed while we were still sending
    else:
        status = connection.getresponse().status
    connection.close()

    assert status == 413
    assert told(port, "/")["length"] == 0


def test_a_long_answer_comes_in_pieces_and_whole(port: int) -> None:
    answer, body = ask(port, "/big")

    assert (answer.status, answer.headers["x-path"]) == (200, "seen")
    assert body == PIECE * PIECES


def test_answers_without_a_body_and_failures_are_answers_too(port: int) -> None:
    assert ask(port, "/empty")[0].status == 204
    head, body = ask(port, "/", method="HEAD")
    assert (head.status, body) == (200, b"")
    assert ask(port, "/fail")[0].status == 500


def test_slow_readers_hold_no_thread(port: int) -> None:
    """More of them than threads, each with most of a long answer unread."""
    slow = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(6)]
    try:
        for reader in slow:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
            assert reader.recv(15) == b"HTTP/1.1 200 OK"
        assert told(port, "/")["length"] == 0
    finally:
        for reader in slow:
            reader.close()


def test_health_is_answered_though_every_thread_is_busy_and_the_line_full(port: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        pressed = [pool.submit(ask, port, "/slow") for _ in range(8)]
        began = time.monotonic()
        while not all(one.done() for one in pressed):
            assert ask(port, "/healthz")[0].status == 200
        assert time.monotonic() - began > 0.3  # the threads were busy meanwhile
    assert ask(port, "/healthz", method="POST")[0].status == 405


@pytest.mark.alone
def test_forms_with_files_wait_in_a_line_of_their_own(port: int) -> None:
    """A form whose file was left empty goes the way of the others."""

    def form(filename: str) -> dict[str, Any]:
        part = f'--x\r\nContent-Disposition: form-data; name="p"; filename="{filename}"\r\n\r\n'
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        return {"method": "POST", "body": f"{part}a\r\n--x--", "headers": headers}

    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(ask, port, "/slow", **form("photo.jpg")) for _ in range(8)]
        time.sleep(0.1)
        began = time.monotonic()
        assert told(port, "/", **form(""))["length"] > 0
        assert time.monotonic() - began < 0.3
    statuses = Counter(one.result()[0].status for one in sent)
    assert statuses == {200: 3, 503: 5}


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_full_line_keeps_what_was_typed_beside_pictures(port: int, size: int) -> None:
    part = "--x\r\nContent-Disposition: form-data; name="
    typed = f'{part}"idempotency_key"\r\n\r\n{"k" * 16}\r\n{part}"title"\r\n\r\nHái chè\r\n'
    file = f'{part}"pictures"; filename="mua.jpg"\r\n\r\n{"a" * size}\r\n--x--\r\n'
    own = {"Content-Type": "multipart/form-data; boundary=x", "Sec-Fetch-Site": "same-origin"}
    form = {"method": "POST", "body": f"{typed}{file}".encode(), "headers": own}
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(ask, port, "/slow", **form) for _ in range(8)]
        answers = [one.result() for one in sent]
    refused = [body.decode() for answer, body in answers if answer.status == 503]

    assert refused
    for page in refused:
        assert 'name="title" value="Hái chè"' in page
        assert 'type="file" name="pictures"' in page
    foreign = {**form, "headers": own | {"Sec-Fetch-Site": "cross-site"}}
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(ask, port, "/slow", **foreign) for _ in range(8)]
        pages = [body.decode() for answer, body in (one.result() for one in sent)]
    assert not any("Hái chè" in page for page in pages)


@pytest.mark.parametrize("announced", [100, 2_000_000])
def test_a_body_that_ends_short_reaches_no_page(port: int, announced: int) -> None:
    whole = f"POST /late HTTP/1.1\r\nHost: x\r\nContent-Length: {announced}\r\n\r\n".encode()
    assert cut_off(port, whole + b"x" * (announced - 1)) in {b"", b"HTTP/1.1 400"}


@pytest.mark.parametrize(
    "rest",
    [
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n5\r\nab",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabcde\r\n0\r\n\r\n",
    ],
)
def test_chunks_that_do_not_come_to_their_end_reach_no_page(port: int, rest: bytes) -> None:
    assert cut_off(port, b"POST / HTTP/1.1\r\nHost: x\r\n" + rest) in {b"", b"HTTP/1.1 400"}


def test_a_length_beside_chunks_counts_for_nothing(port: int) -> None:
    """RFC 9112, 6.3: refused, or read by its chunks alone."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n"
    chunks = b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(head + chunks)
        answer = b"".join(iter(lambda: line.recv(4096), b""))
    status, body = answer[:12], answer.rpartition(b"\r\n\r\n")[2]
    assert status == b"HTTP/1.1 400" or json.loads(body)["length"] == 5


def cut_off(port: int, sent: bytes) -> bytes:
    """The beginning of the answer to a request after which the sender sends no more."""
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        return line.recv(12)


@pytest.mark.django_db
def test_a_page_that_was_too_slow_cancels_its_work_and_does_not_come_again(port: int) -> None:
    answer, page = ask(port, "/too-slow")

    assert (answer.status, answer.headers["x-busy"]) == (503, "slow")
    assert b"refresh" not in page
    deadline = time.monotonic() + 5
    while statements_that_run():
        assert time.monotonic() < deadline, "the database works on"
        time.sleep(0.05)
    assert json.loads(ask(port, "/late")[1]) == {"began": 1, "went on": 0}
    assert ask(port, "/too-slow")[0].status == 503  # the thread is there again
    assert json.loads(ask(port, "/late")[1]) == {"began": 2, "went on": 0}


def statements_that_run() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query = %s AND state = 'active'",
            [SLOW_STATEMENT],
        )
        return int(cursor.fetchone()[0])


def test_a_reader_who_goes_away_frees_the_thread(port: int) -> None:
    hasty = socket.create_connection(("127.0.0.1", port), 5)
    hasty.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
    hasty.recv(1000)
    hasty.close()

    assert told(port, "/")["length"] == 0


def test_a_full_line_is_told_to_come_again_at_once(port: int, tmp_path: Path) -> None:
    """One thread, two may wait: who comes then is answered while those are still inside."""
    gate = tmp_path / "gate"

    def press(_number: int) -> tuple[int, str]:
        answer, _body = ask(port, f"/held/patiently?{gate}")
        return answer.status, answer.headers["retry-after"] or ""

    with ThreadPoolExecutor(8) as pool:
        presses = [pool.submit(press, number) for number in range(8)]
        turned_away = [done.result() for done in islice(as_completed(presses, timeout=15), 5)]
        gate.touch()
        statuses = Counter(done.result()[0] for done in presses)

    assert {status for status, _retry in turned_away} == {503}
    assert all(retry.isdecimal() for _status, retry in turned_away)
    assert statuses == {200: 3, 503: 5}


def test_who_has_waited_long_enough_is_told_to_come_again(port: int, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, port, f"/held?{gate}")
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        second = pool.submit(ask, port, "/")
        time.sleep(2)  # more than the lane's 0.6 s, also where the second is slow to arrive
        gate.touch()

        assert first.result()[0].status == 200
        assert second.result()[0].status == 503
    assert told(port, "/")["length"] == 0  # and the line moves on


def test_who_sends_slowly_takes_no_place_in_the_line(port: int) -> None:
    begun = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nnot all"
    slow = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(20)]
    for sender in slow:
        sender.sendall(begun)
    time.sleep(0.2)
    try:
        assert told(port, "/", method="POST", body=b"whole")["length"] == 5
    finally:
        for sender in slow:
            sender.close()


def test_a_form_turned_away_comes_back_to_its_own_site_with_what_was_typed(port: int) -> None:
    form = "buyer_name=L%C3%B2+Th%E1%BB%8B+Mai&idempotency_key=0123456789abcdef"

    def press(number: int) -> tuple[int, str]:
        origin = f"http://127.0.0.1:{port}" if number % 2 else "https://elsewhere.example"
        headers = {"Content-Type": FORM, "Cookie": "lang=en", "Origin": origin}
        answer, body = ask(port, "/slow", method="POST", body=form, headers=headers)
        return answer.status, body.decode()

    with ThreadPoolExecutor(16) as pool:
        pressed = list(pool.map(press, range(16)))
    own, foreign = (
        [page for status, page in pressed[first::2] if status == 503] for first in (1, 0)
    )

    assert own
    assert all("Lò Thị Mai" in page and "0123456789abcdef" in page for page in own)
    assert all('lang="en"' in page for page in own)
    assert foreign
    assert not any("Mai" in page for page in foreign), "a page elsewhere sent it, not the person"
