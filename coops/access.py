"""How a view gets hold of a co-op or a province: out of reach looks like missing."""

from typing import Any

from django.shortcuts import get_object_or_404

from coops.models import Cooperative, CooperativePhoto, Membership, Province


def get_cooperative_of_member(user: Any, slug: str) -> Cooperative:
    return get_object_or_404(_with_place().of_member(user), slug=slug)


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
