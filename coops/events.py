"""Outbox messages about co-ops, written in the transaction of the change."""

from coops.models import BankAccountChange, BankNotice, Cooperative
from core import outbox


def cooperative_submitted(cooperative: Cooperative) -> None:
    outbox.add("coops.cooperative.submitted", cooperative_id=cooperative.pk)


def cooperative_reviewed(cooperative: Cooperative) -> None:
    outbox.add("coops.cooperative.reviewed", cooperative_id=cooperative.pk, state=cooperative.state)


def cooperative_changed(cooperative: Cooperative) -> None:
    outbox.add("coops.cooperative.changed", cooperative_id=cooperative.pk)


def bank_change_settled(change: BankAccountChange) -> None:
    """Asked for, in effect or called off; no account number is in the message."""
    outbox.add(
        "coops.bank_change.settled",
        change_id=change.pk,
        cooperative_id=change.cooperative_id,
        state=change.state,
    )


def bank_notice_written(notice: BankNotice) -> None:
    outbox.add("coops.bank_notice.written", notice_id=notice.pk)
