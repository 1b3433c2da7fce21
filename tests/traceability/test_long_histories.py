"""A lot with a long diary and many codes is told in pages, and counted without reading them all."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.clock import db_today
from tests.cast import Cast, client_of
from tests.factories.products import LotFactory, VariantFactory
from tests.factories.traceability import OriginCodeFactory
from traceability.models import OriginCode, OriginCodeBatch, TraceEvent
from traceability.views import STEPS_SHOWN

pytestmark = pytest.mark.django_db


@pytest.fixture
def lot(cast: Cast):
    lot = LotFactory(variant=VariantFactory(product__cooperative=cast.coop_a))
    began_on = db_today() - dt.timedelta(days=100)
    TraceEvent.objects.bulk_create(
        TraceEvent(
            lot=lot,
            step="process",
            title=f"Bước-{n:03}.",
            happened_on=began_on + dt.timedelta(days=n),
            recorded_by=cast.mai,
        )
        for n in range(STEPS_SHOWN + 1)
    )
    return lot


def test_a_long_diary_shows_its_newest_steps_and_the_way_to_the_others(cast: Cast, lot) -> None:
    where = reverse("show-lot", args=[lot.pk])
    newest = client_of(cast.mai).get(where).text
    assert f"Bước-{STEPS_SHOWN:03}." in newest
    assert "Bước-000." not in newest
    assert "Bước-000." in client_of(cast.mai).get(where, {"page": "1"}).text


def test_the_page_of_a_code_tells_a_long_journey_in_pages(client: Client, lot) -> None:
    where = reverse("show-origin", args=[OriginCodeFactory(lot=lot).code])
    assert f"Bước-{STEPS_SHOWN:03}." not in client.get(where).text
    assert f"Bước-{STEPS_SHOWN:03}." in client.get(where, {"page": "2"}).text


def test_the_page_of_a_code_asks_no_more_for_a_longer_journey(client: Client, lot) -> None:
    where = reverse("show-origin", args=[OriginCodeFactory(lot=lot).code])
    with CaptureQueriesContext(connection) as queries:
        client.get(where)
    assert len(queries) < STEPS_SHOWN


def test_lots_are_counted_as_they_stand(cast: Cast, lot) -> None:
    TraceEvent.objects.create(
        lot=lot,
        step="process",
        title="Sửa",
        happened_on=db_today(),
        corrects=lot.trace_events.first(),
        recorded_by=cast.mai,
    )
    for state, quantity, issued in (("ready", 3, 3), ("drawing", 5, 2)):
        batch = OriginCodeBatch.objects.create(lot=lot, quantity=quantity, state=state)
        OriginCode.objects.bulk_create(
            OriginCode(code=f"{state.upper()}{n}", lot=lot, batch=batch, serial=n + 1)
            for n in range(issued)
        )
    page = client_of(cast.mai).get(reverse("list-lots", args=[cast.coop_a.slug]))
    assert f"{STEPS_SHOWN + 1} bước, 5 mã" in page.text


def test_no_list_of_lots_reads_all_codes(cast: Cast, lot) -> None:
    client = client_of(cast.mai)
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("list-lots", args=[cast.coop_a.slug]))
    counting = [query["sql"] for query in queries if 'traceability_origincode"' in query["sql"]]
    assert len(counting) == 1
    assert 'JOIN "traceability_traceevent"' not in counting[0].split('FROM "products_lot"')[-1]
