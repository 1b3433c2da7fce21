"""Word of what happened to a co-op, left in the change's own transaction."""

from coops.models import Cooperative
from core import outbox


def cooperative_submitted(cooperative: Cooperative) -> None:
    outbox.add("coops.cooperative.submitted", cooperative_id=cooperative.pk)


def cooperative_reviewed(cooperative: Cooperative) -> None:
    outbox.add("coops.cooperative.reviewed", cooperative_id=cooperative.pk, state=cooperative.state)


def cooperative_changed(cooperative: Cooperative) -> None:
    outbox.add("coops.cooperative.changed", cooperative_id=cooperative.pk)
