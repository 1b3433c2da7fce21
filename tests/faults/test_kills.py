"""Processes of a running platform are killed and frozen under load: nothing promised is lost."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from bench.ground import OTHERS
from bench.judge import Attempt, Ledger, judge
from bench.rows import SessionRows
from core.local.paths import BASE_DIR
from orders.models import Order
from tests.factories.orders import OrderFactory

NONE_OF = (
    *("lost", "doubled", "phantoms", "oversold", "stranded", "unsettled"),
    *("undelivered", "tally_differences", "not_recovered", "faults_shown"),
)
BACK_WITHIN_S = 10


def strike(*words: str) -> dict[str, Any]:
    env = {name: value for name, value in os.environ.items() if name not in OTHERS}
    done = subprocess.run(
        [sys.executable, "-m", "bench.faults", "--json", *words],
        cwd=BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip(), done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def assert_nothing_lost(found: dict[str, Any]) -> None:
    assert not {name: found[name] for name in NONE_OF if found[name]}, found
    assert found["acknowledged"] > 20
    assert "agree" in found["books"]


def test_a_handful_of_kills_and_freezes() -> None:
    found = strike("--kills", "2", "--freezes", "1", "--seed", "4")

    assert_nothing_lost(found)
    assert found["worst_recovery_s"] <= BACK_WITHIN_S, found


@pytest.mark.long
def test_many_kills_and_freezes() -> None:
    found = strike("--kills", "60", "--freezes", "15", "--seed", "5")

    assert_nothing_lost(found)
    assert found["worst_recovery_s"] <= BACK_WITHIN_S, found


@pytest.mark.django_db
def test_the_judge_sees_what_is_lost_doubled_and_oversold() -> None:
    """The negative control: a ledger that disagrees with the database is told so."""
    order = OrderFactory(note="mark-1")
    lines = order.lines.all()
    rows = SessionRows(order.session_id, [lines[0].offer_id], [], "", [])
    kept = Attempt("mark-1", b"", location=f"/don/{order.token}/")
    assert not any(figures(Ledger([kept]), rows).values())

    gone = Attempt("mark-2", b"", location="/don/nowhere/")
    assert figures(Ledger([kept, gone]), rows)["lost"] == 1

    refused = Attempt("mark-1", b"", is_refused=True)
    assert figures(Ledger([refused]), rows)["phantoms"] == 1

    twin = OrderFactory(offer=lines[0].offer, note="mark-1")
    assert figures(Ledger([kept]), rows)["doubled"] == 1

    Order.objects.filter(pk=twin.pk).update(state="cancelled")  # its units are not given back
    assert figures(Ledger([kept]), rows)["stranded"] == 1

    lines.update(quantity=11)
    assert figures(Ledger([kept]), rows)["oversold"] == 1


def figures(ledger: Ledger, rows: SessionRows) -> dict[str, int]:
    found = vars(judge(ledger, rows))
    return {name: found[name] for name in NONE_OF if name in found}
