"""Which orders, parcels and lines: the vocabulary of the orders app."""

import contextlib
import datetime as dt
import re
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Func, Prefetch, Q, Value
from django.db.models.functions import Concat

from coops.models import Cooperative
from core.clock import Instant
from core.codes import normalize_order_code
from core.phones import InvalidPhone, normalize_phone
from core.text import fold

HELD, AWAITING_PAYMENT, CONFIRMED = "held", "awaiting_payment", "confirmed"
ON_HOLD_STATES = (HELD, AWAITING_PAYMENT)  # units are taken until pay_by
OPEN_STATES = (HELD, AWAITING_PAYMENT, CONFIRMED)  # units are taken
ORDERED_STATES = (AWAITING_PAYMENT, CONFIRMED)  # the buyer wants them: figures count these
CLOSED_STATES = ("cancelled", "released")  # it came to nothing, or was not paid in time
# The buyer says that the transfer is made, and nobody has seen it yet; of closed ones, the last days
SAID_PAID_SHOWN = dt.timedelta(days=7)
SAID_PAID = Q(buyer_paid_at__isnull=False, paid_at=None, money_not_found_at=None) & (
    Q(state=AWAITING_PAYMENT)
    | Q(state__in=CLOSED_STATES, buyer_paid_at__gt=Instant() - SAID_PAID_SHOWN)
)
PLACES_KEPT = dt.timedelta(days=30)
FEWEST_DIGITS = 3
REVEAL_LASTS = dt.timedelta(minutes=60)


# Text in lower case, without Vietnamese marks and with spaces for punctuation, as core.text.fold has it
PLAIN = (
    "regexp_replace(regexp_replace(regexp_replace("
    "normalize(translate(lower(%(expressions)s), 'đ', 'd'), NFD),"
    " '[\u0300-\u036f]', '', 'g'), '[!-/:-@\\[-`{-~[:space:]]+', ' ', 'g'),"
    " '(?<=[bcdfghjklmnpqrstvwxz]|qu)y', 'i', 'g')"
)
LAST_DIGITS = "right(%(expressions)s, 4) || ' ' || right(%(expressions)s, 3)"


def search_words(name: str, code: str, phone: str) -> Func:
    """Words an order is found by, each after a space: of the name, the code, the last digits."""
    text = models.TextField()
    said = Func(name, code, template=PLAIN, arg_joiner=" || ' ' || ", output_field=text)
    digits = Func(phone, template=LAST_DIGITS, output_field=text)
    joiner, template = " || ' ' || ", "' ' || %(expressions)s || ' '"
    return Func(said, digits, template=template, arg_joiner=joiner, output_field=text)


def words_of_a_buyer(typed: str, prefix: str = "", words_in: str = "") -> Q:
    """Orders of this code, with this phone, or of a buyer whose name has words that begin so.

    A word of digits is compared whole, with the last three or four digits of the phone among the
    rest: any length between them and the whole number would let a masked one be read digit by
    digit. Every comparison is of an indexed column, unless `words_in` names another.
    """
    found = Q()
    if code := normalize_order_code(typed):
        found |= Q(**{f"{prefix}code": code})
    said = _words(typed)
    if is_number(typed):
        with contextlib.suppress(InvalidPhone):
            found |= Q(**{f"{prefix}buyer_phone": normalize_phone(typed)})
    words = Q()
    for word in said:
        whole = f" {word} " if word.isdecimal() else f" {word}"
        words &= Q(**{f"{words_in or f'{prefix}search_text'}__contains": whole})
    return found | words if words else found


def matching_of_few(rows: Any, typed: str, prefix: str = "") -> Any:
    """Rows of orders that match, of so few (a session's) that each is read.

    The index of all orders' names has tens of thousands of entries for a name that many have.
    """
    unindexed = Concat(f"{prefix}search_text", Value(""), output_field=models.TextField())
    return rows.alias(words_read=unindexed).filter(words_of_a_buyer(typed, prefix, "words_read"))


def is_number(typed: str) -> bool:
    return bool(typed) and not re.search(r"[^\d\s.+()\-]", typed)


def _words(typed: str) -> list[str]:
    said = fold(typed).split()[:8]
    return ["".join(said)] if said and is_number(typed) else said


def digits_sought(typed: str) -> str:
    """The digits of a phone that a search asks for; "" for fewer than every mask shows."""
    digits = max((word for word in _words(typed) if word.isdecimal()), key=len, default="")
    return digits if len(digits) >= FEWEST_DIGITS else ""


class OrderQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Orders whose units are taken: neither cancelled nor released."""
        return self.filter(state__in=OPEN_STATES)

    def awaiting_payment(self) -> Self:
        return self.filter(state=AWAITING_PAYMENT)

    def overdue(self) -> Self:
        return self.filter(state__in=ON_HOLD_STATES, pay_by__lt=Instant())

    def of_sessions_hosted_by(self, user: Any) -> Self:
        """Orders of sessions held by a co-op that `user` hosts for: who takes the transfers."""
        return self.filter(session__cooperative__in=Cooperative.objects.hosted_by(user))

    def matching(self, typed: str) -> Self:
        return self.filter(words_of_a_buyer(typed))

    def matching_of_session(self, typed: str) -> Self:
        """`matching`, for orders of one session."""
        return matching_of_few(self, typed)


class MaskedQuerySet(models.QuerySet):
    """Rows with a buyer's number, masked until a member asks to see it."""

    reveals: ClassVar[dict[str, models.OuterRef]]  # which PhoneReveals belong to a row

    def with_reveals_to(self, user: Any) -> Self:
        """Adds `is_revealed`: whether `user` asked for the whole number within the hour."""
        from orders.models import PhoneReveal

        mine = PhoneReveal.objects.filter(
            **self.reveals, revealed_to=user.pk, revealed_at__gt=Instant() - REVEAL_LASTS
        )
        return self.annotate(is_revealed=models.Exists(mine))


class CallBackQuerySet(MaskedQuerySet):
    reveals: ClassVar = {"call_back": models.OuterRef("pk")}

    def waiting(self) -> Self:
        return self.filter(settled_at=None)

    def past(self) -> Self:
        """Calls that were made, or that nobody made in time: their buyers need them no more."""
        return self.filter(wanted_at__lt=Instant() - PLACES_KEPT)


class PartOfAnOrderQuerySet(MaskedQuerySet):
    """Rows of an order that co-ops work on: found by its buyer."""

    def matching(self, typed: str) -> Self:
        return self.filter(words_of_a_buyer(typed, "order__"))


class ParcelQuerySet(PartOfAnOrderQuerySet):
    reveals: ClassVar = {"parcel": models.OuterRef("pk")}

    def packed_by(self, user: Any) -> Self:
        """Parcels of the co-ops `user` packs for. Never another co-op's part of the same order."""
        return self.filter(cooperative__in=Cooperative.objects.packed_by(user))

    def with_goods(self) -> Self:
        """Without those whose last line the buyer took out; they stay behind, cancelled."""
        return self.filter(goods_vnd__gt=0)

    def for_packing(self) -> Self:
        """With what a packing list shows, in a fixed number of queries."""
        from orders.models import OrderLine

        return self.select_related(
            "order__session", "order__commune__province", "cooperative"
        ).prefetch_related(
            Prefetch("lines", OrderLine.objects.order_by("live_code")), "order__refunds"
        )

    def still_open(self) -> Self:
        """Parcels that are not finished; only these show a buyer's whole number."""
        return self.filter(state__in=("new", "packed", "shipped"), order__state__in=OPEN_STATES)


class OrderLineQuerySet(models.QuerySet):
    def counted(self) -> Self:
        """Lines counted in figures: of orders neither cancelled nor released."""
        return self.filter(order__state__in=ORDERED_STATES)

    def of_staff(self, user: Any) -> Self:
        return self.filter(cooperative__in=Cooperative.objects.of_staff(user))


class StandbyEntryQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        return self.filter(state="waiting")

    def for_page(self) -> Self:
        """With what the buyer's page shows, in a fixed number of queries."""
        from livestreams.models import Offer

        offers = Offer.objects.for_cards().select_related("session__cooperative")
        return self.select_related("order", "commune__province").prefetch_related(
            Prefetch("offer", offers), "order__lines"
        )

    def past(self) -> Self:
        """Places that came to nothing and whose buyers need them no more."""
        return self.filter(state__in=("left", "closed"), settled_at__lt=Instant() - PLACES_KEPT)

    def to_be_told(self) -> Self:
        """Those whose turn has come, who can still take their goods and got no message yet."""
        return self.filter(
            state="promoted", told_at=None, order__state=HELD, order__pay_by__gt=Instant()
        )


class RefundQuerySet(PartOfAnOrderQuerySet):
    reveals: ClassVar = {"parcel__order": models.OuterRef("order")}

    def due(self) -> Self:
        return self.filter(state="due")

    def due_matching(self, typed: str) -> Self:
        return matching_of_few(self.due(), typed, "order__")

    def settled(self) -> Self:
        return self.exclude(state="due")

    def settled_by(self, user: Any) -> Self:
        """Refunds of sessions held by a co-op that `user` hosts for: who took the transfers."""
        return self.filter(order__session__cooperative__in=Cooperative.objects.hosted_by(user))

    def for_cards(self) -> Self:
        """With what the queue shows, in a fixed number of queries."""
        from orders.models import OrderLine

        lines = Prefetch("order__lines", OrderLine.objects.order_by("live_code"))
        return self.select_related(
            "order__session__cooperative",
            "parcel__cooperative",
            "noted_by",
            "settled_by",
            "replacement",
        ).prefetch_related(lines)
