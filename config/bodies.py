"""What was sent with a request: read before a thread is taken, and whole or not at all."""

import asyncio
import io
import re
import tempfile
from collections.abc import AsyncIterator
from typing import IO, Any, cast

IN_MEMORY = 1_000_000  # bytes of a body kept in memory
MAX_BODY = 64_000_000  # nginx and the forms refuse before
BODY_PAUSE_S = 30  # the longest silence inside a body
MOST_OF_STRANGERS = 100_000  # the longest form they are shown has a tenth of that
MOST_OF_FORMS = 2_500_000  # of those who are signed in, without files
SLOWEST = 16_000  # bytes a second, on the whole: slower senders are not waited for
PATIENCE_S = 60
MULTIPART = "multipart/form-data"
A_FILE = re.compile(rb'filename\*?=(?!"")')  # a field for a file that was left empty sends ""


class CutShort(Exception):
    """The sender broke off, or what came is not as long as announced."""


class TooLong(Exception):
    """More than this sender may send here."""


def most_bytes(headers: Any, session_cookie: str) -> int:
    """How much may be sent, by what the sender claims to be; see `is_long`."""
    if f"{session_cookie}=" not in headers.get("cookie", "") and "authorization" not in headers:
        return MOST_OF_STRANGERS
    is_form_with_files = headers.get("content-type", "").startswith(MULTIPART)
    return MAX_BODY if is_form_with_files else MOST_OF_FORMS


def is_long(headers: Any) -> bool:
    """Whether so much is announced (or nothing) that what the sender claims has to be looked up."""
    told = headers.get("content-length", "")
    return "transfer-encoding" in headers or (told.isdigit() and int(told) > IN_MEMORY)


async def read_body(scope: Any, proto: Any, most: int = MAX_BODY) -> IO[bytes]:
    """The whole body, on disk when it is long.

    Raises CutShort, TooLong, or TimeoutError when its sender falls silent or is far too slow.
    """
    told = scope.headers.get("content-length", "")
    size = min(int(told), most) if told.isascii() and told.isdigit() else most
    async with asyncio.timeout(PATIENCE_S + size / SLOWEST):
        return await _read(scope, proto, most)


async def _read(scope: Any, proto: Any, most: int) -> IO[bytes]:
    if scope.method in {"GET", "HEAD"}:
        return io.BytesIO()
    told = scope.headers.get("content-length")
    is_chunked = "transfer-encoding" in scope.headers
    if told is not None and (is_chunked or not (told.isascii() and told.isdigit())):
        raise CutShort  # ambiguous length: would allow request smuggling
    length = None if told is None else int(told)
    if length is not None and length > most:
        raise TooLong
    if length is not None and length <= IN_MEMORY:
        return await read_short(proto, length)
    return await read_long(proto, length, most)


async def read_short(proto: Any, length: int) -> IO[bytes]:
    async with asyncio.timeout(BODY_PAUSE_S * 2):
        try:
            whole = await proto()
        except RuntimeError as fault:  # the server's words for a connection that was cut
            raise CutShort from fault
    if len(whole) != length:
        raise CutShort
    return io.BytesIO(whole)


async def read_long(proto: Any, length: int | None, most: int = MAX_BODY) -> IO[bytes]:
    """A body of `length`, or in chunks of unknown number."""
    body = cast("IO[bytes]", tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - WSGI's
    size = empty = 0
    async for piece in pieces_of(proto):
        size += len(piece)
        empty += not piece
        if size > most:
            body.close()
            raise TooLong
        body.write(piece)
    # The server ends each body with an empty piece, and puts another where the connection was cut
    if empty > 1 or (length is not None and size != length):
        body.close()
        raise CutShort
    body.seek(0)
    return body


async def pieces_of(proto: Any) -> AsyncIterator[bytes]:
    pieces = aiter(proto)
    while True:
        try:
            yield await asyncio.wait_for(anext(pieces), BODY_PAUSE_S)
        except StopAsyncIteration:
            return


def carries_files(content_type: str, body: IO[bytes]) -> bool:
    """Whether a form brings files, which take long to read."""
    if not content_type.startswith(MULTIPART):
        return False
    return not isinstance(body, io.BytesIO) or A_FILE.search(body.getbuffer()) is not None
