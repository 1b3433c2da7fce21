"""Authorization of the first enrolment of a second factor: the password alone is not enough.

A code sent to the user's phone or, where no messages can be sent, the confirmation of a person who
knows them and has passed a second factor.
"""

from django.db import transaction

from accounts.errors import CannotVouch
from accounts.models import EnrolmentRequest, User
from core.clock import db_now


@transaction.atomic
def request_enrolment(*, user: User) -> EnrolmentRequest:
    """Request a confirmation from colleagues; a repeated request restarts its time."""
    User.objects.select_for_update().get(pk=user.pk)
    if confirmed := EnrolmentRequest.objects.confirmed().filter(user=user).first():
        return confirmed
    EnrolmentRequest.objects.filter(user=user, used_at=None).delete()
    return EnrolmentRequest.objects.create(user=user, created_at=db_now())


@transaction.atomic
def vouch_for(*, user: User, by: User) -> bool:
    """Confirm that the request came from the person; False when there is none (any more).

    The caller checks who may vouch for whom. Raises CannotVouch for oneself.
    """
    if by.pk == user.pk:
        raise CannotVouch
    waiting = EnrolmentRequest.objects.waiting().filter(user=user)
    return waiting.update(vouched_by=by, vouched_at=db_now()) == 1


@transaction.atomic
def allow_enrolment(*, user: User) -> None:
    """Confirmation by the operators of the site, by command: the user may enrol for a day."""
    request = request_enrolment(user=user)
    EnrolmentRequest.objects.filter(pk=request.pk).update(vouched_by=None, vouched_at=db_now())


def is_confirmed(user: User) -> bool:
    return EnrolmentRequest.objects.confirmed().filter(user=user).exists()


def is_waiting(user: User) -> bool:
    return EnrolmentRequest.objects.waiting().filter(user=user).exists()


def spend_confirmation(user: User) -> None:
    EnrolmentRequest.objects.filter(user=user, used_at=None).update(used_at=db_now())
