"""Tables of more rows than a page writes, for core/file_jobs.py."""

import datetime as dt
from typing import Any

from coops.models import Province
from core.file_jobs import FileContent, Tell
from core.models import FileJob
from dashboards import figures
from dashboards.access import provinces_viewed_by
from dashboards.forms import Period
from dashboards.tables import MIME, TABLES, file_of


def may_export(user: Any, params: dict[str, Any]) -> bool:
    """With the second factor shown, as for the page."""
    theirs = {province.pk for province in provinces_viewed_by(user)}
    return user.is_verified() and params["province"] in theirs


def write_table(job: FileJob, tell: Tell) -> FileContent:
    params = job.params
    province = Province.objects.get(pk=params["province"])
    starts_on, ends_on = (dt.date.fromisoformat(params[name]) for name in ("starts_on", "ends_on"))
    period = Period(starts_on, ends_on, params["with_simulated"])
    rows = figures.rows_of(province, period)
    is_simulated = figures.has_simulated(rows)
    table, file_format = TABLES[params["table"]], params["format"]
    body = file_of(table, rows, file_format, has_simulated=is_simulated)
    tell(job.row_count)
    return FileContent(params["name"], MIME[file_format], body)
