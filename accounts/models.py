"""Who a person is: a phone number is the name one signs in with."""

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core import phones


class UserManager(BaseUserManager["User"]):
    def create_user(self, phone: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(phone=phones.normalize_phone(phone), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, phone: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(phone, password, is_staff=True, is_superuser=True, **fields)


@pghistory.track(
    pghistory.InsertEvent(), pghistory.UpdateEvent(), exclude=["password", "last_login"]
)
class User(AbstractBaseUser, PermissionsMixin):
    """A person. `phone` is E.164 (+84912345678)."""

    phone = models.CharField(_("phone"), max_length=16, unique=True)
    display_name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)  # runs the platform
    phone_verified_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = UserManager()

    USERNAME_FIELD = "phone"
    REQUIRED_FIELDS = ["display_name"]

    def __str__(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name


class OneTimeCode(models.Model):
    """Six digits sent to a phone; `code_hash` only, ten minutes, five tries, used once."""

    class Purpose(models.TextChoices):
        SIGN_UP = "sign_up", _("sign up")
        RESET_PASSWORD = "reset_password", _("new password")

    phone = models.CharField(max_length=16)
    purpose = models.CharField(max_length=20, choices=Purpose)
    code_hash = models.CharField(max_length=128)
    sealed_code = models.TextField(blank=True)  # for the sender only; emptied once sent
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["phone", "purpose", "-created_at"], name="code_by_phone")]

    def __str__(self) -> str:
        return f"{self.purpose} {phones.mask_phone(self.phone)}"


class ApiToken(models.Model):
    """A program's key to a person's account; shown once, kept as a hash."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("what it is for"), max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
