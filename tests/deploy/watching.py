"""A viewer's connection, read by a thread: frames in the order in which they came."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

TIMEOUT_S = 15.0


@dataclass
class Frame:
    kind: str = "message"
    number: str = ""  # as the server wrote it: nchan's are its own
    data: Any = None


@dataclass
class Watcher:
    url: str
    last_event_id: str = ""
    frames: list[Frame] = field(default_factory=list)
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        at = urlsplit(self.url)
        self._line = http.client.HTTPConnection(at.netloc, timeout=TIMEOUT_S)
        more = {"Last-Event-ID": self.last_event_id} if self.last_event_id else {}
        where = f"{at.path}?{at.query}" if at.query else at.path
        self._line.request("GET", where, headers={"Accept": "text/event-stream", **more})
        self._answer = self._line.getresponse()
        self.status = self._answer.status
        self.headers = {name.lower(): value for name, value in self._answer.getheaders()}
        self._socket = self._answer.fp.raw._sock  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(2)
        self._thread.join(TIMEOUT_S)
        self._line.close()

    def _read(self) -> None:
        frame = Frame()
        try:
            for line in iter(self._answer.readline, b""):
                name, _, value = line.decode().rstrip("\r\n").partition(": ")
                match name:
                    case "event":
                        frame.kind = value
                    case "id":
                        frame.number = value
                    case "data":
                        frame.data = json.loads(value)
                    case "":
                        if frame.data is not None:
                            self.frames.append(frame)
                        frame = Frame()
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # cut by __exit__

    def boards(self) -> list[Any]:
        return [frame.data for frame in self.frames if frame.kind == "board"]

    def events(self) -> list[int]:
        return [int(frame.number) for frame in self.frames if frame.kind == "event"]

    def until(self, condition: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, self.frames[-3:]
            time.sleep(0.01)
