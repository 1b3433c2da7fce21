"""Units of a lot: the one door through which they come and go.

Every change is one guarded UPDATE of the lot's own columns with a StockMovement beside it, in one
transaction. Services that change several lots do so in the order of their ids.
"""

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.db.models.functions import Greatest

from products import events
from products.errors import LotCodeTaken, LotOverfull, StockMoved, TooFewInLot
from products.models import Lot, StockMovement, Variant

LOT_CODE = r"[A-Z0-9-]{1,20}"  # the part of GS1's AI (10) that people can read aloud
Kind = StockMovement.Kind


@transaction.atomic
def record_harvest(  # noqa: PLR0913 - each is a fact of the lot
    *,
    variant: Variant,
    harvested_on: dt.date,
    quantity: int,
    code: str = "",
    best_before_on: dt.date | None = None,
    plot: str = "",
    by: Any = None,
) -> Lot:
    """Bring `quantity` packed units of a new lot into stock.

    Without `code` the lot gets one of its harvest day, such as L261104-2. Raises LotCodeTaken.
    """
    Variant.objects.select_for_update(no_key=True).get(pk=variant.pk)
    lot = Lot(
        variant=variant,
        code=code or _next_code(variant, harvested_on),
        harvested_on=harvested_on,
        best_before_on=best_before_on,
        plot=plot,
        quantity_made=quantity,
        quantity_available=quantity,
    )
    try:
        with transaction.atomic():
            lot.save()
    except IntegrityError as error:
        if "lot_code_once_per_variant" in str(error):
            raise LotCodeTaken(field="code") from error
        raise
    StockMovement.objects.create(lot=lot, kind=Kind.HARVEST, quantity=quantity, moved_by=by)
    events.lot_changed(lot)
    return lot


@transaction.atomic
def count_stock(*, lot: Lot, counted: int, seen: int, reason: str, by: Any = None) -> int:
    """Set what is available to what was counted on the shelf; returns the difference.

    `seen` is the number the counting person was shown. Raises StockMoved, writing nothing, when
    an offer took or gave back units since. More units than ever made raise `quantity_made`, so
    that what open offers hold can still come back.
    """
    difference = counted - seen
    moves = Lot.objects.filter(pk=lot.pk, quantity_available=seen)
    if not difference:
        if not moves.exists():
            raise StockMoved(_available(lot.pk))
        return 0
    held = -(
        lot.movements.filter(kind__in=(Kind.ALLOT, Kind.GIVE_BACK)).aggregate(
            held=Sum("quantity", default=0)
        )["held"]
    )
    made = Greatest(F("quantity_made"), counted + held)
    if not moves.update(quantity_available=counted, quantity_made=made):
        raise StockMoved(_available(lot.pk))
    StockMovement.objects.create(
        lot=lot, kind=Kind.ADJUST, quantity=difference, note=reason, moved_by=by
    )
    events.lot_changed(lot)
    return difference


@transaction.atomic
def take_from_lot(*, lot_id: int, quantity: int, reference: str, by: Any = None) -> None:
    """Take units out of what is available, for an offer named by `reference` (offer:17).

    Raises TooFewInLot, writing nothing, when fewer are there.
    """
    if quantity < 1 or not Lot.objects.filter(pk=lot_id).take(quantity):
        raise TooFewInLot(field="quantity", quantity_available=_available(lot_id))
    _move(lot_id, Kind.ALLOT, -quantity, reference, by)


@transaction.atomic
def give_back_to_lot(*, lot_id: int, quantity: int, reference: str, by: Any = None) -> None:
    """Put back what an offer did not sell; nothing to give back is no movement.

    Raises LotOverfull, writing nothing, when that would exceed what was made.
    """
    if quantity == 0:
        return
    if quantity < 0 or not Lot.objects.filter(pk=lot_id).give_back(quantity):
        raise LotOverfull
    _move(lot_id, Kind.GIVE_BACK, quantity, reference, by)


def _move(lot_id: int, kind: str, quantity: int, reference: str, by: Any) -> None:
    StockMovement.objects.create(
        lot_id=lot_id, kind=kind, quantity=quantity, reference=reference, moved_by=by
    )


def _available(lot_id: int) -> int:
    left = Lot.objects.filter(pk=lot_id).values_list("quantity_available", flat=True).first()
    return left or 0


def _next_code(variant: Variant, day: dt.date) -> str:
    """L261104-1, -2 …: the first number free for this pack and day."""
    stem = f"L{day:%y%m%d}-"
    taken = set(variant.lots.filter(code__startswith=stem).values_list("code", flat=True))
    return next(code for n in range(1, len(taken) + 2) if (code := f"{stem}{n}") not in taken)
