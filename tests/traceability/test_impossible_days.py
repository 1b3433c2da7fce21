"""Days that cannot be: asked about when they are written, never told as fact."""

import datetime as dt

import pytest
from django.urls import reverse

from core.clock import db_today
from core.forms import LocalDateField
from products.models import Product, Variant
from tests.cast import client_of, make_cast
from tests.factories.products import LotFactory
from tests.factories.traceability import OriginCodeFactory, TraceEventFactory
from tests.livestreams.desk import press
from traceability.models import TraceEvent
from traceability.order_of_steps import doubtful
from traceability.services.printing import label_words

pytestmark = pytest.mark.django_db
Step = TraceEvent.Step
FIRST = dt.date(2026, 5, 10)


def days_after(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def lot_with(*steps: tuple[str, int]):
    lot = LotFactory(harvested_on=FIRST)
    for step, day in steps:
        TraceEventFactory(lot=lot, step=step, happened_on=days_after(day))
    return lot


@pytest.mark.parametrize(
    ("steps", "odd"),
    [
        ([(Step.HARVEST, 0), (Step.PROCESS, 1), (Step.PACK, 3), (Step.SHIP, 5)], set()),
        ([(Step.HARVEST, 0), (Step.PACK, 3), (Step.PROCESS, 4), (Step.PROCESS, 2)], set()),
        ([(Step.HARVEST, 0), (Step.PROCESS, 2), (Step.PACK, 1)], {Step.PACK}),
        ([(Step.HARVEST, 0), (Step.PACK, 3), (Step.SHIP, 2)], {Step.SHIP}),
        ([(Step.HARVEST, 0), (Step.INSPECT, -1)], {Step.INSPECT}),
        ([(Step.PROCESS, -1)], {Step.PROCESS}),
        ([(Step.HARVEST, 0), (Step.STORE, 0), (Step.INSPECT, 9)], set()),
    ],
)
def test_a_step_before_the_one_that_must_come_first_is_found(steps, odd):
    lot = lot_with(*steps)
    days = lot.trace_events.values_list("pk", "step", "happened_on")
    found = doubtful(days, lot.harvested_on)
    assert {event.step for event in lot.trace_events.filter(pk__in=found)} == odd


def test_it_is_asked_about_once_when_it_is_written():
    cast = make_cast()
    lot = LotFactory(variant__product__cooperative=cast.coop_a, harvested_on=FIRST)
    mai, path = client_of(cast.mai), reverse("add-step", args=[lot.pk])
    typed = {"step": "pack", "title": "Đóng gói", "happened_on": str(days_after(-3))}
    answer = press(mai, path, **typed)
    assert answer.status_code == 422
    assert "trước ngày 10/05/2026" in answer.content.decode()
    assert not lot.trace_events.exists()
    assert press(mai, path, **typed, day_meant=str(days_after(-3))).status_code == 302
    assert lot.trace_events.count() == 1


def test_the_public_page_does_not_tell_it_as_fact(client):
    lot = lot_with((Step.HARVEST, 0), (Step.PROCESS, 4), (Step.PACK, 2))
    code = OriginCodeFactory(batch__lot=lot)
    page = client.get(f"/t/{code.code}", follow=True).content.decode()
    assert "đang xem lại ngày" in page
    assert f"{days_after(2):%d/%m/%Y}" not in page
    told = client.get(f"/api/origin/{code.code}/").json()
    assert [told["steps"][n]["step"] for n in told["doubtful_steps"]] == ["pack"]


@pytest.mark.parametrize("typed", ["0025-11-04", "04/11/0025", "9999-12-31", "04/11/1925"])
def test_no_day_is_taken_that_nobody_can_mean(typed):
    field = LocalDateField()
    with pytest.raises(Exception) as refused:  # noqa: PT011 - Django's own
        field.clean(typed)
    assert refused.value.code in {"short_year", "earliest", "latest"}
    assert field.clean(str(db_today() + dt.timedelta(days=3650)))


def test_a_renamed_pack_changes_nothing_that_printed_codes_claim(client):
    code = OriginCodeFactory(batch__lot__variant__name="Gói 100 g")
    variant = code.batch.lot.variant
    name = variant.product.name
    Variant.objects.filter(pk=variant.pk).update(name="Gói 250 g", net_weight_g=250)
    Product.objects.filter(pk=variant.product.pk).update(name="Chè khác")
    page = client.get(f"/t/{code.code}", follow=True).content.decode()
    assert "Gói 100 g" in page
    assert "250" not in page
    batch = type(code.batch).objects.get(pk=code.batch.pk)
    words = label_words(batch)
    assert words.name == name
    assert words.pack.startswith("Gói 100 g")
    assert client.get(f"/api/origin/{code.code}/").json()["pack"] == "Gói 100 g"
