"""Pages and the live channel in one process, on one port: what `manage.py up` serves.

Pages run in long-lived WSGI threads, so that their database connections are kept; Django's own ASGI
handler would start each of them in a fresh thread and leak connections.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any, cast

from a2wsgi import WSGIMiddleware

from config.asgi import application as live
from config.wsgi import application as pages_wsgi

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

pages = WSGIMiddleware(cast("Any", pages_wsgi), workers=int(os.environ.get("WEB_THREADS", "8")))


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    if scope["path"].startswith("/live/"):
        await live(scope, receive, send)
        return

    # The server's receive and send are awaitables; a2wsgi asks for coroutines
    async def receive_one() -> Message:
        return await receive()

    async def send_one(message: Message) -> None:
        await send(message)

    await pages(scope, receive_one, send_one)  # type: ignore[arg-type]
