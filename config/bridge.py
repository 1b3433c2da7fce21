"""WSGI pages on an RSGI server: bodies are read before a thread is taken, and too many are refused.

Each lane is a fixed number of long-lived threads (their database connections are kept) with a line
before them. A request that finds the line full, or that stood in it for too long, is answered 503
with Retry-After at once, so a rush makes nobody wait without end and no thread is spent on it. So
is one whose thread has not answered in time (a database that hangs); what it does in the end, its
key gives again.
"""

import asyncio
import io
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import IO, Any, cast

from core.busy import AWAY, BUSY, MAX_KEPT_BYTES, busy_response, language_in, typed_in, wants_json

log = logging.getLogger(__name__)

Headers = list[tuple[str, str]]
Answer = tuple[int, Headers, bytes]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

IN_MEMORY = 1_000_000  # bytes of a body kept in memory
MAX_BODY = 64_000_000  # nginx and the forms refuse before
BODY_PAUSE_S = 30  # the longest silence inside a body
SENT_WHOLE = 512_000  # longer answers are sent in pieces
PIECE_TIMEOUT_S = 60
JOINED = {"HTTP_COOKIE": "; "}  # what lies between repeated headers; others take a comma


class Lane:
    """Threads that serve one kind of request, how many may wait for them and how long, and how
    long an answer may take, waiting included.
    """

    def __init__(
        self,
        name: str,
        *,
        threads: int,
        waiting: int,
        longest_wait_s: float,
        longest_answer_s: float,
    ) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self.most = threads + waiting
        self.longest_wait_s = longest_wait_s
        self.longest_answer_s = longest_answer_s
        self.inside = 0

    @property
    def is_full(self) -> bool:
        return self.inside >= self.most


class Turn:
    """Whoever claims it answers the request: its thread, or the loop when that takes too long."""

    def __init__(self) -> None:
        self.begun_at = time.monotonic()
        self._lock = threading.Lock()

    def claim(self) -> bool:
        return self._lock.acquire(blocking=False)


class TooLate(Exception):
    """The request has been answered meanwhile."""


class Bridge:
    """An RSGI application that serves `wsgi` through lanes."""

    def __init__(self, wsgi: Wsgi) -> None:
        self.wsgi = wsgi

    async def __call__(self, scope: Any, proto: Any, lane: Lane) -> None:
        try:
            body = await read_body(scope, proto)
        except TimeoutError:
            send(proto, plain(HTTPStatus.REQUEST_TIMEOUT))
            return
        if body is None:
            send(proto, plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
        elif lane.is_full:
            send(proto, busy(scope, body))
        else:
            await self._through(lane, scope, proto, body)

    async def _through(self, lane: Lane, scope: Any, proto: Any, body: IO[bytes]) -> None:
        lane.inside += 1
        try:
            loop, turn = asyncio.get_running_loop(), Turn()
            limit = loop.call_later(lane.longest_answer_s, give_up, turn, scope, proto, body)
            try:
                answer = await loop.run_in_executor(
                    lane.pool, self._serve, lane, turn, scope, proto, body, loop
                )
            finally:
                limit.cancel()
            if turn.claim():
                send(proto, answer)
        finally:
            lane.inside -= 1

    def _serve(
        self,
        lane: Lane,
        turn: Turn,
        scope: Any,
        proto: Any,
        body: IO[bytes],
        loop: asyncio.AbstractEventLoop,
    ) -> Answer:
        if time.monotonic() - turn.begun_at > lane.longest_wait_s:
            return busy(scope, body)
        try:
            return self._ask(turn, scope, proto, body, loop)
        except TooLate:
            return plain(HTTPStatus.SERVICE_UNAVAILABLE)  # goes to nobody
        except Exception:
            log.exception("a page failed outside of Django")
            return plain(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _ask(
        self, turn: Turn, scope: Any, proto: Any, body: IO[bytes], loop: asyncio.AbstractEventLoop
    ) -> Answer:
        started: list[Any] = []

        def start_response(status: str, headers: Headers, _exc_info: Any = None) -> None:
            started[:] = [int(status[:3]), headers]

        pieces = self.wsgi(environ_of(scope, body), start_response)
        try:
            whole, size, stream = [], 0, None
            for piece in pieces:
                if stream is not None:
                    push(loop, stream.send_bytes(piece))
                    continue
                whole.append(piece)
                size += len(piece)
                if size > SENT_WHOLE:
                    if not turn.claim():
                        raise TooLate
                    stream = proto.response_stream(*started)
                    push(loop, stream.send_bytes(b"".join(whole)))
            return started[0], started[1], b"".join(whole)
        finally:
            if close := getattr(pieces, "close", None):
                close()


def push(loop: asyncio.AbstractEventLoop, sending: Any) -> None:
    """Send a piece from a thread; a reader too slow for it frees the thread after a while."""

    async def send_piece() -> None:
        await sending

    asyncio.run_coroutine_threadsafe(send_piece(), loop).result(PIECE_TIMEOUT_S)


def send(proto: Any, answer: Answer) -> None:
    status, headers, body = answer
    if body:
        proto.response_bytes(status, headers, body)
    else:
        proto.response_empty(status, headers)


def give_up(turn: Turn, scope: Any, proto: Any, body: IO[bytes]) -> None:
    """Answer for a thread that has not; the body may be under its hands, so only a copy is read."""
    if turn.claim():
        kept = io.BytesIO(body.getvalue()) if isinstance(body, io.BytesIO) else None
        send(proto, busy(scope, kept, kind=AWAY))


def busy(scope: Any, body: IO[bytes] | None, kind: str = BUSY) -> Answer:
    """The page that comes again by itself; a form that was sent keeps what was typed."""
    headers = scope.headers
    begun = body.read(MAX_KEPT_BYTES + 1) if body else b""
    return busy_response(
        language_in(headers.get("cookie", "")),
        wants_json(scope.path, headers.get("accept", "")),
        kind=kind,
        method=scope.method,
        address=scope.path,
        typed=typed_in(headers.get("content-type", ""), begun) if begun else (),
    )


def plain(status: HTTPStatus) -> Answer:
    words = status.phrase.encode()
    return status, [("content-type", "text/plain"), ("content-length", str(len(words)))], words


async def read_body(scope: Any, proto: Any) -> IO[bytes] | None:
    """The whole body, on disk when it is long; None when it is too long.

    Raises TimeoutError when its sender falls silent.
    """
    if scope.method in {"GET", "HEAD"}:
        return io.BytesIO()
    told = scope.headers.get("content-length", "")
    if told.isdecimal() and int(told) <= IN_MEMORY:
        async with asyncio.timeout(BODY_PAUSE_S * 2):
            return io.BytesIO(await proto())
    body = cast("IO[bytes]", tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - WSGI's
    size, pieces = 0, aiter(proto)
    while True:
        try:
            piece = await asyncio.wait_for(anext(pieces), BODY_PAUSE_S)
        except StopAsyncIteration:
            break
        size += len(piece)
        if size > MAX_BODY:
            return None
        body.write(piece)
    body.seek(0)
    return body


def environ_of(scope: Any, body: IO[bytes]) -> dict[str, Any]:
    """The request as PEP 3333 tells it.

    Headers with an underscore are left out: WSGI could not tell them from those with a hyphen, so
    a stranger could say what only a proxy may (nginx and Django's own server drop them as well).
    """
    server, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),  # unquoted already
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),  # letters as they were typed
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        known = environ.get(key)
        environ[key] = value if known is None else f"{known}{JOINED.get(key, ',')}{value}"
    return environ
