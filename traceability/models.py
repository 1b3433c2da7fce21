"""What can be proved about a lot."""

from typing import Any

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from coops.models import Commune
from core.models import Picture
from products.models import Lot, name_with_weight
from traceability.querysets import OriginCodeBatchQuerySet, OriginCodeQuerySet, TraceEventQuerySet


@pghistory.track()
class TraceEvent(models.Model):
    """A step in the life of a lot: what, where, when, by whom (EPCIS event / CTE).

    Corrections are new events; `corrects` names the one they replace, which stays on record.
    """

    class Step(models.TextChoices):
        HARVEST = "harvest", _("harvest")
        COLLECT = "collect", _("collected from members")
        PROCESS = "process", _("processing")
        INSPECT = "inspect", _("checked or tested")
        PACK = "pack", _("packing")
        SHIP = "ship", _("handed over for delivery")
        STORE = "store", _("storing")

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="trace_events")
    step = models.CharField(_("step"), max_length=10, choices=Step)
    title = models.CharField(_("what was done"), max_length=120)
    note = models.TextField(_("details"), max_length=2000, blank=True)
    happened_on = models.DateField(_("day"))
    commune = models.ForeignKey(Commune, models.PROTECT, null=True, blank=True, related_name="+")
    place = models.CharField(_("place"), max_length=160, blank=True)
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    recorded_at = models.DateTimeField(db_default=Now())

    objects = TraceEventQuerySet.as_manager()

    class Meta:
        ordering = ["happened_on", "pk"]

    def __str__(self) -> str:
        return f"{self.get_step_display()} {self.happened_on}"


class TracePhoto(models.Model):
    event = models.ForeignKey(TraceEvent, models.CASCADE, related_name="photos")
    picture = models.ForeignKey(Picture, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return str(self.picture)


class OriginCodeBatch(models.Model):
    """A request for origin codes of a lot, one code for each pack; rendered by a worker.

    `quantity_done` is how many are rendered so far; `label_file` is the sheet (PDF) once ready.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DRAWING = "drawing", _("being drawn")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    class Failure(models.TextChoices):
        DISK = "disk", _("The files could not be written: the server's disk is full or away.")
        DRAWING = "drawing", _("Something went wrong while the labels were drawn.")

    class Sheet(models.TextChoices):
        A4_24 = "a4_24", _("A4 sheet, 24 labels of 70 × 37 mm")
        A4_65 = "a4_65", _("A4 sheet, 65 labels of 38 × 21 mm")
        ROLL_50X30 = "roll_50x30", _("roll, 50 × 30 mm each")

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="origin_code_batches")
    quantity = models.PositiveIntegerField(_("how many"))
    # As printed, whatever the product and pack are called later
    product_name = models.CharField(max_length=120)
    pack_name = models.CharField(max_length=60)
    net_weight_g = models.PositiveIntegerField()
    cooperative_name = models.CharField(max_length=120)
    sheet = models.CharField(_("paper"), max_length=12, choices=Sheet, default=Sheet.A4_24)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    quantity_done = models.PositiveIntegerField(default=0)
    label_file = models.CharField(max_length=120, blank=True)
    failure = models.CharField(max_length=200, blank=True)  # a Failure
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    requested_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())
    ready_at = models.DateTimeField(null=True)

    objects = OriginCodeBatchQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=1) & Q(quantity__lte=2000),
                name="batch_of_1_to_2000_codes",
            ),
            models.CheckConstraint(
                condition=Q(quantity_done__lte=F("quantity")), name="batch_done_within_quantity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lot}: {self.quantity}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:
            pack = self.lot.variant
            self.product_name, self.pack_name = pack.product.name, pack.name
            self.net_weight_g = pack.net_weight_g
            self.cooperative_name = pack.product.cooperative.name
        super().save(*args, **kwargs)

    @property
    def pack_with_weight(self) -> str:
        return name_with_weight(self.pack_name, self.net_weight_g)

    @property
    def failure_words(self) -> str:
        """Why it failed, for the co-op; "" for a batch that did not."""
        if self.state != self.State.FAILED:
            return ""
        known = self.failure in self.Failure.values
        return str(self.Failure(self.failure if known else self.Failure.DRAWING).label)

    @property
    def tone(self) -> str:
        """Of its chip."""
        return {self.State.READY: "done", self.State.FAILED: "stop"}.get(self.state, "wait")  # type: ignore[call-overload]


@pghistory.track(pghistory.UpdateEvent(), fields=["recalled_at", "recalled_by", "recall_reason"])
class OriginCode(models.Model):
    """The printed QR of one pack; `code` is its address: SITE_URL/t/<code>."""

    class State(models.TextChoices):
        VALID = "valid", _("holds")
        RECALLED = "recalled", _("called back")

    code = models.CharField(max_length=20, unique=True)
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="origin_codes")
    batch = models.ForeignKey(OriginCodeBatch, models.PROTECT, related_name="codes")
    serial = models.PositiveIntegerField()  # 1…quantity within its batch
    issued_at = models.DateTimeField(db_default=Now())
    recalled_at = models.DateTimeField(null=True)
    recalled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    recall_reason = models.CharField(max_length=200, blank=True, db_default="")

    objects = OriginCodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "serial"], name="serial_once_per_batch"),
            models.CheckConstraint(
                condition=Q(recalled_at=None, recalled_by=None, recall_reason="")
                | Q(recalled_at__isnull=False, recalled_by__isnull=False, recall_reason__gt=""),
                name="recalled_code_has_reason_and_person",
            ),
        ]
        indexes = [
            models.Index(
                fields=["lot", "recalled_at"],
                condition=Q(recalled_at__isnull=False),
                name="recalled_code_by_lot",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def state(self) -> str:
        return self.State.RECALLED if self.recalled_at else self.State.VALID


class Scan(models.Model):
    """A person opened a code's page. Only a keyed hash of a wide network identifies them."""

    origin_code = models.ForeignKey(OriginCode, models.PROTECT, related_name="scans")
    scanned_at = models.DateTimeField(db_default=Now())
    place = models.CharField(max_length=12, blank=True, db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["origin_code", "scanned_at"], name="scan_by_code"),
        ]

    def __str__(self) -> str:
        return f"{self.origin_code} {self.scanned_at}"
