"""The line for what is sold out."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from coops.models import Commune
from livestreams.models import Offer
from orders.models.ordering import Order
from orders.querysets import StandbyEntryQuerySet


class StandbyEntry(models.Model):
    """A buyer's place in the line for an offer that is sold out.

    `number` is given by the offer's own row, so the line is in the order of the commits.
    `token` is the secret of the buyer's page, `buyer_phone` is E.164. `order` is what the entry
    was turned into when its turn came.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("in line")
        PROMOTED = "promoted", _("turn came")
        LEFT = "left", _("left the line")
        CLOSED = "closed", _("line closed")

    offer = models.ForeignKey(Offer, models.PROTECT, related_name="standby_entries")
    number = models.PositiveIntegerField()
    token = models.CharField(max_length=43, unique=True)
    buyer_name = models.CharField(_("name"), max_length=80)
    buyer_phone = models.CharField(_("phone"), max_length=16)
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="+")
    address_line = models.CharField(_("hamlet, road, number"), max_length=200)
    note = models.CharField(_("note to the co-op"), max_length=300, blank=True)
    payment_method = models.CharField(max_length=10, choices=Order.PaymentMethod)
    language = models.CharField(max_length=2, default="vi")
    quantity = models.PositiveIntegerField()
    # What the buyer was shown when joining: a turn that costs more is asked about
    seen_price_vnd = models.BigIntegerField(default=0)
    seen_fee_vnd = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    joined_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)  # promoted, left or closed
    close_reason = models.CharField(max_length=20, blank=True)
    told_at = models.DateTimeField(null=True)  # a message went to the phone
    order = models.OneToOneField(Order, models.PROTECT, null=True, related_name="standby_entry")

    objects = StandbyEntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer", "number"], name="standby_number_once"),
            models.UniqueConstraint(
                fields=["offer", "buyer_phone"],
                condition=Q(state="waiting"),
                name="standby_once_per_buyer",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="standby_wants_units"),
            models.CheckConstraint(
                condition=(Q(state="promoted") & Q(order__isnull=False))
                | (~Q(state="promoted") & ~Q(order__isnull=False)),
                name="promoted_standby_has_an_order",
            ),
        ]
        indexes = [
            # who is next
            models.Index(
                fields=["offer", "number"], condition=Q(state="waiting"), name="standby_in_line"
            ),
            # sweepers: what can be forgotten, whose turn came unnoticed
            models.Index(
                fields=["settled_at"],
                condition=Q(state__in=["left", "closed"]),
                name="standby_past",
            ),
            models.Index(
                fields=["order"],
                condition=Q(state="promoted", told_at=None),
                name="standby_to_tell",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer_id} #{self.number}"

    def seen_vnd(self, quantity: int) -> int:
        """What `quantity` units were to cost, with delivery."""
        return self.seen_price_vnd * quantity + self.seen_fee_vnd
