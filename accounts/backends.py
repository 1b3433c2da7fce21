"""Signing in by phone number and password."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Exists, OuterRef
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import HAS_SECOND_FACTOR, User


class PhoneBackend(ModelBackend):
    """Reads with each session's person whether they have a second factor, in the same query."""

    def get_user(self, user_id: Any) -> User | None:
        devices = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        people = User.objects.annotate(**{HAS_SECOND_FACTOR: Exists(devices)})
        user = people.filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
