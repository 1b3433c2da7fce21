"""Every two commands that touch stock, under every interleaving of their SQL statements.

Each pair in the first market where both have to do; in all markets in the longer proof.
"""

import pytest

from tests.concurrency.commands import COMMANDS, HOT, Together, together
from tests.concurrency.conftest import Hall

# Nobody but the actors and the director of the stage touches the database in these tests
pytestmark = pytest.mark.django_db

ALL = [pair for pair in together(COMMANDS) if not set(pair.names) <= set(HOT)]
FIRST = list({pair.names: pair for pair in reversed(ALL)}.values())
OTHERS = [pair for pair in ALL if pair not in FIRST]


@pytest.mark.parametrize("pair", FIRST, ids=str)
def test_two_at_once_end_as_one_after_the_other(hall: Hall, pair: Together) -> None:
    proof = hall.prove(pair)
    assert not proof.faults, str(proof)


@pytest.mark.long
@pytest.mark.parametrize("pair", OTHERS, ids=str)
def test_so_they_do_in_every_market(hall: Hall, pair: Together) -> None:
    proof = hall.prove(pair)
    assert not proof.faults, str(proof)
