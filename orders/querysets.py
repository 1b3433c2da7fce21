"""Which orders, parcels and lines: the vocabulary of the orders app."""

from typing import Any, Self

from django.db import models

from coops.models import Cooperative
from core.clock import Instant

AWAITING_PAYMENT, CONFIRMED = "awaiting_payment", "confirmed"
OPEN_STATES = (AWAITING_PAYMENT, CONFIRMED)


class OrderQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Orders whose units are taken: neither cancelled nor released."""
        return self.filter(state__in=OPEN_STATES)

    def awaiting_payment(self) -> Self:
        return self.filter(state=AWAITING_PAYMENT)

    def overdue(self) -> Self:
        return self.awaiting_payment().filter(pay_by__lt=Instant())

    def of_sessions_hosted_by(self, user: Any) -> Self:
        """Orders of sessions held by a co-op that `user` hosts for: who takes the transfers."""
        return self.filter(session__cooperative__in=Cooperative.objects.hosted_by(user))


class ParcelQuerySet(models.QuerySet):
    def packed_by(self, user: Any) -> Self:
        """Parcels of the co-ops `user` packs for. Never another co-op's part of the same order."""
        return self.filter(cooperative__in=Cooperative.objects.packed_by(user))


class OrderLineQuerySet(models.QuerySet):
    def counted(self) -> Self:
        """Lines that figures count: of orders neither cancelled nor released."""
        return self.filter(order__state__in=OPEN_STATES)

    def of_staff(self, user: Any) -> Self:
        return self.filter(cooperative__in=Cooperative.objects.of_staff(user))
