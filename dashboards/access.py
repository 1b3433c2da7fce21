"""Access to the figures of a province."""

from typing import Any

from django.shortcuts import get_object_or_404

from coops.models import Province, StaffRole


def provinces_viewed_by(user: Any) -> list[Province]:
    """Provinces whose figures `user` may read, in Vietnamese order."""
    mine = StaffRole.objects.viewing().filter(user=user).values("province_id")
    return list(Province.objects.filter(pk__in=mine).in_order())


def get_province_to_view(user: Any, province_code: str) -> Province:
    """The province when `user` is on its staff; else 404, as if it did not exist."""
    mine = StaffRole.objects.viewing().filter(user=user).values("province_id")
    return get_object_or_404(Province, pk=province_code, pk__in=mine)
