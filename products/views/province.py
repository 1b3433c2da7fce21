"""Provincial staff: OCOP decisions to verify, and the province's own register."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from coops.access import get_province_to_review
from core import access
from core.clock import db_today
from core.errors import DomainError
from core.idempotency import idempotent
from core.shown import VERSION
from products.access import get_recognition_to_review
from products.doubts import doubts_about
from products.errors import DoubtfulDecision
from products.forms import DecisionForm, RegisterCorrectionForm, RegisterForm
from products.models import OcopRecognition
from products.services import recognitions
from products.views.public import page_of

State = OcopRecognition.State
DECIDE = {
    "verify": recognitions.verify_recognition,
    "refuse": recognitions.refuse_recognition,
    "revoke": recognitions.revoke_recognition,
    "restore": recognitions.restore_recognition,
    "reopen": recognitions.reopen_recognition,
}


@access.province("reviewer")
@require_safe
def review_recognitions(request: HttpRequest, province_code: str) -> HttpResponse:
    """Decisions of the province in one state; those that wait longest come first."""
    province = get_province_to_review(request.user, province_code)
    state = request.GET.get("state", "")
    state = state if state in State.values else State.WAITING
    theirs = OcopRecognition.objects.reviewable_by(request.user).filter(
        product__cooperative__commune__province=province
    )
    order = "submitted_at" if state == State.WAITING else "-reviewed_at"
    rows = theirs.filter(state=state).select_related("product__cooperative__commune")
    context = {
        "province": province,
        "can_review": True,
        "state": state,
        "states": State.choices,
        "waiting_count": theirs.waiting().count(),
        "page": page_of(request, rows.order_by(order, "pk")),
        "today": db_today(),
    }
    return render(request, "products/recognition_reviews.html", context)


@access.province("reviewer")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def review_recognition(
    request: HttpRequest, province_code: str, recognition_id: int
) -> HttpResponse:
    """One decision with its evidence; POST verifies, refuses or revokes it."""
    province = get_province_to_review(request.user, province_code)
    try:
        recognition = get_recognition_to_review(request.user, recognition_id)
    except Http404:
        if request.POST.get(VERSION):
            return _taken_back(request, province)
        raise
    if recognition.product.cooperative.commune.province_id != province.pk:
        raise Http404
    if request.method != "POST":
        return _page(request, province, recognition, DecisionForm())
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, province, recognition, form, status=422)
    if refused := _refused(request, province, recognition, form):
        return refused
    _say_decided(request, recognition, form.cleaned_data["decision"])
    return redirect("review-recognitions", province.pk)


def _refused(
    request: HttpRequest, province: Any, recognition: OcopRecognition, form: DecisionForm
) -> HttpResponse | None:
    """Decides; the page with the refusal when the decision was not taken."""
    try:
        DECIDE[form.cleaned_data["decision"]](
            recognition=recognition,
            by=request.user,
            note=form.cleaned_data["note"],
            version=request.POST.get(VERSION, ""),
        )
    except DoubtfulDecision as refusal:
        form.add_error("note", str(refusal.message))
        return _page(request, province, recognition, form, status=refusal.status)
    except DomainError as refusal:
        now = get_recognition_to_review(request.user, recognition.pk)
        return _page(request, province, now, form, refusal=refusal, status=refusal.status)
    return None


def _say_decided(request: HttpRequest, recognition: OcopRecognition, decision: str) -> None:
    names = {"product": recognition.product, "state": recognition.get_state_display()}
    if decision == "verify" and recognition.is_waiting:
        words = _("Noted for “%(product)s”. A second reviewer has to verify it as well.")
    else:
        words = _(
            "Done: the decision of “%(product)s” is now %(state)s. The co-op sees it at once."
        )
    messages.success(request, words % names)


@access.province("reviewer")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def list_registers(request: HttpRequest, province_code: str) -> HttpResponse:
    """The province's OCOP register day by day; POST records how many products it holds."""
    province = get_province_to_review(request.user, province_code)
    form = RegisterForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid() and _recorded(request, province, form):
            messages.success(request, _("Recorded. The overview counts with it from now on."))
            return redirect("list-registers", province.pk)
        status = 422
    rows = province.ocop_registers.select_related("recorded_by").order_by("-counted_on")
    context = {
        "province": province,
        "can_review": True,
        "form": form,
        "page": page_of(request, rows),
    }
    return render(request, "products/registers.html", context, status=status)


@access.province("reviewer")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def correct_register(request: HttpRequest, province_code: str, register_id: int) -> HttpResponse:
    """Another figure for a day that was recorded wrongly; the history keeps the earlier one."""
    province = get_province_to_review(request.user, province_code)
    registers = province.ocop_registers.all()
    locked = registers.select_for_update(no_key=True) if request.method == "POST" else registers
    register = get_object_or_404(locked, pk=register_id)
    stands = {"product_count": register.product_count, "source": register.source}
    form = RegisterCorrectionForm(request.POST or None, initial=stands)
    if form.is_valid():
        recognitions.correct_register(register=register, by=request.user, **form.changes)
        messages.success(request, _("Corrected. The overview counts with the new figure."))
        return redirect("list-registers", province.pk)
    context = {"province": province, "can_review": True, "form": form, "register": register}
    status = 422 if form.is_bound else 200
    return render(request, "products/register_correct.html", context, status=status)


def _recorded(request: HttpRequest, province: Any, form: RegisterForm) -> bool:
    try:
        recognitions.record_register(province=province, by=request.user, **form.cleaned_data)
    except DomainError as refusal:
        form.add_error(refusal.field, str(refusal.message))
        return False
    return True


def _taken_back(request: HttpRequest, province: Any) -> HttpResponse:
    """The page was open when the co-op took its decision back."""
    words = _("The co-op has taken this decision back meanwhile. There is nothing left to decide.")
    messages.warning(request, words)
    return redirect("review-recognitions", province.pk)


def _page(
    request: HttpRequest,
    province: Any,
    recognition: OcopRecognition,
    form: DecisionForm,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    context |= {
        "province": province,
        "can_review": True,
        "recognition": recognition,
        "product": recognition.product,
        "cooperative": recognition.product.cooperative,
        "form": form,
        "version": recognitions.shown_version(recognition),
        "why_not": recognitions.why_not_verify(request.user, recognition),
        "doubts": doubts_about(recognition) if recognition.is_waiting else [],
        "is_over": recognition.expires_on < db_today(),
        "pages": [
            (page.picture, page.picture.url(1280, "webp"))
            for page in recognition.pages.select_related("picture")
        ],
    }
    return render(request, "products/recognition_review.html", context, status=status)
