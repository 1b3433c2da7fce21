"""What the packing room takes along: the packing list on paper, and the parcels as a file."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from coops.models import Cooperative
from core import tabular
from core.access import cooperative
from core.clock import db_today
from core.file_jobs import DIRECTLY, FileContent
from core.file_views import lead_to_job
from core.paging import count_at_most
from livestreams.models import LivestreamSession
from orders.access import get_cooperative_to_pack
from orders.models import OrderLine, Parcel
from orders.services.searching import note_phone_search
from orders.views.packing import ON_A_SHEET, PACKERS, Choice, phone_of, private

SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@cooperative(*PACKERS)
@require_safe
def print_parcels(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Packing list: what goes in all into those that may be sent, then each parcel."""
    coop = get_cooperative_to_pack(request.user, cooperative_slug)
    choice = Choice(request.GET, request.user, coop)
    note_phone_search(words=choice.words, user=request.user)
    parcels = list(choice.parcels()[:ON_A_SHEET])
    to_send = [parcel for parcel in parcels if parcel.may_be_sent]
    context = {
        "cooperative": coop,
        "choice": choice,
        "session": LivestreamSession.objects.filter(pk=choice.session_id).first(),
        "parcels": parcels,
        "found_count": len(parcels) if len(parcels) < ON_A_SHEET else choice.parcels().count(),
        "in_all": sums_of(to_send),
        "to_send_count": len(to_send),
        "left_out_count": len(parcels) - len(to_send),
        "to_collect_vnd": sum(parcel.to_collect_vnd for parcel in to_send),
        "today": db_today(),
    }
    return private(render(request, "orders/parcel_print.html", context))


def sums_of(parcels: Iterable[Parcel]) -> list[tuple[tuple[str, str, str, str], int]]:
    """Units of each offer's lot in all `parcels`."""
    in_all: dict[tuple[str, str, str, str], int] = {}
    for parcel in parcels:
        for line in parcel.lines.all():
            what = (line.live_code, line.product_name, line.variant_name, line.lot_code)
            in_all[what] = in_all.get(what, 0) + line.quantity
    return sorted(in_all.items())


@cooperative(*PACKERS)
@require_safe
def export_parcels(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """The chosen parcels as CSV or XLSX, one line of goods a row; numbers as far as revealed."""
    coop = get_cooperative_to_pack(request.user, cooperative_slug)
    choice = Choice(request.GET, request.user, coop)
    note_phone_search(words=choice.words, user=request.user)
    file_format = "xlsx" if request.GET.get("dang") == "xlsx" else "csv"
    lines = OrderLine.objects.filter(parcel__in=choice.searched().filter(choice.shelf.holds))
    if count_at_most(lines, DIRECTLY + 1) > DIRECTLY:
        params = {"cooperative": coop.pk, "query": request.GET.urlencode(), "format": file_format}
        return lead_to_job(request, "orders.parcels", params, lines.count())
    content = parcel_file(coop, [row for p in choice.parcels() for row in rows_of(p)], file_format)
    response = HttpResponse(content.body, content_type=content.content_type)
    response["Content-Disposition"] = f'attachment; filename="{content.name}"'
    return private(response)


def parcel_file(coop: Cooperative, rows: list[list[Any]], file_format: str) -> FileContent:
    name = f"kien-hang-{coop.slug}-{db_today():%Y%m%d}.{file_format}"
    if file_format == "xlsx":
        return FileContent(name, SPREADSHEET, tabular.xlsx_bytes(_("Parcels"), columns(), rows))
    return FileContent(name, "text/csv; charset=utf-8", tabular.csv_bytes(columns(), rows))


def columns() -> list[tabular.Column]:
    return [
        tabular.Column(_("Order code")),
        tabular.Column(_("Ordered at")),
        tabular.Column(_("State")),
        tabular.Column(_("Payment")),
        tabular.Column(_("May be sent")),
        tabular.Column(_("Name")),
        tabular.Column(_("Phone number")),
        tabular.Column(_("Hamlet, road, house number")),
        tabular.Column(_("Commune or ward")),
        tabular.Column(_("Province or city")),
        tabular.Column(_("Live code")),
        tabular.Column(_("Product")),
        tabular.Column(_("Pack")),
        tabular.Column(_("Lot")),
        tabular.Column(_("Units"), "number"),
        tabular.Column(_("Units to send"), "number"),
        tabular.Column(_("Goods (₫)"), "vnd"),
        tabular.Column(_("Delivery, once for each parcel (₫)"), "vnd"),
        tabular.Column(_("To collect in cash, once for each parcel (₫)"), "vnd"),
        tabular.Column(_("Note")),
        tabular.Column(_("Simulated")),
    ]


def rows_of(parcel: Parcel) -> list[list[Any]]:
    order = parcel.order
    once: list[int | None] = [parcel.shipping_vnd, parcel.to_collect_vnd]
    rows = []
    for line in parcel.lines.all():
        rows.append(
            [
                order.code,
                order.placed_at,
                str(parcel.standing),
                str(parcel.payment.label),
                _("yes") if parcel.may_be_sent else _("no"),
                order.buyer_name,
                phone_of(parcel),
                order.address_line,
                str(order.commune),
                order.commune.province.name,
                line.live_code,
                line.product_name,
                line.variant_name,
                line.lot_code,
                line.quantity,
                line.quantity if parcel.may_be_sent else 0,
                line.line_total_vnd,
                *once,
                order.note,
                _("yes") if order.is_simulated else "",
            ]
        )
        once = [None, None]
    return rows
