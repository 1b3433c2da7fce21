"""How many wrong passwords one network address may send, whatever the numbers tried with them."""

import datetime as dt

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Sum

from core.clock import db_now

# Eight a number are few, but numbers are many. A whole village may share one address: 100 slips in
# a quarter of an hour are more than it makes, and next to nothing for who guesses.
FAILURES_PER_ADDRESS = 100


def address_waits_until(address: str) -> dt.datetime | None:
    """Until when nobody may sign in with a password from `address`; None when one may."""
    pause = dt.timedelta(hours=settings.AXES_COOLOFF_TIME)
    now = db_now()
    recent = AccessAttempt.objects.filter(ip_address=address or None, attempt_time__gt=now - pause)
    found = recent.aggregate(failures=Sum("failures_since_start"), last_at=Max("attempt_time"))
    if (found["failures"] or 0) < FAILURES_PER_ADDRESS:
        return None
    until: dt.datetime = found["last_at"] + pause
    return until
