"""A province's figures: overview, tables, files."""

import datetime as dt
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import access
from core.clock import db_now, db_today
from core.file_jobs import DIRECTLY
from core.file_views import lead_to_job
from core.paging import Pages
from core.text import ascii_fold
from dashboards import figures, trend
from dashboards.access import get_province_to_view, provinces_viewed_by
from dashboards.forms import PRESETS, must_be_a_period, read_period
from dashboards.services.rolling_up import complete_at
from dashboards.tables import MIME, TABLES, file_of

TOP_ROWS = 5
PAGE_ROWS = 50
LATE_AFTER = dt.timedelta(minutes=10)  # figures this old are called late
viewers = access.province("viewer", "reviewer")


@viewers
@require_safe
@never_cache
def list_provinces(request: HttpRequest) -> HttpResponse:
    """The provinces one may read; straight on when there is only one."""
    provinces = provinces_viewed_by(request.user)
    if not provinces:
        raise Http404
    if len(provinces) == 1:
        return redirect("show-province-figures", province_code=provinces[0].pk)
    return render(request, "dashboards/province_list.html", {"provinces": provinces})


@viewers
@require_safe
@never_cache
def show_province_figures(request: HttpRequest, province_code: str) -> HttpResponse:
    """Five figures that answer the chair's questions, the trend, and the head of each table."""
    context = _context(request, province_code)
    rows, period = context["rows"], context["period"]
    days = {row["key"]: row["goods_vnd"] for row in figures.by_day(rows)}
    context |= {
        "totals": figures.totals(rows),
        "came_back_vnd": figures.came_back_vnd(rows),
        **figures.left_unseen(context["province"], period),
        "today": (today := db_today()),
        "coverage": figures.ocop_coverage(context["province"], today),
        "shown": (shown := trend.since_first(period, days)),
        "bars": trend.bars(shown, days),
        "bar_words": trend.bar_words(shown),
        "best_day": max(days.items(), key=lambda item: item[1], default=None),
        "heads": [
            {"table": table, "rows": table.rows(rows)[:TOP_ROWS]} for table in TABLES.values()
        ],
    }
    return render(request, "dashboards/province_figures.html", context)


@viewers
@require_safe
@never_cache
def show_province_table(request: HttpRequest, province_code: str, table: str) -> HttpResponse:
    context = _context(request, province_code)
    context["table"] = _table(table)
    rows = context["table"].rows(context["rows"])
    context["page_obj"] = Pages(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    context["totals"] = figures.totals(context["rows"])
    return render(request, "dashboards/province_table.html", context)


@viewers
@require_safe
@never_cache
def export_province_table(
    request: HttpRequest, province_code: str, table: str, file_format: str
) -> HttpResponse:
    """The table of the same period and filters as a file; every row, not only the page."""
    if file_format not in MIME:
        raise Http404
    context = _context(request, province_code)
    must_be_a_period(request.GET.dict(), context["form"])
    is_simulated = context["has_simulated"]
    name = f"{_file_name(context, table)}.{file_format}"
    row_count = _table(table).rows(context["rows"]).count()
    if row_count > DIRECTLY:
        period = context["period"]
        params = {
            "province": province_code,
            "table": table,
            "format": file_format,
            "starts_on": period.starts_on.isoformat(),
            "ends_on": period.ends_on.isoformat(),
            "with_simulated": period.with_simulated,
            "name": name,
        }
        return lead_to_job(request, "dashboards.table", params, row_count)
    content = file_of(_table(table), context["rows"], file_format, has_simulated=is_simulated)
    response = HttpResponse(content, content_type=MIME[file_format])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _file_name(context: dict[str, Any], table: str) -> str:
    """lai-chau-phien-2026-01-01-2026-11-22, and -mo-phong where simulated orders are counted."""
    period = context["period"]
    words = f"{context['province'].name} {table} {period.starts_on} {period.ends_on}"
    marked = f"{words} mo phong" if context["has_simulated"] else words
    return ascii_fold(marked).replace(" ", "-").lower()


def _table(slug: str) -> Any:
    if slug not in TABLES:
        raise Http404
    return TABLES[slug]


def _context(request: HttpRequest, province_code: str) -> dict[str, Any]:
    """What all pages of a province share: place, period, and the lines counted."""
    province = get_province_to_view(request.user, province_code)
    period, form, preset = read_period(request.GET.dict())
    rows = figures.rows_of(province, period)
    return {
        "province": province,
        "period": period,
        "form": form,
        "preset": preset,
        "presets": [(key, label) for key, (label, _start) in PRESETS.items()],
        "tables": TABLES.values(),
        "rows": rows,
        "has_simulated": figures.has_simulated(rows),
        "counted_at": (counted_at := complete_at()),
        "is_late": counted_at is None or counted_at < db_now() - LATE_AFTER,
        "can_review": request.user.staff_roles.reviewing().filter(province=province).exists(),  # type: ignore[union-attr]
    }
