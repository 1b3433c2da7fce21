"""Doorbells of the clock: each may ring twice, at once and late."""

from celery import shared_task

from livestreams.services import bank_changes, sweeping


@shared_task(name="livestreams.sweep")
def sweep() -> None:
    """End what was left on air, and close what is past its best-before day."""
    sweeping.close_past_best_before()
    sweeping.end_left_on_air()


@shared_task(name="livestreams.apply_bank_changes")
def apply_bank_changes() -> int:
    return bank_changes.apply_due_changes()
