"""Which steps and codes: the vocabulary of the traceability app."""

from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q

from coops.models import Cooperative
from core.clock import Instant


class TraceEventQuerySet(models.QuerySet):
    def standing(self) -> Self:
        """Steps that no later step corrects."""
        return self.filter(corrected_by=None)

    def traced_by(self, user: Any) -> Self:
        return self.filter(
            lot__variant__product__cooperative__in=Cooperative.objects.traced_by(user)
        )


class OriginCodeBatchQuerySet(models.QuerySet):
    def traced_by(self, user: Any) -> Self:
        return self.filter(
            lot__variant__product__cooperative__in=Cooperative.objects.traced_by(user)
        )

    def worth_telling(self) -> Self:
        """Under way, failed today, or ready a moment ago; newest first."""
        now = Instant()
        return self.filter(
            Q(state__in=("waiting", "drawing"))
            | Q(state="failed", changed_at__gt=now - timedelta(days=1))
            | Q(state="ready", ready_at__gt=now - timedelta(minutes=10))
        ).order_by("-requested_at", "-pk")


class OriginCodeQuerySet(models.QuerySet):
    def with_origin(self) -> Self:
        """With what the scan page tells, in a fixed number of queries."""
        return self.select_related("lot__variant__product__cooperative__commune__province")
