"""The pages, and apart from them what answers an order in a word, as WSGI applications."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - settings are read above
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.urls import get_resolver  # noqa: E402


class OrderHandler(WSGIHandler):
    """Django's handler with the middleware an order needs: it has no session and renders no page."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's
        every = settings.MIDDLEWARE
        settings.MIDDLEWARE = [name for name in every if name in settings.ORDER_MIDDLEWARE]
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = every


orders = OrderHandler()
_ = (
    get_resolver().url_patterns
)  # every view is imported now: health speaks for a process that is warm
