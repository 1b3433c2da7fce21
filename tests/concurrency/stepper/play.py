"""One run of several acts, a step at a time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.concurrency.stepper.actor import COMMIT, ROLLBACK, Act, Answer, Mood
from tests.concurrency.stepper.stage import Stage
from tests.concurrency.stepper.touches import NOTHING, Touch

ROLL_BACK_TO = "ROLLBACK TO"


@dataclass(frozen=True)
class Step:
    """What `actor` did; `touch` says what that could mean to others."""

    actor: int
    said: str
    touch: Touch

    def meets(self, other: "Step") -> bool:
        return self.actor == other.actor or self.touch.meets(other.touch)

    def __str__(self) -> str:
        return f"{'ABC'[self.actor]}: {' '.join(self.said.split())[:110]}"


class Play:
    """Acts brought to their first stop; `step` lets one of the `enabled` go on to its next."""

    def __init__(self, stage: Stage, acts: Sequence[Act]) -> None:
        self.stage = stage
        self.steps: list[Step] = []
        self._hidden = [NOTHING] * len(acts)  # what each wrote and did not show yet
        self.actors = stage.actors[: len(acts)]
        stage.rewind()
        for actor, act in zip(self.actors, acts, strict=True):
            actor.begin(act)
            stage.settle(actor)

    @property
    def enabled(self) -> tuple[int, ...]:
        """Actors that could go on now: neither done nor waiting for another."""
        return tuple(
            actor.number
            for actor in self.actors
            if actor.mood is not Mood.DONE and actor.number not in self.stage.waiting
        )

    @property
    def is_over(self) -> bool:
        return all(actor.mood is Mood.DONE for actor in self.actors)

    @property
    def answers(self) -> list[Answer]:
        return [actor.answer for actor in self.actors]

    def step(self, number: int) -> Step:
        actor = self.actors[number]
        said, touch = self.stage.next_of(actor), self.stage.touch_of(actor)
        waited = set(self.stage.waiting)
        self._hidden[number] |= touch.writes
        self.stage.go(actor)
        touch |= self._shown(number, said)
        for freed in waited - self.stage.waiting:
            # What it had begun before ends within this step
            begun = next(past for past in reversed(self.steps) if past.actor == freed)
            touch |= begun.touch | self._shown(freed, begun.said)
        step = Step(number, said, touch)
        self.steps.append(step)
        return step

    def finish(self) -> None:
        """Let everybody go on, whoever can; for a run whose rest is of no interest."""
        while self.enabled:
            self.step(self.enabled[0])

    def look_again(self) -> None:
        """A busy machine may show somebody waiting who was freed a moment ago; a deadlock stays."""
        for _look in range(5):
            time.sleep(0.05)
            self.stage.settle(None)
            self.finish()

    def break_up(self) -> None:
        """End a deadlock that the schedule led into."""
        for actor in self.actors:
            if actor.mood is not Mood.DONE:
                self.stage.ask("SELECT pg_cancel_backend(%s)", [actor.pid])
        for actor in self.actors:
            self.stage.settle(actor)
        self.finish()

    def _shown(self, number: int, said: str) -> Touch:
        """What others can see now that `said` has come to its end, if it has."""
        actor = self.actors[number]
        if number in self.stage.inside or number in self.stage.waiting:
            return Touch()
        ends = said in {COMMIT, ROLLBACK} or said.lstrip().upper().startswith(ROLL_BACK_TO)
        if actor.in_transaction and not ends:
            return Touch()
        shown, self._hidden[number] = self._hidden[number], NOTHING
        return Touch(shows=shown)
