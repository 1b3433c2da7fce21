"""The packing room: a co-op's parcels, found, moved on, printed and taken to a spreadsheet."""

from collections.abc import Sequence
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
from core.access import cooperative
from core.clock import db_now
from core.idempotency import idempotent
from core.paging import near_page
from core.phones import format_phone, mask_phone
from livestreams.models import LivestreamSession
from orders.access import get_cooperative_to_pack, get_parcel_to_pack
from orders.models import Parcel
from orders.services import packing, revealing
from orders.services.searching import note_phone_search
from orders.shelves import BY_SLUG, SHELVES, STEP_WORDS, counts

PACKERS = ("manager", "host", "packer")
ON_A_PAGE = 50
ON_A_SHEET = 500
NAMED_AT_MOST = 10  # of those that stayed
JUST_MOVED, STEP = "vua", "buoc"  # in the address after a step: which parcels, and the step


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
    note_phone_search(words=choice.words, user=request.user)
    page: Any = near_page(request, choice.parcels(), ON_A_PAGE)
    found = counts(choice.searched(), is_narrow=bool(choice.words or choice.session_id))
    context = {
        "cooperative": coop,
        "choice": choice,
        "page": page,
        "shelves": [(shelf, found[shelf.slug]) for shelf in SHELVES],
        "steps": [(step, STEP_WORDS[step]) for step in choice.shelf.steps],
        "query": request.GET.urlencode(),
        "just_moved": just_moved(request, coop),
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
    state = request.POST.get("state", "")
    moved = packing.move_parcels(parcels=chosen, state=state, by=request.user)  # type: ignore[arg-type]
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
    if not numbers:
        messages.warning(request, _("Tick the parcels first."))
    name_those_that_stayed(request, chosen, moved)
    return back_to_list(request, coop, moved, state)


def name_those_that_stayed(request: HttpRequest, chosen: Any, moved: list[Parcel]) -> None:
    rest = chosen.exclude(pk__in=[parcel.pk for parcel in moved]).select_related("order")
    stayed = [f"{parcel.order.code} ({parcel.standing})" for parcel in rest.order_by("pk")]
    if stayed:
        words = ngettext(
            "%(count)s parcel stayed where it was: it has moved or was cancelled meanwhile.",
            "%(count)s parcels stayed where they were: moved or cancelled meanwhile.",
            len(stayed),
        ) % {"count": len(stayed)}
        more = " …" if len(stayed) > NAMED_AT_MOST else ""
        messages.warning(request, f"{words} {', '.join(stayed[:NAMED_AT_MOST])}{more}")


@cooperative(*PACKERS)
@require_POST
@idempotent
def undo_parcels(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Take back a step of many parcels; those that went on meanwhile stay, and are named."""
    coop = get_cooperative_to_pack(request.user, cooperative_slug)
    numbers = numbers_in(request.POST.get("vua", ""))
    chosen = Parcel.objects.packed_by(request.user).filter(cooperative=coop, pk__in=numbers)
    undone = packing.undo_steps(parcels=chosen, state=request.POST.get("buoc", ""))
    if undone:
        words = ngettext(
            "%(count)s parcel is back: %(state)s.",
            "%(count)s parcels are back: %(state)s.",
            len(undone),
        )
        messages.success(
            request, words % {"count": len(undone), "state": undone[0].get_state_display()}
        )
    name_those_that_stayed(request, chosen, undone)
    return back_to_list(request, coop)


@cooperative(*PACKERS)
@require_POST
@idempotent
def reveal_phones(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Show the whole numbers of the chosen parcels for an hour, and record the look."""
    coop = get_cooperative_to_pack(request.user, cooperative_slug)
    choice = Choice(QueryDict(request.POST.get("query", "")), request.user, coop)
    note_phone_search(words=choice.words, user=request.user)
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
    state = request.POST.get("state", "")
    packing.move_parcel(parcel=parcel, state=state, by=request.user)  # type: ignore[arg-type]
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


def back_to_list(
    request: HttpRequest, coop: Cooperative, moved: Sequence[Parcel] = (), state: str = ""
) -> HttpResponse:
    query = QueryDict(request.POST.get("query", ""), mutable=True)
    for name in (JUST_MOVED, STEP):
        query.pop(name, None)
    if moved:
        query[JUST_MOVED], query[STEP] = "-".join(str(parcel.pk) for parcel in moved), state
    where = reverse("list-parcels", args=[coop.slug])
    return HttpResponseRedirect(f"{where}?{query.urlencode()}" if query else where, status=303)


def numbers_in(text: str) -> list[int]:
    numbers = [n for n in text.split("-")[:ON_A_SHEET] if n.isascii() and n.isdecimal()]
    return [int(n) for n in numbers if len(n) < 15]


def just_moved(request: HttpRequest, coop: Cooperative) -> list[Parcel]:
    """Parcels of the last step taken on this page that can still be taken back together."""
    numbers, state = numbers_in(request.GET.get(JUST_MOVED, "")), request.GET.get(STEP, "")
    if not numbers:
        return []
    found = Parcel.objects.packed_by(request.user).filter(
        cooperative=coop, pk__in=numbers, state=state
    )
    now = db_now()
    moved = found.select_related("order").prefetch_related("order__refunds").order_by("pk")
    return [parcel for parcel in moved if packing.can_undo(parcel, now)]


def private(response: HttpResponse) -> HttpResponse:
    """Buyers' addresses stay out of every cache."""
    response["Cache-Control"] = "no-store"
    return response
