"""What buyers see: products, a product, a co-op."""

from typing import Any

from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from coops.models import Cooperative, Province
from core import access
from core.paging import near_page
from core.search_limits import count_search
from products.access import get_public_cooperative, get_public_product
from products.forms import FilterForm
from products.models import Product
from products.querysets import ProductQuerySet

PER_PAGE = 24
NEIGHBOURS = 4


@access.public
@gzip_page
@require_safe
def list_products(request: HttpRequest) -> HttpResponse:
    form = FilterForm(request.GET, provinces=_provinces_that_sell())
    form.is_valid()  # a filter that makes no sense is left out
    wanted = form.cleaned_data
    count_search(request, wanted.get("q"))
    found = _filtered(Product.objects.public(), wanted)
    page = near_page(request, found.for_cards(), PER_PAGE, is_sorted_narrow=True)
    is_filtered = any(wanted.get(key) for key in ("q", "category", "province", "in_stock"))
    context = {
        "form": form,
        "selects": [form["category"], form["province"], form["sort"]],
        "page": page,
        "q": wanted.get("q", ""),
        "is_filtered": is_filtered,
        "is_narrowed": any(value for key, value in wanted.items() if key != "q"),
    }
    return render(request, "products/product_list.html", context)


@access.public
@gzip_page
@require_safe
def show_product(request: HttpRequest, product_slug: str) -> HttpResponse:
    product = get_public_product(product_slug)
    others = Product.objects.public().filter(cooperative=product.cooperative)
    context = {
        "product": product,
        "trail": [(_("Products"), reverse("list-products")), (product.name, "")],
        "packs": product.variants.active().with_units_available(),
        "others": others.exclude(pk=product.pk).newest().for_cards()[:NEIGHBOURS],
    }
    return render(request, "products/product_detail.html", context)


@access.public
@gzip_page
@require_safe
def show_cooperative(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    cooperative = get_public_cooperative(cooperative_slug)
    shown = Product.objects.public().filter(cooperative=cooperative).newest()
    context = {"cooperative": cooperative, "page": page_of(request, shown.for_cards())}
    return render(request, "products/cooperative_detail.html", context)


def page_of(request: HttpRequest, rows: QuerySet, per_page: int = PER_PAGE) -> Page:
    """The page asked for, or the nearest there is."""
    return near_page(request, rows, per_page)


def _filtered(products: ProductQuerySet, wanted: dict[str, Any]) -> ProductQuerySet:
    if wanted.get("q"):
        products = products.matching(wanted["q"])
    if wanted.get("category"):
        products = products.filter(category=wanted["category"])
    if wanted.get("province"):
        products = products.of_province(wanted["province"])
    if wanted.get("in_stock"):
        products = products.in_stock()
    if wanted.get("sort") == "name":
        return products.in_order()
    if wanted.get("sort") == "price":
        return products.cheapest()
    return products.best_first(wanted["q"]) if wanted.get("q") else products.newest()


def _provinces_that_sell() -> list[tuple[str, str]]:
    selling = Cooperative.objects.public().values("commune__province")
    return list(Province.objects.filter(pk__in=selling).in_order().values_list("code", "name"))
