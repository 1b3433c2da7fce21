"""Days that cannot be: a step of a lot before the one that must come first."""

import datetime as dt
from collections.abc import Iterable

from traceability.models import TraceEvent

Step = TraceEvent.Step
# Each kind begins no earlier than those before it begin; testing and storing may come at any time
RANKS = {Step.HARVEST: 0, Step.COLLECT: 1, Step.PROCESS: 2, Step.PACK: 3, Step.SHIP: 4}
Told = tuple[str, dt.date]  # kind of step, and its day


def too_early_for(told: Told, others: Iterable[Told], harvested_on: dt.date) -> dt.date | None:
    """The earliest possible day of `told` when its day is too early; else None."""
    step, day = told
    if step == Step.HARVEST:
        return None
    begun = _begun(others)
    before = [begun[kind] for kind, rank in RANKS.items() if kind in begun and rank < _rank(step)]
    if Step.HARVEST not in begun:
        before.append(harvested_on)
    earliest = max(before, default=day)
    return earliest if day < earliest else None


def doubtful(steps: Iterable[TraceEvent], harvested_on: dt.date) -> set[int]:
    """Ids of the steps whose days cannot be so."""
    known = list(steps)
    told = [(step.step, step.happened_on) for step in known]
    return {
        event.pk
        for event in known
        if too_early_for((event.step, event.happened_on), told, harvested_on)
    }


def _begun(told: Iterable[Told]) -> dict[str, dt.date]:
    """The first day of each kind."""
    first: dict[str, dt.date] = {}
    for step, day in told:
        first[step] = min(day, first.get(step, day))
    return first


def _rank(step: str) -> int:
    """Testing and storing follow the harvest only."""
    return RANKS.get(Step(step), 1)
