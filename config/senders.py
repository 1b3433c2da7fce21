"""Authentication of long bodies, before they are read."""

import logging
from http.cookies import CookieError, SimpleCookie

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError, close_old_connections

log = logging.getLogger(__name__)


def is_signed_in(cookies: str) -> bool:
    """Whether a Cookie header names the session of a signed-in user."""
    try:
        found = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return False
    if found is None:
        return False
    close_old_connections()
    try:
        return SESSION_KEY in SessionStore(found.value)
    except DatabaseError:
        log.warning("the database does not say who sends a long body")
        return False
    finally:
        close_old_connections()
