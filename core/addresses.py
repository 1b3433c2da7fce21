"""Where a request comes from."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The IP address of the visitor, or "" when the server does not tell.

    Only behind our own proxy (BEHIND_PROXY) is `X-Forwarded-For` believed, and of it only the last
    entry, which that proxy wrote; anyone can send the others.
    """
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = request.headers.get("X-Forwarded-For", "")
        last = forwarded.rpartition(",")[2].strip()
        if last:
            return last
    return str(request.META.get("REMOTE_ADDR") or "")
