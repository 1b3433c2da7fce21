"""What docs/operations.md promises is shown by tests that exist."""

import re

import pytest

from core.local.paths import BASE_DIR

WORDS = (BASE_DIR / "docs" / "operations.md").read_text()
PROMISED = re.findall(r"`(\w+/test_\w+\.py)::(test_\w+)`", WORDS)


@pytest.mark.parametrize(("path", "name"), PROMISED)
def test_a_promise_names_a_test(path, name):
    assert f"def {name}(" in (BASE_DIR / "tests" / path).read_text()


def test_there_are_promises():
    assert len(PROMISED) > 10
