"""Buyers on one core: raw keep-alive connections, each sending its next order when answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What `buyers` connections were told: seconds each answer took, and how many of each status."""

    latencies_s: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0  # connections that broke before the answer
    began_at: float = 0.0
    ended_at: float = 0.0

    @property
    def seconds(self) -> float:
        return self.ended_at - self.began_at

    def count(self, *statuses: int) -> int:
        return sum(self.statuses[status] for status in statuses)

    def percentile_ms(self, share: float) -> float:
        ranked = sorted(self.latencies_s)
        return round(ranked[min(len(ranked) - 1, int(len(ranked) * share))] * 1000, 1)


async def press(
    port: int, requests: Callable[[], bytes | None], *, buyers: int, seconds: float | None = None
) -> Outcome:
    """Let `buyers` send what `requests()` gives until it gives None or `seconds` are over."""
    outcome = Outcome(began_at=time.monotonic())
    until = outcome.began_at + (seconds or 1e9)
    loop = asyncio.get_running_loop()
    everyone = [Buyer(port, requests, outcome, until, loop) for _ in range(buyers)]
    for buyer in everyone:
        await buyer.connect()
    await asyncio.gather(*(buyer.done for buyer in everyone))
    outcome.ended_at = time.monotonic()
    return outcome


class Buyer(asyncio.Protocol):
    """One connection. A protocol and not a stream: the client shares the server's processors."""

    def __init__(
        self,
        port: int,
        requests: Callable[[], bytes | None],
        outcome: Outcome,
        until: float,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.port, self.requests, self.outcome, self.until = port, requests, outcome, until
        self.loop = loop
        self.done = loop.create_future()
        self.answer = b""

    async def connect(self) -> None:
        self.answer = b""
        self.transport, _ = await self.loop.create_connection(lambda: self, "127.0.0.1", self.port)
        self.send()

    def send(self) -> None:
        request = self.requests() if time.monotonic() < self.until else None
        if request is None:
            self.done.set_result(None)
            self.transport.close()
            return
        self.began_at = time.monotonic()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.answer += data
        if not is_whole(self.answer):
            return
        self.outcome.latencies_s.append(time.monotonic() - self.began_at)
        self.outcome.statuses[int(self.answer[9:12])] += 1
        self.answer = b""
        self.send()

    def connection_lost(self, _fault: Exception | None) -> None:
        if not self.done.done():
            self.outcome.lost += 1
            self.again = self.loop.create_task(self.connect())
            self.again.add_done_callback(self.give_up)

    def give_up(self, connecting: asyncio.Task[None]) -> None:
        """A server that lets nobody in any more ends this buyer's day, with its error."""
        if (fault := connecting.exception()) and not self.done.done():
            self.done.set_exception(fault)


def is_whole(answer: bytes) -> bool:
    """Whether an answer with Content-Length has come to its end."""
    head, blank, body = answer.partition(b"\r\n\r\n")
    if not blank:
        return False
    head = head.lower()
    mark = head.find(b"content-length:")
    return mark < 0 or len(body) >= int(head[mark + 15 :].partition(b"\r")[0])
