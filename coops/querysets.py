"""Which co-ops, places and staff: the vocabulary of the coops app."""

from typing import Any, Self

from django.db import models

from core.models import SearchableQuerySet

# Values of Membership.Role, StaffRole.Role and Cooperative.State, which import this module
MANAGER, HOST, PACKER, DIARIST = "manager", "host", "packer", "diarist"
VIEWER, REVIEWER = "viewer", "reviewer"
APPROVED, WAITING = "approved", "waiting"


class CommuneQuerySet(SearchableQuerySet):
    def of_province(self, province_code: str) -> Self:
        return self.filter(province_id=province_code)


class CooperativeQuerySet(SearchableQuerySet):
    def public(self) -> Self:
        """Co-ops that buyers may see."""
        return self.filter(state=APPROVED)

    def waiting(self) -> Self:
        return self.filter(state=WAITING)

    def of_member(self, user: Any) -> Self:
        """Co-ops where `user` has any place."""
        return self.with_role(user, MANAGER, HOST, PACKER, DIARIST)

    def managed_by(self, user: Any) -> Self:
        return self.with_role(user, MANAGER)

    def hosted_by(self, user: Any) -> Self:
        """Co-ops for which `user` may run sessions: manager or host."""
        return self.with_role(user, MANAGER, HOST)

    def packed_by(self, user: Any) -> Self:
        """Co-ops whose parcels `user` may see and move on: manager, host or packer."""
        return self.with_role(user, MANAGER, HOST, PACKER)

    def traced_by(self, user: Any) -> Self:
        """Co-ops whose lots and diary `user` may write: manager or diary keeper."""
        return self.with_role(user, MANAGER, DIARIST)

    def with_role(self, user: Any, *roles: str) -> Self:
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            pk__in=user.memberships.filter(role__in=roles).values("cooperative_id")
        )

    def reviewable_by(self, user: Any) -> Self:
        """Co-ops of the provinces where `user` is a reviewer."""
        return self.of_staff(user, REVIEWER)

    def of_staff(self, user: Any, *roles: str) -> Self:
        """Co-ops of the provinces where `user` is on the staff (in one of `roles`, or any)."""
        if not user.is_authenticated:
            return self.none()
        places = user.staff_roles.filter(role__in=roles or (VIEWER, REVIEWER))
        return self.filter(commune__province__in=places.values("province_id"))


class StaffRoleQuerySet(models.QuerySet):
    def viewing(self) -> Self:
        return self.filter(role__in=(VIEWER, REVIEWER))

    def reviewing(self) -> Self:
        return self.filter(role=REVIEWER)
