"""A TCP (or Unix socket) proxy that misbehaves on purpose, between any two processes of ours.

It runs on an event loop in a thread of its own. What it does to connections is set at any time:

    proxy.fault = cut_before_request()      # nothing reaches the server
    proxy.fault = cut_before_reply()        # the server has done its work, nobody is told
    proxy.fault = cut_in_reply(after=100)   # half an answer
    proxy.fault = half_open()               # both sides believe in it, nothing passes
    proxy.fault = slow(0.3)
    proxy.fault = twice()                   # each request is delivered two times
    proxy.fault = None
"""

import asyncio
import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path

CHUNK = 65_536
Address = tuple[str, int] | Path


@dataclass(frozen=True)
class Fault:
    """`when` limits it to connections over which these bytes are sent; `times` to so many."""

    cut_request: bool = False
    cut_reply_after: int | None = None
    swallow: bool = False
    delay_s: float = 0
    copies: int = 1
    when: bytes = b""
    refuse: bool = False


def cut_before_request(when: bytes = b"") -> Fault:
    return Fault(cut_request=True, when=when)


def cut_before_reply(when: bytes = b"") -> Fault:
    return Fault(cut_reply_after=0, when=when)


def cut_in_reply(after: int) -> Fault:
    return Fault(cut_reply_after=after)


def half_open() -> Fault:
    return Fault(swallow=True)


def slow(seconds: float) -> Fault:
    return Fault(delay_s=seconds)


def twice() -> Fault:
    return Fault(copies=2)


def refused() -> Fault:
    return Fault(refuse=True)


class Proxy:
    """Listens on `here` (port 0: any free one) and passes on to `there`."""

    def __init__(self, here: Address, there: Address) -> None:
        self.here = here
        self.there = there
        self.fault: Fault | None = None
        self.connections = 0
        self.hits = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def port(self) -> int:
        assert isinstance(self.here, tuple)
        return self.here[1]

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def cut_all(self) -> None:
        """Break every open connection, as a network that fails does."""
        self._loop.call_soon_threadsafe(self._abort_all)

    def _abort_all(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _listen(self) -> None:
        if isinstance(self.here, Path):
            self._server = await asyncio.start_unix_server(self._serve, self.here)
            return
        host, port = self.here
        self._server = await asyncio.start_server(self._serve, host, port)
        self.here = (host, self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        self._server.close()
        self._abort_all()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.there, Path):
            return await asyncio.open_unix_connection(self.there)
        return await asyncio.open_connection(*self.there)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            if self.fault and self.fault.refuse:
                self.hits += 1
                return
            server_reader, server_writer = await self._dial()
            self._open.add(server_writer)
            link = Link(self, writer, server_writer)
            try:
                await asyncio.gather(link.up(reader), link.down(server_reader))
            finally:
                server_writer.transport.abort()
                self._open.discard(server_writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._open.discard(writer)


class Link:
    """One connection through the proxy."""

    def __init__(
        self, proxy: Proxy, client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        self.proxy = proxy
        self.client = client
        self.server = server
        self.sent = b""
        self.caught: Fault | None = None
        self.passed = 0

    @property
    def fault(self) -> Fault | None:
        """What is done to this connection now; once caught, it stays so."""
        fault = self.proxy.fault
        if self.caught is None and fault and fault.when in self.sent:
            self.caught = fault
            self.proxy.hits += 1
        if self.caught and not self.caught.when and self.caught is not fault:
            self.caught = None  # it has been taken back
            return self.fault if fault else None
        return self.caught

    async def up(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(CHUNK):
            self.sent = (self.sent + data)[-CHUNK * 2 :]
            fault = self.fault
            if fault and fault.cut_request:
                self.cut()
                return
            if fault and fault.swallow:
                continue
            if fault and fault.delay_s:
                await asyncio.sleep(fault.delay_s)
            self.server.write(data)
            if fault and fault.copies > 1:
                await self.send_copies(data, fault.copies - 1)
            await self.server.drain()
        with contextlib.suppress(OSError):
            self.server.write_eof()

    async def send_copies(self, data: bytes, count: int) -> None:
        """Deliver the same bytes again at once, over connections of their own."""
        for _ in range(count):
            reader, writer = await self.proxy._dial()
            writer.write(data)
            drain = asyncio.ensure_future(reader.read(CHUNK))
            drain.add_done_callback(lambda _task, other=writer: other.close())
            COPIES.add(drain)
            drain.add_done_callback(COPIES.discard)

    async def down(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(CHUNK):
            fault = self.fault
            if fault and fault.swallow:
                continue
            if fault and fault.delay_s:
                await asyncio.sleep(fault.delay_s)
            if fault and fault.cut_reply_after is not None:
                data = data[: max(0, fault.cut_reply_after - self.passed)]
                self.passed += len(data)
                if data:
                    self.client.write(data)
                    await self.client.drain()
                if self.passed >= fault.cut_reply_after:
                    self.cut()
                    return
                continue
            self.client.write(data)
            await self.client.drain()
        self.client.close()

    def cut(self) -> None:
        if self.passed:
            self.client.close()  # what has been passed on arrives, then nothing
        else:
            self.client.transport.abort()
        self.server.transport.abort()


COPIES: set[asyncio.Future] = set()
