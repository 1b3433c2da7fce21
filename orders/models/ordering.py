"""What buyers owe and get."""

from typing import Any

import pghistory
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from coops.models import Commune, Cooperative
from core.banks import bank_name
from core.vietqr import vietqr_payload
from livestreams.models import LivestreamSession, Offer
from orders.models.standing import PARCEL_TONES, ParcelStanding, Payment, Words, payment_of
from orders.querysets import (
    OrderLineQuerySet,
    OrderQuerySet,
    ParcelQuerySet,
    search_words,
)
from products.models import Lot, Variant


@pghistory.track(pghistory.UpdateEvent(row=pghistory.Old), exclude=["total_vnd", "search_text"])
class Order(models.Model):
    """What one buyer sees and pays: one parcel for each co-op in it.

    `code` is what people say and write in the transfer's memo; it opens nothing. `token` (128 bits
    or more) is the secret of the buyer's page. `buyer_phone` is E.164. Names, prices and lots are
    copied to the lines, so later changes do not touch an order. So is the account that a transfer
    goes to (`payee_…`, empty for cash): the buyer pays the account that the order was placed with.
    """

    class State(models.TextChoices):
        HELD = "held", _("held for you")
        AWAITING_PAYMENT = "awaiting_payment", _("waiting for the transfer")
        CONFIRMED = "confirmed", _("confirmed")
        CANCELLED = "cancelled", _("cancelled")
        RELEASED = "released", _("time to pay ran out")

    class PaymentMethod(models.TextChoices):
        COD = "cod", _("cash on delivery")
        TRANSFER = "transfer", _("bank transfer")

    code = models.CharField(max_length=12, unique=True)
    token = models.CharField(max_length=43, unique=True)
    session = models.ForeignKey(  # order_by_session begins with it; see OrderLine
        LivestreamSession,
        models.PROTECT,
        related_name="orders",
        db_index=False,
        db_constraint=False,
    )
    buyer_name = models.CharField(_("name"), max_length=80)
    buyer_phone = models.CharField(_("phone"), max_length=16)
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="+")
    address_line = models.CharField(_("hamlet, road, number"), max_length=200)
    note = models.CharField(_("note to the co-op"), max_length=300, blank=True)
    payment_method = models.CharField(max_length=10, choices=PaymentMethod)
    state = models.CharField(max_length=20, choices=State)
    goods_vnd = models.BigIntegerField()
    shipping_vnd = models.BigIntegerField(default=0)
    total_vnd = models.GeneratedField(
        expression=F("goods_vnd") + F("shipping_vnd"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    language = models.CharField(max_length=2, default="vi")
    placed_at = models.DateTimeField(db_default=Now())
    pay_by = models.DateTimeField(null=True)
    buyer_paid_at = models.DateTimeField(null=True)  # the buyer says that the transfer is made
    money_not_found_at = models.DateTimeField(
        null=True
    )  # once closed: the co-op looked, it was not there
    paid_at = models.DateTimeField(null=True)
    paid_confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    closed_at = models.DateTimeField(null=True)  # cancelled or released
    close_reason = models.CharField(max_length=200, blank=True)
    is_simulated = models.BooleanField(default=False)
    # Keyed hashes of where it was sent from, to see who takes everything; "" when by no client
    client_network = models.CharField(max_length=32, blank=True, db_default="")
    client_block = models.CharField(max_length=32, blank=True, db_default="")
    is_unseen = models.BooleanField(db_default=False)  # nothing was ever paid or received yet
    search_text = models.GeneratedField(
        expression=search_words("buyer_name", "code", "buyer_phone"),
        output_field=models.TextField(),
        db_persist=True,
    )
    payee_bank_bin = models.CharField(max_length=6, blank=True, db_default="", default="")
    payee_account_number = models.CharField(max_length=19, blank=True, db_default="", default="")
    payee_account_name = models.CharField(max_length=120, blank=True, db_default="", default="")

    objects = OrderQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["session", "placed_at"], name="order_by_session"),
            models.Index(fields=["buyer_phone"], name="order_by_phone"),
            # A short list of what is new keeps each merge into the index short
            GinIndex(
                fields=["search_text"],
                opclasses=["gin_trgm_ops"],
                gin_pending_list_limit=256,
                name="order_words",
            ),
            # sweeper: what is overdue
            models.Index(
                fields=["pay_by"],
                condition=Q(state__in=["awaiting_payment", "held"]),
                name="order_on_hold",
            ),
            models.Index(
                fields=["session", "client_network"],
                condition=Q(is_unseen=True),
                name="order_of_newcomer",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(goods_vnd__gt=0) & Q(shipping_vnd__gte=0),
                name="order_amounts_make_sense",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["awaiting_payment", "held"]) | Q(pay_by__isnull=False),
                name="held_order_has_pay_by",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_open(self) -> bool:
        """Neither cancelled nor released: its units are taken."""
        return self.state in {self.State.HELD, self.State.AWAITING_PAYMENT, self.State.CONFIRMED}

    @property
    def is_unpacked(self) -> bool:
        return all(p.state == Parcel.State.NEW for p in self.parcels.all() if p.goods_vnd)

    @property
    def may_be_called_off(self) -> bool:
        """By the co-op that holds the session, as `cancel_order_for_coop` decides."""
        return self.is_open and self.is_unpacked

    @property
    def may_be_paid(self) -> bool:
        """A transfer for it may still be seen in the account, in time or late."""
        return (
            self.payment_method == self.PaymentMethod.TRANSFER
            and self.paid_at is None
            and self.state != self.State.HELD
        )

    @property
    def may_say_paid(self) -> bool:
        """The buyer may say that the transfer is made, once."""
        return self.may_be_paid and self.buyer_paid_at is None

    @property
    def is_said_paid(self) -> bool:
        """The buyer says that the transfer is made; nobody has seen it yet."""
        return (
            self.may_be_paid and self.buyer_paid_at is not None and self.money_not_found_at is None
        )

    @property
    def may_be_not_found(self) -> bool:
        """The host may say that the money of a closed order is not there, once they looked."""
        return self.is_said_paid and not self.is_open

    def pay_into_account_of(self, cooperative: Cooperative) -> None:
        """Copy the account, as placing.sql does."""
        self.payee_bank_bin = cooperative.bank_bin
        self.payee_account_number = cooperative.bank_account_number
        self.payee_account_name = cooperative.bank_account_name or cooperative.name

    @property
    def has_payee(self) -> bool:
        """It is paid by transfer, to the account that is copied here."""
        return bool(self.payee_bank_bin and self.payee_account_number)

    @property
    def payee_bank_name(self) -> str:
        return bank_name(self.payee_bank_bin)

    @property
    def amount_vnd(self) -> int:
        return self.goods_vnd + self.shipping_vnd

    @property
    def transfer_memo(self) -> str:
        return self.code

    @property
    def vietqr(self) -> str:
        """The text of the QR code that fills in the transfer."""
        return vietqr_payload(
            bank_bin=self.payee_bank_bin,
            account_number=self.payee_account_number,
            amount_vnd=self.amount_vnd,
            memo=self.transfer_memo,
        )

    @property
    def refund(self) -> Any:
        """The whole order's money that has to go back, or went; None for none."""
        return next((row for row in self.refunds.all() if row.parcel_id is None), None)

    @property
    def payment(self) -> Payment:
        return payment_of(self, self.refund)

    @property
    def standing(self) -> Words:
        """Its state, or that of its parcels where all of them are equally far."""
        states = {p.state for p in self.parcels.all() if p.goods_vnd}
        if self.state == self.State.CONFIRMED and len(states) == 1 and states != {"new"}:
            (state,) = states
            return Words(Parcel.State(state).label, PARCEL_TONES[state])
        tones = {
            self.State.HELD: "wait",
            self.State.AWAITING_PAYMENT: "wait",
            self.State.CONFIRMED: "done",
        }
        return Words(self.get_state_display(), tones.get(self.State(self.state), "stop"))


@pghistory.track(pghistory.UpdateEvent(row=pghistory.Old))
class Parcel(ParcelStanding, models.Model):
    """One co-op's part of an order: what it accepts, packs and ships."""

    class State(models.TextChoices):
        NEW = "new", _("new")
        PACKED = "packed", _("packed")
        SHIPPED = "shipped", _("on its way")
        DELIVERED = "delivered", _("delivered")
        RETURNED = "returned", _("came back")
        CANCELLED = "cancelled", _("cancelled")

    order = models.ForeignKey(Order, models.PROTECT, related_name="parcels", db_index=False)
    cooperative = models.ForeignKey(  # see OrderLine
        Cooperative, models.PROTECT, related_name="parcels", db_index=False, db_constraint=False
    )
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    goods_vnd = models.BigIntegerField()
    shipping_vnd = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField(db_default=Now())

    objects = ParcelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "cooperative"], name="parcel_once_per_cooperative"
            ),
        ]
        indexes = [
            models.Index(fields=["cooperative", "state", "-id"], name="parcel_by_state"),
            models.Index(fields=["cooperative", "-id"], name="parcel_by_cooperative"),
        ]

    def __str__(self) -> str:
        return f"{self.order} / {self.cooperative}"

    @property
    def amount_vnd(self) -> int:
        return self.goods_vnd + self.shipping_vnd

    @property
    def is_open(self) -> bool:
        """Not finished: the co-op may still need the buyer's number."""
        return self.state in {self.State.NEW, self.State.PACKED, self.State.SHIPPED}


@pghistory.track(
    pghistory.UpdateEvent(row=pghistory.Old),
    pghistory.DeleteEvent(),
    fields=["order", "offer", "quantity"],  # all that a buyer's change may touch
    model_name="OrderLineEvent",
)
class OrderLine(models.Model):
    """Units of one offer in an order, with everything as it was at that moment.

    Lot, variant, co-op and session are those of the offer, which is held by a foreign key and holds
    them by its own; the order is that of the parcel, and a buyer's units of an offer are the sum of
    its lines. Constraints of their own would guard nothing more, and every order of a rush would
    pay for them, most by a lock on the same few rows.
    """

    order = models.ForeignKey(
        Order, models.PROTECT, related_name="lines", db_index=False, db_constraint=False
    )
    parcel = models.ForeignKey(Parcel, models.PROTECT, related_name="lines")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="order_lines")
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="order_lines", db_constraint=False)
    variant = models.ForeignKey(
        Variant, models.PROTECT, related_name="order_lines", db_constraint=False
    )
    cooperative = models.ForeignKey(
        Cooperative, models.PROTECT, related_name="order_lines", db_constraint=False
    )
    live_code = models.CharField(max_length=4)
    product_name = models.CharField(max_length=120)
    variant_name = models.CharField(max_length=60)
    cooperative_name = models.CharField(max_length=120)
    lot_code = models.CharField(max_length=20)
    net_weight_g = models.PositiveIntegerField()
    unit_price_vnd = models.BigIntegerField()
    quantity = models.PositiveIntegerField()
    line_total_vnd = models.GeneratedField(
        expression=F("unit_price_vnd") * F("quantity"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )

    objects = OrderLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "offer"], name="line_once_per_offer"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="line_has_units"),
        ]

    def __str__(self) -> str:
        return f"{self.live_code} × {self.quantity}"

    @classmethod
    def of(cls, offer: Offer, quantity: int, *, order: Order, parcel: Parcel) -> "OrderLine":
        """A line of `offer` as it is now, not saved: the columns that placing.sql copies."""
        variant = offer.lot.variant
        return cls(
            order=order,
            parcel=parcel,
            offer=offer,
            lot=offer.lot,
            variant=variant,
            cooperative=offer.cooperative,
            live_code=offer.live_code,
            product_name=variant.product.name,
            variant_name=variant.name,
            cooperative_name=offer.cooperative.name,
            lot_code=offer.lot.code,
            net_weight_g=variant.net_weight_g,
            unit_price_vnd=offer.unit_price_vnd,
            quantity=quantity,
        )


class BuyerShare(models.Model):
    """How many units of an offer one phone number holds: the guard of the limit per buyer.

    Changed by one upsert in the order's transaction, so two orders at once cannot pass together.
    """

    offer = models.ForeignKey(  # see OrderLine
        Offer, models.CASCADE, related_name="buyer_shares", db_index=False, db_constraint=False
    )
    buyer_phone = models.CharField(max_length=16)
    quantity = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer", "buyer_phone"], name="share_once_per_buyer"),
        ]

    def __str__(self) -> str:
        return f"{self.offer}: {self.quantity}"
