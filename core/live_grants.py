"""A signed, dated word that lets its holder listen to a feed's events (the host console).

It lasts for two minutes, and so does a stream opened with it; the console's page gets a new one
where its role is looked at. A user who loses the role receives no more after that.
"""

import time
from typing import NamedTuple

from django.core import signing

SALT = "core.live"
LASTS_S = 120


class Grant(NamedTuple):
    feed: str
    lasts_s: float


def grant(feed: str) -> str:
    """The word to put in the address of the live channel: for `feed`, for two minutes."""
    return signing.dumps([feed, time.time() + LASTS_S], salt=SALT)


def read_grant(word: str) -> Grant | None:
    """What `word` grants, and for how long still; None when it is false or too old."""
    try:
        feed, ends_at = signing.loads(word, salt=SALT)
    except (signing.BadSignature, TypeError, ValueError):
        return None
    lasts_s = ends_at - time.time()
    return Grant(feed, lasts_s) if lasts_s > 0 else None
