"""Hold commands against each other under every interleaving, and say what went wrong."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from core.errors import Busy, DomainError
from tests.concurrency.market import Copy, differences, picture, wrongs
from tests.concurrency.stepper import Play, Stage, different
from tests.concurrency.stepper.actor import Act, Answer
from tests.threads import beside

Prepare = Callable[[], Sequence[Act]]
Walk = Callable[[Callable[[], Play]], Iterator[Play]]


@dataclass(frozen=True)
class Outcome:
    """What everybody was told, and how the market stands then."""

    told: tuple[str, ...]
    market: str

    def besides(self, other: "Outcome") -> list[str]:
        """Where the two differ."""
        mine, theirs = json.loads(self.market), json.loads(other.market)
        parts = [f"{name}: {mine[name]}\n   not {theirs[name]}" for name in mine]
        told = [f"told {self.told}, not {other.told}"] if self.told != other.told else []
        return told + [
            part for part, name in zip(parts, mine, strict=True) if mine[name] != theirs[name]
        ]


@dataclass
class Proof:
    """`outcomes` of `schedules` plays; `faults` are sentences with the schedule that led there."""

    schedules: int = 0
    outcomes: set[Outcome] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n\n".join(self.faults[:3])


def prove(stage: Stage, copy: Copy, prepare: Prepare, walk: Walk = different) -> Proof:
    """Play the acts of `prepare` in all schedules of `walk`, each from the market of `copy`."""
    proof = Proof()

    def begin() -> Play:
        copy.put_back()
        return Play(stage, prepare())

    try:
        copy.put_back()
        serial = serial_outcomes(begin, len(prepare()))
        for play in walk(begin):
            proof.schedules += 1
            proof.faults += [fault_of(play, said) for said in judge(play, serial, proof)]
    except Exception:
        stage.start_anew()  # others will play on it
        raise
    return proof


def judge(play: Play, serial: set[Outcome], proof: Proof) -> list[str]:
    """All that is wrong with the end of one play."""
    if not play.is_over:
        play.look_again()
    if not play.is_over:
        play.break_up()
        return ["everybody waits for somebody: a deadlock"]
    said = [f"{actor} saw {answer.fault!r}" for actor, answer in unexpected(play.answers)]
    said += wrongs(play.stage.ask)
    outcome = outcome_of(play)
    if outcome not in proof.outcomes:  # the same rows give the same books
        proof.outcomes.add(outcome)
        said += beside(differences)()
    if outcome not in serial:
        nearest = min((outcome.besides(other) for other in serial), key=len)
        said.append("no order of one after the other ends so:\n  " + "\n  ".join(nearest))
    return said


def serial_outcomes(begin: Callable[[], Play], count: int) -> set[Outcome]:
    """How it ends when one follows the other."""
    ends = set()
    for turns in itertools.permutations(range(count)):
        play = begin()
        for actor in turns:
            while actor in play.enabled:
                play.step(actor)
        ends.add(outcome_of(play))
    return ends


def outcome_of(play: Play) -> Outcome:
    return Outcome(tuple(told(answer) for answer in play.answers), picture(play.stage.ask))


def told(answer: Answer) -> str:
    if answer.fault:
        return type(answer.fault).__name__
    is_plain = answer.value is None or isinstance(answer.value, bool | int | str)
    return repr(answer.value) if is_plain else type(answer.value).__name__


def unexpected(answers: Sequence[Answer]) -> list[tuple[str, Answer]]:
    """Answers that are neither a result nor a refusal in words."""
    return [
        ("ABC"[number], answer) for number, answer in enumerate(answers) if is_fault(answer.fault)
    ]


def is_fault(answer: object) -> bool:
    """Whether nobody should ever have seen this; “busy” is how a lock or deadlock is put in words."""
    if not isinstance(answer, Exception):
        return False
    return isinstance(answer, Busy) or not isinstance(answer, DomainError)


def fault_of(play: Play, said: str) -> str:
    steps = "\n".join(f"    {step}" for step in play.steps)
    return f"{said}\n  after\n{steps}"
