"""Money that has to go back."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.models.ordering import Order, Parcel
from orders.querysets import RefundQuerySet


@pghistory.track(pghistory.UpdateEvent(row=pghistory.Old))
class Refund(models.Model):
    """Money of a closed order that a person has to send back, or to settle with a new order.

    The queue holds the whole `amount_vnd` that came in; nothing in it ever revives an order. With
    a `parcel` it is that parcel's part, which came back to its co-op; the order goes on.
    """

    class Reason(models.TextChoices):
        LATE = "late", _("paid after the time ran out")
        CANCELLED = "cancelled", _("cancelled after it was paid")
        RETURNED = "returned", _("paid goods came back")

    class State(models.TextChoices):
        DUE = "due", _("to send back")
        SENT = "sent", _("sent back")
        REPLACED = "replaced", _("settled with a new order")

    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds")
    parcel = models.OneToOneField(Parcel, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=10, choices=Reason)
    amount_vnd = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    noted_at = models.DateTimeField(db_default=Now())
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    reference = models.CharField(max_length=80, blank=True)  # the bank's, of the money sent back
    replacement = models.OneToOneField(Order, models.PROTECT, null=True, related_name="paid_by")

    objects = RefundQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(parcel=None), name="refund_once_per_order"
            ),
            models.CheckConstraint(
                condition=(Q(reason="returned") & Q(parcel__isnull=False))
                | (~Q(reason="returned") & Q(parcel__isnull=True)),
                name="returned_refund_names_the_parcel",
            ),
            models.CheckConstraint(condition=Q(amount_vnd__gt=0), name="refund_has_an_amount"),
            models.CheckConstraint(
                condition=(Q(state="due") & Q(settled_at__isnull=True))
                | (~Q(state="due") & ~Q(settled_at__isnull=True)),
                name="settled_refund_says_when",
            ),
            models.CheckConstraint(
                condition=(Q(state="replaced") & Q(replacement__isnull=False))
                | (~Q(state="replaced") & ~Q(replacement__isnull=False)),
                name="replaced_refund_names_the_order",
            ),
        ]
        indexes = [
            # the queue
            models.Index(fields=["noted_at"], condition=Q(state="due"), name="refund_due"),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.amount_vnd}"

    @property
    def tone(self) -> str:
        """Tone of the state's chip."""
        return "wait" if self.state == self.State.DUE else "done"
