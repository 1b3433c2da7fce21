"""The live channel alone, as an RSGI application: what production's `live` service serves.

The pages beside it have a server of their own there; in one process they are config.mixed.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from config.live import show_live as application  # noqa: E402 - Django is set up above

__all__ = ["application"]
