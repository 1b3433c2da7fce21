"""Label files go after half a year; the codes stay, and the files can be had again."""

import datetime as dt

import pytest

from core.clock import db_now
from tests.factories.traceability import OriginCodeBatchFactory
from traceability.services import issuing, printing

pytestmark = pytest.mark.django_db


def test_old_files_go_and_can_be_drawn_again_with_the_same_codes() -> None:
    batch = OriginCodeBatchFactory(quantity=2)
    issuing.issue_batch(batch_id=batch.pk)
    codes = set(batch.codes.values_list("code", flat=True))
    type(batch).objects.update(ready_at=db_now() - dt.timedelta(days=200))

    assert issuing.sweep_labels() == 1

    batch.refresh_from_db()
    assert (batch.state, batch.label_file) == ("ready", "")
    assert not printing.label_path(batch, "pdf").exists()
    assert issuing.sweep_labels() == 0

    issuing.try_again(batch=batch)
    issuing.issue_batch(batch_id=batch.pk)

    batch.refresh_from_db()
    assert printing.label_path(batch, "pdf").exists()
    assert set(batch.codes.values_list("code", flat=True)) == codes
