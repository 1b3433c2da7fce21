"""How products, packs, lots and stars look to programs."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from coops.api import CooperativeNameSerializer, ProvinceSerializer
from core.rest import (
    CountField,
    DayField,
    PictureSerializer,
    PlainText,
    VndField,
    WholeField,
    absolute,
    refused_as_invalid,
)
from products.forms import (
    MAX_NET_WEIGHT_G,
    MAX_PRICE_VND,
    MAX_UNITS,
    MIN_PRICE_VND,
    FilterForm,
    HarvestForm,
)
from products.gtins import normalize_gtin
from products.models import Category, Lot, OcopRecognition, Product, ProductPhoto, Variant
from products.services.publishing import missing_of
from products.services.stock import LOT_CODE

# What is shown


class VariantSerializer(serializers.ModelSerializer):
    class Meta:
        model = Variant
        fields = ["id", "name", "net_weight_g", "price_vnd", "gtin"]


class StockedVariantSerializer(VariantSerializer):
    units_available = serializers.IntegerField(help_text="Packs that no offer holds.")

    class Meta(VariantSerializer.Meta):
        fields = [*VariantSerializer.Meta.fields, "units_available"]


class RecognitionSerializer(serializers.ModelSerializer):
    class Meta:
        model = OcopRecognition
        fields = ["stars", "number", "issued_on", "expires_on", "issuer"]


class ProductPhotoSerializer(serializers.ModelSerializer):
    picture = PictureSerializer()

    class Meta:
        model = ProductPhoto
        fields = ["alt", "picture"]


class ProductSerializer(serializers.ModelSerializer):
    """Of products from `.for_cards()`."""

    cooperative = CooperativeNameSerializer()
    province = ProvinceSerializer(source="cooperative.commune.province")
    packs = VariantSerializer(many=True)
    recognition = serializers.SerializerMethodField(help_text="Valid today; null when none is.")
    cover = PictureSerializer(allow_null=True)
    page_url = serializers.SerializerMethodField()

    class Meta:
        model = Product
        fields = [
            "slug", "name", "category", "cooperative", "province", "packs", "recognition",
            "cover", "page_url",
        ]  # fmt: skip

    def get_recognition(self, product: Any) -> RecognitionSerializer(allow_null=True):  # type: ignore[valid-type]
        valid = product.valid_recognitions
        return RecognitionSerializer(valid[0]).data if valid else None

    def get_page_url(self, product: Product) -> str:
        return absolute(reverse("show-product", args=[product.slug]))


class ProductDetailSerializer(ProductSerializer):
    packs = StockedVariantSerializer(many=True)
    photos = ProductPhotoSerializer(many=True)

    class Meta(ProductSerializer.Meta):
        fields = [
            *ProductSerializer.Meta.fields,
            "story", "ingredients", "storage_advice", "photos",
        ]  # fmt: skip


class MyVariantSerializer(StockedVariantSerializer):
    class Meta(StockedVariantSerializer.Meta):
        fields = [*StockedVariantSerializer.Meta.fields, "is_active"]


class MyProductSerializer(serializers.ModelSerializer):
    packs = MyVariantSerializer(many=True, source="all_packs")
    edit_url = serializers.SerializerMethodField(help_text="Where people edit it and add photos.")

    class Meta:
        model = Product
        fields = [
            "id", "slug", "name", "category", "story", "ingredients", "storage_advice", "state",
            "published_at", "packs", "edit_url",
        ]  # fmt: skip

    def get_edit_url(self, product: Product) -> str:
        return absolute(reverse("edit-product", args=[product.pk]))


class MyProductDetailSerializer(MyProductSerializer):
    missing = serializers.SerializerMethodField(help_text="What publishing still needs.")

    class Meta(MyProductSerializer.Meta):
        fields = [*MyProductSerializer.Meta.fields, "missing"]

    def get_missing(self, product: Product) -> list[str]:
        return [item.code for item in missing_of(product)]


class LotSerializer(serializers.ModelSerializer):
    variant = serializers.IntegerField(source="variant_id")

    class Meta:
        model = Lot
        fields = [
            "id", "variant", "code", "harvested_on", "best_before_on", "plot", "quantity_made",
            "quantity_available",
        ]  # fmt: skip


# What is taken in


class ProductQuery(serializers.Serializer):
    q = PlainText(required=False, max_length=80, help_text="Words, with or without accents.")
    category = serializers.ChoiceField(Category.choices, required=False)
    cooperative = serializers.SlugField(required=False, max_length=80)
    province = serializers.RegexField(r"^[0-9]{2}$", required=False)
    in_stock = serializers.BooleanField(required=False, default=False)
    sort = serializers.ChoiceField([key for key, _label in FilterForm.SORTS], default="newest")


class NewProduct(serializers.Serializer):
    """Nothing has to be known at first."""

    name = PlainText(required=False, max_length=120)
    category = serializers.ChoiceField(Category.choices, required=False)
    story = PlainText(required=False, max_length=4000, has_lines=True)
    ingredients = PlainText(required=False, max_length=500)
    storage_advice = PlainText(required=False, max_length=300)


class ProductWords(NewProduct):
    """Only what is given changes. A product on sale keeps a name and a story."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        product = self.context.get("product")
        for name in ("name", "story"):
            if product and not product.is_draft and attrs.get(name) == "":
                raise serializers.ValidationError({name: self.fields[name].error_messages["blank"]})
        return attrs


class GtinField(serializers.CharField):
    """A barcode number; read as 14 digits."""

    def to_internal_value(self, data: Any) -> str:
        typed = super().to_internal_value(data)
        with refused_as_invalid():
            return normalize_gtin(typed) if typed else ""


class NewVariant(serializers.Serializer):
    name = PlainText(max_length=60)
    net_weight_g = WholeField(min_value=1, max_value=MAX_NET_WEIGHT_G)
    price_vnd = VndField(min_vnd=MIN_PRICE_VND, max_vnd=MAX_PRICE_VND)
    gtin = GtinField(required=False, allow_blank=True, max_length=20)


class NewLot(serializers.Serializer):
    """The same limits as on the page: what its form refuses is refused here in the same words."""

    quantity = CountField(min_value=1, max_value=MAX_UNITS, help_text="Packs made.")
    harvested_on = DayField(help_text="A local day, not in the future.")
    best_before_on = DayField(required=False)
    plot = PlainText(required=False, max_length=160, help_text="Where it grew.")
    code = serializers.RegexField(
        f"^{LOT_CODE}$", required=False, help_text="Left out: one made of the harvest day."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        form = HarvestForm(attrs)
        if not form.is_valid():
            errors = {name: [str(word) for word in words] for name, words in form.errors.items()}
            raise serializers.ValidationError(errors)
        return attrs
