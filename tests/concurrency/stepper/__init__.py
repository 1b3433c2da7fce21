"""Commands stopped before every statement; who goes on is chosen, not left to luck.

`Stage` holds one thread with a database connection for each actor. `Play` is one run of some
commands on it, a step at a time. `every` and `different` choose the steps: all interleavings, or
one of each kind that differs in what anybody can see.
"""

from tests.concurrency.stepper.play import Play, Step
from tests.concurrency.stepper.schedules import different, every, some
from tests.concurrency.stepper.stage import Stage

__all__ = ["Play", "Stage", "Step", "different", "every", "some"]
