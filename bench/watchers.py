"""Thousands of viewers of one board in one process: raw sockets, one epoll, nothing more.

    python -m bench.watchers --port 8000 --path /live/board/7 --viewers 2000

Prints `ready` once every viewer has its first board. Counts from the word `begin` on standard input
to the word `end`, then prints one JSON object. A board counts as lost for each viewer that did not
get it while another did. Latency is from the drawing of the board (`at`, the database's clock on
the same machine) to its arrival here, so what this process itself is late by counts against it.
"""

import argparse
import json
import os
import resource
import select
import socket
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

AT = b'"at":'
AT_DIGITS = 13
CONNECTS_AT_ONCE = 25
CONNECT_PAUSE_S = 0.04
READY_TIMEOUT_S = 60.0
SETTLE_S = 1.5  # for what was drawn just before the end


@dataclass
class Viewer:
    line: socket.socket
    rest: bytes = b""
    boards: int = 0


@dataclass
class Counted:
    by_board: Counter[int] = field(default_factory=Counter)  # drawn at (ms) -> viewers that got it
    latencies_ms: list[float] = field(default_factory=list)
    sizes: Counter[int] = field(default_factory=Counter)  # bytes of a frame -> how many


class Crowd:
    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self.viewers: dict[int, Viewer] = {}
        self.poll = select.epoll()
        self.counted = Counted()
        self.is_counting = False
        self.broken = 0
        self.request = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode()
        )

    def join(self, count: int) -> None:
        """Connect `count` viewers, some at a time, and wait until each has a board."""
        while len(self.viewers) < count:
            for _ in range(min(CONNECTS_AT_ONCE, count - len(self.viewers))):
                line = socket.create_connection(("127.0.0.1", self.port), timeout=10)
                line.sendall(self.request)
                line.setblocking(False)
                self.viewers[line.fileno()] = Viewer(line)
                self.poll.register(line.fileno(), select.EPOLLIN)
            self.turn(CONNECT_PAUSE_S)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            if all(viewer.boards for viewer in self.viewers.values()):
                return
            self.turn(0.1)
        waiting = sum(not viewer.boards for viewer in self.viewers.values())
        msg = f"{waiting} viewers have no board after {READY_TIMEOUT_S:.0f} s"
        raise TimeoutError(msg)

    def turn(self, wait_s: float) -> None:
        """Read what comes for `wait_s`."""
        until = time.monotonic() + wait_s
        while (left := until - time.monotonic()) > 0:
            for number, _event in self.poll.poll(left):
                self.read(number)

    def read(self, number: int) -> None:
        viewer = self.viewers.get(number)
        if viewer is None:
            return
        try:
            data = viewer.line.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.broken += 1
            self.poll.unregister(number)
            viewer.line.close()
            return
        arrived_ms = time.time() * 1000
        *whole, viewer.rest = (viewer.rest + data).split(b"\n\n")
        for frame in whole:
            at = frame.find(AT)
            if at >= 0:
                viewer.boards += 1
                if self.is_counting:
                    self.count(frame, int(frame[at + 5 : at + 5 + AT_DIGITS]), arrived_ms)

    def count(self, frame: bytes, drawn_ms: int, arrived_ms: float) -> None:
        counted = self.counted
        counted.by_board[drawn_ms] += 1
        counted.latencies_ms.append(arrived_ms - drawn_ms)
        counted.sizes[len(frame)] += 1

    def report(self, begun_ms: float, ended_ms: float) -> dict[str, Any]:
        """Only of boards drawn in between: what came before or after is not everybody's."""
        drawn = {at: got for at, got in self.counted.by_board.items() if begun_ms < at < ended_ms}
        delivered = sum(drawn.values())
        ranked = sorted(self.counted.latencies_ms)
        sizes = self.counted.sizes
        return {
            "viewers": len(self.viewers),
            "messages": len(drawn),
            "delivered": delivered,
            "lost": len(drawn) * len(self.viewers) - delivered,
            "broken": self.broken,
            "all_deliveries": self.counted.by_board.total(),
            "p50_ms": percentile(ranked, 0.5),
            "p99_ms": percentile(ranked, 0.99),
            "bytes_per_update": round(
                sum(size * count for size, count in sizes.items()) / max(1, sizes.total())
            ),
            "bytes_per_update_max": max(sizes, default=0),
        }


def percentile(ranked: list[float], share: float) -> float | None:
    return round(ranked[min(len(ranked) - 1, int(len(ranked) * share))], 1) if ranked else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--viewers", type=int, required=True)
    asked = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    crowd = Crowd(asked.port, asked.path)
    crowd.join(asked.viewers)
    print("ready", flush=True)
    await_word(crowd, "begin")
    crowd.is_counting, begun_ms = True, time.time() * 1000
    await_word(crowd, "end")
    ended_ms = time.time() * 1000
    crowd.turn(SETTLE_S)
    crowd.is_counting = False
    print(json.dumps(crowd.report(begun_ms, ended_ms)), flush=True)
    await_word(crowd, "leave")


def await_word(crowd: Crowd, word: str) -> None:
    """Go on watching until `word` stands on standard input, or that is closed."""
    os.set_blocking(sys.stdin.fileno(), False)
    heard = b""
    while word.encode() not in heard:
        crowd.turn(0.05)
        try:
            more = os.read(sys.stdin.fileno(), 100)
        except BlockingIOError:
            continue
        if not more:
            raise SystemExit
        heard += more


if __name__ == "__main__":
    main()
