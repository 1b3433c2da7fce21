"""The board's benchmark counts what is lost, and its figures are whole."""

import json
import socketserver
import subprocess
import sys
import threading
import time

import pytest

from bench import reading
from bench.reading import _answers
from bench.watchers import Crowd, Viewer
from core.local.paths import BASE_DIR


class Line:
    """A socket that gives what it is told to."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = list(parts)

    def recv(self, _most: int) -> bytes:
        if not self.parts:
            raise BlockingIOError
        return self.parts.pop(0)


def frame(at: int) -> bytes:
    return b'id: 1\nevent: board\ndata: {"at":%d,"l":[1]}\n\n' % at


NOW = 1_795_324_254_000


def test_a_board_that_one_viewer_did_not_get_is_lost():
    crowd = Crowd(1, "/")
    whole = frame(NOW) + frame(NOW + 1) + frame(NOW + 2)
    crowd.viewers = {
        901: Viewer(Line(whole[:17], whole[17:60], whole[60:])),  # type: ignore[arg-type]
        902: Viewer(Line(frame(NOW), frame(NOW + 2))),  # type: ignore[arg-type]
    }
    crowd.is_counting = True
    for number in (901, 901, 901, 902, 902, 901):
        crowd.read(number)
    found = crowd.report(NOW - 1, NOW + 3)
    assert (found["messages"], found["delivered"], found["lost"]) == (3, 5, 1)
    assert crowd.report(NOW + 1, NOW + 3)["lost"] == 0  # what was drawn before does not count
    crowd.poll.close()


def test_answers_are_told_apart_by_their_length():
    one = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab\r\n\r"
    assert _answers(one * 3) == 3
    assert _answers(one * 2 + one[:-1]) == 2


def test_a_server_that_closes_connections_ends_no_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """As nginx does after a number of requests: what was answered counts, and another line is made."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    class Hasty(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1 << 16)
            self.request.sendall(answer * 3 + answer[:-1])

    monkeypatch.setattr(reading, "CONNECTIONS", 2)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Hasty) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        began = time.monotonic()
        assert reading.by_sockets(server.server_address[1], "/") >= 6
        assert time.monotonic() - began < reading.ROUND_S + 4
        server.shutdown()


@pytest.mark.long
def test_a_small_run_loses_nothing_and_keeps_the_budgets():
    words = ["--viewers", "200", "--nchan-viewers", "200", "--seconds", "4", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.board", *words],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(done.stdout.splitlines()[-1])
    assert (figures["lost"], figures["nchan_lost"], figures["order_errors"]) == (0, 0, 0)
    assert min(figures["delivered"], figures["nchan_delivered"]) >= 200 * 6
    assert figures["bytes_first_load"] <= 50_000
    assert max(figures["bytes_per_update_max"], figures["nchan_bytes_per_update_max"]) <= 2_048
    assert figures["page_cached_per_s"] > 1_000
