"""What there is to sell: products on sale, their packs, harvests and star ratings."""

import datetime as dt
from typing import Any

import factory
from factory.django import DjangoModelFactory

from core.clock import db_now, db_today
from products.models import (
    Category,
    Lot,
    OcopRecognition,
    OcopRegister,
    Product,
    ProductPhoto,
    StockMovement,
    Variant,
)
from tests.factories.coops import CooperativeFactory, ProvinceFactory
from tests.factories.core import PictureFactory


class ProductFactory(DjangoModelFactory[Product]):
    """A tea on sale, without photos and packs; `draft=True` for one nobody has published yet."""

    class Meta:
        model = Product

    cooperative = factory.SubFactory(CooperativeFactory)
    name = "Chè Shan tuyết"
    slug = factory.Sequence(lambda n: f"che-shan-tuyet-{n + 1}")
    category = Category.TEA
    story = "Hái một tôm hai lá từ những cây trên trăm tuổi."
    state = Product.State.PUBLISHED
    published_at = factory.LazyFunction(db_now)

    class Params:
        draft = factory.Trait(state=Product.State.DRAFT, published_at=None)
        hidden = factory.Trait(state=Product.State.HIDDEN)


class ProductPhotoFactory(DjangoModelFactory[ProductPhoto]):
    class Meta:
        model = ProductPhoto

    product = factory.SubFactory(ProductFactory)
    picture = factory.SubFactory(PictureFactory)
    alt = "Búp chè phủ lông trắng"
    position = factory.LazyAttribute(lambda photo: photo.product.photos.count())


class VariantFactory(DjangoModelFactory[Variant]):
    """A bag of 200 g for 125.000 ₫."""

    class Meta:
        model = Variant

    product = factory.SubFactory(ProductFactory)
    name = "Gói 200 g"
    net_weight_g = 200
    price_vnd = 125_000


class LotFactory(DjangoModelFactory[Lot]):
    """Ten days old, with the movement that brought it in; all its units are available."""

    class Meta:
        model = Lot
        skip_postgeneration_save = True

    variant = factory.SubFactory(VariantFactory)
    code = factory.Sequence(lambda n: f"L261101-{n + 1}")
    harvested_on = factory.LazyFunction(lambda: db_today() - dt.timedelta(days=10))
    plot = "Nương Tà Chơ"
    quantity_made = 100
    quantity_available = factory.SelfAttribute("quantity_made")

    @factory.post_generation
    def arrival(self: Lot, create: bool, _given: Any) -> None:  # type: ignore[misc]
        if not create:
            return
        kinds = StockMovement.Kind
        StockMovement.objects.create(lot=self, kind=kinds.HARVEST, quantity=self.quantity_made)
        gone = self.quantity_made - self.quantity_available
        if gone:
            StockMovement.objects.create(lot=self, kind=kinds.ADJUST, quantity=-gone)


class OcopRecognitionFactory(DjangoModelFactory[OcopRecognition]):
    """Four stars, verified, issued a year ago; `waiting=True` for one the province has not seen."""

    class Meta:
        model = OcopRecognition

    product = factory.SubFactory(ProductFactory)
    stars = 4
    number = factory.Sequence(lambda n: f"{1842 + n}/QĐ-UBND")
    issued_on = factory.LazyFunction(lambda: db_today() - dt.timedelta(days=365))
    issuer = "UBND tỉnh Lào Cai"
    state = OcopRecognition.State.VERIFIED
    reviewed_at = factory.LazyFunction(db_now)

    class Params:
        waiting = factory.Trait(state=OcopRecognition.State.WAITING, reviewed_at=None)


class OcopRegisterFactory(DjangoModelFactory[OcopRegister]):
    class Meta:
        model = OcopRegister
        django_get_or_create = ("province", "counted_on")

    province = factory.SubFactory(ProvinceFactory)
    counted_on = factory.LazyFunction(db_today)
    product_count = 605
    source = "Báo cáo của Văn phòng điều phối nông thôn mới"
