"""What anyone may read about products."""

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.rest import PublicView
from core.search_limits import count_search
from products.api.serializers import ProductDetailSerializer, ProductQuery, ProductSerializer
from products.models import OcopRecognition, Product, ProductPhoto, Variant


class ListProducts(PublicView):
    says = {"GET": _("Products on sale, found by words, kind, co-op or province.")}
    asks = ProductQuery
    gives = {"GET": ProductSerializer(many=True)}

    def get(self, request: Request) -> Response:
        asked = self.asked()
        count_search(request._request, asked.get("q"))
        found = Product.objects.public().matching(asked.get("q", ""))
        if asked.get("category"):
            found = found.filter(category=asked["category"])
        if asked.get("cooperative"):
            found = found.filter(cooperative__slug=asked["cooperative"])
        if asked.get("province"):
            found = found.of_province(asked["province"])
        if asked["in_stock"]:
            found = found.in_stock()
        orders = {"newest": found.newest, "name": found.in_order, "price": found.cheapest}
        return self.page(orders[asked["sort"]]().for_cards())


class ShowProduct(PublicView):
    says = {"GET": _("One product with its story, packs, stock and stars.")}
    gives = {"GET": ProductDetailSerializer}

    def get(self, request: Request, product_slug: str) -> Response:
        shown = Product.objects.public().select_related("cooperative__commune__province")
        product = get_object_or_404(
            shown.prefetch_related(
                Prefetch("photos", ProductPhoto.objects.select_related("picture")),
                Prefetch(
                    "variants", Variant.objects.active().with_units_available(), to_attr="packs"
                ),
                Prefetch(
                    "recognitions", OcopRecognition.objects.valid(), to_attr="valid_recognitions"
                ),
            ),
            slug=product_slug,
        )
        return self.answer(product)
