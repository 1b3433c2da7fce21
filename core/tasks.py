import datetime as dt

from celery import shared_task

from core import file_jobs, limits, pictures
from core.clock import db_now
from core.idempotency import KEPT_HOURS
from core.models import IdempotencyRecord, OutboxMessage

OUTBOX_KEPT_DAYS = 7


@shared_task(name="core.sweep")
def sweep() -> None:
    """Delete expired answers, published messages and files."""
    now = db_now()
    IdempotencyRecord.objects.filter(created_at__lt=now - dt.timedelta(hours=KEPT_HOURS)).delete()
    OutboxMessage.objects.filter(
        published_at__isnull=False, created_at__lt=now - dt.timedelta(days=OUTBOX_KEPT_DAYS)
    ).delete()
    file_jobs.sweep_files()


@shared_task(name="core.write_file")
def write_file(job_id: int) -> bool:
    return file_jobs.write_file(job_id=job_id)


@shared_task(name="core.continue_files")
def continue_files() -> int:
    return file_jobs.continue_files()


@shared_task(name="core.sweep_limits")
def sweep_limits() -> int:
    """Keep the table of limits small; in batches, each its own transaction."""
    return limits.sweep()


@shared_task(name="core.sweep_pictures")
def sweep_pictures() -> int:
    return pictures.sweep_pictures()
