"""What the packing room takes along: the packing list on paper, and the parcels as a file."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import tabular
from core.access import cooperative
from core.clock import db_today
from livestreams.models import LivestreamSession
from orders.access import get_cooperative_to_pack
from orders.models import Parcel
from orders.views.packing import ON_A_SHEET, PACKERS, Choice, phone_of, private

IN_A_FILE = 5000
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@cooperative(*PACKERS)
@require_safe
def print_parcels(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Packing list: what goes in all into those that may be sent, then each parcel."""
    coop = get_cooperative_to_pack(request.user, cooperative_slug)
    choice = Choice(request.GET, request.user, coop)
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
    parcels = list(choice.parcels()[: IN_A_FILE + 1])
    rows = [row for parcel in parcels[:IN_A_FILE] for row in rows_of(parcel)]
    name = f"kien-hang-{coop.slug}-{db_today():%Y%m%d}"
    if len(parcels) > IN_A_FILE:
        name = f"{name}-{IN_A_FILE}-kien-dau"
    if request.GET.get("dang") == "xlsx":
        body, kind, name = (
            tabular.xlsx_bytes(_("Parcels"), columns(), rows),
            SPREADSHEET,
            f"{name}.xlsx",
        )
    else:
        body, kind, name = (
            tabular.csv_bytes(columns(), rows),
            "text/csv; charset=utf-8",
            f"{name}.csv",
        )
    response = HttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return private(response)


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
