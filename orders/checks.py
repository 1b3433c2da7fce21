"""Checks of `manage.py check --deploy` about selling to unverified buyers."""

from typing import Any

from django.conf import settings
from django.core import checks

from accounts import sms


@checks.register(checks.Tags.security, deploy=True)
def strangers_can_be_asked(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Without messages no code reaches a buyer; behind a proxy all buyers must not look like one."""
    found: list[checks.CheckMessage] = []
    if not sms.is_set_up():
        found.append(
            checks.Warning(
                "No message service is set up: strangers beyond the first few of a network cannot"
                " confirm their orders themselves. They stand on the host's list of calls.",
                hint="Set SMS_API_URL, SMS_API_KEY and SMS_API_SECRET.",
                id="orders.W001",
            )
        )
    if settings.SITE_IS_HTTPS and not settings.SECURE_PROXY_SSL_HEADER:
        found.append(
            checks.Warning(
                "SITE_URL is https but BEHIND_PROXY is off: all buyers come from the proxy's own"
                " address and are counted as one network.",
                hint="Set BEHIND_PROXY=true.",
                id="orders.W002",
            )
        )
    return found
