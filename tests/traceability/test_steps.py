import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from core.clock import db_today
from tests.cast import Cast, client_of
from tests.core.shared_data import hostile_strings
from tests.factories.core import photo_file
from tests.factories.products import LotFactory, VariantFactory
from tests.factories.traceability import TraceEventFactory
from traceability.errors import StepAlreadyCorrected
from traceability.models import TraceEvent
from traceability.services.steps import record_step

pytestmark = pytest.mark.django_db


@pytest.fixture
def lot(cast: Cast):
    return LotFactory(variant=VariantFactory(product__cooperative=cast.coop_a))


def step_data(**changes: object) -> dict[str, object]:
    return {
        "step": "harvest",
        "title": "Hái chè",
        "happened_on": f"{db_today():%d/%m/%Y}",
        "place": "Tà Chơ",
        "note": "",
        "idempotency_key": "0b9c7a1e-5f5e-4d43-9d9e-0a1b2c3d4e5f",
        **changes,
    }


def test_a_step_with_a_picture_shows_on_the_lot(cast: Cast, lot) -> None:
    client = client_of(cast.mai)

    answer = client.post(reverse("add-step", args=[lot.pk]), step_data(pictures=photo_file()))

    assert answer.status_code == 302
    step = TraceEvent.objects.get()
    assert (step.lot, step.recorded_by, step.photos.count()) == (lot, cast.mai, 1)
    assert "Hái chè" in client.get(reverse("show-lot", args=[lot.pk])).text


def test_pressing_twice_writes_one_step(cast: Cast, lot) -> None:
    client = client_of(cast.mai)

    first = client.post(reverse("add-step", args=[lot.pk]), step_data())
    again = client.post(reverse("add-step", args=[lot.pk]), step_data())

    assert (first.status_code, first["Location"]) == (again.status_code, again["Location"])
    assert TraceEvent.objects.count() == 1


def test_an_error_keeps_what_was_typed_and_the_picture_that_arrived(cast: Cast, lot) -> None:
    client = client_of(cast.mai)
    address = reverse("add-step", args=[lot.pk])

    answer = client.post(
        address, step_data(happened_on="31/02/2026", note="Sương dày", pictures=photo_file())
    )

    assert answer.status_code == 422
    assert "Sương dày" in answer.text
    word = answer.context["form"].held[0][0]
    client.post(address, step_data(held=word, note="Sương dày"))
    assert TraceEvent.objects.get().photos.count() == 1


def test_a_day_that_has_not_come_is_refused(cast: Cast, lot) -> None:
    tomorrow = db_today() + dt.timedelta(days=1)

    answer = client_of(cast.mai).post(
        reverse("add-step", args=[lot.pk]), step_data(happened_on=f"{tomorrow:%d/%m/%Y}")
    )

    assert answer.status_code == 422
    assert not TraceEvent.objects.exists()


def test_a_correction_takes_the_steps_place_and_keeps_the_old_version(cast: Cast, lot) -> None:
    wrong = TraceEventFactory(lot=lot, title="Hái chè chiều")

    client_of(cast.mai).post(
        reverse("correct-step", args=[wrong.pk]), step_data(title="Hái chè sáng")
    )

    assert [step.title for step in TraceEvent.objects.standing()] == ["Hái chè sáng"]
    assert TraceEvent.objects.count() == 2


def test_a_step_is_corrected_once(cast: Cast, lot) -> None:
    wrong = TraceEventFactory(lot=lot)
    fields = {
        "lot": lot,
        "step": "harvest",
        "title": "Khác",
        "happened_on": db_today(),
        "recorded_by": cast.mai,
    }
    record_step(corrects=wrong, **fields)

    with pytest.raises(StepAlreadyCorrected):
        record_step(corrects=wrong, **fields)

    assert TraceEvent.objects.count() == 2


def test_history_keeps_who_wrote_what(cast: Cast, lot) -> None:
    client_of(cast.mai).post(reverse("add-step", args=[lot.pk]), step_data())

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.metadata->>'user' FROM traceability_traceeventevent e"
            " JOIN pghistory_context c ON c.id = e.pgh_context_id"
        )
        assert cursor.fetchone() == (str(cast.mai.pk),)


@pytest.mark.parametrize("name", ["show-lot", "add-step", "request-codes"])
def test_another_co_ops_lot_looks_missing(cast: Cast, lot, name: str) -> None:
    client = client_of(cast.thao)
    method = client.post if name == "request-codes" else client.get

    assert method(reverse(name, args=[lot.pk]), step_data()).status_code == 404


def test_a_host_does_not_keep_the_diary(cast: Cast, lot) -> None:
    assert client_of(cast.minh).get(reverse("show-lot", args=[lot.pk])).status_code == 404


def test_a_stranger_is_asked_to_sign_in(lot) -> None:
    answer = Client().get(reverse("show-lot", args=[lot.pk]))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("sign-in"))


def test_hostile_words_are_shown_as_words(cast: Cast, lot) -> None:
    client = client_of(cast.mai)
    for words in hostile_strings()[::9]:
        answer = client.post(
            reverse("add-step", args=[lot.pk]),
            step_data(title=words[:120], note=words, idempotency_key=str(uuid.uuid4())),
        )
        assert answer.status_code in {302, 422, 400}
    page = client.get(reverse("show-lot", args=[lot.pk])).text
    assert "<script>alert" not in page
    assert "onerror=" not in page.replace("&lt;", "<").split("<main")[0]


def test_the_list_needs_as_many_queries_for_three_lots_as_for_one(
    cast: Cast, lot, django_assert_num_queries
) -> None:
    client = client_of(cast.mai)
    address = reverse("list-lots", args=[cast.coop_a.slug])
    client.get(address)
    with django_assert_num_queries(QUERIES_OF_LIST):
        client.get(address)
    LotFactory.create_batch(2, variant=lot.variant)
    with django_assert_num_queries(QUERIES_OF_LIST):
        client.get(address)


QUERIES_OF_LIST = 6
