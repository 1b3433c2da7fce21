"""What others may want to know of."""

from accounts.models import OneTimeCode
from core import outbox


def code_requested(code: OneTimeCode) -> None:
    """Leave word that a code waits to be sent; the code itself is not in the message."""
    outbox.add("accounts.code.requested", code_id=code.pk)
