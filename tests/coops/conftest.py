from collections.abc import Iterator
from typing import Any

import pytest

from tests.standins import esms


@pytest.fixture
def gateway(settings: Any) -> Iterator[esms.Gateway]:
    with esms.gateway_for(settings) as gateway:
        yield gateway
