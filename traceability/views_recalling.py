"""Calling single codes back, on a page of their lot."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core import access
from core.codes import in_groups
from core.errors import DomainError
from core.idempotency import idempotent
from products.models import Lot
from traceability.access import get_code_to_recall, get_lot_to_recall
from traceability.forms import RecallForm
from traceability.services.recalling import lift_recall, recall_code

MOST_SHOWN = 100


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@idempotent
def recall_one(request: HttpRequest, lot_id: int) -> HttpResponse:
    """The form, and which codes of the lot are called back."""
    lot = get_lot_to_recall(request.user, lot_id)
    form = RecallForm(request.POST or None, lot=lot)
    if not form.is_bound or not form.is_valid():
        return _page(request, lot, form, status=422 if form.is_bound else 200)
    try:
        origin = recall_code(
            origin=form.cleaned_data["ma"],
            reason=form.cleaned_data["reason"],
            by=request.user,  # type: ignore[arg-type]
        )
    except DomainError as refusal:
        form.add_error("ma", str(refusal.message))
        return _page(request, lot, form, status=refusal.status)
    words = _("Code %(code)s is called back. Whoever opens it reads so at once.")
    messages.success(request, words % {"code": in_groups(origin.code)})
    return redirect("recall-code", lot_id=lot.pk)


@access.cooperative("manager")
@require_POST
@idempotent
def lift_one(request: HttpRequest, lot_id: int, code: str) -> HttpResponse:
    origin = get_code_to_recall(request.user, lot_id, code)
    lift_recall(origin=origin)
    messages.success(request, _("Code %(code)s holds again.") % {"code": in_groups(origin.code)})
    return redirect("recall-code", lot_id=lot_id)


def _page(request: HttpRequest, lot: Lot, form: RecallForm, *, status: int) -> HttpResponse:
    recalled = lot.origin_codes.exclude(recalled_at=None).select_related("recalled_by")
    context = {
        "lot": lot,
        "cooperative": lot.variant.product.cooperative,
        "form": form,
        "recalled": recalled.order_by("-recalled_at")[:MOST_SHOWN],
    }
    return render(request, "traceability/recall.html", context, status=status)
