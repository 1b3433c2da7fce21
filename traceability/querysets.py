"""Which steps and codes: the vocabulary of the traceability app."""

from typing import Any, Self

from django.db import models

from coops.models import Cooperative


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


class OriginCodeQuerySet(models.QuerySet):
    def with_origin(self) -> Self:
        """With what the scan page tells, in a fixed number of queries."""
        return self.select_related("lot__variant__product__cooperative__commune__province")
