"""How slow the machine is at this moment, for tests that hold the platform to a time."""

import time

STEPS = 2_000_000
USUAL_S = 0.15  # for STEPS, on the two cores that the times are meant for
SLOWEST = 3.0


def slowness() -> float:
    """How many times longer something takes now than usual, 1 to 3; others may share the machine."""
    began = time.monotonic()
    total = 0
    for number in range(STEPS):
        total += number
    return min(max((time.monotonic() - began) / USUAL_S, 1.0), SLOWEST)
