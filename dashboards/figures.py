"""Figures of a province, read from the daily roll-up (dashboards/services/rolling_up.py).

Counted are the lines of orders neither cancelled nor released, of co-ops whose commune lies in
the province, placed on a local day of the period; goods that came back count too, and are named.
An order with goods of several co-ops counts once in a province, and once in each row it touches.
Names are those the goods were sold under, the newest of the period.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Aggregate, Count, F, Q, QuerySet, Sum, TextField
from django.db.models.functions import Coalesce

from coops.models import Province
from dashboards.forms import Period
from dashboards.models import DailyFigure
from products.models import OcopRecognition, OcopRegister, Product
from products.querysets import PUBLISHED

Level = DailyFigure.Level
SUMS: dict[str, Any] = {
    name: Sum(name, default=0) for name in ("order_count", "unit_count", "goods_vnd", "weight_g")
}
# The first comes before the column of its own name is taken by a sum
SUMS_OF_A_ROW: dict[str, Any] = {
    # so that no row, wherever it is copied to, hides what a demonstration made up
    "simulated_order_count": Sum("order_count", filter=Q(is_simulated=True), default=0),
    **SUMS,
}


class Newest(Aggregate):
    """The name of the last day of the rows."""

    template = "(array_agg(%(expressions)s DESC))[1]"
    arg_joiner = " ORDER BY "
    output_field = TextField()

    def __init__(self, name: str) -> None:
        super().__init__(F(name), F("sold_on"))


def rows_of(province: Province, period: Period) -> QuerySet[DailyFigure]:
    """Rows of the period at all levels, to be given to `totals` and the tables."""
    rows = _rows(province, period).filter(
        sold_on__gte=period.starts_on, sold_on__lte=period.ends_on
    )
    return rows.filter(order_count__gt=0)  # some tell only of orders that came to nothing


def left_unseen(province: Province, period: Period) -> dict[str, int]:
    """Orders a reader might look for in the figures of `period`, and would not find there.

    `left_out`: of the period, but cancelled or lapsed; `earlier`: placed before it.
    """
    told = _rows(province, period).filter(level=Level.PROVINCE, sold_on__lte=period.ends_on)
    is_before = Q(sold_on__lt=period.starts_on)
    return told.aggregate(
        left_out=Sum("closed_order_count", filter=~is_before, default=0),
        earlier=Sum("order_count", filter=is_before, default=0),
    )


def _rows(province: Province, period: Period) -> QuerySet[DailyFigure]:
    rows = DailyFigure.objects.filter(province=province)
    return rows if period.with_simulated else rows.filter(is_simulated=False)


def totals(rows: QuerySet[DailyFigure]) -> dict[str, int]:
    """`{order_count, unit_count, goods_vnd, weight_g}` of the rows."""
    return rows.filter(level=Level.PROVINCE).aggregate(**SUMS)


def has_simulated(rows: QuerySet[DailyFigure]) -> bool:
    return rows.filter(level=Level.PROVINCE, is_simulated=True).exists()


def came_back_vnd(rows: QuerySet[DailyFigure]) -> int:
    """Goods among `rows` that buyers did not take: ordered, sent and back at the co-op."""
    found = rows.filter(level=Level.PROVINCE)
    return int(found.aggregate(sum_vnd=Sum("returned_vnd", default=0))["sum_vnd"])


def by_session(rows: QuerySet[DailyFigure]) -> QuerySet[Any, Any]:
    """With the day on which a session was really held; as planned while it was not."""
    return (
        rows.filter(level=Level.PROVINCE)
        .values(
            key=F("session_id"),
            name=F("session__title"),
            day_at=Coalesce("session__went_live_at", "session__starts_at"),
            session_is_simulated=F("session__is_simulated"),
        )
        .annotate(**SUMS_OF_A_ROW)
        .order_by("-day_at", "key")
    )


def by_cooperative(rows: QuerySet[DailyFigure]) -> QuerySet[Any, Any]:
    return (
        rows.filter(level=Level.COOPERATIVE)
        .values(
            key=F("cooperative__slug"),
            place=F("cooperative__commune__name"),
            is_women_led=F("cooperative__is_women_led"),
        )
        .annotate(name=Newest("cooperative_name"), **SUMS_OF_A_ROW)
        .order_by("-goods_vnd", "cooperative__sort_key")
    )


def by_product(rows: QuerySet[DailyFigure]) -> QuerySet[Any, Any]:
    return (
        rows.filter(level=Level.PRODUCT)
        .values(key=F("product__slug"))
        .annotate(name=Newest("product_name"), made_by=Newest("cooperative_name"), **SUMS_OF_A_ROW)
        .order_by("-goods_vnd", "product__sort_key")
    )


def by_commune(rows: QuerySet[DailyFigure]) -> QuerySet[Any, Any]:
    """Co-ops are counted one level below, where each has rows of its own."""
    here = Q(level=Level.COMMUNE)
    sums = {
        name: Sum(name, filter=here, default=0)
        for name in ("order_count", "unit_count", "goods_vnd", "weight_g")
    }
    simulated = Sum("order_count", filter=here & Q(is_simulated=True), default=0)
    return (
        rows.filter(level__in=[Level.COMMUNE, Level.COOPERATIVE])
        .values(key=F("commune_id"), name=F("commune__name"))
        .annotate(
            simulated_order_count=simulated,
            cooperative_count=Count("cooperative", distinct=True),
            **sums,
        )
        .order_by("-goods_vnd", "commune__sort_key")
    )


def by_day(rows: QuerySet[DailyFigure]) -> QuerySet[Any, Any]:
    return (
        rows.filter(level=Level.PROVINCE)
        .values(key=F("sold_on"))
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
    """Today's coverage, against the register of the day `on`: past availability is not kept."""
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
