"""Which steps and codes: the vocabulary of the traceability app."""

from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

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


def lots_with_counts(lots: models.QuerySet) -> models.QuerySet:
    """Adds `step_count`, and `ready_codes` and `other_codes` that together are the codes issued.

    Each is counted for the rows that are read, after they are cut to a page. A batch that is ready
    has all its codes, so that only those of the others are counted one by one.
    """
    from traceability.models import OriginCode, OriginCodeBatch, TraceEvent

    def of_lot(rows: models.QuerySet, sum_of: Any) -> Coalesce:
        each = rows.filter(lot=OuterRef("pk")).order_by().values("lot")
        return Coalesce(Subquery(each.annotate(n=sum_of).values("n")), 0)

    ready = OriginCodeBatch.objects.filter(state="ready")
    return lots.annotate(
        step_count=of_lot(TraceEvent.objects.standing(), Count("pk")),
        ready_codes=of_lot(ready, Sum("quantity")),
        other_codes=of_lot(OriginCode.objects.exclude(batch__state="ready"), Count("pk")),
    )


class OriginCodeQuerySet(models.QuerySet):
    def with_origin(self) -> Self:
        """With the data of the scan page, in a fixed number of queries."""
        return self.select_related("batch", "lot__variant__product__cooperative__commune__province")
