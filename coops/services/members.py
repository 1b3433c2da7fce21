"""Who works in a co-op."""

from django.db import IntegrityError, transaction

from accounts.models import User
from coops.errors import LastManager, MemberAlready, NoSuchAccount, NotApprovedYet
from coops.models import Cooperative, Membership

Role = Membership.Role


@transaction.atomic
def add_member(*, cooperative: Cooperative, phone: str, role: str) -> Membership:
    """Give the person with this phone (E.164) a role. They see it in their workspace.

    Raises NotApprovedYet, NoSuchAccount or MemberAlready. Only approved co-ops add members, so
    that nobody registers one just to try which numbers have an account.
    """
    if not cooperative.is_approved:
        raise NotApprovedYet
    user = User.objects.filter(phone=phone, is_active=True).first()
    if user is None:
        raise NoSuchAccount(field="phone")
    try:
        with transaction.atomic():
            return Membership.objects.create(user=user, cooperative=cooperative, role=role)
    except IntegrityError as error:
        raise MemberAlready(field="phone") from error


@transaction.atomic
def remove_member(*, membership: Membership) -> bool:
    """Take a role away; False when it was gone already.

    Raises LastManager. The co-op's row is locked, so two managers cannot remove each other.
    """
    lock_cooperative(membership.cooperative_id)
    if membership.role == Role.MANAGER:
        managers = Membership.objects.filter(
            cooperative=membership.cooperative_id, role=Role.MANAGER, user__is_active=True
        )
        if not managers.exclude(pk=membership.pk).exists():
            raise LastManager
    deleted, _rows = Membership.objects.filter(pk=membership.pk).delete()
    return deleted > 0


def lock_cooperative(cooperative_id: int) -> None:
    """Lock the memberships of the co-op until the end of the transaction; buyers can still order."""
    Cooperative.objects.select_for_update(no_key=True).get(pk=cooperative_id)
