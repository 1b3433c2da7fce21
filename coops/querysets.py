"""Which co-ops, places and staff: the vocabulary of the coops app."""

from typing import Any, Self

from django.db import models

from coops.known_communes import known_index
from core.clock import Instant
from core.models import SearchableQuerySet
from core.text import fold, search_query

# Values of Membership.Role, StaffRole.Role and Cooperative.State, which import this module
MANAGER, HOST, PACKER, DIARIST = "manager", "host", "packer", "diarist"
VIEWER, REVIEWER = "viewer", "reviewer"
APPROVED, WAITING = "approved", "waiting"

MOST_NAMED = 40  # communes of one name

# Written before a province's name in an address, folded
PROVINCE_WORDS = ("tinh", "thanh pho", "tp")


class CommuneQuerySet(SearchableQuerySet):
    def of_province(self, province_code: str) -> Self:
        return self.filter(province_id=province_code)

    def suggest(self, typed: str, limit: int = 10, province_code: str = "") -> list[Any]:
        """Communes that may be meant by what was typed so far, likeliest first.

        Marks, blanks, the kind (xã, phường) and the province may be left out, and one letter be
        wrong; names, districts and provinces of before July 2025 lead to the communes of today.
        `found_by` of each is the former unit it was found by, or None.
        """
        index = known_index(self.model)
        units = index.find(typed, limit, province_code)
        if not units and (newer := known_index(self.model, is_doubted=True)) is not index:
            units = newer.find(typed, limit, province_code)
        chosen = self.select_related("province").in_bulk([unit.code for unit in units])
        known: dict[str, Any] = dict(chosen)
        found = []
        for unit in units:
            if commune := known.get(unit.code):
                commune.found_by = None if unit.is_today else unit
                found.append(commune)
        return found

    def named(self, typed: str) -> list[Any]:
        """Communes whose name, with or without kind and province, is just what was typed."""
        words = search_query(typed)
        found = self.suggest(typed, MOST_NAMED)
        return [commune for commune in found if words in _written_forms(commune)]


def _written_forms(commune: Any) -> set[str]:
    name, province = fold(commune.name), fold(commune.province.name)
    names = {name, f"{fold(commune.kind_word)} {name}"}
    provinces = {f"{word} {province}".strip() for word in ("", *PROVINCE_WORDS)}
    return names | {f"{one} {other}" for one in names for other in provinces}


class CooperativeQuerySet(SearchableQuerySet):
    def public(self) -> Self:
        """Co-ops that buyers may see."""
        return self.filter(state=APPROVED)

    def waiting(self) -> Self:
        return self.filter(state=WAITING)

    def waiting_before(self, cooperative: Any) -> Self:
        """Co-ops the same province will come to first."""
        return self.waiting().filter(
            commune__province=cooperative.commune.province_id,
            submitted_at__lt=cooperative.submitted_at,
        )

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
        return self.filter(pk__in=user.memberships.filter(role__in=roles).values("cooperative_id"))

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


class BankAccountChangeQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        return self.filter(state=WAITING)

    def due(self) -> Self:
        """Changes whose time has come, by the database's clock."""
        return self.waiting().filter(takes_effect_at__lte=Instant())

    def manageable_by(self, user: Any) -> Self:
        """Changes that `user`, a manager of the co-op, may call off."""
        if not user.is_authenticated:
            return self.none()
        mine = user.memberships.filter(role=MANAGER).values("cooperative_id")
        return self.filter(cooperative__in=mine)
