from celery import shared_task
from django.db import OperationalError

from traceability.services import issuing


@shared_task(name="traceability.issue_batch", autoretry_for=(OperationalError,), retry_backoff=True)
def issue_batch(batch_id: int) -> None:
    issuing.issue_batch(batch_id=batch_id)


@shared_task(name="traceability.continue_batches")
def continue_batches() -> None:
    issuing.continue_batches()


@shared_task(name="traceability.sweep_labels")
def sweep_labels() -> int:
    return issuing.sweep_labels()
