"""Every two commands that touch stock, under every interleaving of their SQL statements.

The four hottest are in test_hot_pairs.py. The others are played here in the first market where both
have to do, under the first four kinds of schedule and, where there are more, three by the fall of
dice; what hosts do beside the selling, with those four only. In the longer proof all are played
under all kinds, in every market.
"""

from functools import partial

import pytest

from tests.concurrency.commands import COMMANDS, DESK, HOT, Together, together
from tests.concurrency.conftest import Hall
from tests.concurrency.stepper import some

# Nobody but the actors and the director of the stage touches the database in these tests
pytestmark = pytest.mark.django_db

ALL = [pair for pair in together(COMMANDS) if not set(pair.names) <= set(HOT)]
SAMPLE = [pair for pair in ALL if not set(pair.names) & DESK or set(pair.names) & set(HOT)]
FIRST = list({pair.names: pair for pair in reversed(SAMPLE)}.values())


@pytest.mark.parametrize("pair", FIRST, ids=str)
def test_two_at_once_end_as_one_after_the_other(hall: Hall, pair: Together) -> None:
    proof = hall.prove(pair, walk=partial(some, most=4, then=3, seed=str(pair)))
    assert not proof.faults, str(proof)


@pytest.mark.long
@pytest.mark.parametrize("pair", ALL, ids=str)
def test_so_they_do_in_every_market(hall: Hall, pair: Together) -> None:
    proof = hall.prove(pair)
    assert not proof.faults, str(proof)
