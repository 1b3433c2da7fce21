"""However many watch boards, the server has connections left for those who buy."""

import contextlib
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.local.process import Child
from tests.servers import free_port

CONNECTIONS, CROWD, WAIT_S = 12, 16, 3.0


@contextlib.contextmanager
def server(log: Path, **env: str) -> Iterator[int]:
    """A server that lets CONNECTIONS in at once."""
    port = free_port()
    serve = [sys.executable, "-m", "granian", "--interface", "rsgi", "--port", str(port)]
    few = ["--workers", "1", "--backpressure", str(CONNECTIONS), "--backlog", "128", "--no-ws"]
    command = [*serve, *few, "tests.platform.live_app:application"]
    running = Child("live", command, env={**os.environ, **env}, log=log)
    try:
        for _ in range(150):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.1)
        yield port
    finally:
        running.stop()


def answer(line: socket.socket, path: str) -> bytes:
    """The status line; empty when nobody answers."""
    line.settimeout(WAIT_S)
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    try:
        return line.recv(200).partition(b"\r\n")[0]
    except TimeoutError:
        return b""


@pytest.mark.parametrize("most", ["8", "1000"])
def test_a_crowd_of_viewers_leaves_room(tmp_path: Path, most: str) -> None:
    with server(tmp_path / "log", WATCHERS=most) as port, contextlib.ExitStack() as crowd:
        lines = [
            crowd.enter_context(socket.create_connection(("127.0.0.1", port), WAIT_S))
            for _ in range(CROWD)
        ]
        told = [answer(line, f"/live/board/{number}") for number, line in enumerate(lines)]
        buyer = crowd.enter_context(socket.create_connection(("127.0.0.1", port), WAIT_S))
        reached = answer(buyer, "/live/nothing")
    if most == "8":
        assert [b" 200 " in line for line in told] == [True] * 8 + [False] * 8
        assert b" 503 " in told[-1]
        assert b" 404 " in reached
    else:  # the harm
        assert told[CONNECTIONS:] == [b""] * (CROWD - CONNECTIONS)
        assert reached == b""
