"""People who read figures: what was ordered so far is counted before they look."""

from typing import Any

from django.test import Client

from dashboards.services.rolling_up import roll_up_all
from tests.cast import client_of


def reader_of(user: Any, **how: Any) -> Client:
    client = client_of(user, **how)
    look = client.get

    def get(*args: Any, **kwargs: Any) -> Any:
        roll_up_all()
        return look(*args, **kwargs)

    client.get = get  # type: ignore[method-assign]
    return client
