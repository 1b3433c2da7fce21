from collections.abc import Iterator
from typing import Any

import pytest

from tests.standins import esms


@pytest.fixture
def gateway(settings: Any) -> Iterator[esms.Gateway]:
    """The SMS gateway, up and with a balance."""
    with esms.running_gateway() as gateway:
        settings.SMS_API_URL = gateway.url
        settings.SMS_API_KEY = esms.API_KEY
        settings.SMS_API_SECRET = esms.API_SECRET
        settings.SMS_BRAND_NAME = esms.BRAND
        settings.SMS_TIMEOUT_S = 1
        yield gateway
