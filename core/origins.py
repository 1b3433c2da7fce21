"""Whether a form was sent by a page of this site, by the browser's headers."""

from collections.abc import Mapping
from urllib.parse import urlsplit

SAME_ORIGIN = "same-origin"


def is_same_origin(headers: Mapping[str, str], host: str) -> bool:
    """`headers` without regard to case, as Django and the server give them.

    Browsers since 2020 send Sec-Fetch-Site (Safari since 2023), older ones Origin or Referer with
    a form. A request with none of them comes from no browser's page.
    """
    if site := headers.get("sec-fetch-site"):
        return site == SAME_ORIGIN
    sender = headers.get("origin") or headers.get("referer") or ""
    return bool(host) and urlsplit(sender).netloc.lower() == host.lower()
