"""OCOP stars: entered by the co-op, believed once the province has looked at the decision."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from coops.errors import OwnMatter
from coops.models import Province
from coops.services.impartiality import is_own_matter, why_not
from core.clock import Instant
from core.models import Picture
from core.shown import Version, refuse_changed, version_of
from products import events
from products.doubts import doubts_about
from products.errors import (
    AlreadyDecided,
    DecisionRevoked,
    DecisionTaken,
    DoubtfulDecision,
    RegisterAlreadyCounted,
)
from products.models import OcopRecognition, OcopRegister, Product, RecognitionPage

State = OcopRecognition.State


@transaction.atomic
def submit_recognition(  # noqa: PLR0913 - what a decision says
    *,
    product: Product,
    stars: int,
    number: str,
    issued_on: dt.date,
    issuer: str,
    evidence: Sequence[Picture] = (),
    by: Any = None,
) -> OcopRecognition:
    """Hand a decision in for verification; no star is shown before. Raises DecisionTaken."""
    recognition = OcopRecognition(
        product=product,
        stars=stars,
        number=number,
        issued_on=issued_on,
        issuer=issuer,
        submitted_by=by,
    )
    _save(recognition)
    _put_pages(recognition, evidence)
    events.recognition_submitted(recognition)
    return recognition


@transaction.atomic
def resubmit_recognition(
    *,
    recognition: OcopRecognition,
    evidence: Sequence[Picture] = (),
    by: Any = None,
    **values: Any,
) -> None:
    """Correct a decision that waits or was not accepted; it waits (again).

    Pages sent now take the place of those sent before; without any, those stay.
    Raises AlreadyDecided when it has been verified or revoked meanwhile, DecisionTaken.
    """
    open_states = (State.WAITING, State.REFUSED)
    changed = OcopRecognition.objects.filter(pk=recognition.pk, state__in=open_states).update(
        state=State.WAITING, submitted_at=Instant(), submitted_by=by, first_verified_by=None
    )
    if not changed:
        raise AlreadyDecided
    for name, value in values.items():
        setattr(recognition, name, value)
    _save(recognition, fields=list(values))
    if evidence:
        recognition.pages.all().delete()
        _put_pages(recognition, evidence)
    recognition.refresh_from_db()
    events.recognition_submitted(recognition)


@transaction.atomic
def withdraw_recognition(*, recognition: OcopRecognition) -> None:
    """Take back a decision that is not verified yet. Raises AlreadyDecided."""
    open_states = (State.WAITING, State.REFUSED)
    gone, _rows = OcopRecognition.objects.filter(pk=recognition.pk, state__in=open_states).delete()
    if not gone:
        raise AlreadyDecided


def shown_version(recognition: OcopRecognition) -> Version:
    """A mark of what a decision about it rests on: the row, its pages and its product's name."""
    fields = [field.attname for field in recognition._meta.concrete_fields]
    pages = recognition.pages.order_by("position", "pk").values_list("picture_id", flat=True)
    name = Product.objects.values_list("name", flat=True).get(pk=recognition.product_id)
    return version_of([*(getattr(recognition, field) for field in fields), *pages, name])


@transaction.atomic
def verify_recognition(
    *, recognition: OcopRecognition, by: Any, note: str = "", version: Version = ""
) -> None:
    """The province has seen the decision: stars may be shown while in date. With TWO_REVIEWERS it
    waits on after the first.

    `version` is what the reviewer was shown (shown_version). Raises DoubtfulDecision when
    something about it strikes the eye and no note says how it was checked; AlreadyDecided,
    ChangedSinceShown, OwnMatter or SecondReviewerNeeded.
    """
    row = _hold(recognition, State.WAITING, version)
    if row.state == State.WAITING:
        if refusal := why_not_verify(by, row):
            raise refusal
        if not note and doubts_about(row):
            raise DoubtfulDecision(field="note")
        if settings.TWO_REVIEWERS and row.first_verified_by_id is None:
            OcopRecognition.objects.filter(pk=row.pk).update(first_verified_by=by)
            recognition.refresh_from_db()
            return
    _decide(recognition, State.WAITING, State.VERIFIED, by, note, version)


def why_not_verify(by: Any, recognition: OcopRecognition) -> Any:
    """The refusal a reviewer would meet, for the page; None when they may verify."""
    return why_not(
        by,
        recognition.product.cooperative,
        recognition.submitted_by_id,
        first=recognition.first_verified_by_id,
    )


def refuse_recognition(
    *, recognition: OcopRecognition, by: Any, note: str, version: Version = ""
) -> None:
    _decide(recognition, State.WAITING, State.REFUSED, by, note, version)


def revoke_recognition(
    *, recognition: OcopRecognition, by: Any, note: str, version: Version = ""
) -> None:
    """The stars go at once, for the reason in `note`."""
    _decide(recognition, State.VERIFIED, State.REVOKED, by, note, version)


def restore_recognition(
    *, recognition: OcopRecognition, by: Any, note: str, version: Version = ""
) -> None:
    """Give back stars that were taken away by mistake; `note` says why.

    Raises AlreadyDecided, OwnMatter.
    """
    if is_own_matter(by, recognition.product.cooperative, recognition.submitted_by_id):
        raise OwnMatter
    _decide(recognition, State.REVOKED, State.VERIFIED, by, note, version)


def reopen_recognition(
    *, recognition: OcopRecognition, by: Any, note: str, version: Version = ""
) -> None:
    """A decision that was not accepted by mistake waits again, as if it had just been sent."""
    _decide(recognition, State.REFUSED, State.WAITING, by, note, version)


@transaction.atomic
def correct_register(*, register: OcopRegister, by: Any, **changes: Any) -> OcopRegister:
    """Correct `product_count` or `source`; the history keeps the earlier values and who wrote them."""
    for name, value in {**changes, "recorded_by": by}.items():
        setattr(register, name, value)
    register.save(update_fields=[*changes, "recorded_by"])
    return register


@transaction.atomic
def record_register(
    *, province: Province, counted_on: dt.date, product_count: int, source: str, by: Any
) -> OcopRegister:
    """How many products the province's own register holds. Raises RegisterAlreadyCounted."""
    register = OcopRegister(
        province=province,
        counted_on=counted_on,
        product_count=product_count,
        source=source,
        recorded_by=by,
    )
    try:
        with transaction.atomic():
            register.save()
    except IntegrityError as error:
        raise RegisterAlreadyCounted(field="counted_on") from error
    return register


@transaction.atomic
def _decide(
    recognition: OcopRecognition, old: str, new: str, by: Any, note: str, version: Version
) -> None:
    """Only who finds it in its old state, and as it was shown, decides.

    Raises AlreadyDecided for everyone after, ChangedSinceShown.
    """
    _hold(recognition, old, version)
    changed = OcopRecognition.objects.filter(pk=recognition.pk, state=old).update(
        state=new, reviewed_by=by, reviewed_at=Instant(), review_note=note
    )
    if not changed:
        raise AlreadyDecided
    recognition.refresh_from_db()
    events.recognition_decided(recognition)


def _hold(recognition: OcopRecognition, old: str, version: Version) -> OcopRecognition:
    """Its row, locked. Raises ChangedSinceShown while it is in its old state, AlreadyDecided when
    the co-op took it back.
    """
    rows = OcopRecognition.objects.select_for_update(no_key=True)
    row = rows.filter(pk=recognition.pk).first()
    if row is None:
        raise AlreadyDecided
    if row.state == old:
        refuse_changed(version, shown_version(row))
    return row


def _put_pages(recognition: OcopRecognition, pictures: Sequence[Picture]) -> None:
    RecognitionPage.objects.bulk_create(
        RecognitionPage(recognition=recognition, picture=picture, position=position)
        for position, picture in enumerate(pictures)
    )


def _save(recognition: OcopRecognition, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            recognition.save(update_fields=fields)
    except IntegrityError as error:
        if "decision_once_per_product" in str(error):
            same = OcopRecognition.objects.filter(
                product=recognition.product_id, number=recognition.number, state=State.REVOKED
            )
            refusal = DecisionRevoked if same.exists() else DecisionTaken
            raise refusal(field="number") from error
        raise
