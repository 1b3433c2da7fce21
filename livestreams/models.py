"""The market day itself: sessions, the co-ops in them, and what they offer."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from coops.models import Cooperative
from core.models import Picture, SearchableModel
from livestreams.querysets import LivestreamSessionQuerySet, OfferQuerySet, SlotQuerySet
from products.models import Lot

MAX_UNITS_PER_CLAIM = 50
MAX_OFFERS_PER_COOPERATIVE = 99  # a live code has two digits
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # live codes begin with the letter of the co-op's place
FEW_LEFT_SHARE = 5  # running low: a fifth or less is left


@pghistory.track(exclude=["search_text", "sort_key"])
class LivestreamSession(SearchableModel):
    """One market day online. The video runs elsewhere (`stream_url`); ordering never needs it.

    `cooperative` holds the session and takes transfers for it; `slots` are all co-ops in it.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SCHEDULED = "scheduled", _("coming")
        LIVE = "live", _("live now")
        ENDED = "ended", _("ended")
        CANCELLED = "cancelled", _("called off")

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="sessions")
    title = models.CharField(_("title"), max_length=120)
    summary = models.TextField(_("what it is about"), max_length=1000, blank=True)
    starts_at = models.DateTimeField(_("starts at"))
    planned_minutes = models.PositiveSmallIntegerField(_("planned length (minutes)"), default=120)
    stream_url = models.URLField(_("link of the video"), max_length=300, blank=True)
    cover = models.ForeignKey(Picture, models.PROTECT, null=True, blank=True, related_name="+")
    shipping_fee_vnd = models.BigIntegerField(_("delivery fee for each parcel (₫)"), default=0)
    state = models.CharField(max_length=10, choices=State, default=State.SCHEDULED)
    now_selling = models.ForeignKey("Offer", models.SET_NULL, null=True, related_name="+")
    went_live_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    is_simulated = models.BooleanField(default=False)

    objects = LivestreamSessionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "starts_at"], name="session_by_state")]
        constraints = [
            models.CheckConstraint(
                condition=Q(shipping_fee_vnd__gte=0), name="session_fee_not_negative"
            ),
            models.CheckConstraint(
                condition=~Q(state="live") | Q(went_live_at__isnull=False),
                name="live_session_went_live",
            ),
            models.CheckConstraint(
                condition=~Q(state="ended") | Q(ended_at__isnull=False),
                name="ended_session_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def words_to_find(self) -> str:
        return f"{self.title} {self.cooperative.name} {self.cooperative.commune.province.name}"

    @property
    def feed(self) -> str:
        return f"session:{self.pk}"

    @property
    def is_live(self) -> bool:
        return self.state == self.State.LIVE

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.ENDED, self.State.CANCELLED}

    @property
    def guests(self) -> list[Cooperative]:
        """Co-ops beside the one that holds it that have joined, in the order of their letters."""
        return [
            slot.cooperative
            for slot in self.slots.all()
            if slot.joined_at and slot.cooperative_id != self.cooperative_id
        ]


@pghistory.track()
class Slot(models.Model):
    """One co-op's place in a session. Invited co-ops sell once they have joined."""

    session = models.ForeignKey(LivestreamSession, models.CASCADE, related_name="slots")
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="slots")
    position = models.PositiveSmallIntegerField(default=0)
    joined_at = models.DateTimeField(null=True)

    objects = SlotQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "cooperative"], name="slot_once_per_cooperative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cooperative} @ {self.session}"

    @property
    def letter(self) -> str:
        """What the live codes of this co-op's offers begin with."""
        return LETTERS[self.position]


# All but the hot columns, whose history is in orders and standby entries: a claim, which changes
# these alone, then does not even ask whether there is something to record
OFFER_TERMS = (
    "live_code", "position", "unit_price_vnd", "quantity_offered", "limit_per_buyer", "state",
    "opened_at", "closed_at",
)  # fmt: skip


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(
        operation=pgtrigger.UpdateOf(*OFFER_TERMS),
        condition=pgtrigger.AnyChange(*OFFER_TERMS),
        trigger_name="update_update",
    ),
    pghistory.DeleteEvent(),
    exclude=["quantity_claimed", "standby_waiting", "standby_issued"],
)
class Offer(models.Model):
    """A lot of a variant at a price and quantity in a session, called by its live code (A01).

    Opening takes the allotment (`quantity_offered`) out of the lot; closing gives the rest back.
    `quantity_claimed` changes only by the guarded UPDATEs in OfferQuerySet and placing.sql.

    While buyers wait in the offer's line (`standby_waiting`), units that come free are for the
    line alone. `standby_issued` is the last number given in it.
    """

    class State(models.TextChoices):
        LINED_UP = "lined_up", _("lined up")
        OPEN = "open", _("on sale")
        SOLD_OUT = "sold_out", _("sold out")  # said so by the host; claims stop
        CLOSED = "closed", _("closed")

    session = models.ForeignKey(LivestreamSession, models.PROTECT, related_name="offers")
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="offers")
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="offers")
    live_code = models.CharField(_("live code"), max_length=4)
    position = models.PositiveSmallIntegerField(default=0)
    unit_price_vnd = models.BigIntegerField(_("price in the session (₫)"))
    quantity_offered = models.PositiveIntegerField(_("units for the session"))
    quantity_claimed = models.PositiveIntegerField(default=0)
    standby_waiting = models.PositiveIntegerField(default=0, db_default=0)
    standby_issued = models.PositiveIntegerField(default=0, db_default=0)
    limit_per_buyer = models.PositiveSmallIntegerField(_("limit for each buyer"), default=10)
    state = models.CharField(max_length=10, choices=State, default=State.LINED_UP)
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = OfferQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "live_code"], name="live_code_once_per_session"
            ),
            models.CheckConstraint(
                condition=Q(quantity_claimed__lte=F("quantity_offered")),
                name="offer_never_oversold",
            ),
            models.CheckConstraint(condition=Q(unit_price_vnd__gt=0), name="offer_has_a_price"),
            models.CheckConstraint(
                condition=Q(limit_per_buyer__gte=1) & Q(limit_per_buyer__lte=MAX_UNITS_PER_CLAIM),
                name="offer_limit_within_claim_limit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.live_code} {self.lot}"

    @property
    def quantity_unclaimed(self) -> int:
        """Units in nobody's order, for the co-op's own counting."""
        return self.quantity_offered - self.quantity_claimed

    @property
    def quantity_left(self) -> int:
        """Units a buyer may still order: none while others wait in line for them."""
        return 0 if self.standby_waiting else self.quantity_unclaimed

    @property
    def is_gone(self) -> bool:
        """Nothing of it can be ordered any more, whatever was said."""
        return self.state == self.State.SOLD_OUT or self.quantity_left == 0

    @property
    def has_line(self) -> bool:
        """Whether buyers may join the line for it, as far as this row shows."""
        return self.state in {self.State.OPEN, self.State.SOLD_OUT} and self.is_gone

    @property
    def is_running_low(self) -> bool:
        return self.quantity_left * FEW_LEFT_SHARE <= self.quantity_offered

    @property
    def holds_no_stock(self) -> bool:
        """Its units are in the lot: not opened yet, or given back."""
        return self.state in {self.State.LINED_UP, self.State.CLOSED}

    @property
    def reference(self) -> str:
        """What stock movements for this offer are marked with."""
        return f"offer:{self.pk}"

    @property
    def is_orderable(self) -> bool:
        """Whether a buyer may order now, as far as this row can tell (the session must be live)."""
        return self.state == self.State.OPEN and self.quantity_left > 0
