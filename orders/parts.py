"""What orders have to say on pages of the apps below."""

from typing import Any

from django.utils.translation import ngettext

from core.numbers import format_number
from orders.models import Order


def transfers_waiting(cooperative: Any) -> str:
    """How many buyers were given the present bank account and have not paid yet."""
    count = Order.objects.awaiting_payment().filter(session__cooperative=cooperative).count()
    if not count:
        return ""
    words = ngettext(
        "%(count)s order waits for a transfer to the account it was placed with. It keeps that"
        " account: look into it until the money has come.",
        "%(count)s orders wait for a transfer to the account they were placed with. They keep that"
        " account: look into it until the money has come.",
        count,
    )
    return words % {"count": format_number(count)}
