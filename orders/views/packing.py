"""The packing room: a co-op's parcels, found, moved on, printed and taken to a spreadsheet."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from coops.models import Cooperative
from core import tabular
from core.access import cooperative
from core.clock import db_now, db_today
from core.idempotency import idempotent
from core.paging import near_page
from core.phones import format_phone, mask_phone
from livestreams.models import LivestreamSession
from orders.access import get_cooperative_to_pack, get_parcel_to_pack
from orders.models import Parcel
from orders.services import packing, revealing
from orders.shelves import BY_SLUG, SHELVES, STEP_WORDS, counts

PACKERS = ("manager", "host", "packer")
ON_A_PAGE = 50
ON_A_SHEET = 500
IN_A_FILE = 5000
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Choice:
    """Which parcels the address asks for: shelf, session, words; the same for list, print, file."""

    def __init__(self, query: QueryDict, user: Any, coop: Cooperative) -> None:
        self.coop = coop
        self.shelf = BY_SLUG.get(query.get("ke", ""), SHELVES[0])
        self.words = query.get("q", "").strip()[:80]
        if self.words and "ke" not in query:
            self.shelf = BY_SLUG["tat-ca"]
        number = query.get("phien", "")
        self.session_id = int(number) if number.isdecimal() and len(number) < 12 else None
        self.all = Parcel.objects.packed_by(user).filter(cooperative=coop)
        self.user = user

    def parcels(self) -> Any:
        found = self.searched().filter(self.shelf.holds)
        return found.for_packing().with_reveals_to(self.user).order_by("-pk")

    def searched(self) -> Any:
        found = self.all
        if self.session_id:
            found = found.filter(order__session_id=self.session_id)
        return found.matching(self.words) if self.words else found

    def sessions(self) -> QuerySet[LivestreamSession]:
        """The newest that the co-op holds or has a place in, once they have been on air."""
        took_part = LivestreamSession.objects.of_cooperatives([self.coop])
        return took_part.filter(went_live_at__isnull=False).order_by("-starts_at")[:60]


@cooperative(*PACKERS)
@require_safe
def list_parcels(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    coop = get_cooperative_to_pack(request.user, cooperative_slug)
    choice = Choice(request.GET, request.user, coop)
    page: Any = near_page(request, choice.parcels(), ON_A_PAGE)
    found = counts(choice.searched())
    context = {
        "cooperative": coop,
        "choice": choice,
        "page": page,
        "shelves": [(shelf, found[shelf.slug]) for shelf in SHELVES],
        "steps": [(step, STEP_WORDS[step]) for step in choice.shelf.steps],
        "query": request.GET.urlencode(),
        "hidden_count": sum(p.is_open and not p.is_revealed for p in page),
    }
    return private(render(request, "orders/parcel_list.html", context))


@cooperative(*PACKERS)
@require_POST
@idempotent
def move_parcels(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Move the ticked parcels one step on; those that moved meanwhile stay, and that is said."""
    coop = get_cooperative_to_pack(request.user, cooperative_slug)
    numbers = [int(n) for n in request.POST.getlist("parcel") if n.isdecimal() and len(n) < 15]
    chosen = Parcel.objects.packed_by(request.user).filter(
        cooperative=coop, pk__in=numbers[:ON_A_SHEET]
    )
    moved = packing.move_parcels(parcels=chosen, state=request.POST.get("state", ""))
    stayed = len(set(numbers)) - len(moved)
    if moved:
        messages.success(
            request,
            ngettext(
                "%(count)s parcel moved on: %(state)s.",
                "%(count)s parcels moved on: %(state)s.",
                len(moved),
            )
            % {"count": len(moved), "state": moved[0].get_state_display()},
        )
    if stayed or not numbers:
        words = (
            ngettext(
                "%(count)s parcel stayed where it was: it has moved or was cancelled meanwhile.",
                "%(count)s parcels stayed where they were: moved or cancelled meanwhile.",
                stayed,
            )
            % {"count": stayed}
            if numbers
            else _("Tick the parcels first.")
        )
        messages.warning(request, words)
    return back_to_list(request, coop)


@cooperative(*PACKERS)
@require_POST
@idempotent
def reveal_phones(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Show the whole numbers of the chosen parcels for an hour, and write down who looked."""
    coop = get_cooperative_to_pack(request.user, cooperative_slug)
    choice = Choice(QueryDict(request.POST.get("query", "")), request.user, coop)
    count = revealing.reveal_phones(parcels=choice.parcels()[:ON_A_SHEET], user=request.user)  # type: ignore[arg-type]
    messages.info(
        request,
        _("Phone numbers of %(count)s parcels are shown to you for an hour. This is recorded.")
        % {"count": count},
    )
    return back_to_list(request, coop)


@cooperative(*PACKERS)
@require_safe
def show_parcel(request: HttpRequest, cooperative_slug: str, parcel_id: int) -> HttpResponse:
    parcel = get_parcel_to_pack(request.user, cooperative_slug, parcel_id)
    shown: Any = Parcel.objects.filter(pk=parcel.pk).with_reveals_to(request.user)
    context = {
        "cooperative": parcel.cooperative,
        "parcel": parcel,
        "order": parcel.order,
        "is_revealed": parcel.is_open and shown.get().is_revealed,
        "steps": [(step, STEP_WORDS[step]) for step in packing.next_steps(parcel)],
        "can_undo": packing.can_undo(parcel, db_now()),
        "trail": history_of(parcel),
    }
    return private(render(request, "orders/parcel.html", context))


@cooperative(*PACKERS)
@require_POST
@idempotent
def move_parcel(request: HttpRequest, cooperative_slug: str, parcel_id: int) -> HttpResponse:
    parcel = get_parcel_to_pack(request.user, cooperative_slug, parcel_id)
    packing.move_parcel(parcel=parcel, state=request.POST.get("state", ""))
    return moved_to(request, parcel)


@cooperative(*PACKERS)
@require_POST
@idempotent
def undo_parcel_step(request: HttpRequest, cooperative_slug: str, parcel_id: int) -> HttpResponse:
    parcel = get_parcel_to_pack(request.user, cooperative_slug, parcel_id)
    packing.undo_step(parcel=parcel)
    return moved_to(request, parcel)


@cooperative(*PACKERS)
@require_POST
@idempotent
def reveal_phone(request: HttpRequest, cooperative_slug: str, parcel_id: int) -> HttpResponse:
    parcel = get_parcel_to_pack(request.user, cooperative_slug, parcel_id)
    revealing.reveal_phones(parcels=[parcel], user=request.user)  # type: ignore[arg-type]
    return HttpResponseRedirect(address_of(parcel), status=303)


@cooperative(*PACKERS)
@require_safe
def print_parcels(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Packing list: what goes into the parcels in all, then each parcel."""
    coop = get_cooperative_to_pack(request.user, cooperative_slug)
    choice = Choice(request.GET, request.user, coop)
    parcels = list(choice.parcels()[:ON_A_SHEET])
    in_all: dict[tuple[str, str, str, str], int] = {}
    for parcel in parcels:
        for line in parcel.lines.all():
            what = (line.live_code, line.product_name, line.variant_name, line.lot_code)
            in_all[what] = in_all.get(what, 0) + line.quantity
    context = {
        "cooperative": coop,
        "choice": choice,
        "session": LivestreamSession.objects.filter(pk=choice.session_id).first(),
        "parcels": parcels,
        "found_count": len(parcels) if len(parcels) < ON_A_SHEET else choice.parcels().count(),
        "in_all": sorted(in_all.items()),
        "today": db_today(),
    }
    return private(render(request, "orders/parcel_print.html", context))


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
        tabular.Column(_("Goods (₫)"), "vnd"),
        tabular.Column(_("Delivery, once for each parcel (₫)"), "vnd"),
        tabular.Column(_("To collect in cash, once for each parcel (₫)"), "vnd"),
        tabular.Column(_("Note")),
        tabular.Column(_("Simulated")),
    ]


def rows_of(parcel: Parcel) -> list[list[Any]]:
    order = parcel.order
    is_cash = order.payment_method == order.PaymentMethod.COD
    once: list[int | None] = [
        parcel.shipping_vnd,
        parcel.goods_vnd + parcel.shipping_vnd if is_cash else 0,
    ]
    rows = []
    for line in parcel.lines.all():
        rows.append(
            [
                order.code,
                order.placed_at,
                parcel.get_state_display(),
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
                line.line_total_vnd,
                *once,
                order.note,
                _("yes") if order.is_simulated else "",
            ]
        )
        once = [None, None]
    return rows


def phone_of(parcel: Any) -> str:
    is_shown = parcel.is_open and parcel.order.is_open and parcel.is_revealed
    return (
        format_phone(parcel.order.buyer_phone) if is_shown else mask_phone(parcel.order.buyer_phone)
    )


def history_of(parcel: Parcel) -> list[dict[str, Any]]:
    """Each step of the parcel with its time and who did it, oldest first."""
    kept: Any = Parcel.pgh_event_model.objects  # type: ignore[attr-defined]
    events = kept.filter(pgh_obj_id=parcel.pk).select_related("pgh_context").order_by("pgh_id")
    reached = [*(event.state for event in events), parcel.state][1:]
    doers: list[Any] = [
        (event.pgh_context.metadata if event.pgh_context else {}).get("user") for event in events
    ]
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=[d for d in doers if d])}
    labels = dict(Parcel.State.choices)
    return [
        {"label": labels[state], "at": event.pgh_created_at, "by": names.get(doer, "")}
        for event, state, doer in zip(events, reached, doers, strict=True)
    ]


def address_of(parcel: Parcel) -> str:
    return reverse("show-parcel", args=[parcel.cooperative.slug, parcel.pk])


def moved_to(request: HttpRequest, parcel: Parcel) -> HttpResponse:
    words = _("Parcel of order %(code)s: %(state)s.")
    messages.success(
        request, words % {"code": parcel.order.code, "state": parcel.get_state_display()}
    )
    return HttpResponseRedirect(address_of(parcel), status=303)


def back_to_list(request: HttpRequest, coop: Cooperative) -> HttpResponse:
    query = QueryDict(request.POST.get("query", "")).urlencode()
    where = reverse("list-parcels", args=[coop.slug])
    return HttpResponseRedirect(f"{where}?{query}" if query else where, status=303)


def private(response: HttpResponse) -> HttpResponse:
    """Buyers' addresses stay out of every cache."""
    response["Cache-Control"] = "no-store"
    return response
