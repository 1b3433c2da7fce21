"""The four hottest commands against each other, in every market, under every interleaving.

Two at once, and all three-way sets in the longer proof.
"""

import pytest

from tests.concurrency.commands import HOT, Together, together
from tests.concurrency.conftest import Hall

# Nobody but the actors and the director of the stage touches the database in these tests
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("pair", together(HOT), ids=str)
def test_two_at_once_end_as_one_after_the_other(hall: Hall, pair: Together) -> None:
    proof = hall.prove(pair)
    assert not proof.faults, str(proof)


@pytest.mark.long
@pytest.mark.parametrize("three", together(HOT, 3), ids=str)
def test_three_at_once_end_as_one_after_the_other(hall: Hall, three: Together) -> None:
    proof = hall.prove(three)
    assert not proof.faults, str(proof)
