"""Origin codes are issued once, by a worker, and only for a lot with an origin to show."""

import threading

import pytest
from django.db import connection
from django.urls import reverse

from core.models import OutboxMessage
from tests.cast import Cast, client_of
from tests.factories.products import LotFactory, VariantFactory
from tests.factories.traceability import OriginCodeBatchFactory, OriginCodeFactory
from tests.traceability.batches import ready_batch
from traceability.errors import OriginTooThin
from traceability.models import OriginCode, OriginCodeBatch
from traceability.services import issuing, printing

pytestmark = pytest.mark.django_db


def test_a_request_leaves_word_for_the_worker(cast: Cast, lot) -> None:
    answer = client_of(cast.mai).post(
        reverse("request-codes", args=[lot.pk]),
        {
            "quantity": "30",
            "sheet": "a4_24",
            "idempotency_key": "0b9c7a1e-5f5e-4d43-9d9e-0a1b2c3d4e5f",
        },
    )

    batch = OriginCodeBatch.objects.get()
    assert answer["Location"] == reverse("show-batch", args=[batch.pk])
    message = OutboxMessage.objects.get(topic="traceability.batch.requested")
    assert message.payload["batch_id"] == batch.pk


def test_a_lot_that_tells_nothing_gets_no_code(cast: Cast) -> None:
    bare = LotFactory(variant=VariantFactory(product__cooperative=cast.coop_a))

    with pytest.raises(OriginTooThin) as refused:
        issuing.request_origin_codes(lot=bare, quantity=1, sheet="a4_24", requested_by=cast.mai)

    assert len(refused.value.details["missing"]) == 2  # no harvest step, no picture
    assert not OriginCodeBatch.objects.exists()


def test_a_worker_issues_each_code_once_and_draws_the_files(lot) -> None:
    batch = ready_batch(lot, quantity=130)

    assert batch.state == OriginCodeBatch.State.READY
    assert (batch.quantity_done, OriginCode.objects.count()) == (130, 130)
    assert sorted(batch.codes.values_list("serial", flat=True)) == list(range(1, 131))
    assert printing.label_path(batch, "pdf").exists()


def test_running_again_late_changes_nothing(lot) -> None:
    batch = ready_batch(lot)
    before = list(batch.codes.values_list("code", flat=True))

    assert issuing.issue_batch(batch_id=batch.pk) is False

    assert list(batch.codes.values_list("code", flat=True)) == before


def test_a_batch_that_stopped_midway_is_finished(lot) -> None:
    batch = OriginCodeBatchFactory(lot=lot, quantity=3)
    OriginCodeFactory(batch=batch, serial=2)
    OriginCodeBatch.objects.filter(pk=batch.pk).update(changed_at="2026-01-01T00:00Z")

    assert issuing.continue_batches() == 1

    assert batch.codes.count() == 3
    assert issuing.continue_batches() == 0


def test_a_batch_that_cannot_be_drawn_says_so_and_is_drawn_again_on_a_press(
    cast: Cast, lot, settings, tmp_path
) -> None:
    batch = OriginCodeBatchFactory(lot=lot, quantity=3)
    whole_disk, settings.MEDIA_ROOT = settings.MEDIA_ROOT, tmp_path / "taken"
    settings.MEDIA_ROOT.write_text("no folder can be made here")

    assert issuing.issue_batch(batch_id=batch.pk) is False
    assert issuing.issue_batch(batch_id=batch.pk) is False

    codes = set(batch.codes.values_list("code", flat=True))
    batch.refresh_from_db()
    assert (batch.state, batch.failure, len(codes)) == ("failed", "disk", 3)
    person, press = client_of(cast.mai), reverse("redraw-batch", args=[batch.pk])
    address = reverse("show-batch", args=[batch.pk])
    assert "ổ đĩa máy chủ đầy" in person.get(address).text
    assert "Vẽ lại" in person.get(address).text
    assert "Mã bị lỗi" in person.get(reverse("list-lots", args=[cast.coop_a.slug])).text

    settings.MEDIA_ROOT = whole_disk
    for key in ("first-press-of-the-button", "second-press-of-the-button"):
        assert person.post(press, {"idempotency_key": key})["Location"] == address
    assert OutboxMessage.objects.filter(topic="traceability.batch.requested").count() == 1
    assert issuing.issue_batch(batch_id=batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.failure_words) == (OriginCodeBatch.State.READY, "")
    assert set(batch.codes.values_list("code", flat=True)) == codes


def test_a_batch_that_fails_does_not_hold_up_the_next(lot) -> None:
    old = {"changed_at": "2026-01-01T00:00Z"}
    bad, good = OriginCodeBatchFactory(lot=lot), OriginCodeBatchFactory(lot=lot)
    OriginCodeBatch.objects.filter(pk=bad.pk).update(sheet="unheard of", **old)
    OriginCodeBatch.objects.filter(pk=good.pk).update(**old)

    assert issuing.continue_batches() == 1

    bad.refresh_from_db()
    assert (bad.state, bad.failure) == ("failed", "drawing")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_issue_one_set(cast: Cast, lot) -> None:
    batch = OriginCodeBatchFactory(lot=lot, quantity=40)

    def work() -> None:
        issuing.issue_batch(batch_id=batch.pk)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    batch.refresh_from_db()
    assert (batch.state, batch.codes.count()) == (OriginCodeBatch.State.READY, 40)


def test_progress_is_told_while_the_worker_draws(cast: Cast, lot) -> None:
    batch = OriginCodeBatchFactory(lot=lot, quantity=10, quantity_done=4, state="drawing")

    progress = client_of(cast.mai).get(reverse("show-batch-progress", args=[batch.pk])).json()

    assert (progress["state"], progress["done"], progress["quantity"]) == ("drawing", 4, 10)


def test_the_lot_page_counts_codes_against_packs(cast: Cast, lot) -> None:
    address = reverse("show-lot", args=[lot.pk])
    ready_batch(lot, quantity=90)
    page = client_of(cast.mai).get(address).text
    assert "90 mã cho 100 gói" in page
    assert 'value="10"' in page
    assert "Mã nhiều hơn gói" not in page

    ready_batch(lot, quantity=11)
    assert "Mã nhiều hơn gói" in client_of(cast.mai).get(address).text


def test_the_console_follows_the_work_on_codes(cast: Cast, lot) -> None:
    drawing = OriginCodeBatchFactory(lot=lot, quantity=1500, quantity_done=250, state="drawing")
    OriginCodeBatchFactory(lot=lot, state="ready", ready_at="2026-01-01T00:00Z")
    address = reverse("list-code-work", args=[cast.coop_a.slug])

    [told] = client_of(cast.mai).get(address).json()["batches"]
    assert (told["done"], told["words"]) == (250, "Đang vẽ · 250/1.500")
    assert told["url"] == reverse("show-batch", args=[drawing.pk])
    [told] = client_of(cast.minh).get(address).json()["batches"]
    assert told["url"] == "", "a host prints no codes"
    assert client_of(cast.thao).get(address).status_code == 404
