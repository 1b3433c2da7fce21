"""A single code is called back: its label was lost, stolen, or stuck on other goods."""

from django.db import transaction

from accounts.models import User
from core.clock import Instant
from traceability.errors import NotRecalled, RecalledAlready
from traceability.models import OriginCode


@transaction.atomic
def recall_code(*, origin: OriginCode, reason: str, by: User) -> OriginCode:
    """Recall the code: from now on its page shows the recall and its reason.

    Raises RecalledAlready.
    """
    valid = OriginCode.objects.filter(pk=origin.pk, recalled_at=None)
    if not valid.update(recalled_at=Instant(), recalled_by=by, recall_reason=reason):
        raise RecalledAlready
    origin.refresh_from_db()
    return origin


@transaction.atomic
def lift_recall(*, origin: OriginCode) -> OriginCode:
    """The code holds again; the history keeps that it was called back. Raises NotRecalled."""
    recalled = OriginCode.objects.filter(pk=origin.pk).exclude(recalled_at=None)
    if not recalled.update(recalled_at=None, recalled_by=None, recall_reason=""):
        raise NotRecalled
    origin.refresh_from_db()
    return origin
