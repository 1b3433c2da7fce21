import datetime as dt

from celery import shared_task

from core import limits
from core.clock import db_now
from core.idempotency import KEPT_HOURS
from core.models import IdempotencyRecord, OutboxMessage

OUTBOX_KEPT_DAYS = 7


@shared_task(name="core.sweep")
def sweep() -> None:
    """Delete answers and handed-on messages that nobody can ask for any more."""
    now = db_now()
    IdempotencyRecord.objects.filter(created_at__lt=now - dt.timedelta(hours=KEPT_HOURS)).delete()
    OutboxMessage.objects.filter(
        published_at__isnull=False, created_at__lt=now - dt.timedelta(days=OUTBOX_KEPT_DAYS)
    ).delete()


@shared_task(name="core.sweep_limits")
def sweep_limits() -> int:
    """Keep the table of limits small; in batches, each its own transaction."""
    return limits.sweep()
