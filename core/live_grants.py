"""A signed, dated word that lets its holder listen to a feed's events (the host console)."""

from django.core import signing

SALT = "core.live"
LASTS_S = 12 * 60 * 60


def grant(feed: str) -> str:
    """The word to put in the address of the live channel: for `feed`, for twelve hours."""
    return signing.dumps(feed, salt=SALT)


def feed_of(word: str) -> str | None:
    """The feed `word` was granted for; None when it is false or too old."""
    try:
        return signing.loads(word, salt=SALT, max_age=LASTS_S)
    except signing.BadSignature:
        return None
