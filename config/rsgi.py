"""The live channel alone, as an RSGI application: what production's `live` service serves.

The pages beside it have a server of their own there; in one process they are config.mixed.
"""

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from config.health import HEALTH_PATH, show_health  # noqa: E402 - Django is set up above
from config.live import show_live  # noqa: E402


async def application(scope: Any, proto: Any) -> None:
    if scope.path == HEALTH_PATH:
        show_health(scope, proto)
    else:
        await show_live(scope, proto)


__all__ = ["application"]
