"""A province's figures for programs: the same sums as on the page."""

from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from coops.api import ProvinceSerializer
from core.clock import db_today
from core.rest import ProvinceView
from dashboards import figures
from dashboards.access import get_province_to_view
from dashboards.forms import EARLIEST, Period, first_day_of_year, latest_day
from dashboards.services.rolling_up import complete_at
from dashboards.tables import TABLES


class PeriodQuery(serializers.Serializer):
    """Local days, both counted; left out: this year so far."""

    starts_on = serializers.DateField(required=False)
    ends_on = serializers.DateField(required=False)
    simulated = serializers.BooleanField(
        default=False, help_text="Count simulated sessions too (a demonstration always does)."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        ends_on = attrs.get("ends_on") or db_today()
        starts_on = attrs.get("starts_on") or max(EARLIEST, first_day_of_year(ends_on))
        if starts_on < EARLIEST:
            words = _("The platform has no figures before 2020.")
            raise serializers.ValidationError({"starts_on": words})
        if starts_on > ends_on or ends_on > latest_day(db_today()):
            words = _("The last day is before the first, or too far ahead.")
            raise serializers.ValidationError({"ends_on": words})
        return {**attrs, "starts_on": starts_on, "ends_on": ends_on}


class TotalsSerializer(serializers.Serializer):
    order_count = serializers.IntegerField()
    unit_count = serializers.IntegerField()
    goods_vnd = serializers.IntegerField()
    weight_g = serializers.IntegerField()


class CoverageSerializer(serializers.Serializer):
    """Today's coverage, whatever the period."""

    online = serializers.IntegerField(
        help_text="Products with a verified recognition in date and a pack on sale."
    )
    registered = serializers.IntegerField(help_text="In the province's register; 0: no count yet.")
    counted_on = serializers.DateField(source="register.counted_on", default=None, allow_null=True)
    register_source = serializers.CharField(source="register.source", default=None, allow_null=True)


class FiguresSerializer(serializers.Serializer):
    province = ProvinceSerializer()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    counted_at = serializers.DateTimeField(
        allow_null=True, help_text="Orders up to then are counted; null: not counted yet."
    )
    has_simulated = serializers.BooleanField(help_text="Simulated orders are counted in it.")
    totals = TotalsSerializer()
    ocop = CoverageSerializer()


class TableRowSerializer(TotalsSerializer):
    """Sums of one row; which words name it depends on the table."""

    simulated_order_count = serializers.IntegerField(
        help_text="So many of these orders are a demonstration's, not people's."
    )
    key = serializers.CharField(help_text="Id, slug, code or day.")
    name = serializers.CharField(required=False)
    place = serializers.CharField(required=False, help_text="Commune of the co-op.")
    made_by = serializers.CharField(required=False, help_text="Co-op of the product.")
    day_at = serializers.DateTimeField(required=False)
    is_simulated = serializers.BooleanField(source="session_is_simulated", required=False)
    is_women_led = serializers.BooleanField(required=False)
    cooperative_count = serializers.IntegerField(required=False)


class ShowProvinceFigures(ProvinceView):
    says = {"GET": _("Orders, units, đồng and kilograms of a province, and its OCOP share.")}
    asks = PeriodQuery
    gives = {"GET": FiguresSerializer}

    def get(self, request: Request, province_code: str) -> Response:
        province = get_province_to_view(request.user, province_code)
        period = period_of(self.asked())
        rows = figures.rows_of(province, period)
        return self.answer(
            {
                "province": province,
                "starts_on": period.starts_on,
                "ends_on": period.ends_on,
                "counted_at": complete_at(),
                "has_simulated": figures.has_simulated(rows),
                "totals": figures.totals(rows),
                "ocop": figures.ocop_coverage(province, db_today()),
            }
        )


class ShowProvinceTable(ProvinceView):
    """Tables: phien (session), hop-tac-xa (co-op), san-pham (product), xa (commune), ngay (day)."""

    says = {"GET": _("One table of a province's figures, row by row.")}
    asks = PeriodQuery
    gives = {"GET": TableRowSerializer(many=True)}

    def get(self, request: Request, province_code: str, table: str) -> Response:
        province = get_province_to_view(request.user, province_code)
        if table not in TABLES:
            raise Http404
        return self.page(TABLES[table].rows(figures.rows_of(province, period_of(self.asked()))))


def period_of(asked: dict[str, Any]) -> Period:
    return Period(asked["starts_on"], asked["ends_on"], settings.DEMO or asked["simulated"])
