"""Buyers with a good record, as keyed hashes; and requests to confirm by a call."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from livestreams.models import LivestreamSession
from orders.models.ordering import Order
from orders.querysets import CallBackQuerySet


class KnownPhone(models.Model):
    """A phone that received or paid an order, or showed a code; `key` is a keyed hash."""

    key = models.CharField(max_length=32, primary_key=True)
    known_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.key[:6]


class KnownNetwork(models.Model):
    """How many known phones ordered from a network, or from the wider block it belongs to."""

    key = models.CharField(max_length=32, primary_key=True)
    phones = models.PositiveIntegerField(default=0)
    known_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.key[:6]}: {self.phones}"


class CallBack(models.Model):
    """An order not taken yet: the co-op calls the number, then takes it or drops it.

    Written where a code should be shown and none can be sent. `wish` is what `services.placing.place`
    is called with, without the session.
    """

    session = models.ForeignKey(LivestreamSession, models.CASCADE, related_name="call_backs")
    buyer_name = models.CharField(max_length=80)
    buyer_phone = models.CharField(max_length=16)
    wish = models.JSONField()
    wanted_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    order = models.ForeignKey(Order, models.SET_NULL, null=True, related_name="+")

    objects = CallBackQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["session", "wanted_at"],
                condition=Q(settled_at=None),
                name="call_back_waiting",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "buyer_phone"],
                condition=Q(settled_at=None),
                name="call_back_once_per_phone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.wanted_at}"
