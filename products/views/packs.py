"""Packs of a product, their lots and the movements of stock."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core import access
from core.clock import db_today
from core.drafts import note_done
from core.errors import DomainError
from core.idempotency import idempotent
from products.access import get_lot_to_manage, get_product_to_manage, get_variant_to_manage
from products.forms import CountForm, HarvestForm
from products.models import Lot, StockMovement, Variant
from products.services import packs, stock
from products.views.editor import accept, editor_page, editor_url, form_of
from products.views.public import page_of
from products.views.workspace import tell_coming
from products.whereabouts import whereabouts_of


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def add_variant(request: HttpRequest, product_id: int) -> HttpResponse:
    """A new pack; when packs are ready now, their lot too."""
    product = get_product_to_manage(request.user, product_id)
    if request.method != "POST":
        return redirect(editor_url(product, "packs"))
    form = form_of(product, "pack-new", request.POST)
    if form.is_valid():
        values = dict(form.cleaned_data)
        units = values.pop("units")
        try:
            variant = packs.add_variant(product=product, **values)
        except DomainError as refusal:
            form.add_error(refusal.field, str(refusal.message))
        else:
            accept(request, product, "pack-new")
            if units:
                stock.record_harvest(
                    variant=variant, harvested_on=db_today(), quantity=units, by=request.user
                )
            messages.success(request, _("The pack “%(name)s” is added.") % {"name": variant.name})
            return redirect(editor_url(product, "packs"))
    return editor_page(request, product, "packs", bound={"pack_new": form}, status=422)


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def edit_variant(request: HttpRequest, variant_id: int) -> HttpResponse:
    variant = get_variant_to_manage(request.user, variant_id)
    product, key = variant.product, f"pack-{variant.pk}"
    if request.method != "POST":
        return redirect(editor_url(product, "packs"))
    packs.hold(variant)
    form = form_of(product, key, request.POST)
    if form.is_valid():
        try:
            packs.change_variant(variant=variant, **form.changes)
        except DomainError as refusal:
            form.add_error(refusal.field, str(refusal.message))
        else:
            accept(request, product, key)
            messages.success(request, _("The pack “%(name)s” is saved.") % {"name": variant.name})
            return redirect(editor_url(product, "packs"))
    return editor_page(request, product, "packs", bound={key: form}, status=422)


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def retire_variant(request: HttpRequest, variant_id: int) -> HttpResponse:
    """Take a pack off sale, or (POST `back`) put it on sale again."""
    variant = get_variant_to_manage(request.user, variant_id)
    if request.method == "POST" and "back" in request.POST:
        packs.bring_back_variant(variant=variant)
        messages.success(request, _("The pack “%(name)s” is back.") % {"name": variant.name})
    elif request.method == "POST":
        coming = whereabouts_of("variant", variant.pk).coming
        packs.retire_variant(variant=variant)
        messages.success(request, _("The pack “%(name)s” is removed.") % {"name": variant.name})
        tell_coming(request, coming)
    return redirect(editor_url(variant.product, "packs"))


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def show_stock(request: HttpRequest, variant_id: int) -> HttpResponse:
    """Lots of a pack and how they moved; POST brings a new lot in."""
    variant = get_variant_to_manage(request.user, variant_id)
    if request.method != "POST":
        return stock_page(request, variant)
    form = HarvestForm(request.POST)
    if form.is_valid():
        try:
            lot = stock.record_harvest(variant=variant, by=request.user, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field, str(refusal.message))
        else:
            note_done(request, f"lot-of-{variant.pk}")
            words = _("Lot %(code)s is in stock: %(count)s packs.")
            messages.success(request, words % {"code": lot.code, "count": lot.quantity_made})
            return redirect("show-stock", variant.pk)
    return stock_page(request, variant, form=form, status=422)


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def count_lot(request: HttpRequest, lot_id: int) -> HttpResponse:
    """Correct what is available by what was counted on the shelf, with a reason."""
    lot = get_lot_to_manage(request.user, lot_id)
    if request.method != "POST":
        return count_page(request, lot, CountForm(initial={"seen": lot.quantity_available}))
    form = CountForm(request.POST)
    if not form.is_valid():
        return count_page(request, lot, form, status=422)
    try:
        difference = stock.count_stock(lot=lot, by=request.user, **form.cleaned_data)
    except DomainError as refusal:
        lot.refresh_from_db()
        again = {**request.POST.dict(), "seen": lot.quantity_available}
        return count_page(request, lot, CountForm(again), refusal=refusal, status=refusal.status)
    if difference:
        words = _("Stock of lot %(code)s corrected by %(count)+d.")
        messages.success(request, words % {"code": lot.code, "count": difference})
    else:
        messages.success(request, _("The count agrees with the stock."))
    return redirect("show-stock", lot.variant_id)


def stock_page(
    request: HttpRequest, variant: Variant, form: HarvestForm | None = None, status: int = 200
) -> HttpResponse:
    movements = StockMovement.objects.filter(lot__variant=variant)
    context = {
        "variant": variant,
        "product": variant.product,
        "cooperative": variant.product.cooperative,
        "lots": variant.lots.order_by("-harvested_on", "-pk"),
        "page": page_of(
            request, movements.select_related("lot", "moved_by").order_by("-moved_at", "-pk")
        ),
        "form": form or HarvestForm(),
    }
    return render(request, "products/stock.html", context, status=status)


def count_page(
    request: HttpRequest, lot: Lot, form: CountForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    product = lot.variant.product
    context |= {"lot": lot, "product": product, "cooperative": product.cooperative, "form": form}
    return render(request, "products/lot_count.html", context, status=status)
