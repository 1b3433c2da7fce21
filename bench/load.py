"""Buyers on one core: raw keep-alive connections, each sending its next order when answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

Answered = Callable[[int, bytes], None]


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
    await asyncio.gather(*(_buyer(port, requests, outcome, until) for _ in range(buyers)))
    outcome.ended_at = time.monotonic()
    return outcome


async def _buyer(
    port: int, requests: Callable[[], bytes | None], outcome: Outcome, until: float
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < until and (request := requests()) is not None:
        began_at = time.monotonic()
        writer.write(request)
        try:
            status = await _status(reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            outcome.lost += 1
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            continue
        outcome.latencies_s.append(time.monotonic() - began_at)
        outcome.statuses[status] += 1
    writer.close()


async def _status(reader: asyncio.StreamReader) -> int:
    """Read one answer (with Content-Length) and return its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    mark = lowered.find(b"content-length:")
    if mark >= 0:
        length = int(lowered[mark + 15 : lowered.index(b"\r", mark)])
        if length:
            await reader.readexactly(length)
    return int(head[9:12])
