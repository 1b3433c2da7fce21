"""Reveals of phone numbers, and the tally of a session."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from coops.models import Cooperative
from livestreams.models import LivestreamSession
from orders.models.crowding import CallBack
from orders.models.ordering import Parcel


class PhoneReveal(models.Model):
    """A member of a co-op saw a buyer's whole number: who, of what, when."""

    parcel = models.ForeignKey(Parcel, models.PROTECT, null=True, related_name="phone_reveals")
    call_back = models.ForeignKey(CallBack, models.CASCADE, null=True, related_name="phone_reveals")
    revealed_to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    revealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(parcel=None, call_back__isnull=False)
                | Q(parcel__isnull=False, call_back=None),
                name="reveal_is_of_a_parcel_or_a_call",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parcel_id or self.call_back_id} → {self.revealed_to_id}"


class PhoneSearch(models.Model):
    """A member of a co-op searched for a buyer by phone: who, when, with how many digits.

    Many of them in a short time are a masked number being guessed. The digits are not kept.
    """

    searched_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    searched_at = models.DateTimeField(db_default=Now())
    digits = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.searched_by_id}: {self.digits}"


class SessionTally(models.Model):
    """A session's figures, recomputed from the order lines; one row for all, one for each co-op.

    Counts open orders only (neither cancelled nor released). `cooperative` None means the whole.
    """

    session = models.ForeignKey(LivestreamSession, models.CASCADE, related_name="tallies")
    cooperative = models.ForeignKey(
        Cooperative, models.CASCADE, null=True, related_name="session_tallies"
    )
    order_count = models.PositiveIntegerField(default=0)
    unit_count = models.PositiveIntegerField(default=0)
    buyer_count = models.PositiveIntegerField(default=0)
    goods_vnd = models.BigIntegerField(default=0)
    weight_g = models.BigIntegerField(default=0)
    closed_order_count = models.PositiveIntegerField(default=0)  # cancelled or released
    counted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "cooperative"],
                nulls_distinct=False,
                name="tally_once_per_session_and_cooperative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session}: {self.order_count}"
