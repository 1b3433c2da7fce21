"""Figures of a province, always summed from the order lines themselves.

Counted are the lines of orders neither cancelled nor released, of co-ops whose commune lies in
the province, placed on a local day of the period; goods that came back count too, and are named.
An order with goods of several co-ops counts once in a province, and once in each row it touches.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from coops.models import Province
from core.clock import LOCAL_ZONE
from dashboards.forms import Period
from orders.models import OrderLine, Parcel
from orders.querysets import CLOSED_STATES, ORDERED_STATES
from products.models import OcopRecognition, OcopRegister, Product
from products.querysets import PUBLISHED

SUMS: dict[str, Any] = {
    "order_count": Count("order", distinct=True),
    "unit_count": Sum("quantity", default=0),
    "goods_vnd": Sum("line_total_vnd", default=0),
    "weight_g": Sum(F("net_weight_g") * F("quantity"), default=0),
}
SUMS_OF_A_ROW: dict[str, Any] = {
    **SUMS,
    # so that no row, wherever it is copied to, hides what a demonstration made up
    "simulated_order_count": Count("order", distinct=True, filter=Q(order__is_simulated=True)),
}


def lines_of(province: Province, period: Period) -> QuerySet[OrderLine]:
    lines = _lines_until(province, period).filter(order__placed_at__gte=period.starts_at)
    return lines.filter(order__state__in=ORDERED_STATES)


def left_unseen(province: Province, period: Period) -> dict[str, int]:
    """Orders a reader might look for in the figures of `period`, and would not find there.

    `left_out`: of the period, but cancelled or lapsed; `earlier`: placed before it.
    """
    is_before = Q(order__placed_at__lt=period.starts_at)
    left_out = Q(order__state__in=CLOSED_STATES) & ~is_before
    earlier = Q(order__state__in=ORDERED_STATES) & is_before
    return _lines_until(province, period).aggregate(
        left_out=Count("order", distinct=True, filter=left_out),
        earlier=Count("order", distinct=True, filter=earlier),
    )


def _lines_until(province: Province, period: Period) -> QuerySet[OrderLine]:
    lines = OrderLine.objects.filter(
        cooperative__commune__province=province, order__placed_at__lt=period.ends_before
    )
    return lines if period.with_simulated else lines.filter(order__is_simulated=False)


def totals(lines: QuerySet[OrderLine]) -> dict[str, int]:
    """`{order_count, unit_count, goods_vnd, weight_g}` of the lines."""
    return lines.aggregate(**SUMS)


def came_back_vnd(lines: QuerySet[OrderLine]) -> int:
    """Goods among `lines` that buyers did not take: ordered, sent and back at the co-op."""
    returned = lines.filter(parcel__state=Parcel.State.RETURNED)
    return int(returned.aggregate(sum_vnd=Sum("line_total_vnd", default=0))["sum_vnd"])


def by_session(lines: QuerySet[OrderLine]) -> QuerySet[Any, Any]:
    return (
        lines.values(
            key=F("order__session_id"),
            name=F("order__session__title"),
            day_at=F("order__session__starts_at"),
            is_simulated=F("order__session__is_simulated"),
        )
        .annotate(**SUMS_OF_A_ROW)
        .order_by("-day_at", "key")
    )


def by_cooperative(lines: QuerySet[OrderLine]) -> QuerySet[Any, Any]:
    return (
        lines.values(
            key=F("cooperative__slug"),
            name=F("cooperative__name"),
            place=F("cooperative__commune__name"),
            is_women_led=F("cooperative__is_women_led"),
        )
        .annotate(**SUMS_OF_A_ROW)
        .order_by("-goods_vnd", "cooperative__sort_key")
    )


def by_product(lines: QuerySet[OrderLine]) -> QuerySet[Any, Any]:
    return (
        lines.values(
            key=F("variant__product__slug"),
            name=F("variant__product__name"),
            made_by=F("cooperative__name"),
        )
        .annotate(**SUMS_OF_A_ROW)
        .order_by("-goods_vnd", "variant__product__sort_key")
    )


def by_commune(lines: QuerySet[OrderLine]) -> QuerySet[Any, Any]:
    return (
        lines.values(
            key=F("cooperative__commune_id"),
            name=F("cooperative__commune__name"),
        )
        .annotate(cooperative_count=Count("cooperative", distinct=True), **SUMS_OF_A_ROW)
        .order_by("-goods_vnd", "cooperative__commune__sort_key")
    )


def by_day(lines: QuerySet[OrderLine]) -> QuerySet[Any, Any]:
    return (
        lines.values(key=TruncDate("order__placed_at", tzinfo=LOCAL_ZONE))
        .annotate(**SUMS_OF_A_ROW)
        .order_by("-key")
    )


@dataclass(frozen=True)
class OcopCoverage:
    """Share of registered OCOP products that buyers can order here: `online` of `registered`.

    `online`: products with a verified recognition in date, published by an approved co-op of the
    province, with at least one pack on sale. `register` is the newest count on or before the day;
    None when the province has entered none, and then there is no share.
    """

    online: int
    register: OcopRegister | None

    @property
    def registered(self) -> int:
        return self.register.product_count if self.register else 0


def ocop_coverage(province: Province, on: dt.date) -> OcopCoverage:
    """How it stands today, against the register of the day `on`: what was on sale is not kept."""
    recognised = OcopRecognition.objects.valid().order_by().values("product_id")
    online = (
        Product.objects.public()
        .filter(
            cooperative__commune__province=province,
            pk__in=recognised,
            state=PUBLISHED,
            variants__is_active=True,
        )
        .distinct()
        .count()
    )
    registers = OcopRegister.objects.filter(province=province, counted_on__lte=on)
    return OcopCoverage(online, registers.order_by("-counted_on").first())
