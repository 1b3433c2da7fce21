"""Which interleavings: all of them, or one of each kind that differs.

Both walk the tree of choices depth first and replay from the start, for a database cannot be set
back to the middle of two transactions.

`different` is dynamic partial-order reduction (Flanagan and Godefroid, 2005) with sleep sets
(Godefroid, 1996). Two schedules are of one kind when they differ only in the order of neighbouring
steps that touch nothing of each other (see `touches`); then nobody can tell them apart, and one
stands for all. test_stepper.py holds it against `every`: same kinds, same ends.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.concurrency.stepper.play import Play, Step

Begin = Callable[[], Play]
REPLAYS = 20  # of three at once: whom of two PostgreSQL wakes first is its own affair


class Unsteady(RuntimeError):
    """The same choices led somewhere else the second time."""


@dataclass
class Node:
    """A state reached: who could go on, who is still to be tried, who need not be."""

    enabled: tuple[int, ...]
    sleeping: dict[int, Step]
    chosen: int
    wanted: set[int] = field(default_factory=set)
    tried: dict[int, Step] = field(default_factory=dict)

    @property
    def step(self) -> Step:
        return self.tried[self.chosen]

    def asleep_after(self) -> dict[int, Step]:
        """Steps that were explored from here before and that the chosen one does not touch."""
        known = {**self.sleeping, **self.tried}
        return {
            actor: step
            for actor, step in known.items()
            if actor != self.chosen and not step.meets(self.step)
        }


def every(begin: Begin) -> Iterator[Play]:
    """Each interleaving of the acts that `begin` starts afresh, to its end."""
    path: list[tuple[tuple[int, ...], int]] = []
    while True:
        play = begin()
        for enabled, chosen in path:
            if play.enabled != enabled:
                raise Unsteady(path, play.steps)
            play.step(chosen)
        while play.enabled:
            path.append((play.enabled, play.enabled[0]))
            play.step(path[-1][1])
        yield play
        while path and path[-1][1] == path[-1][0][-1]:
            path.pop()
        if not path:
            return
        enabled, chosen = path.pop()
        path.append((enabled, enabled[enabled.index(chosen) + 1]))


def different(begin: Begin) -> Iterator[Play]:
    """One interleaving of each kind, to its end."""
    path: list[Node] = []
    while True:
        play, is_whole = _replay(begin, path)
        if is_whole:
            yield play
        while path and not _turn(path[-1]):
            path.pop()
        if not path:
            return


def some(begin: Begin, *, most: int, then: int, seed: str) -> Iterator[Play]:
    """The first `most` of `different`; where there are more, `then` others by the fall of dice."""
    walk = different(begin)
    yield from itertools.islice(walk, most)
    if not (one_more := next(walk, None)):
        return
    yield one_more
    dice = random.Random(seed)
    for _ in range(then):
        play = begin()
        while play.enabled:
            play.step(dice.choice(play.enabled))
        yield play


def kind_of(steps: list[Step]) -> tuple[tuple[tuple[int, int], ...], ...]:
    """The same for all schedules of one kind: the steps in rows of what need not wait (Foata)."""
    rows: list[list[Step]] = []
    counts: dict[int, int] = {}
    names: dict[int, tuple[int, int]] = {}
    for step in steps:
        counts[step.actor] = counts.get(step.actor, 0) + 1
        names[id(step)] = (step.actor, counts[step.actor])
        height = max(
            (number for number, row in enumerate(rows, 1) if any(step.meets(o) for o in row)),
            default=0,
        )
        if height == len(rows):
            rows.append([])
        rows[height].append(step)
    return tuple(tuple(sorted(names[id(step)] for step in row)) for row in rows)


def _replay(begin: Begin, path: list[Node]) -> tuple[Play, bool]:
    """`_walk` from a new start; again where two waited for a third and the other went first."""
    for _try in range(REPLAYS):
        play = begin()
        try:
            return play, _walk(play, path)
        except Unsteady as unlucky:
            reason = unlucky
            play.finish()
    raise reason


def _walk(play: Play, path: list[Node]) -> bool:
    """Replay `path`, then go on to the end; False when the rest was explored in another order."""
    for depth, node in enumerate(path):
        if play.enabled != node.enabled:
            raise Unsteady([str(step) for step in play.steps], node.enabled, play.enabled)
        is_new = node.chosen not in node.tried
        step = play.step(node.chosen)
        if is_new:
            node.tried[node.chosen] = step
            _mark_races(path[: depth + 1])
    while play.enabled:
        sleeping = path[-1].asleep_after() if path else {}
        awake = [actor for actor in play.enabled if actor not in sleeping]
        if not awake:
            play.finish()
            return False
        last = path[-1].chosen if path else awake[0]
        chosen = last if last in awake else awake[0]
        node = Node(play.enabled, sleeping, chosen, {chosen})
        path.append(node)
        node.tried[chosen] = play.step(chosen)
        _mark_races(path)
    return True


def _mark_races(path: list[Node]) -> None:
    """Where the newest step could have come before one it meets, have that tried as well."""
    newest = path[-1].step
    before: set[int] = set()  # indexes of steps that must come before the newest anyhow
    for index in range(len(path) - 2, -1, -1):
        node = path[index]
        later = [path[number].step for number in before]
        if node.chosen == newest.actor or any(node.step.meets(step) for step in later):
            before.add(index)
        elif node.step.meets(newest):
            before.add(index)
            node.wanted |= {newest.actor} if newest.actor in node.enabled else set(node.enabled)


def _turn(node: Node) -> bool:
    """Choose another that is wanted here; False when all have been tried."""
    left = sorted(node.wanted - node.tried.keys() - node.sleeping.keys())
    if left:
        node.chosen = left[0]
    return bool(left)
