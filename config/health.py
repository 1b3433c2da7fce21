"""Whether this process answers, said by its event loop: no thread has to be free for it."""

from typing import Any

HEALTH_PATH = "/healthz"
HEADERS = [("content-type", "text/plain"), ("cache-control", "no-store")]
ALLOWED = {"GET", "HEAD"}


def show_health(scope: Any, proto: Any) -> None:
    if scope.method in ALLOWED:
        proto.response_str(200, HEADERS, "ok")
    else:
        proto.response_empty(405, [("allow", "GET, HEAD")])
