"""Days that cannot be: a step of a lot before the one that must come first."""

import datetime as dt
from collections.abc import Iterable, Mapping

from traceability.models import TraceEvent

Step = TraceEvent.Step
# Each kind begins no earlier than those before it begin; testing and storing may come at any time
RANKS = {Step.HARVEST: 0, Step.COLLECT: 1, Step.PROCESS: 2, Step.PACK: 3, Step.SHIP: 4}
Told = tuple[str, dt.date]  # kind of step, and its day


def too_early_for(told: Told, others: Iterable[Told], harvested_on: dt.date) -> dt.date | None:
    """The earliest possible day of `told` when its day is too early; else None."""
    return _too_early(told, _begun(others), harvested_on)


def doubtful(steps: Iterable[tuple[int, str, dt.date]], harvested_on: dt.date) -> set[int]:
    """Of steps as (id, kind, day), the ids of those whose days cannot be so."""
    known = list(steps)
    begun = _begun((kind, day) for _pk, kind, day in known)
    return {pk for pk, kind, day in known if _too_early((kind, day), begun, harvested_on)}


def _too_early(told: Told, begun: Mapping[str, dt.date], harvested_on: dt.date) -> dt.date | None:
    step, day = told
    if step == Step.HARVEST:
        return None
    before = [begun[kind] for kind, rank in RANKS.items() if kind in begun and rank < _rank(step)]
    if Step.HARVEST not in begun:
        before.append(harvested_on)
    earliest = max(before, default=day)
    return earliest if day < earliest else None


def _begun(told: Iterable[Told]) -> dict[str, dt.date]:
    """The first day of each kind."""
    first: dict[str, dt.date] = {}
    for step, day in told:
        first[step] = min(day, first.get(step, day))
    return first


def _rank(step: str) -> int:
    """Testing and storing follow the harvest only."""
    return RANKS.get(Step(step), 1)
