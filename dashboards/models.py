"""The daily roll-up: what province staff read, kept so that no page counts all orders again."""

from django.db import models
from django.db.models.functions import Now

from coops.models import Commune, Cooperative, Province
from livestreams.models import LivestreamSession
from products.models import Product, Variant


class DailyFigure(models.Model):
    """Sums over the order lines of one local day, one session and one part of a province.

    Each `level` covers the same lines, from the whole province down to one variant, because orders
    cannot be added up over parts: an order with two products counts once for its co-op. Names are
    those of the day. `closed_order_count` is of cancelled and lapsed orders, which nothing else
    here counts; `returned_vnd` is the part of `goods_vnd` that came back.
    """

    class Level(models.TextChoices):
        PROVINCE = "province"
        COMMUNE = "commune"
        COOPERATIVE = "cooperative"
        PRODUCT = "product"
        VARIANT = "variant"

    level = models.CharField(max_length=12, choices=Level)
    sold_on = models.DateField()
    session = models.ForeignKey(LivestreamSession, models.CASCADE, related_name="+", db_index=False)
    province = models.ForeignKey(Province, models.CASCADE, related_name="+", db_index=False)
    commune = models.ForeignKey(
        Commune, models.CASCADE, null=True, related_name="+", db_index=False
    )
    cooperative = models.ForeignKey(
        Cooperative, models.CASCADE, null=True, related_name="+", db_index=False
    )
    product = models.ForeignKey(
        Product, models.CASCADE, null=True, related_name="+", db_index=False
    )
    variant = models.ForeignKey(
        Variant, models.CASCADE, null=True, related_name="+", db_index=False
    )
    is_simulated = models.BooleanField()
    cooperative_name = models.CharField(max_length=120, blank=True)
    product_name = models.CharField(max_length=120, blank=True)
    order_count = models.PositiveIntegerField()
    unit_count = models.PositiveIntegerField()
    goods_vnd = models.BigIntegerField()
    weight_g = models.BigIntegerField()
    returned_vnd = models.BigIntegerField()
    closed_order_count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "session", "sold_on", "level", "is_simulated", "province", "commune",
                    "cooperative", "product", "variant",
                ],
                nulls_distinct=False,
                name="figure_once_per_part",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["province", "level", "sold_on"], name="figure_by_province"),
        ]

    def __str__(self) -> str:
        return f"{self.sold_on} {self.level}: {self.order_count}"


class SessionRollUp(models.Model):
    """When the figures of a session were last counted, and last compared with a recount."""

    session = models.OneToOneField(
        LivestreamSession, models.CASCADE, primary_key=True, related_name="+"
    )
    counted_at = models.DateTimeField()
    checked_at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return f"{self.session_id}: {self.counted_at}"


class RollUpState(models.Model):
    """One row: every change that the tallies had seen at `complete_at` is in the figures."""

    complete_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_state_of_the_roll_up"),
        ]

    def __str__(self) -> str:
        return f"{self.complete_at}"
