"""Places, co-operatives and the people's places in them."""

from typing import ClassVar

import pghistory
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from coops.querysets import (
    BankAccountChangeQuerySet,
    CommuneQuerySet,
    CooperativeQuerySet,
    StaffRoleQuerySet,
)
from core.banks import BankAccount, bank_name
from core.models import Picture, SearchableModel, SearchableQuerySet
from core.tax_codes import format_tax_code


class Province(SearchableModel):
    """A first-tier unit (Decision 19/2025/QĐ-TTg); `code` has two digits."""

    class Kind(models.TextChoices):
        PROVINCE = "province", _("province")
        CITY = "city", _("city")

    code = models.CharField(max_length=2, primary_key=True)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind)

    objects = SearchableQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def words_to_find(self) -> str:
        return self.name


class Commune(SearchableModel):
    """A second-tier unit; `code` has five digits and is never used again."""

    class Kind(models.TextChoices):
        COMMUNE = "commune", _("commune")
        WARD = "ward", _("ward")
        SPECIAL_ZONE = "special_zone", _("special zone")

    KIND_WORDS: ClassVar[dict[str, str]] = {
        Kind.COMMUNE: "xã",
        Kind.WARD: "phường",
        Kind.SPECIAL_ZONE: "đặc khu",
    }

    code = models.CharField(max_length=5, primary_key=True)
    province = models.ForeignKey(Province, models.PROTECT, related_name="communes")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=Kind)
    objects = CommuneQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind_word} {self.name}"

    def words_to_find(self) -> str:
        return f"{self.kind_word} {self.name} {self.province.name}"

    def name_to_sort(self) -> str:
        return self.name

    @property
    def kind_word(self) -> str:
        """The word written before the name in an address; always Vietnamese."""
        return self.KIND_WORDS[self.kind]

    @property
    def full_name(self) -> str:
        return f"{self}, {self.province.name}"


class FormerCommune(models.Model):
    """A unit of before July 2025 that went into `commune`, whole or in part: people still give it,
    with its district and province, as their address. `kind` and `district_kind` are the words
    written before the names; a unit that was divided has a row for each commune it went into.
    """

    commune = models.ForeignKey(Commune, models.CASCADE, related_name="former")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, blank=True)
    district = models.CharField(max_length=60)
    district_kind = models.CharField(max_length=12)
    province = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["commune", "province", "district_kind", "district", "kind", "name"],
                name="former_commune_once_per_commune",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}, {self.district_kind} {self.district}, {self.province}"


@pghistory.track(exclude=["search_text", "sort_key"])
class Cooperative(SearchableModel):
    """A legal co-op that sells. Visible to buyers once a provincial reviewer approved it."""

    class Kind(models.TextChoices):
        COOPERATIVE = "cooperative", _("co-operative")
        UNION = "union", _("union of co-operatives")
        GROUP = "group", _("co-operative group")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for review")
        APPROVED = "approved", _("approved")
        RETURNED = "returned", _("returned")
        SUSPENDED = "suspended", _("suspended")

    KIND_WORDS: ClassVar[dict[str, str]] = {
        Kind.COOPERATIVE: "HTX hợp tác xã",
        Kind.UNION: "LHHTX liên hiệp hợp tác xã",
        Kind.GROUP: "THT tổ hợp tác",
    }

    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.COOPERATIVE)
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    tax_code = models.CharField(_("tax code"), max_length=14, unique=True)
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="cooperatives")
    address_line = models.CharField(_("hamlet, road, number"), max_length=160, blank=True)
    phone = models.CharField(_("phone for buyers"), max_length=16)
    is_women_led = models.BooleanField(_("led by women"), default=False)
    story = models.TextField(_("story"), max_length=4000, blank=True)
    bank_bin = models.CharField(_("bank"), max_length=6, blank=True)
    bank_account_number = models.CharField(_("account number"), max_length=19, blank=True)
    bank_account_name = models.CharField(_("account holder"), max_length=80, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    submitted_at = models.DateTimeField(db_default=Now())
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    # With TWO_REVIEWERS: the first of the two; emptied when the co-op changes or is returned
    first_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    review_note = models.TextField(max_length=1000, blank=True)
    is_demo = models.BooleanField(default=False)

    objects = CooperativeQuerySet.as_manager()

    class Meta:
        indexes = [
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="cooperative_words"),
            models.Index(fields=["state", "submitted_at"], name="cooperative_by_state"),
        ]

    def __str__(self) -> str:
        return self.name

    def words_to_find(self) -> str:
        """With the legal form, short and long, and the places' names of before July 2025."""
        place = self.commune
        own = [self.name, place.name, place.province.name, self.KIND_WORDS[self.kind]]
        former = place.former.values_list("name", "district", "province")
        return " ".join(dict.fromkeys([*own, *(word for row in former for word in row)]))

    @property
    def is_approved(self) -> bool:
        return self.state == self.State.APPROVED

    @property
    def state_tone(self) -> str:
        """Tone of the chip that shows the state."""
        tones = {"waiting": "wait", "approved": "done", "returned": "warn", "suspended": "stop"}
        return tones[self.state]

    @property
    def can_take_transfers(self) -> bool:
        return bool(self.bank_bin and self.bank_account_number)

    @property
    def bank_name(self) -> str:
        return bank_name(self.bank_bin)

    @property
    def bank_account(self) -> BankAccount:
        return BankAccount(self.bank_bin, self.bank_account_number, self.bank_account_name)

    @property
    def written_tax_code(self) -> str:
        return format_tax_code(self.tax_code)

    @property
    def cover(self) -> Picture | None:
        photo = next(iter(self.photos.all()), None)
        return photo.picture if photo else None


class BankAccountChange(models.Model):
    """Another bank account for a co-op, or none: asked for, in effect some time later, or called off.

    What stood before is kept with it, so the history needs nothing else.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("takes effect later")
        IN_EFFECT = "in_effect", _("in effect")
        CALLED_OFF = "called_off", _("called off")

    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="bank_changes")
    old_bank_bin = models.CharField(max_length=6, blank=True)
    old_account_number = models.CharField(max_length=19, blank=True)
    old_account_name = models.CharField(max_length=80, blank=True)
    new_bank_bin = models.CharField(max_length=6, blank=True)
    new_account_number = models.CharField(max_length=19, blank=True)
    new_account_name = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(db_default=Now())
    takes_effect_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    called_off_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = BankAccountChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cooperative"],
                condition=models.Q(state="waiting"),
                name="one_bank_change_waits_per_cooperative",
            ),
        ]
        indexes = [
            models.Index(
                fields=["takes_effect_at"],
                condition=models.Q(state="waiting"),
                name="bank_change_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cooperative}: {self.new_account_number or '–'}"

    @property
    def old(self) -> BankAccount:
        return BankAccount(self.old_bank_bin, self.old_account_number, self.old_account_name)

    @property
    def new(self) -> BankAccount:
        return BankAccount(self.new_bank_bin, self.new_account_number, self.new_account_name)


class BankNotice(models.Model):
    """A message to a manager or reviewer about a change of the bank account; sent once."""

    class About(models.TextChoices):
        REQUESTED = "requested", _("asked for")
        IN_EFFECT = "in_effect", _("in effect")
        CALLED_OFF = "called_off", _("called off")

    change = models.ForeignKey(BankAccountChange, models.CASCADE, related_name="notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    about = models.CharField(max_length=10, choices=About)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["change", "user", "about"], name="bank_notice_once"),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(sent_at=None),
                name="bank_notice_to_send",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_about_display()}"


class CooperativePhoto(models.Model):
    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="photos")
    picture = models.ForeignKey(Picture, models.PROTECT, related_name="+")
    caption = models.CharField(max_length=160, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.caption or str(self.picture)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Membership(models.Model):
    """A person's place in a co-op."""

    class Role(models.TextChoices):
        MANAGER = "manager", _("manager")
        HOST = "host", _("host")
        PACKER = "packer", _("packer")
        DIARIST = "diarist", _("diary keeper")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "cooperative", "role"], name="membership_role_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} ({self.cooperative})"


@pghistory.track()
class StaffRole(models.Model):
    """A person's place in a province's staff, or in one commune of it."""

    class Role(models.TextChoices):
        VIEWER = "viewer", _("viewer")
        REVIEWER = "reviewer", _("reviewer")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="staff_roles")
    province = models.ForeignKey(Province, models.PROTECT, related_name="staff_roles")
    role = models.CharField(max_length=10, choices=Role)
    created_at = models.DateTimeField(db_default=Now())

    objects = StaffRoleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "province", "role"], name="staff_role_once_per_province"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} ({self.province})"
