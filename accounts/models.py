"""Users: the phone number is the user name."""

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.querysets import (
    ApiTokenQuerySet,
    EnrolmentRequestQuerySet,
    OneTimeCodeQuerySet,
    RecoveryCodeQuerySet,
)
from core import phones

SESSION_SALT = "accounts.User.session"
HAS_SECOND_FACTOR = "_has_second_factor"  # annotated by accounts.backends


class UserManager(BaseUserManager["User"]):
    def create_user(self, phone: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(phone=phones.normalize_phone(phone), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, phone: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(phone, password, is_staff=True, is_superuser=True, **fields)


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    exclude=["password", "last_login", "session_round"],
)
class User(AbstractBaseUser, PermissionsMixin):
    """A person. `phone` is E.164 (+84912345678)."""

    phone = models.CharField(_("phone"), max_length=16, unique=True)
    display_name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)  # runs the platform
    phone_verified_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    # Raising it ends every session of the person at its next request
    session_round = models.PositiveIntegerField(db_default=0)

    objects = UserManager()

    USERNAME_FIELD = "phone"
    REQUIRED_FIELDS = ["display_name"]

    def __str__(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name

    @property
    def has_second_factor(self) -> bool:
        """Whether an authenticator was confirmed; the sign-in backend reads it with the row."""
        kept = self.__dict__.get(HAS_SECOND_FACTOR)
        if kept is None:
            kept = TOTPDevice.objects.filter(user=self, confirmed=True).exists()
        return bool(kept)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must carry to stay good: the password and the round it began in."""
        words = f"{self.password}:{self.session_round}"
        return salted_hmac(SESSION_SALT, words, secret=secret, algorithm="sha256").hexdigest()


class OneTimeCode(models.Model):
    """Six digits sent to a phone; `code_hash` only, ten minutes, used once.

    `sealed_code` is for the sender only and emptied once sent.
    """

    class Purpose(models.TextChoices):
        SIGN_UP = "sign_up", _("sign up")
        RESET_PASSWORD = "reset_password", _("new password")
        SECOND_FACTOR = "second_factor", _("second step")
        ORDER = "order", _("order")

    class Failure(models.TextChoices):
        GATEWAY = "gateway", _("the message service does not answer")
        NUMBER = "number", _("this number cannot receive messages")

    phone = models.CharField(max_length=16)
    purpose = models.CharField(max_length=20, choices=Purpose)
    code_hash = models.CharField(max_length=128)
    sealed_code = models.TextField(blank=True)
    request_id = models.UUIDField(db_default=RandomUUID())
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=10, choices=Failure, blank=True, db_default="")
    used_at = models.DateTimeField(null=True)

    objects = OneTimeCodeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["phone", "purpose", "-created_at"], name="code_by_phone"),
            # sweeper: what could not be sent yet
            models.Index(
                fields=["created_at"], condition=~Q(sealed_code=""), name="code_waiting_to_go"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {phones.mask_phone(self.phone)}"


class RecoveryCode(models.Model):
    """One of the codes on paper that stand in for the authenticator, each used once."""

    user = models.ForeignKey(User, models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    used_at = models.DateTimeField(null=True)

    objects = RecoveryCodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "code_hash"], name="recovery_code_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.pk}"


class SpentStep(models.Model):
    """A half-minute whose code an authenticator has shown already: no code works twice."""

    device = models.ForeignKey(TOTPDevice, models.CASCADE, related_name="+")
    step = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["device", "step"], name="step_spent_once"),
        ]

    def __str__(self) -> str:
        return str(self.step)


class EnrolmentRequest(models.Model):
    """A request to set up the second step without SMS; a person who knows the user confirms it.

    `vouched_by` is empty when it was confirmed by command.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="enrolment_requests")
    created_at = models.DateTimeField(db_default=Now())
    vouched_by = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    vouched_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    objects = EnrolmentRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(used_at=None), name="enrolment_request_open_once"
            ),
            models.CheckConstraint(
                condition=~Q(vouched_by=F("user")), name="nobody_vouches_for_themselves"
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


class ApiToken(models.Model):
    """A program's key to a person's account; shown once, kept as a keyed hash, good for some days."""

    class Scope(models.TextChoices):
        READ = "read", _("only read")
        WRITE = "write", _("read and write")

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("what it is for"), max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=5, choices=Scope, default=Scope.WRITE)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def is_read_only(self) -> bool:
        return self.scope == self.Scope.READ
