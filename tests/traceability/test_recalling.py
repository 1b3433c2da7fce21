"""A single code is called back: on its page, for programs, and in the history."""

import html
import uuid
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client

from tests.cast import Cast, client_of
from tests.factories.traceability import OriginCodeFactory
from traceability.models import OriginCode

pytestmark = pytest.mark.django_db
WHY = "Nhãn bị mất ở chợ Bắc Hà."


@pytest.fixture
def origin(cast: Cast) -> OriginCode:
    return OriginCodeFactory(batch__lot__variant__product__cooperative=cast.coop_a)


def recall(client: Client, origin: OriginCode, **typed: str) -> Any:
    sent = {"ma": origin.code.lower(), "reason": WHY, "idempotency_key": str(uuid.uuid4()), **typed}
    return client.post(f"/lam-viec/lo/{origin.lot_id}/thu-hoi/", sent)


def page_of(origin: OriginCode) -> str:
    return html.unescape(Client().get(f"/t/{origin.code}").content.decode())


def test_whoever_opens_a_recalled_code_reads_so_and_why(cast: Cast, origin: OriginCode) -> None:
    other = OriginCodeFactory(batch=origin.batch)
    mai = client_of(cast.mai)
    assert recall(mai, origin).status_code == 302

    assert "Mã này đã bị thu hồi" in page_of(origin)
    assert WHY in page_of(origin)
    assert "đã bị thu hồi" not in page_of(other)
    told = Client().get(f"/api/origin/{origin.code}/").json()
    assert (told["state"], told["recall_reason"]) == ("recalled", WHY)
    assert recall(mai, origin).status_code == 409  # once is enough


def test_it_is_undone_and_the_history_keeps_both(cast: Cast, origin: OriginCode) -> None:
    mai = client_of(cast.mai)
    recall(mai, origin)
    lift = f"/lam-viec/lo/{origin.lot_id}/thu-hoi/{origin.code}/thoi/"
    mai.post(lift, {"idempotency_key": str(uuid.uuid4())})

    assert "Mã này đã bị thu hồi" not in page_of(origin)
    kept = OriginCode.pgh_event_model.objects.filter(pgh_obj=origin).order_by("pgh_id")  # type: ignore[attr-defined]
    assert list(kept.values_list("recall_reason", flat=True)) == [WHY, ""]
    assert kept[0].pgh_context.metadata["user"] == cast.mai.pk


@pytest.mark.parametrize("who", ["minh", "thao", "lan"])
def test_only_a_manager_of_the_co_op_calls_back(cast: Cast, origin: OriginCode, who: str) -> None:
    assert recall(client_of(getattr(cast, who)), origin).status_code == 404
    origin.refresh_from_db()
    assert origin.recalled_at is None


def test_a_foreign_code_and_a_missing_reason_are_said(cast: Cast, origin: OriginCode) -> None:
    stranger = OriginCodeFactory()
    mai = client_of(cast.mai)
    assert "Lô này không có mã ấy" in recall(mai, origin, ma=stranger.code).content.decode()
    assert "vì sao" in recall(mai, origin, reason=" ").content.decode()


def test_a_recall_without_a_reason_is_no_row(cast: Cast, origin: OriginCode) -> None:
    with pytest.raises(IntegrityError):
        OriginCode.objects.filter(pk=origin.pk).update(recalled_at=origin.issued_at)
