"""A bank account asked for takes effect when its time has come and its co-op is not on air."""

from django.db import transaction
from django.db.models import Q

from coops.models import BankAccountChange
from coops.services.bank_accounts import put_in_effect
from livestreams.models import LivestreamSession, Slot

State = LivestreamSession.State
AT_ONCE = 100


def apply_due_changes() -> int:
    """Returns how many accounts changed; the others wait for the end of their session."""
    due = BankAccountChange.objects.due().order_by("pk").values_list("pk", "cooperative_id")
    return sum(_apply(*found) for found in list(due[:AT_ONCE]))


@transaction.atomic
def _apply(change_id: int, cooperative_id: int) -> bool:
    """The sessions to come are held meanwhile, so none goes on air between the look and the change."""
    places = Slot.objects.joined().filter(cooperative=cooperative_id).values("session_id")
    own = LivestreamSession.objects.filter(Q(cooperative=cooperative_id) | Q(pk__in=places))
    unfinished = own.exclude(state__in=(State.ENDED, State.CANCELLED)).order_by("pk")
    states = list(
        unfinished.select_for_update(no_key=True, of=("self",)).values_list("state", flat=True)
    )
    if State.LIVE in states:
        return False
    return put_in_effect(change_id=change_id)
