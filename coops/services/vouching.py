"""A colleague or the province's office vouches for the identity of a user."""

from collections.abc import Iterable

from accounts.models import EnrolmentRequest, User
from accounts.services.codes import can_send_codes
from accounts.services.enrolment import vouch_for
from coops.errors import NoWordWithoutSecondFactor
from coops.models import Membership


def vouch_for_colleague(*, membership: Membership, by: User) -> bool:
    """Let the person set up the second step; False when they do not wait for it (any more).

    Where codes are sent to the phone, the code decides and nobody's word does. Raises CannotVouch
    for oneself, NoWordWithoutSecondFactor when `by` has not shown a second factor themselves: else
    a stolen password would be enough to confirm the next.
    """
    if not by.is_verified():  # type: ignore[attr-defined]
        raise NoWordWithoutSecondFactor
    return not can_send_codes() and vouch_for(user=membership.user, by=by)


def enrolling_among(people: Iterable[User]) -> set[int]:
    """Ids of those users who wait to be vouched for."""
    waiting = EnrolmentRequest.objects.waiting().filter(user__in=list(people))
    return set(waiting.values_list("user_id", flat=True))
