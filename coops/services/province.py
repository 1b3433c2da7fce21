"""What provincial staff do: review co-ops; and who is on the staff."""

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.services.people import end_sessions
from coops import events
from coops.errors import NotWaiting, OwnMatter
from coops.models import Cooperative, Province, StaffRole
from coops.services.impartiality import is_own_matter, why_not
from core.clock import db_now
from core.shown import Version, refuse_changed, version_of

State = Cooperative.State


def shown_version(cooperative: Cooperative) -> Version:
    """A mark of what a decision rests on: all a waiting co-op says; later the last decision alone,
    so that a co-op cannot put a suspension off by changing its story.
    """
    if cooperative.state != State.WAITING:
        last = (cooperative.state, cooperative.reviewed_at, cooperative.reviewed_by_id)
        return version_of(last)
    fields = [field.attname for field in cooperative._meta.concrete_fields]
    photos = cooperative.photos.values_list("pk", "picture_id", "caption", "position")
    return version_of(
        [
            *(getattr(cooperative, name) for name in fields if name != "search_text"),
            *photos.order_by("pk"),
        ]
    )


@transaction.atomic
def approve_cooperative(
    *, cooperative: Cooperative, reviewer: User, version: Version = ""
) -> Cooperative:
    """Let buyers see the co-op; with TWO_REVIEWERS it waits on after the first approval.

    `version` is what the reviewer was shown (shown_version). Raises NotWaiting when another
    reviewer decided before, ChangedSinceShown, OwnMatter or SecondReviewerNeeded.
    """
    row = _hold(cooperative, State.WAITING, version)
    if row.state == State.WAITING:
        if refusal := why_not(reviewer, row, first=row.first_approved_by_id):
            raise refusal
        if settings.TWO_REVIEWERS and row.first_approved_by_id is None:
            Cooperative.objects.filter(pk=row.pk).update(first_approved_by=reviewer)
            cooperative.refresh_from_db()
            return cooperative
    return _decide(cooperative, reviewer, State.APPROVED, "")


@transaction.atomic
def return_cooperative(
    *, cooperative: Cooperative, reviewer: User, reason: str, version: Version = ""
) -> Cooperative:
    """Ask the co-op to correct something; `reason` is shown to it.

    Raises NotWaiting, ChangedSinceShown.
    """
    _hold(cooperative, State.WAITING, version)
    done = _decide(cooperative, reviewer, State.RETURNED, reason)
    Cooperative.objects.filter(pk=cooperative.pk).update(first_approved_by=None)
    return done


@transaction.atomic
def suspend_cooperative(
    *, cooperative: Cooperative, reviewer: User, reason: str, version: Version = ""
) -> Cooperative:
    """Take an approved co-op and its goods out of buyers' sight at once; `reason` is shown to it.

    What was ordered before is packed, sent and paid as it was. Raises NotWaiting,
    ChangedSinceShown.
    """
    _hold(cooperative, State.APPROVED, version)
    return _decide(cooperative, reviewer, State.SUSPENDED, reason, old=State.APPROVED)


@transaction.atomic
def reinstate_cooperative(
    *, cooperative: Cooperative, reviewer: User, reason: str, version: Version = ""
) -> Cooperative:
    """End a suspension: buyers see the co-op again.

    Raises NotWaiting, ChangedSinceShown, OwnMatter.
    """
    _hold(cooperative, State.SUSPENDED, version)
    if is_own_matter(reviewer, cooperative):
        raise OwnMatter
    return _decide(cooperative, reviewer, State.APPROVED, reason, old=State.SUSPENDED)


def _hold(cooperative: Cooperative, old: Cooperative.State, version: Version) -> Cooperative:
    """The co-op's row, locked. Raises ChangedSinceShown while it is in the state asked about."""
    row = Cooperative.objects.select_for_update(no_key=True).get(pk=cooperative.pk)
    if row.state == old:
        refuse_changed(version, shown_version(row))
    return row


def _decide(
    cooperative: Cooperative,
    reviewer: User,
    state: Cooperative.State,
    note: str,
    *,
    old: Cooperative.State = State.WAITING,
) -> Cooperative:
    """Only the first decision counts. Raises NotWaiting for all later ones."""
    found = Cooperative.objects.filter(pk=cooperative.pk, state=old)
    done = found.update(state=state, reviewed_at=db_now(), reviewed_by=reviewer, review_note=note)
    cooperative.refresh_from_db()
    if not done:
        by = str(cooperative.reviewed_by) if cooperative.reviewed_by else ""
        raise NotWaiting(state=cooperative.state, by=by)
    events.cooperative_reviewed(cooperative)
    return cooperative


@transaction.atomic
def grant_staff_role(*, user: User, province: Province, role: str) -> bool:
    """Put a person on a province's staff; False when they were. Ends the person's sessions."""
    _row, is_new = StaffRole.objects.get_or_create(user=user, province=province, role=role)
    if is_new:
        end_sessions(user=user)
    return is_new


@transaction.atomic
def revoke_staff_role(*, user: User, province: Province, role: str) -> bool:
    """Take a person off a province's staff; False when they were not. Ends their sessions."""
    deleted, _rows = StaffRole.objects.filter(user=user, province=province, role=role).delete()
    if deleted:
        end_sessions(user=user)
    return deleted > 0
