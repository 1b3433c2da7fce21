"""What there is to sell, and how much."""

import datetime as dt
import re

import pghistory
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from coops.models import Cooperative, Province
from core.models import Picture, SearchableModel
from core.numbers import NO_BREAK_SPACE, format_weight
from products.querysets import (
    LotQuerySet,
    OcopRecognitionQuerySet,
    ProductQuerySet,
    VariantQuerySet,
)

MAX_EVIDENCE = 10  # pages with one decision
RECOGNITION_MONTHS = 36  # Decision 26/2026/QĐ-TTg


class Category(models.TextChoices):
    TEA = "tea", _("tea")
    RICE = "rice", _("rice and grain")
    HONEY = "honey", _("honey")
    TUBER = "tuber", _("tubers and roots")
    FRUIT = "fruit", _("fruit")
    VEGETABLE = "vegetable", _("vegetables and mushrooms")
    HERB = "herb", _("herbs and medicinal plants")
    SPICE = "spice", _("spices")
    SEAFOOD = "seafood", _("fish, crab and shrimp")
    MEAT = "meat", _("meat and eggs")
    DRINK = "drink", _("drinks")
    CRAFT = "craft", _("handicraft")
    OTHER = "other", _("other")


# The placeholder drawing for a product without a photograph
SIGNS = {
    Category.RICE: "grain",
    Category.HONEY: "honeycomb",
    Category.TUBER: "root",
    Category.FRUIT: "fruit",
    Category.VEGETABLE: "mushroom",
    Category.HERB: "herb",
    Category.SPICE: "herb",
    Category.SEAFOOD: "crab",
    Category.DRINK: "bottle",
}


@pghistory.track(exclude=["search_text", "sort_key", "unfinished", "autosaved"])
class Product(SearchableModel):
    """What a co-op makes. Buyers see it once published, while its co-op is approved.

    `unfinished` holds what was typed and cannot be taken yet, as typed: {form: {field: text}}.
    `autosaved` holds what each form last wrote after a pause: {form: {"key": its key, "marks": …}}.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("on sale")
        HIDDEN = "hidden", _("hidden")

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="products")
    name = models.CharField(_("name"), max_length=120, blank=True)
    slug = models.SlugField(max_length=100, unique=True)
    category = models.CharField(
        _("category"), max_length=12, choices=Category, default=Category.OTHER
    )
    story = models.TextField(_("story"), max_length=4000, blank=True)
    ingredients = models.CharField(_("ingredients"), max_length=500, blank=True)
    storage_advice = models.CharField(_("how to keep it"), max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    created_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(null=True)
    unfinished = models.JSONField(default=dict, blank=True)
    autosaved = models.JSONField(default=dict, blank=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        indexes = [
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="product_words"),
            models.Index(fields=["cooperative", "state"], name="product_by_cooperative"),
            models.Index(
                F("published_at").desc(nulls_last=True),
                F("id").desc(),
                condition=Q(state="published"),
                name="product_newest",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="published") | ~Q(name=""), name="published_product_has_a_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(_("Product without a name"))

    def words_to_find(self) -> str:
        place = self.cooperative.commune
        words = [self.name, self.cooperative.name, place.name, place.province.name]
        return " ".join(words)

    def name_to_sort(self) -> str:
        return self.name

    @property
    def cover(self) -> Picture | None:
        photo = next(iter(self.photos.all()), None)
        return photo.picture if photo else None

    @property
    def sign(self) -> str:
        """Name of the crop sign shown while there is no photo."""
        return SIGNS.get(Category(self.category), "leaf")

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def is_published(self) -> bool:
        return self.state == self.State.PUBLISHED

    @property
    def state_tone(self) -> str:
        """Tone of the chip that shows the state."""
        return {"draft": "quiet", "published": "done", "hidden": "warn"}[self.state]


class ProductPhoto(models.Model):
    product = models.ForeignKey(Product, models.CASCADE, related_name="photos")
    picture = models.ForeignKey(Picture, models.PROTECT, related_name="+")
    alt = models.CharField(_("what the picture shows"), max_length=160, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.alt or str(self.picture)


def name_with_weight(name: str, net_weight_g: int) -> str:
    """A pack's name with its net weight, unless the name contains it (“Gói 100 g”)."""
    weight = format_weight(net_weight_g)
    told = rf"(?<!\d)(?<!\d[.,]){re.escape(weight.replace(NO_BREAK_SPACE, ' '))}\b"
    if re.search(told, name.replace(NO_BREAK_SPACE, " ")):
        return name
    return f"{name} · {weight}"


@pghistory.track()
class Variant(models.Model):
    """The pack a product is sold in. `gtin` has 14 digits, or none."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    name = models.CharField(_("pack"), max_length=60)
    gtin = models.CharField("GTIN", max_length=14, blank=True)
    net_weight_g = models.PositiveIntegerField(_("net weight (g)"))
    price_vnd = models.BigIntegerField(_("price (₫)"))
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = VariantQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(price_vnd__gt=0), name="variant_has_a_price"),
            models.CheckConstraint(condition=Q(net_weight_g__gt=0), name="variant_has_a_weight"),
            models.UniqueConstraint(
                fields=["gtin"], condition=~Q(gtin=""), name="gtin_names_one_variant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} – {self.name}"

    @property
    def name_with_weight(self) -> str:
        """The pack's name, and its net weight unless the name contains it (“Gói 100 g”)."""
        return name_with_weight(self.name, self.net_weight_g)

    @property
    def price_per_kg_vnd(self) -> int:
        """Whole đồng for a kilogram, rounded half up."""
        return (self.price_vnd * 2000 + self.net_weight_g) // (self.net_weight_g * 2)


@pghistory.track(exclude=["expires_on"])
class OcopRecognition(models.Model):
    """A star rating by decision of a public authority (Decision 26/2026/QĐ-TTg).

    Shown only while verified by the province and in date; the last day is 36 months after issue.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for verification")
        VERIFIED = "verified", _("verified")
        REFUSED = "refused", _("not accepted")
        REVOKED = "revoked", _("revoked")

    product = models.ForeignKey(Product, models.PROTECT, related_name="recognitions")
    stars = models.PositiveSmallIntegerField(_("stars"))
    number = models.CharField(_("decision number"), max_length=60)
    issued_on = models.DateField(_("date of decision"))
    issuer = models.CharField(_("issued by"), max_length=160)
    expires_on = models.GeneratedField(
        expression=Func(
            F("issued_on"),
            template="(%(expressions)s + interval '36 months')::date",
            output_field=models.DateField(),
        ),
        output_field=models.DateField(),
        db_persist=True,
    )
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    submitted_at = models.DateTimeField(db_default=Now())
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    # With TWO_REVIEWERS: the first of the two
    first_verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    review_note = models.TextField(max_length=1000, blank=True)

    objects = OcopRecognitionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stars__gte=3) & Q(stars__lte=5), name="recognition_has_3_to_5_stars"
            ),
            models.UniqueConstraint(fields=["product", "number"], name="decision_once_per_product"),
        ]

    def __str__(self) -> str:
        return f"{self.stars}★ {self.number}"

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING

    @property
    def is_verified(self) -> bool:
        return self.state == self.State.VERIFIED

    @property
    def can_be_corrected(self) -> bool:
        """Whether the co-op may still change it or take it back."""
        return self.state in {self.State.WAITING, self.State.REFUSED}

    @property
    def state_tone(self) -> str:
        """Tone of the chip that shows the state."""
        tones = {"waiting": "wait", "verified": "done", "refused": "stop", "revoked": "stop"}
        return tones[self.state]


class RecognitionPage(models.Model):
    """A photo, or a page of a paper, that the reviewer looks at; buyers do not see it."""

    recognition = models.ForeignKey(OcopRecognition, models.CASCADE, related_name="pages")
    picture = models.ForeignKey(Picture, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return str(self.picture)


@pghistory.track(exclude=["quantity_available"])
class Lot(models.Model):
    """One harvest or batch of one variant. Quantities count sale units (bags, jars), not kilograms.

    `quantity_available` is what no open offer holds. It changes by one guarded UPDATE with a
    StockMovement beside it; see products.services.
    """

    variant = models.ForeignKey(Variant, models.PROTECT, related_name="lots")
    code = models.CharField(_("lot code"), max_length=20)  # GS1 AI (10): 20 characters at most
    harvested_on = models.DateField(_("harvest day"))
    best_before_on = models.DateField(_("best before"), null=True, blank=True)
    plot = models.CharField(_("where it grew"), max_length=160, blank=True)
    quantity_made = models.PositiveIntegerField(_("units made"))
    quantity_available = models.PositiveIntegerField(_("units available"))
    created_at = models.DateTimeField(db_default=Now())

    objects = LotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variant", "code"], name="lot_code_once_per_variant"),
            models.CheckConstraint(
                condition=Q(quantity_available__lte=F("quantity_made")),
                name="lot_available_within_made",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def is_past(self, today: dt.date) -> bool:
        """Whether its best-before day is over; the day itself is a good day."""
        return self.best_before_on is not None and self.best_before_on < today

    @property
    def product(self) -> Product:
        return self.variant.product


class StockMovement(models.Model):
    """Why a lot's stock changed: `quantity` units in (+) or out (−) of what is available."""

    class Kind(models.TextChoices):
        HARVEST = "harvest", _("new stock")
        ADJUST = "adjust", _("corrected by count")
        ALLOT = "allot", _("taken for an offer")
        GIVE_BACK = "give_back", _("given back by an offer")

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=10, choices=Kind)
    quantity = models.IntegerField()
    reference = models.CharField(max_length=60, blank=True)  # such as offer:17
    note = models.CharField(max_length=160, blank=True)
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    moved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(quantity=0), name="movement_moves_something"),
        ]

    def __str__(self) -> str:
        return f"{self.lot} {self.quantity:+d}"


@pghistory.track()
class OcopRegister(models.Model):
    """How many recognised OCOP products a province's own register holds on a day.

    The denominator of “share of registered OCOP products online”, with its source.
    """

    province = models.ForeignKey(Province, models.PROTECT, related_name="ocop_registers")
    counted_on = models.DateField(_("as of"))
    product_count = models.PositiveIntegerField(_("products in the register"))
    source = models.CharField(_("source"), max_length=200)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["province", "counted_on"], name="register_once_per_province_and_day"
            ),
            models.CheckConstraint(
                condition=Q(product_count__gt=0), name="register_counts_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.province} {self.counted_on}: {self.product_count}"
