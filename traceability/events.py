"""Outbox messages about lots and codes, written in the transaction of the change."""

from core import outbox
from traceability.models import OriginCodeBatch, TraceEvent


def batch_requested(batch: OriginCodeBatch) -> None:
    outbox.add("traceability.batch.requested", batch_id=batch.pk, lot_id=batch.lot_id)


def step_recorded(event: TraceEvent) -> None:
    outbox.add("traceability.step.recorded", event_id=event.pk, lot_id=event.lot_id)
