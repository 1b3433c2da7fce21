"""The tables of a province's figures: what each is called, its columns, on screen and in a file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _, gettext_lazy

from core import tabular
from core.clock import local_day
from dashboards import figures

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """`read` gives the plain value (text, whole number, local day) that the file holds."""

    title: Any
    read: Callable[[Row], Any]
    kind: tabular.Kind = "text"


@dataclass(frozen=True)
class Table:
    slug: str  # in the address
    title: Any
    rows: Callable[[QuerySet], QuerySet]
    columns: tuple[Column, ...]

    def all_columns(self) -> tuple[Column, ...]:
        return self.columns + SUM_COLUMNS

    def sums(self) -> tuple[Column, ...]:
        return SUM_COLUMNS

    def simulated(self) -> Column:
        return SIMULATED


def _field(name: str) -> Callable[[Row], Any]:
    return lambda row: row[name]


def _yes(name: str) -> Callable[[Row], str]:
    return lambda row: _("yes") if row[name] else ""


def _simulated(row: Row) -> str:
    if row["simulated_order_count"] == row["order_count"]:
        return _("yes")
    return _("in part") if row["simulated_order_count"] else ""


SUM_COLUMNS = (
    Column(gettext_lazy("Orders"), _field("order_count"), "number"),
    Column(gettext_lazy("Units"), _field("unit_count"), "number"),
    Column(gettext_lazy("Goods (₫)"), _field("goods_vnd"), "vnd"),
    Column(gettext_lazy("Net weight (kg)"), lambda row: row["weight_g"] / 1000, "weight"),
)
SIMULATED = Column(gettext_lazy("Simulated"), _simulated)  # in every file, last

TABLES = {
    table.slug: table
    for table in (
        Table(
            "phien",
            gettext_lazy("By session"),
            figures.by_session,
            (
                Column(gettext_lazy("Session"), _field("name")),
                Column(gettext_lazy("Day"), lambda row: local_day(row["day_at"]), "day"),
            ),
        ),
        Table(
            "hop-tac-xa",
            gettext_lazy("By co-op"),
            figures.by_cooperative,
            (
                Column(gettext_lazy("Co-op"), _field("name")),
                Column(gettext_lazy("Commune"), _field("place")),
                Column(gettext_lazy("Led by women"), _yes("is_women_led")),
            ),
        ),
        Table(
            "san-pham",
            gettext_lazy("By product"),
            figures.by_product,
            (
                Column(gettext_lazy("Product"), _field("name")),
                Column(gettext_lazy("Co-op"), _field("made_by")),
            ),
        ),
        Table(
            "xa",
            gettext_lazy("By commune"),
            figures.by_commune,
            (
                Column(gettext_lazy("Commune"), _field("name")),
                Column(gettext_lazy("Co-ops that sold"), _field("cooperative_count"), "number"),
            ),
        ),
        Table(
            "ngay",
            gettext_lazy("By day"),
            figures.by_day,
            (Column(gettext_lazy("Day"), _field("key"), "day"),),
        ),
    )
}

MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def file_of(table: Table, figure_rows: QuerySet, file_format: str, *, has_simulated: bool) -> bytes:
    """The whole table as CSV or XLSX; formula cells are guarded by core.tabular."""
    columns = (*table.all_columns(), SIMULATED)
    headers = [tabular.Column(str(c.title), c.kind) for c in columns]
    rows = [[column.read(row) for column in columns] for row in table.rows(figure_rows)]
    if file_format == "csv":
        return tabular.csv_bytes(headers, rows)
    title = f"{table.title} ({_('simulated')})" if has_simulated else str(table.title)
    return tabular.xlsx_bytes(title, headers, rows)
