"""The diary of a lot: steps are added and corrected, never overwritten."""

import datetime as dt
from collections.abc import Sequence

from django.db import IntegrityError, transaction

from accounts.models import User
from coops.models import Commune
from core.models import Picture
from products.models import Lot
from traceability import events
from traceability.errors import StepAlreadyCorrected, StepsOutOfOrder
from traceability.models import TraceEvent, TracePhoto
from traceability.order_of_steps import too_early_for

LOT = "lot__variant__product__cooperative"


@transaction.atomic
def record_step(  # noqa: PLR0913 - what, where, when, by whom: the key data of one event
    *,
    lot: Lot,
    step: str,
    title: str,
    happened_on: dt.date,
    recorded_by: User,
    note: str = "",
    place: str = "",
    commune: Commune | None = None,
    pictures: Sequence[Picture] = (),
    corrects: TraceEvent | None = None,
    order_is_meant: bool = True,
) -> TraceEvent:
    """Write one step of `lot`; with `corrects`, it takes that step's place and the old one stays.

    Raises StepAlreadyCorrected when another step corrects the same one, and StepsOutOfOrder for a
    day before a step that must come first, unless `order_is_meant`.
    """
    if not order_is_meant:
        _refuse_impossible(lot, step, happened_on, corrects)
    event = TraceEvent(
        lot=lot,
        step=step,
        title=title,
        note=note,
        happened_on=happened_on,
        place=place,
        commune=commune,
        corrects=corrects,
        recorded_by=recorded_by,
    )
    try:
        with transaction.atomic():
            event.save()
    except IntegrityError as error:
        raise StepAlreadyCorrected from error
    kept = [photo.picture for photo in corrects.photos.all()] if corrects else []
    TracePhoto.objects.bulk_create(
        TracePhoto(event=event, picture=picture, position=position)
        for position, picture in enumerate([*kept, *pictures])
    )
    events.step_recorded(event)
    return event


def _refuse_impossible(lot: Lot, step: str, day: dt.date, corrects: TraceEvent | None) -> None:
    others = lot.trace_events.standing().exclude(pk=corrects.pk if corrects else 0)
    told = list(others.values_list("step", "happened_on"))
    if earliest := too_early_for((step, day), told, lot.harvested_on):
        raise StepsOutOfOrder(earliest)


def newest_of(event: TraceEvent) -> TraceEvent:
    """The current version of `event`: itself, or its last correction."""
    while later := TraceEvent.objects.filter(corrects=event.pk).select_related(LOT).first():
        event = later
    return event


def hold_newest(event: TraceEvent) -> TraceEvent:
    """`newest_of`, locked until the end of the transaction against concurrent corrections."""
    TraceEvent.objects.select_for_update(no_key=True).get(pk=event.pk)
    newest = newest_of(event)
    return newest if newest.pk == event.pk else hold_newest(newest)
