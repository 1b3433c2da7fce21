"""A co-op's own products: list, first tap, publish, hide, delete, history."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from coops.access import get_cooperative_to_manage
from core import access, text
from core.clock import db_today
from core.history import changes_of
from core.idempotency import idempotent
from products.access import get_product_to_manage
from products.errors import NotReadyToPublish
from products.models import Lot, OcopRecognition, Product
from products.services import drafts, publishing
from products.views.editor import editor_page, editor_url
from products.views.public import page_of
from products.whereabouts import in_quotes

WARNING_DAYS = (30, 60, 120, 180)

# Fields shown in the history, and their names
PRODUCT_FIELDS = {
    "name": gettext_lazy("Product name"),
    "category": gettext_lazy("Kind of product"),
    "story": gettext_lazy("Story"),
    "ingredients": gettext_lazy("Ingredients"),
    "storage_advice": gettext_lazy("How to keep it"),
    "state": gettext_lazy("State"),
}
PACK_FIELDS = {
    "name": gettext_lazy("Pack"),
    "net_weight_g": gettext_lazy("Net weight"),
    "price_vnd": gettext_lazy("Price"),
    "gtin": gettext_lazy("Barcode number (GTIN)"),
    "is_active": gettext_lazy("On sale"),
}
LOT_FIELDS = {
    "code": gettext_lazy("Lot code"),
    "harvested_on": gettext_lazy("Harvest day"),
    "best_before_on": gettext_lazy("Best before"),
    "quantity_made": gettext_lazy("Packs made"),
}
RECOGNITION_FIELDS = {
    "stars": gettext_lazy("Stars"),
    "number": gettext_lazy("Decision number"),
    "issued_on": gettext_lazy("Date of decision"),
    "issuer": gettext_lazy("Issued by"),
    "state": gettext_lazy("State"),
    "review_note": gettext_lazy("Note of the review"),
}


@access.cooperative("manager")
@require_safe
def list_my_products(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """All products of the co-op, drafts first; `state` and `q` narrow it down."""
    cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
    mine = Product.objects.filter(cooperative=cooperative)
    state = request.GET.get("state", "")
    q = text.nfc(request.GET.get("q", "")).replace("\0", "").strip()[:80]
    found = mine.filter(state=state) if state in Product.State.values else mine
    found = found.matching(q) if q else found
    context = {
        "cooperative": cooperative,
        "page": page_of(request, found.drafts_first().for_cards()),
        "q": q,
        "state": state,
        "states": Product.State.choices,
        "has_any": mine.exists(),
        "running_out": running_out(cooperative),
    }
    return render(request, "products/my_products.html", context)


def running_out(cooperative: Any) -> list[dict[str, Any]]:
    """Recognitions that end within 180 days, soonest first, with the band they are in."""
    today = db_today()
    ending = OcopRecognition.objects.filter(product__cooperative=cooperative).running_out(
        WARNING_DAYS[-1]
    )
    found = []
    for recognition in ending.select_related("product").order_by("expires_on"):
        days = (recognition.expires_on - today).days
        band = next(limit for limit in WARNING_DAYS if days <= limit)
        found.append({"recognition": recognition, "days": days, "band": band})
    return found


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def create_product(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """One tap makes a draft; pressed twice with one key it is still one draft."""
    cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
    if request.method != "POST":
        return redirect("list-my-products", cooperative.slug)
    product = drafts.start_draft(cooperative=cooperative)
    return redirect(editor_url(product, "photos"))


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def publish_product(request: HttpRequest, product_id: int) -> HttpResponse:
    product = get_product_to_manage(request.user, product_id)
    if request.method != "POST":
        return redirect(editor_url(product, "check"))
    try:
        publishing.publish_product(product=product)
    except NotReadyToPublish as refusal:
        return editor_page(request, product, "check", status=409, refusal=refusal)
    if product.cooperative.is_approved:
        messages.success(request, _("On sale now. Buyers see it on your co-op's page."))
    else:
        messages.success(
            request, _("Done. Buyers will see it as soon as the province approves your co-op.")
        )
    return redirect(editor_url(product, "check"))


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def hide_product(request: HttpRequest, product_id: int) -> HttpResponse:
    product = get_product_to_manage(request.user, product_id)
    if request.method == "POST":
        coming = publishing.hide_product(product=product)
        messages.success(request, _("Hidden. Buyers no longer see it; orders go on as they are."))
        tell_coming(request, coming)
    return redirect(editor_url(product, "check"))


def tell_coming(request: HttpRequest, coming: Sequence[str]) -> None:
    """Name the coming sessions whose line-up holds what was just hidden or removed."""
    if coming:
        words = _("It still stands in %(sessions)s, but buyers do not see it there.")
        messages.warning(request, words % {"sessions": in_quotes(coming)})


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def delete_draft(request: HttpRequest, product_id: int) -> HttpResponse:
    """GET asks once more; POST deletes a product that was never on sale."""
    product = get_product_to_manage(request.user, product_id)
    if request.method != "POST":
        context = {"product": product, "cooperative": product.cooperative}
        return render(request, "products/draft_delete.html", context)
    name = str(product)
    drafts.delete_draft(product=product)
    messages.success(request, _("The draft “%(name)s” is deleted.") % {"name": name})
    return redirect("list-my-products", product.cooperative.slug)


@access.cooperative("manager")
@require_safe
def show_product_history(request: HttpRequest, product_id: int) -> HttpResponse:
    """Who changed what of the product, its packs, lots and OCOP decisions; newest first."""
    product = get_product_to_manage(request.user, product_id)
    context = {
        "product": product,
        "cooperative": product.cooperative,
        "changes": changes_of(_things_of(product)),
    }
    return render(request, "products/product_history.html", context)


def _things_of(product: Product) -> list[tuple[str, Any, dict[str, Any]]]:
    """What belongs to the product, what to call it, and its fields worth telling."""
    lots = Lot.objects.filter(variant__product=product).select_related("variant")
    recognitions = product.recognitions.all()
    return [
        (_("Product"), product, PRODUCT_FIELDS),
        *((pack.name, pack, PACK_FIELDS) for pack in product.variants.all()),
        *((f"{_('Lot')} {lot.code}", lot, LOT_FIELDS) for lot in lots),
        *((f"OCOP {one.number}", one, RECOGNITION_FIELDS) for one in recognitions),
    ]
