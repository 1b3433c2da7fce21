"""Pages and the live channel in one process, on one port: what `manage.py up` serves.

Orders have a lane of their own: a page that takes long keeps no buyer waiting, and the number of
its threads is the gate of a hot offer's row, which is fastest with a few connections a core. What
a browser without script sends may have to be answered with a rendered page: a separate lane.
Pictures take seconds: forms that bring files have a lane of a few threads and a long line.
"""

import re
import sys
from typing import Any

from django.conf import settings

from config.bridge import Bridge
from config.health import HEALTH_PATH, show_health
from config.lanes import Lane
from config.senders import is_signed_in
from config.wsgi import application as pages_wsgi, orders as orders_wsgi
from core.busy import AWAY, wants_json

from config.live import show_live  # isort: skip - after Django is set up

ORDER_PATH = re.compile(r"/phien/\d+/dat/|/api/orders/?")
STATEMENT_TIMEOUT_MS = 20_000  # below the pages' limit, should a cancellation not arrive
SWITCH_S = 0.0005  # how long a thread may keep others, and the loop, from running

orders = Lane(
    "orders",
    threads=settings.ORDER_THREADS,
    waiting=1000,
    longest_wait_s=2.0,
    longest_answer_s=10.0,
    when_slow=AWAY,  # an order takes milliseconds: it is the database that does not answer
)
drawn_orders = Lane(
    "drawn-orders",
    threads=settings.ORDER_THREADS,
    waiting=200,
    longest_wait_s=4.0,
    longest_answer_s=10.0,
    when_slow=AWAY,
)
pages = Lane(
    "pages",
    threads=settings.WEB_THREADS,
    waiting=500,
    longest_wait_s=5.0,
    longest_answer_s=25.0,
    first=(orders, drawn_orders),
)
uploads = Lane(
    "uploads",
    threads=settings.UPLOAD_THREADS,
    waiting=60,
    longest_wait_s=45.0,
    longest_answer_s=80.0,  # the page's script waits for 90
    first=(orders, drawn_orders),
    beside=1,
)
of_people: Any = {"session_cookie": settings.SESSION_COOKIE_NAME, "is_signed_in": is_signed_in}
serve_pages = Bridge(pages_wsgi, for_files=uploads, **of_people)
serve_orders = Bridge(orders_wsgi, **of_people)

settings.DATABASES["default"]["OPTIONS"]["options"] += (
    f" -c statement_timeout={STATEMENT_TIMEOUT_MS}"
)
sys.setswitchinterval(SWITCH_S)


class Application:
    """What the server calls: `/live/…` is the live channel, everything else a page."""

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        if scope.proto != "http":
            return
        if scope.path == HEALTH_PATH:
            show_health(scope, proto)
        elif scope.path.startswith("/live/"):
            await show_live(scope, proto)
        elif scope.method == "POST" and ORDER_PATH.fullmatch(scope.path):
            if wants_json(scope.path, scope.headers.get("accept", "")):
                await serve_orders(scope, proto, orders)
            else:
                await serve_pages(scope, proto, drawn_orders)
        else:
            await serve_pages(scope, proto, pages)


application = Application()
