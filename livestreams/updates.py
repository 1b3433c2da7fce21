"""What viewers are sent when a board changes: at most BUDGET bytes, however long the line-up is.

    at, r, s, n  as on the board (livestreams/board.py)
    v         the line-up's version; its letters are those of `v` on the whole board
    l         units left, of each offer in the board's order
    x         one letter for each offer in that order: - on sale, w lined up, s sold out
    w         how many wait in line, by the offer's place in that order; left out when zero
    and, when the line-up changed a moment ago:
    f         versions that the following turns into this one
    i         ids of the offers in order
    c         offers that are new or changed, without l, x and w
    t, h      as on the board

A line-up is everything but `at`, `r`, `s`, `n` and each offer's `l`, `x` and `w`: what a page was rendered with.
Each update holds all numbers, so one that was missed is made good by the next; a viewer whose
version is neither `v` nor in `f` requests the whole board.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from livestreams import board
from livestreams.board import NUMBERS, Board
from livestreams.models import LivestreamSession

BUDGET = 1950  # bytes of data; the frame around it takes less than 60
KEPT_S = 30.0  # after that, viewers with an older line-up request the whole board
LINE_UPS_KEPT, BOARDS_KEPT = 6, 64
ON_SALE = "-"


@dataclass(frozen=True)
class LineUp:
    version: str
    offers: dict[int, Board]  # by id, in order, without what changes with each order
    title: str
    cooperatives: dict[str, str]


class Updates:
    """Renders updates; remembers each board's last line-ups, in this process alone.

    Forgetting costs viewers a request, never the truth.
    """

    def __init__(self) -> None:
        self._past: OrderedDict[str, list[tuple[float, LineUp]]] = OrderedDict()
        self._lock = threading.Lock()

    def draw(self, key: str, whole: Board) -> Board:
        """The update that makes viewers of board `key` see `whole`; a board that is gone as it is."""
        if "o" not in whole:
            return whole
        line_up = line_up_of(whole)
        numbers: Board = {
            **{name: whole[name] for name in ("at", "r", "s", "n", "v")},
            "l": [offer["l"] for offer in whole["o"]],
            "x": "".join(offer.get("x", ON_SALE) for offer in whole["o"]),
        }
        if waiting := {at: o["w"] for at, o in enumerate(whole["o"]) if "w" in o}:
            numbers["w"] = waiting
        return _with_changes(numbers, line_up, self._remember(key, line_up))

    def _remember(self, key: str, line_up: LineUp) -> list[LineUp]:
        """Note the line-up as the present one; the earlier ones still in use, newest first."""
        now = time.monotonic()
        with self._lock:
            past = self._past.setdefault(key, [])
            self._past.move_to_end(key)
            while len(self._past) > BOARDS_KEPT:
                self._past.popitem(last=False)
            if past and past[-1][1].version != line_up.version:
                past[-1] = (now, past[-1][1])  # it was in use until now
            past[:] = [
                (seen_at, old)
                for seen_at, old in past
                if now - seen_at < KEPT_S and old.version != line_up.version
            ][1 - LINE_UPS_KEPT :]
            earlier = [old for _, old in reversed(past)]
            past.append((now, line_up))
            return earlier


def line_up_of(whole: Board) -> LineUp:
    offers = {
        offer["i"]: {name: value for name, value in offer.items() if name not in NUMBERS}
        for offer in whole["o"]
    }
    return LineUp(whole["v"], offers, whole["t"], whole["h"])


def _with_changes(numbers: Board, line_up: LineUp, earlier: list[LineUp]) -> Board:
    """`numbers`, and as many ways from earlier line-ups as fit the budget."""
    fitting, versions, changed = numbers, [], dict[int, Board]()
    for old in earlier:
        versions.append(old.version)
        changed |= {
            number: offer
            for number, offer in line_up.offers.items()
            if old.offers.get(number) != offer
        }
        longer = {
            **numbers,
            "f": list(versions),
            "i": list(line_up.offers),
            "c": list(changed.values()),
            "t": line_up.title,
            "h": line_up.cooperatives,
        }
        if len(board.as_json(longer).encode()) > BUDGET:
            break
        fitting = longer
    return fitting


_updates = Updates()


def update(key: str) -> Board:
    """What viewers of the session with this id are sent now."""
    return _updates.draw(key, board.snapshot(key))


def watched() -> list[str]:
    """Ids of the live sessions."""
    live = LivestreamSession.objects.live().values_list("pk", flat=True)
    return [str(session_id) for session_id in live]
