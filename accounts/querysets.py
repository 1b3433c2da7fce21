"""Which codes and tokens: the vocabulary of the accounts app."""

import datetime as dt
from typing import Any, Self

from django.db import models
from django.db.models import Q

from core.clock import Instant, db_now

CODE_TRIES = 5
VOUCHED_LASTS = dt.timedelta(hours=24)
ASKING_LASTS = dt.timedelta(days=3)
NOTED_EVERY = dt.timedelta(minutes=10)  # how exactly the last use of a token is kept
RESEND_AFTER_S = 10  # between two tries of the sweeper to hand a code over


class OneTimeCodeQuerySet(models.QuerySet):
    def live(self) -> Self:
        """Codes that would still be accepted, by the database's clock."""
        return self.filter(used_at=None, expires_at__gt=Instant())

    def for_phone(self, phone: str, purpose: str) -> Self:
        return self.filter(phone=phone, purpose=purpose)

    def waiting_to_go(self) -> Self:
        """Codes not handed to the gateway yet that are still worth it."""
        return self.filter(sent_at=None, used_at=None, expires_at__gt=Instant()).exclude(
            sealed_code=""
        )

    def overdue_to_go(self) -> Self:
        """Codes whose message got lost on the way, or which the gateway did not take."""
        before = db_now() - dt.timedelta(seconds=RESEND_AFTER_S)
        fresh_start = Q(failed_at=None, created_at__lt=before)
        return self.waiting_to_go().filter(fresh_start | Q(failed_at__lt=before))


class ApiTokenQuerySet(models.QuerySet):
    def owned_by(self, user: Any) -> Self:
        return self.filter(user=user) if user.is_authenticated else self.none()

    def working(self) -> Self:
        """Tokens that are neither stopped nor too old, by the database's clock."""
        return self.filter(revoked_at=None, expires_at__gt=Instant())

    def not_noted_lately(self) -> Self:
        """Tokens whose last use was noted some minutes ago or never."""
        before = db_now() - NOTED_EVERY
        return self.filter(Q(last_used_at=None) | Q(last_used_at__lt=before))


class RecoveryCodeQuerySet(models.QuerySet):
    def unused(self) -> Self:
        return self.filter(used_at=None)


class EnrolmentRequestQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        """Requests of the last days that are not confirmed yet."""
        return self.filter(used_at=None, vouched_at=None, created_at__gt=db_now() - ASKING_LASTS)

    def confirmed(self) -> Self:
        """Requests that were confirmed within a day: their persons may set up the second step."""
        return self.filter(used_at=None, vouched_at__gt=db_now() - VOUCHED_LASTS)
