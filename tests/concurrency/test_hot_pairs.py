"""The hottest commands against each other under every interleaving.

Two at once in every market; the two markets where least is to be had wait for the longer proof.
There all three-way sets are played as well, which have too many kinds of schedule for every one:
the first three hundred and a hundred by the fall of dice.
"""

from functools import partial

import pytest

from tests.concurrency.commands import GONE, HOT, MONEY, Together, together
from tests.concurrency.conftest import Hall
from tests.concurrency.stepper import some

# Nobody but the actors and the director of the stage touches the database in these tests
pytestmark = pytest.mark.django_db


PAIRS = [
    pytest.param(pair, marks=[pytest.mark.long] if pair.market in {MONEY, GONE} else [])
    for pair in together(HOT)
]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_two_at_once_end_as_one_after_the_other(hall: Hall, pair: Together) -> None:
    proof = hall.prove(pair)
    assert not proof.faults, str(proof)


@pytest.mark.long
@pytest.mark.parametrize("three", together(HOT, 3), ids=str)
def test_three_at_once_end_as_one_after_the_other(hall: Hall, three: Together) -> None:
    proof = hall.prove(three, walk=partial(some, most=300, then=100, seed=str(three)))
    assert not proof.faults, str(proof)
