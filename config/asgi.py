"""The live channel: server-sent events for boards and host consoles, as an ASGI application.

`/live/board/<session>`: the public board's snapshots. `/live/console/<grant>`: events of a
session for those who run it; the page hands out the grant, a signed and dated word, so that no
database is asked here who may listen. One broker subscription a process is fanned out to queues;
viewers who missed frames are made whole by the next snapshot (board) or by their Last-Event-ID
(console), both from PostgreSQL.
"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
get_asgi_application()  # sets Django up; pages are served by config.wsgi

from config.live import application  # noqa: E402

__all__ = ["application"]
