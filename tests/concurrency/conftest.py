from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command

from tests.concurrency.commands import MARKETS, Together
from tests.concurrency.market import Copy, Market, clear, forget_copies
from tests.concurrency.proving import Proof, prove
from tests.concurrency.stepper import Stage


@dataclass
class Hall:
    """All markets, each put back before it is played in, and the actors."""

    stage: Stage
    markets: dict[str, tuple[Market, Copy]]

    def prove(self, who: Together, **how: Any) -> Proof:
        market, copy = self.markets[who.market]
        return prove(self.stage, copy, lambda: who.acts(market), **how)


@pytest.fixture(scope="module")
def hall(django_db_setup: None, django_db_blocker: Any) -> Iterator[Hall]:
    """The markets of `commands`, made once for a module whose tests leave them as they were."""
    with django_db_blocker.unblock():
        with Stage(3) as stage:
            markets = {}
            for number, (name, how) in enumerate(MARKETS.items()):
                market = Market.open(**how)
                markets[name] = market, Copy(f"kept_{number}", stage.ask)
                clear()
            yield Hall(stage, markets)
        forget_copies()
        call_command("flush", interactive=False, verbosity=0)
