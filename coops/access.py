"""How a view gets hold of a co-op or a province: out of reach looks like missing."""

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from coops.models import Cooperative, CooperativePhoto, Membership, Province
from core.access import rule_of_route
from core.clock import db_now

TOLD_FOR = dt.timedelta(days=30)  # that a role has ended
MOST_TOLD = 5


def may_open(request: HttpRequest, name: str, cooperative: Cooperative) -> bool:
    """Whether the reader's roles in `cooperative` are among those the route `name` admits."""
    rule = rule_of_route(name)
    return rule is not None and bool(set(rule.roles) & roles_in(request, cooperative))


def roles_in(request: HttpRequest, cooperative: Cooperative) -> set[str]:
    """Roles of the reader in `cooperative`, read once a request."""
    known: dict[int, set[str]] = request.__dict__.setdefault("roles_in", {})
    if cooperative.pk not in known:
        user: Any = request.user
        mine = user.memberships.filter(cooperative=cooperative) if user.is_authenticated else []
        known[cooperative.pk] = {place.role for place in mine}
    return known[cooperative.pk]


def ended_places(user: Any) -> list[Any]:
    """Roles in co-ops that ended of late and were not given again, as events of history."""
    events: Any = Membership.pgh_event_model  # type: ignore[attr-defined]
    rows = events.objects.filter(
        user=user, pgh_label="delete", pgh_created_at__gt=db_now() - TOLD_FOR
    ).select_related("cooperative", "pgh_context")
    held = set(user.memberships.values_list("cooperative_id", "role"))
    ended = []
    for row in rows.order_by("-pgh_id")[: MOST_TOLD * 2]:
        row.role_name = Membership.Role(row.role).label
        metadata = row.pgh_context.metadata if row.pgh_context else {}
        row.was_own = metadata.get("user") == user.pk
        if (row.cooperative_id, row.role) not in held:
            held.add((row.cooperative_id, row.role))
            ended.append(row)
    return ended[:MOST_TOLD]


def get_cooperative_of_member(user: Any, slug: str) -> Cooperative:
    return get_object_or_404(_with_place().of_member(user), slug=slug)


def get_cooperative_to_illustrate(user: Any, slug: str) -> Cooperative:
    """Where `user` may fill in a form with photos: as manager, host or diary keeper."""
    role = Membership.Role
    theirs = _with_place().with_role(user, role.MANAGER, role.HOST, role.DIARIST)
    return get_object_or_404(theirs, slug=slug)


def get_cooperative_to_manage(user: Any, slug: str) -> Cooperative:
    return get_object_or_404(_with_place().managed_by(user), slug=slug)


def get_cooperative_to_review(user: Any, province_code: str, slug: str) -> Cooperative:
    reviewable = _with_place().reviewable_by(user).filter(commune__province=province_code)
    return get_object_or_404(reviewable, slug=slug)


def get_cooperative_of_staff(user: Any, province_code: str, slug: str) -> Cooperative:
    seen = _with_place().of_staff(user).filter(commune__province=province_code)
    return get_object_or_404(seen, slug=slug)


def get_photo_to_manage(user: Any, slug: str, photo_id: int) -> CooperativePhoto:
    cooperative = get_cooperative_to_manage(user, slug)
    return get_object_or_404(cooperative.photos, pk=photo_id)


def get_membership_to_manage(user: Any, slug: str, membership_id: int) -> Membership:
    """A place in a co-op `user` manages, or the person's own place in it."""
    cooperative = get_cooperative_of_member(user, slug)
    places = cooperative.memberships.select_related("user", "cooperative")
    if not Cooperative.objects.managed_by(user).filter(pk=cooperative.pk).exists():
        places = places.filter(user=user)
    return get_object_or_404(places, pk=membership_id)


def get_province_to_review(user: Any, province_code: str) -> Province:
    mine = user.staff_roles.reviewing().values("province_id")
    return get_object_or_404(Province.objects.filter(pk__in=mine), pk=province_code)


def get_province_of_staff(user: Any, province_code: str) -> Province:
    mine = user.staff_roles.viewing().values("province_id")
    return get_object_or_404(Province.objects.filter(pk__in=mine), pk=province_code)


def _with_place() -> Any:
    return Cooperative.objects.select_related("commune__province")
