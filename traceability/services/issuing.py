"""Origin codes of a lot: requested by a member, issued and rendered by a worker."""

import contextlib
import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db import OperationalError, connection, transaction
from django.db.models import Q

from accounts.models import User
from core.clock import Instant
from core.codes import random_code
from products.models import Lot
from traceability import events
from traceability.errors import OriginTooThin
from traceability.models import OriginCode, OriginCodeBatch
from traceability.services import completeness, printing

logger = logging.getLogger(__name__)
State, Failure = OriginCodeBatch.State, OriginCodeBatch.Failure
CODE_LENGTH = 16  # of 29 signs: 77 bits, so codes cannot be guessed
CHUNK = 100
STALE_AFTER_S = 60
LABELS_KEPT_DAYS = 180
SWEPT_AT_ONCE = 500
BATCH_LOCK = 7_305_003  # namespace of the advisory locks that keep two workers off one batch


@transaction.atomic
def request_origin_codes(
    *, lot: Lot, quantity: int, sheet: str, requested_by: User
) -> OriginCodeBatch:
    """Ask for `quantity` codes of `lot`; a worker issues them and renders the sheet.

    Raises OriginTooThin when the lot has too little origin data (details: `missing`).
    """
    missing = [str(need.words) for need in completeness.needs_of(lot) if not need.is_met]
    if missing:
        raise OriginTooThin(missing=missing)
    batch = OriginCodeBatch.objects.create(
        lot=lot, quantity=quantity, sheet=sheet, requested_by=requested_by
    )
    events.batch_requested(batch)
    return batch


def issue_batch(*, batch_id: int) -> bool:
    """Issue the missing codes of the batch, render its files, and mark it ready.

    May run twice, at once and late: serials are unique by constraint, files are replaced whole,
    and a batch another worker holds (or that is ready or failed) is left alone; then returns
    False. A batch that cannot be rendered is marked failed, with its codes kept, until try_again.
    """
    with _held(batch_id) as is_mine:
        if not is_mine:
            return False
        batch = OriginCodeBatch.objects.filter(pk=batch_id).first()
        if batch is None or batch.state in {State.READY, State.FAILED}:
            return False
        try:
            _issue_and_draw(batch)
        except OperationalError:
            raise  # the database is away: the batch waits for it
        except Exception as error:
            logger.exception("batch %s could not be drawn", batch_id)
            failure = Failure.DISK if isinstance(error, OSError) else Failure.DRAWING
            _mark(batch, state=State.FAILED, failure=failure)
            return False
        return True


def _issue_and_draw(batch: OriginCodeBatch) -> None:
    while _issue_chunk(batch):
        pass
    label_file = printing.draw_files(batch, told=lambda done: _mark(batch, quantity_done=done))
    _mark(
        batch,
        state=State.READY,
        quantity_done=batch.quantity,
        label_file=label_file,
        ready_at=Instant(),
    )


@transaction.atomic
def try_again(*, batch: OriginCodeBatch) -> None:
    """Ask a worker anew for a batch that failed or whose files were tidied away; its codes stay.

    A second call changes nothing.
    """
    again = Q(state=State.FAILED) | Q(state=State.READY, label_file="")
    if OriginCodeBatch.objects.filter(again, pk=batch.pk).update(
        state=State.WAITING, failure="", quantity_done=0, changed_at=Instant()
    ):
        events.batch_requested(batch)


def continue_batches() -> int:
    """Finish batches whose worker died or whose request was lost on the way; returns how many."""
    stale = OriginCodeBatch.objects.exclude(state__in=(State.READY, State.FAILED)).filter(
        changed_at__lt=Instant() - timedelta(seconds=STALE_AFTER_S)
    )
    return sum(issue_batch(batch_id=pk) for pk in stale.values_list("pk", flat=True))


@transaction.atomic
def _issue_chunk(batch: OriginCodeBatch) -> bool:
    """Issue up to CHUNK missing serials; False when none is missing."""
    have = set(batch.codes.values_list("serial", flat=True))
    missing = [n for n in range(1, batch.quantity + 1) if n not in have][:CHUNK]
    OriginCode.objects.bulk_create(
        [
            OriginCode(code=random_code(CODE_LENGTH), lot_id=batch.lot_id, batch=batch, serial=n)
            for n in missing
        ],
        ignore_conflicts=True,
    )
    _mark(batch, state=State.DRAWING)
    return bool(missing)


def _mark(batch: OriginCodeBatch, **changes: object) -> None:
    open_batch = OriginCodeBatch.objects.filter(pk=batch.pk).exclude(state=State.READY)
    open_batch.update(changed_at=Instant(), **changes)


@contextlib.contextmanager
def _held(batch_id: int) -> Iterator[bool]:
    """Hold the batch for this worker; the lock goes with the connection if the worker dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [BATCH_LOCK, batch_id])
        is_mine = cursor.fetchone()[0]
        try:
            yield is_mine
        finally:
            if is_mine:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [BATCH_LOCK, batch_id])


def sweep_labels() -> int:
    """Delete label files half a year old, and files of no batch; returns how many batches.

    The codes stay, and their files can be made again at any time.
    """
    old = Instant() - timedelta(days=LABELS_KEPT_DAYS)
    ready = OriginCodeBatch.objects.filter(state=State.READY, ready_at__lt=old)
    swept = 0
    for batch in ready.exclude(label_file="")[:SWEPT_AT_ONCE]:
        printing.delete_files(batch)
        swept += OriginCodeBatch.objects.filter(pk=batch.pk, state=State.READY).update(
            label_file=""
        )
    return swept
