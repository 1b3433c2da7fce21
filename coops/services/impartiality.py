"""Conflicts of interest: who may not approve, and whether two approvals are needed."""

from typing import Any

from django.conf import settings

from coops.errors import OwnMatter, SecondReviewerNeeded
from coops.models import Cooperative, Membership


def is_own_matter(user: Any, cooperative: Cooperative, *handed_in_by: int | None) -> bool:
    """Whether the person registered the co-op, handed the thing in, or has or had a place in it."""
    if user.pk in {cooperative.registered_by_id, cooperative.submitted_by_id, *handed_in_by}:
        return True
    places: Any = Membership.pgh_event_model  # type: ignore[attr-defined]
    in_it = {"user_id": user.pk, "cooperative_id": cooperative.pk}
    return Membership.objects.filter(**in_it).exists() or places.objects.filter(**in_it).exists()


def why_not(
    user: Any, cooperative: Cooperative, *handed_in_by: int | None, first: int | None = None
) -> OwnMatter | SecondReviewerNeeded | None:
    """Why the person may not approve, for the page and for the service alike; None when they may.

    `first` is the reviewer who approved before, where two have to.
    """
    if is_own_matter(user, cooperative, *handed_in_by):
        return OwnMatter()
    if settings.TWO_REVIEWERS and first == user.pk:
        return SecondReviewerNeeded()
    return None
