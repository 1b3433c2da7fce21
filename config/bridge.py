"""WSGI pages on an RSGI server: bodies are read before a thread is taken, and too many are refused.

Each lane is a fixed number of long-lived threads (their database connections are kept) with a line
before them. A request that finds the line full, or that stood in it for too long, is answered 503
with Retry-After at once, so a rush makes nobody wait without end and no thread is spent on it. So
is one whose thread has not answered in time (a database that hangs): its statement is cancelled.
A thread makes the whole answer and goes on to the next request; slow readers are the loop's care.
"""

import asyncio
import io
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import IO, Any, cast

from config.bodies import (
    MAX_BODY,
    MOST_OF_STRANGERS,
    CutShort,
    TooLong,
    carries_files,
    is_long,
    most_bytes,
    read_body,
)
from config.lanes import Lane, TooLate, Turn
from core.busy import (
    BUSY,
    MULTIPART,
    Sent,
    busy_response,
    language_in,
    sent_in,
    waits_in,
    wants_json,
)
from core.origins import is_same_origin

log = logging.getLogger(__name__)

Headers = list[tuple[str, str]]
Answer = tuple[int, Headers, bytes | IO[bytes]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

SENT_WHOLE = 512_000  # longer answers wait on disk and are sent in pieces
PIECE = 65_536
PIECE_TIMEOUT_S = 60  # a reader slower than this is let go
MOST_STREAMS = 200  # long answers on their way at once
JOINED = {"HTTP_COOKIE": "; "}  # what lies between repeated headers; others take a comma


class Bridge:
    """An RSGI application that serves `wsgi` through lanes: forms that bring files through
    `for_files`, everything else through the lane it is called with.
    """

    def __init__(
        self,
        wsgi: Wsgi,
        for_files: Lane | None = None,
        *,
        session_cookie: str = "",
        is_signed_in: Callable[[str], bool] | None = None,
    ) -> None:
        self.wsgi = wsgi
        self.for_files = for_files
        self.session_cookie = session_cookie
        self.is_signed_in = is_signed_in  # by the Cookie header; asked in a thread, for long bodies
        self.streams = 0

    async def __call__(self, scope: Any, proto: Any, lane: Lane) -> None:
        try:
            body = await read_body(scope, proto, await self._most_bytes(scope, lane))
        except (TimeoutError, CutShort, TooLong) as fault:
            send(proto, plain(UNREADABLE[type(fault)]))
            return
        if self.for_files and carries_files(scope.headers.get("content-type", ""), body):
            lane = self.for_files
        answer = (
            await turned_away(scope, body)
            if lane.is_full
            else await self._through(lane, scope, proto, body)
        )
        if answer is None:
            return
        if isinstance(answer[2], bytes):
            send(proto, answer)
        elif self.streams >= MOST_STREAMS:
            send(proto, busy(scope, None))
        else:
            await self._stream(proto, *answer)

    async def _most_bytes(self, scope: Any, lane: Lane) -> int:
        """Nobody fills the disk before they have been looked at."""
        if self.is_signed_in is None or scope.method in {"GET", "HEAD"}:
            return MAX_BODY
        most = most_bytes(scope.headers, self.session_cookie)
        if most == MOST_OF_STRANGERS or not is_long(scope.headers):
            return most
        cookies = scope.headers.get("cookie", "")
        loop = asyncio.get_running_loop()
        is_known = await loop.run_in_executor(lane.pool, self.is_signed_in, cookies)
        return most if is_known else MOST_OF_STRANGERS

    async def _through(self, lane: Lane, scope: Any, proto: Any, body: IO[bytes]) -> Answer | None:
        """The thread's answer; None when one was given in its place."""
        lane.inside += 1
        try:
            loop, turn = asyncio.get_running_loop(), Turn()
            limit = loop.call_later(
                lane.longest_answer_s, give_up, turn, scope, proto, body, lane.when_slow
            )
            try:
                async with lane.pass_through():
                    answer = await loop.run_in_executor(
                        lane.pool, self._serve, lane, turn, scope, body
                    )
            finally:
                limit.cancel()
            return None if turn.is_over else answer
        finally:
            lane.inside -= 1

    def _serve(self, lane: Lane, turn: Turn, scope: Any, body: IO[bytes]) -> Answer:
        if time.monotonic() - turn.begun_at > lane.longest_wait_s:
            return busy(scope, body)
        try:
            with turn.work():
                return self._ask(scope, body)
        except TooLate:
            return plain(HTTPStatus.SERVICE_UNAVAILABLE)  # goes to nobody
        except Exception:
            log.exception("a page failed outside of Django")
            return plain(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _ask(self, scope: Any, body: IO[bytes]) -> Answer:
        started: list[Any] = []

        def start_response(status: str, headers: Headers, _exc_info: Any = None) -> None:
            started[:] = [int(status[:3]), headers]

        pieces = self.wsgi(environ_of(scope, body), start_response)
        try:
            whole = collected(pieces)
            return started[0], started[1], whole
        finally:
            if close := getattr(pieces, "close", None):
                close()

    async def _stream(self, proto: Any, status: int, headers: Headers, content: Any) -> None:
        """Send a long answer as fast as its reader takes it; one too slow is let go."""
        self.streams += 1
        try:
            with content:
                transport = proto.response_stream(status, headers)
                while piece := content.read(PIECE):
                    await asyncio.wait_for(transport.send_bytes(piece), PIECE_TIMEOUT_S)
        except (TimeoutError, RuntimeError):
            log.debug("a reader went away, or took too long")
        finally:
            self.streams -= 1


UNREADABLE: dict[type[Exception], HTTPStatus] = {
    TimeoutError: HTTPStatus.REQUEST_TIMEOUT,
    CutShort: HTTPStatus.BAD_REQUEST,
    TooLong: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}


def collected(pieces: Iterable[bytes]) -> bytes | IO[bytes]:
    """All of an answer: in memory, or in a file when it is long."""
    whole, size = list[bytes](), 0
    stored: IO[bytes] | None = None
    for piece in pieces:
        size += len(piece)
        if stored:
            stored.write(piece)
        elif size > SENT_WHOLE:
            stored = cast("IO[bytes]", tempfile.TemporaryFile())  # noqa: SIM115 - sent, then closed
            stored.write(b"".join([*whole, piece]))
        else:
            whole.append(piece)
    if stored is None:
        return b"".join(whole)
    stored.seek(0)
    return stored


def send(proto: Any, answer: Answer) -> None:
    status, headers, body = answer
    if body:
        proto.response_bytes(status, headers, body)
    else:
        proto.response_empty(status, headers)


def give_up(turn: Turn, scope: Any, proto: Any, body: IO[bytes], kind: str) -> None:
    """Answer for a thread that has not; the body may be under its hands, so only a copy is read."""
    turn.give_up()
    kept = io.BytesIO(body.getvalue()) if isinstance(body, io.BytesIO) else None
    send(proto, busy(scope, kept, kind=kind))


async def turned_away(scope: Any, body: IO[bytes]) -> Answer:
    """Busy, at once; what was typed beside pictures is found in a thread, they may be long."""
    if not scope.headers.get("content-type", "").startswith(MULTIPART):
        return busy(scope, body)
    return await asyncio.get_running_loop().run_in_executor(None, busy, scope, body)


def busy(scope: Any, body: IO[bytes] | None, kind: str = BUSY) -> Answer:
    """The page that comes again by itself; a form that was sent keeps what was typed."""
    headers = scope.headers
    cookies = headers.get("cookie", "")
    # A foreign page's form must not become one of ours by a detour
    is_own = is_same_origin(headers, headers.get("host", "") or scope.authority or "")
    return busy_response(
        language_in(cookies),
        wants_json(scope.path, headers.get("accept", "")),
        kind=kind,
        method=scope.method,
        address=scope.path,
        sent=sent_in(headers.get("content-type", ""), body) if body and is_own else Sent(),
        waits=waits_in(cookies),
    )


def plain(status: HTTPStatus) -> Answer:
    words = status.phrase.encode()
    return status, [("content-type", "text/plain"), ("content-length", str(len(words)))], words


def size_of(body: IO[bytes]) -> int:
    size = body.seek(0, io.SEEK_END)
    body.seek(0)
    return size


def environ_of(scope: Any, body: IO[bytes]) -> dict[str, Any]:
    """The WSGI environment of the request (PEP 3333).

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
    environ["CONTENT_LENGTH"] = str(size_of(body))  # of what came, in chunks too
    return environ
