"""OCOP decisions as the co-op enters them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core import access
from core.drafts import note_done
from core.errors import DomainError
from core.idempotency import idempotent
from core.pictures import papers_first
from products.access import get_product_to_manage, get_recognition_to_manage
from products.forms import RecognitionForm
from products.models import OcopRecognition
from products.services import recognitions
from products.views.editor import accept, editor_page, editor_url, form_of


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@papers_first
@idempotent
def add_recognition(request: HttpRequest, product_id: int) -> HttpResponse:
    product = get_product_to_manage(request.user, product_id)
    if request.method != "POST":
        return redirect(editor_url(product, "stars"))
    form = form_of(product, "stars", request.POST, request.FILES)
    if form.is_valid():
        try:
            recognitions.submit_recognition(product=product, by=request.user, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field, str(refusal.message))
        else:
            accept(request, product, "stars")
            messages.success(request, _sent_words(product.cooperative))
            return redirect(editor_url(product, "stars"))
    return editor_page(request, product, "stars", bound={"stars": form}, status=422)


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@papers_first
@idempotent
def edit_recognition(request: HttpRequest, recognition_id: int) -> HttpResponse:
    """Correct a decision that waits or was not accepted, and hand it in again."""
    recognition = get_recognition_to_manage(request.user, recognition_id)
    if request.method != "POST":
        form = RecognitionForm(initial=RecognitionForm.values_of(recognition))
        return _page(request, recognition, form)
    rows = OcopRecognition.objects.select_for_update(no_key=True)
    recognition.refresh_from_db(from_queryset=rows)
    values = RecognitionForm.values_of(recognition)
    form = RecognitionForm(request.POST, request.FILES, initial=values)
    if not form.is_valid():
        return _page(request, recognition, form, status=422)
    try:
        changes = form.changes
        recognitions.resubmit_recognition(recognition=recognition, by=request.user, **changes)
    except DomainError as refusal:
        form.add_error(refusal.field, str(refusal.message))
        return _page(request, recognition, form, status=refusal.status)
    note_done(request, f"stars-{recognition.pk}")
    messages.success(request, _sent_words(recognition.product.cooperative))
    return redirect(editor_url(recognition.product, "stars"))


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def withdraw_recognition(request: HttpRequest, recognition_id: int) -> HttpResponse:
    recognition = get_recognition_to_manage(request.user, recognition_id)
    product = recognition.product
    if request.method == "POST":
        recognitions.withdraw_recognition(recognition=recognition)
        messages.success(request, _("The decision is taken back."))
    return redirect(editor_url(product, "stars"))


def _sent_words(cooperative: Any) -> str:
    province = cooperative.commune.province.name
    return _("Sent to %(province)s. The stars are shown once a reviewer has verified them.") % {
        "province": province
    }


def _page(
    request: HttpRequest, recognition: OcopRecognition, form: RecognitionForm, status: int = 200
) -> HttpResponse:
    context = {
        "recognition": recognition,
        "product": recognition.product,
        "cooperative": recognition.product.cooperative,
        "form": form,
        "pages": recognition.pages.select_related("picture"),
    }
    return render(request, "products/recognition_edit.html", context, status=status)
