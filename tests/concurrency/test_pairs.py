"""Every two commands that touch stock, under every interleaving of their SQL statements.

The hottest are in test_hot_pairs.py. Every other command is played here with two of them and with
itself, in the first market where both have to do, under the first three kinds of schedule and,
where there are more, two by the fall of dice. In the longer proof all pairs are played under all
kinds, in every market.
"""

from functools import partial

import pytest

from tests.concurrency.commands import COMMANDS, HOT, Together, together
from tests.concurrency.conftest import Hall
from tests.concurrency.stepper import some

# Nobody but the actors and the director of the stage touches the database in these tests
pytestmark = pytest.mark.django_db

ALL = [pair for pair in together(COMMANDS) if not set(pair.names) <= set(HOT)]
PARTNERS = {"order", "expire"}
SAMPLE = [pair for pair in ALL if set(pair.names) & PARTNERS or len(set(pair.names)) == 1]
FIRST = list({pair.names: pair for pair in reversed(SAMPLE)}.values())


@pytest.mark.parametrize("pair", FIRST, ids=str)
def test_two_at_once_end_as_one_after_the_other(hall: Hall, pair: Together) -> None:
    proof = hall.prove(pair, walk=partial(some, most=3, then=2, seed=str(pair)))
    assert not proof.faults, str(proof)


@pytest.mark.long
@pytest.mark.parametrize("pair", ALL, ids=str)
def test_so_they_do_in_every_market(hall: Hall, pair: Together) -> None:
    proof = hall.prove(pair)
    assert not proof.faults, str(proof)
