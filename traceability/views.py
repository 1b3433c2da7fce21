"""The diary and the codes of a co-op's lots."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from coops.models import Cooperative
from core import access
from core.clock import db_today
from core.codes import in_groups
from core.drafts import note_done
from core.idempotency import idempotent
from core.numbers import format_number
from core.paging import Pages, near_page
from core.pictures import papers_first
from core.qr import qr_svg
from core.text import fold
from products.models import Lot
from traceability.access import (
    get_batch,
    get_cooperative_to_follow,
    get_cooperative_to_trace,
    get_event_to_correct,
    get_lot_to_trace,
)
from traceability.errors import OriginTooThin, StepsOutOfOrder
from traceability.forms import MOST_CODES, BatchForm, StepForm
from traceability.models import OriginCodeBatch, TraceEvent
from traceability.querysets import lots_with_counts
from traceability.services import completeness, issuing, printing, steps

LOTS_PER_PAGE = 25
STEPS_SHOWN = 40  # of a diary, the newest unless another page is asked for
FILE_TYPES = {"pdf": "application/pdf", "zip": "application/zip"}
WORK_SHOWN = 5
tracers = access.cooperative("manager", "diarist")
followers = access.cooperative("manager", "diarist", "host")


@tracers
@require_safe
def list_lots(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Lots of the co-op, newest harvest first; `q` finds product or lot code."""
    cooperative = get_cooperative_to_trace(request.user, cooperative_slug)
    typed = request.GET.get("q", "").strip()
    lots = (
        Lot.objects.filter(variant__product__cooperative=cooperative)
        .select_related("variant__product")
        .annotate(
            is_drawing=_has_batch(OriginCodeBatch.State.WAITING, OriginCodeBatch.State.DRAWING),
            has_failed=_has_batch(OriginCodeBatch.State.FAILED),
        )
        .order_by("-harvested_on", "-pk")
    )
    for word in fold(typed).split()[:6]:
        lots = lots.filter(
            Q(variant__product__search_text__contains=word) | Q(code__icontains=word)
        )
    page = near_page(request, lots_with_counts(lots), LOTS_PER_PAGE)
    for lot in page:
        lot.code_count = lot.ready_codes + lot.other_codes
    context = {"cooperative": cooperative, "page_obj": page, "q": typed}
    return render(request, "traceability/lot_list.html", context)


def _has_batch(*states: str) -> Exists:
    return Exists(OriginCodeBatch.objects.filter(lot=OuterRef("pk"), state__in=states))


@tracers
@never_cache
@require_safe
def show_lot(request: HttpRequest, lot_id: int) -> HttpResponse:
    return _lot_page(request, get_lot_to_trace(request.user, lot_id))


@tracers
@require_http_methods(["GET", "HEAD", "POST"])
@papers_first
@idempotent
def add_step(request: HttpRequest, lot_id: int) -> HttpResponse:
    """One step of the lot's life."""
    lot = get_lot_to_trace(request.user, lot_id)
    form = StepForm(
        request.POST or None,
        request.FILES or None,
        initial=_first_guess(request, lot),
        shows_row=False,
    )
    if request.method == "POST" and form.is_valid():
        return _save_step(request, lot, form, corrects=None)
    return _step_page(request, lot, form)


@tracers
@require_http_methods(["GET", "HEAD", "POST"])
@papers_first
@idempotent
def correct_step(request: HttpRequest, event_id: int) -> HttpResponse:
    """Write the step anew; the earlier version stays on record, the newest is corrected."""
    event = steps.newest_of(get_event_to_correct(request.user, event_id))
    if request.method == "POST":
        event = steps.hold_newest(event)
    values = StepForm.values_of(event)
    form = StepForm(request.POST or None, request.FILES or None, initial=values)
    if request.method == "POST" and form.is_valid():
        return _save_step(request, event.lot, form, corrects=event)
    return _step_page(request, event.lot, form, corrects=event)


@tracers
@require_http_methods(["POST"])
@idempotent
def request_codes(request: HttpRequest, lot_id: int) -> HttpResponse:
    """Request codes; a worker renders them while the page shows the progress."""
    lot = get_lot_to_trace(request.user, lot_id)
    form = BatchForm(request.POST)
    if not form.is_valid():
        return _lot_page(request, lot, form=form, status=422)
    try:
        batch = issuing.request_origin_codes(
            lot=lot,
            quantity=form.cleaned_data["quantity"],
            sheet=form.cleaned_data["sheet"],
            requested_by=request.user,  # type: ignore[arg-type]
        )
    except OriginTooThin as refusal:
        return _lot_page(request, lot, form=form, refusal=refusal, status=refusal.status)
    messages.success(request, _("The codes are being drawn. You may leave this page."))
    return redirect("show-batch", batch_id=batch.pk)


@tracers
@never_cache
@require_safe
def show_batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    batch = get_batch(request.user, batch_id)
    sample = batch.codes.order_by("serial").first()
    context = {
        "batch": batch,
        "lot": batch.lot,
        "cooperative": batch.lot.variant.product.cooperative,
        "sample": sample,
        "sample_code": in_groups(sample.code) if sample else "",
        "sample_svg": qr_svg(printing.address_of(sample.code)) if sample else "",
    }
    return render(request, "traceability/batch.html", context)


@tracers
@require_http_methods(["POST"])
@idempotent
def redraw_batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """POST asks a worker anew for a batch that failed."""
    batch = get_batch(request.user, batch_id)
    issuing.try_again(batch=batch)
    messages.success(request, _("The codes are being drawn. You may leave this page."))
    return redirect("show-batch", batch_id=batch.pk)


@tracers
@never_cache
@require_safe
def show_batch_progress(request: HttpRequest, batch_id: int) -> JsonResponse:
    """`{"state", "done", "quantity", "words"}` for the page's progress bar."""
    batch = get_batch(request.user, batch_id)
    return JsonResponse(
        {
            "state": batch.state,
            "done": batch.quantity_done,
            "quantity": batch.quantity,
            "words": batch.get_state_display(),
        }
    )


@followers
@never_cache
@require_safe
def list_code_work(request: HttpRequest, cooperative_slug: str) -> JsonResponse:
    """`{"batches": [{"name", "state", "done", "quantity", "words", "url"}]}` for the console.

    `url` is empty for hosts, who do not print codes.
    """
    cooperative = get_cooperative_to_follow(request.user, cooperative_slug)
    work = OriginCodeBatch.objects.filter(lot__variant__product__cooperative=cooperative)
    may_print = Cooperative.objects.traced_by(request.user).filter(pk=cooperative.pk).exists()
    batches = work.worth_telling().select_related("lot__variant__product")[:WORK_SHOWN]
    told = [
        {
            "name": f"{batch.lot.variant.product.name} · {batch.lot.code}",
            "state": batch.state,
            "done": batch.quantity_done,
            "quantity": batch.quantity,
            "words": _work_words(batch),
            "url": reverse("show-batch", args=[batch.pk]) if may_print else "",
        }
        for batch in batches
    ]
    return JsonResponse({"batches": told})


def _work_words(batch: OriginCodeBatch) -> str:
    done, whole = format_number(batch.quantity_done), format_number(batch.quantity)
    counted = whole if batch.state == OriginCodeBatch.State.READY else f"{done}/{whole}"
    return f"{batch.get_state_display()} · {counted}"


@tracers
@never_cache
@require_safe
def download_labels(request: HttpRequest, batch_id: int, file_format: str) -> FileResponse:
    """The sheet (`pdf`) or the single codes (`zip` of PNG and SVG) of a ready batch."""
    batch = get_batch(request.user, batch_id)
    path = printing.label_path(batch, file_format) if file_format in FILE_TYPES else None
    if path is None or batch.state != OriginCodeBatch.State.READY or not path.exists():
        raise Http404
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"{batch.lot.code}-{batch.pk}.{file_format}",
        content_type=FILE_TYPES[file_format],
    )


def _lot_page(
    request: HttpRequest,
    lot: Lot,
    *,
    form: BatchForm | None = None,
    refusal: OriginTooThin | None = None,
    status: int = 200,
) -> HttpResponse:
    needs = completeness.needs_of(lot)
    counted = lots_with_counts(Lot.objects.filter(pk=lot.pk)).get()
    code_count = counted.ready_codes + counted.other_codes
    initial = {
        "quantity": min(max(lot.quantity_made - code_count, 1), MOST_CODES),
        "sheet": "a4_24",
    }
    diary = Pages(lot.trace_events.standing().prefetch_related("photos__picture"), STEPS_SHOWN)
    steps = diary.get_page(request.GET.get("page", diary.num_pages))
    context = {
        "lot": lot,
        "cooperative": lot.variant.product.cooperative,
        "steps": steps,
        "corrected_count": lot.trace_events.exclude(corrected_by=None).count(),
        "needs": needs,
        "code_count": code_count,
        "has_more_codes_than_packs": code_count > lot.quantity_made,
        "can_print": all(need.is_met for need in needs),
        "batches": lot.origin_code_batches.all()[:20],
        "form": form or BatchForm(initial=initial),
        "refusal": refusal,
        "movements": lot.movements.order_by("-pk")[:10],
    }
    return render(request, "traceability/lot.html", context, status=status)


def _step_page(
    request: HttpRequest,
    lot: Lot,
    form: StepForm,
    corrects: TraceEvent | None = None,
    **more: Any,
) -> HttpResponse:
    context = {
        "lot": lot,
        "cooperative": lot.variant.product.cooperative,
        "form": form,
        "corrects": corrects,
        **more,
    }
    status = 422 if form.is_bound else 200
    return render(request, "traceability/step_form.html", context, status=status)


def _save_step(
    request: HttpRequest, lot: Lot, form: StepForm, corrects: TraceEvent | None
) -> HttpResponse:
    values = form.cleaned_data
    meant = str(values["happened_on"])
    recorded = partial(
        steps.record_step,
        lot=lot,
        step=values["step"],
        title=values["title"],
        happened_on=values["happened_on"],
        note=values["note"],
        place=values["place"],
        pictures=values["pictures"],
        recorded_by=request.user,  # type: ignore[arg-type]
        commune=corrects.commune if corrects else None,
        corrects=corrects,
        order_is_meant=request.POST.get("day_meant") == meant,
    )
    try:
        recorded()
    except StepsOutOfOrder as refusal:
        words = _("%(question)s Send again if it is.") % {"question": refusal.message}
        form.add_error("happened_on", words)
        return _step_page(request, lot, form, corrects=corrects, day_meant=meant)
    note_done(request, f"step-{lot.pk}-{corrects.pk if corrects else 'new'}")
    messages.success(request, _("Saved. It shows on the origin page at once."))
    return redirect("show-lot", lot_id=lot.pk)


def _first_guess(request: HttpRequest, lot: Lot) -> dict[str, object]:
    if not lot.trace_events.exists():
        return {"step": "harvest", "happened_on": lot.harvested_on, "place": lot.plot}
    step = request.GET.get("buoc", "process")
    known = step if step in TraceEvent.Step.values else "process"
    return {"step": known, "happened_on": db_today()}
