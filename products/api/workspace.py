"""A co-op's own products, packs and lots."""

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from coops.access import get_cooperative_to_manage
from core.rest import MemberView, members, once
from products.access import (
    get_product_to_manage,
    get_variant_to_manage,
)
from products.api.serializers import (
    LotSerializer,
    MyProductDetailSerializer,
    MyProductSerializer,
    MyVariantSerializer,
    NewLot,
    NewProduct,
    NewVariant,
    ProductWords,
)
from products.models import Product, Variant
from products.services import drafts, packs, publishing, stock


class ManagerView(MemberView):
    access_rule = members("manager")

    def draw(self, product: Product) -> Response:
        """The current product."""
        return self.answer(with_packs(Product.objects.filter(pk=product.pk)).get())


class ListMyProducts(ManagerView):
    """Photos are added on the page behind `edit_url`; publishing needs one."""

    says = {"GET": _("The co-op's products, drafts first."), "POST": _("Begin a product: a draft.")}
    takes = {"POST": NewProduct}
    gives = {"GET": MyProductSerializer(many=True), "POST": MyProductDetailSerializer}
    makes_new = True

    def get(self, request: Request, cooperative_slug: str) -> Response:
        cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
        mine = Product.objects.filter(cooperative=cooperative).drafts_first()
        return self.page(with_packs(mine))

    @once
    def post(self, request: Request, cooperative_slug: str) -> Response:
        cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
        words = self.said()
        product = drafts.start_draft(cooperative=cooperative)
        drafts.save_words(product=product, words=words)
        return self.draw(product)


class ShowMyProduct(ManagerView):
    says = {"GET": _("One product, and what it still lacks."), "PATCH": _("Change its words.")}
    takes = {"PATCH": ProductWords}
    gives = {"GET": MyProductDetailSerializer, "PATCH": MyProductDetailSerializer}

    def get(self, request: Request, product_id: int) -> Response:
        return self.draw(get_product_to_manage(request.user, product_id))

    @once
    def patch(self, request: Request, product_id: int) -> Response:
        product = get_product_to_manage(request.user, product_id)
        drafts.hold(product)
        self.refuse_stale(product)
        words = self.said(product=product)
        drafts.save_words(product=product, words=words)
        for form in ("name", "story"):
            drafts.forget_typed(product=product, form=form)
        return self.draw(product)


class PublishProduct(ManagerView):
    says = {"POST": _("Let buyers see it.")}
    gives = {"POST": MyProductDetailSerializer}

    @once
    def post(self, request: Request, product_id: int) -> Response:
        product = get_product_to_manage(request.user, product_id)
        publishing.publish_product(product=product)
        return self.draw(product)


class HideProduct(ManagerView):
    says = {"POST": _("Take it out of the shop window.")}
    gives = {"POST": MyProductDetailSerializer}

    @once
    def post(self, request: Request, product_id: int) -> Response:
        product = get_product_to_manage(request.user, product_id)
        publishing.hide_product(product=product)
        return self.draw(product)


class AddVariant(ManagerView):
    says = {"POST": _("Add a pack with weight and price.")}
    takes = {"POST": NewVariant}
    gives = {"POST": MyVariantSerializer}
    makes_new = True

    @once
    def post(self, request: Request, product_id: int) -> Response:
        product = get_product_to_manage(request.user, product_id)
        variant = packs.add_variant(product=product, **self.said())
        return self.answer(Variant.objects.with_units_available().get(pk=variant.pk))


class ChangeVariant(ManagerView):
    """Offers and orders keep the price they were made with."""

    says = {
        "GET": _("One pack."),
        "PATCH": _("Change a pack's name, weight, price or barcode."),
    }
    takes = {"PATCH": NewVariant}
    gives = {"GET": MyVariantSerializer, "PATCH": MyVariantSerializer}

    def get(self, request: Request, variant_id: int) -> Response:
        variant = get_variant_to_manage(request.user, variant_id)
        return self.answer(Variant.objects.with_units_available().get(pk=variant.pk))

    @once
    def patch(self, request: Request, variant_id: int) -> Response:
        variant = get_variant_to_manage(request.user, variant_id)
        packs.hold(variant)
        self.refuse_stale(variant)
        packs.change_variant(variant=variant, **self.said())
        return self.answer(Variant.objects.with_units_available().get(pk=variant.pk))


class ListLots(ManagerView):
    says = {"GET": _("Lots of a pack, newest harvest first."), "POST": _("Record a harvest.")}
    takes = {"POST": NewLot}
    gives = {"GET": LotSerializer(many=True), "POST": LotSerializer}
    makes_new = True

    def get(self, request: Request, variant_id: int) -> Response:
        variant = get_variant_to_manage(request.user, variant_id)
        return self.page(variant.lots.order_by("-harvested_on", "-pk"))

    @once
    def post(self, request: Request, variant_id: int) -> Response:
        variant = get_variant_to_manage(request.user, variant_id)
        lot = stock.record_harvest(variant=variant, by=request.user, **self.said())
        return self.answer(lot)


def with_packs(products: QuerySet[Product]) -> QuerySet[Product]:
    packs_of_it = Variant.objects.with_units_available().order_by("position", "pk")
    return products.prefetch_related(Prefetch("variants", packs_of_it, to_attr="all_packs"))
