"""Pages and the live channel in one process, on one port: what `manage.py up` serves.

Orders have a lane of their own: a page that takes long keeps no buyer waiting, and the number of
its threads is the gate of a hot offer's row, which is fastest with a few connections a core. What
a browser without script sends is answered with a page that may have to be drawn: a lane beside.
"""

import re
from typing import Any

from django.conf import settings

from config.bridge import Bridge, Lane
from config.wsgi import application as pages_wsgi, orders as orders_wsgi
from core.busy import wants_json

from config.live import show_live  # isort: skip - after Django is set up

ORDER_PATH = re.compile(r"/phien/\d+/dat/|/api/orders/")

serve_pages = Bridge(pages_wsgi)
serve_orders = Bridge(orders_wsgi)
orders = Lane(
    "orders",
    threads=settings.ORDER_THREADS,
    waiting=1000,
    longest_wait_s=2.0,
    longest_answer_s=10.0,
)
drawn_orders = Lane(
    "drawn-orders",
    threads=settings.ORDER_THREADS,
    waiting=200,
    longest_wait_s=4.0,
    longest_answer_s=10.0,
)
pages = Lane(
    "pages", threads=settings.WEB_THREADS, waiting=500, longest_wait_s=5.0, longest_answer_s=25.0
)


class Application:
    """What the server calls: `/live/…` is the live channel, everything else a page."""

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        if scope.proto != "http":
            return
        if scope.path.startswith("/live/"):
            await show_live(scope, proto)
        elif scope.method == "POST" and ORDER_PATH.fullmatch(scope.path):
            if wants_json(scope.path, scope.headers.get("accept", "")):
                await serve_orders(scope, proto, orders)
            else:
                await serve_pages(scope, proto, drawn_orders)
        else:
            await serve_pages(scope, proto, pages)


application = Application()
