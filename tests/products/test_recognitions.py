"""OCOP: handed in by the co-op, decided by its own province once, warned about before the end."""

import datetime as dt
import io
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from core.clock import Today, db_today
from core.models import OutboxMessage
from products.errors import AlreadyDecided
from products.forms import add_months
from products.models import OcopRecognition, OcopRegister, Product
from products.services.recognitions import (
    refuse_recognition,
    revoke_recognition,
    verify_recognition,
)
from products.views.workspace import running_out
from tests.cast import Cast, client_of
from tests.core.photographs import pdf
from tests.factories.accounts import UserFactory
from tests.factories.core import photo_file
from tests.factories.products import OcopRecognitionFactory
from tests.products.conftest import decision, send, text_of

State = OcopRecognition.State


def test_a_decision_waits_until_the_province_has_looked_at_it(
    mai: Client, ha: Client, product: Product
):
    url = reverse("add-recognition", args=[product.pk])
    assert send(mai, url, **decision(), evidence=photo_file()).status_code == 302
    recognition = product.recognitions.get()
    assert (recognition.state, recognition.stars) == (State.WAITING, 4)
    assert recognition.pages.count() == 1
    assert not OcopRecognition.objects.valid().exists()

    listed = text_of(ha.get(reverse("review-recognitions", args=["15"])))
    review = reverse("review-recognition", args=["15", recognition.pk])
    assert review in listed
    page = text_of(ha.get(review))
    assert recognition.pages.get().picture.url(640, "webp") in page
    assert send(ha, review, decision="verify").status_code == 302
    recognition.refresh_from_db()
    assert recognition.state == State.VERIFIED
    assert recognition.reviewed_by.display_name == "Hà"
    assert list(OcopRecognition.objects.valid()) == [recognition]
    topics = OutboxMessage.objects.order_by("pk").values_list("topic", flat=True)
    assert list(topics) == ["products.recognition.submitted", "products.recognition.decided"]


def test_what_is_not_accepted_goes_back_with_a_reason_and_comes_again(
    mai: Client, ha: Client, product: Product
):
    recognition = OcopRecognitionFactory(product=product, waiting=True)
    review = reverse("review-recognition", args=["15", recognition.pk])
    without = send(ha, review, decision="refuse", note=" ")
    assert without.status_code == 422
    assert list(without.context["form"].errors) == ["note"]
    assert send(ha, review, decision="refuse", note="Sai số quyết định").status_code == 302
    assert "Sai số quyết định" in text_of(
        mai.get(reverse("edit-product", args=[product.pk]) + "?step=stars")
    )
    again = reverse("edit-recognition", args=[recognition.pk])
    assert send(mai, again, **decision(number="77/QĐ-UBND")).status_code == 302
    recognition.refresh_from_db()
    assert (recognition.state, recognition.number) == (State.WAITING, "77/QĐ-UBND")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("stars", "6"),
        ("stars", ""),
        ("number", ""),
        ("number", "x" * 61),
        ("issued_on", "31/02/2026"),
        ("issued_on", "01/01/2099"),
        ("issued_on", "01/01/2019"),
        ("issuer", ""),
        ("evidence", "not a file"),
    ],
)
def test_a_wrong_decision_is_refused_at_the_field_and_stays_typed(
    mai: Client, product: Product, field: str, wrong: str
):
    data = decision(**{field: wrong})
    if field == "evidence":
        data["evidence"] = photo_file()
        data["evidence"].write(b"no picture")  # type: ignore[attr-defined]
        data["evidence"].seek(0)  # type: ignore[attr-defined]
    response = send(mai, reverse("add-recognition", args=[product.pk]), **data)
    assert response.status_code == 422
    assert list(response.context["forms"]["stars"].errors) == [field]
    assert "UBND tỉnh Lào Cai" in text_of(response) or field == "issuer"
    assert not product.recognitions.exists()


def test_a_decision_number_counts_once_for_a_product(mai: Client, product: Product):
    OcopRecognitionFactory(product=product, number="1842/QĐ-UBND")
    response = send(mai, reverse("add-recognition", args=[product.pk]), **decision())
    assert response.status_code == 422
    assert list(response.context["forms"]["stars"].errors) == ["number"]


def test_verified_stars_are_not_changed_by_the_co_op_and_go_when_revoked(
    mai: Client, ha: Client, product: Product
):
    recognition = OcopRecognitionFactory(product=product)
    for name in ("edit-recognition", "withdraw-recognition"):
        response = send(mai, reverse(name, args=[recognition.pk]), **decision(stars="5"))
        assert response.status_code == 409
    recognition.refresh_from_db()
    assert (recognition.state, recognition.stars) == (State.VERIFIED, 4)

    review = reverse("review-recognition", args=["15", recognition.pk])
    assert send(ha, review, decision="revoke", note="Quyết định bị huỷ").status_code == 302
    assert not OcopRecognition.objects.valid().exists()


def test_a_waiting_decision_can_be_taken_back(mai: Client, product: Product):
    recognition = OcopRecognitionFactory(product=product, waiting=True)
    send(mai, reverse("withdraw-recognition", args=[recognition.pk]))
    assert not OcopRecognition.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("state", [State.VERIFIED, State.REFUSED, State.REVOKED])
def test_only_a_waiting_decision_is_verified_or_refused(state: str):
    recognition, ha = OcopRecognitionFactory(state=state), UserFactory()
    for act in (verify_recognition, refuse_recognition):
        with pytest.raises(AlreadyDecided):
            act(recognition=recognition, by=ha, note="x")
    if state != State.VERIFIED:
        with pytest.raises(AlreadyDecided):
            revoke_recognition(recognition=recognition, by=ha, note="x")
    recognition.refresh_from_db()
    assert recognition.state == state


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_at_once_make_one_decision():
    recognition, ha = OcopRecognitionFactory(waiting=True), UserFactory()
    start = threading.Barrier(2)

    def decide(act) -> bool:
        start.wait()
        try:
            act(recognition=OcopRecognition.objects.get(pk=recognition.pk), by=ha, note="x")
        except AlreadyDecided:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(decide, [verify_recognition, refuse_recognition]))
    assert sorted(answers) == [False, True]
    decided = OutboxMessage.objects.filter(topic="products.recognition.decided")
    assert decided.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("instant", "is_valid"),
    [
        ("2028-08-05 16:59:59+00", True),  # 23:59:59 on the 5th, the last day, in Việt Nam
        ("2028-08-05 17:00:00+00", False),  # midnight: the 6th has begun here, not yet in UTC
        ("2028-08-06 23:00:00+00", False),
        ("2025-08-04 16:59:59+00", False),  # the day before it was issued
        ("2025-08-04 17:00:00+00", True),
    ],
)
def test_the_last_day_ends_at_midnight_in_viet_nam(
    monkeypatch: pytest.MonkeyPatch, instant: str, is_valid: bool
):
    OcopRecognitionFactory(issued_on=dt.date(2025, 8, 5))
    stopped = Today.template.replace("statement_timestamp()", f"timestamptz '{instant}'")
    monkeypatch.setattr(Today, "template", stopped)
    assert OcopRecognition.objects.valid().exists() is is_valid


@pytest.mark.django_db
@pytest.mark.parametrize(
    "day", [dt.date(2024, 2, 29), dt.date(2023, 8, 31), dt.date(2025, 1, 1), dt.date(2024, 12, 31)]
)
def test_form_and_database_agree_on_the_last_day(day: dt.date):
    recognition = OcopRecognitionFactory(issued_on=day)
    recognition.refresh_from_db()
    assert recognition.expires_on == add_months(day, 36)


@pytest.mark.parametrize(
    ("days_left", "band"),
    [
        (181, None),
        (180, 180),
        (121, 180),
        (120, 120),
        (60, 60),
        (30, 30),
        (1, 30),
        (0, 30),
        (-1, None),
    ],
)
def test_the_manager_is_warned_180_120_60_and_30_days_before_the_end(
    mai: Client, product: Product, days_left: int, band: int | None
):
    ends_on = db_today() + dt.timedelta(days=days_left)
    recognition = OcopRecognitionFactory(product=product, issued_on=add_months(ends_on, -36))
    recognition.refresh_from_db()
    if recognition.expires_on != ends_on:
        pytest.skip("36 months before this day is the end of a shorter month")
    warnings = running_out(product.cooperative)
    assert [warning["band"] for warning in warnings] == ([band] if band else [])
    page = text_of(mai.get(reverse("list-my-products", args=[product.cooperative.slug])))
    words = f"Còn {days_left} ngày" if days_left else "Hôm nay là ngày cuối"
    assert (words in page) is bool(band)


def test_waiting_or_foreign_decisions_warn_nobody(cast: Cast, product: Product):
    soon = add_months(db_today() + dt.timedelta(days=20), -36)
    OcopRecognitionFactory(product=product, issued_on=soon, waiting=True)
    OcopRecognitionFactory(product__cooperative=cast.coop_b, issued_on=soon)
    assert running_out(cast.coop_a) == []


def test_a_reviewer_decides_in_her_own_province_only(cast: Cast, ha: Client, product: Product):
    foreign = OcopRecognitionFactory(product__cooperative=cast.coop_b, waiting=True)
    own = OcopRecognitionFactory(product=product, waiting=True)
    binh = client_of(cast.binh)
    for client, province, recognition in (
        (ha, "15", foreign),
        (ha, "96", foreign),
        (binh, "15", own),
        (binh, "96", own),
    ):
        url = reverse("review-recognition", args=[province, recognition.pk])
        assert client.get(url).status_code == 404
        assert send(client, url, decision="verify").status_code == 404
    assert ha.get(reverse("review-recognitions", args=["96"])).status_code == 404
    page = text_of(ha.get(reverse("review-recognitions", args=["15"])))
    assert own.number in page
    assert foreign.number not in page


def test_a_viewer_and_a_reviewer_without_second_factor_decide_nothing(cast: Cast):
    cast.binh.staff_roles.filter(role="reviewer").delete()
    foreign = OcopRecognitionFactory(product__cooperative=cast.coop_b, waiting=True)
    url = reverse("review-recognition", args=["96", foreign.pk])
    assert client_of(cast.binh).get(url).status_code == 404
    bare = client_of(cast.ha, verified=False)
    assert bare.get(reverse("review-recognitions", args=["15"])).status_code == 302


def test_states_are_tabs_and_nonsense_shows_what_waits(ha: Client, product: Product):
    waiting = OcopRecognitionFactory(product=product, waiting=True)
    verified = OcopRecognitionFactory(product=product)
    url = reverse("review-recognitions", args=["15"])
    for query, shown, absent in (
        ("", waiting, verified),
        ("?state=nonsense", waiting, verified),
        ("?state=verified", verified, waiting),
    ):
        page = text_of(ha.get(url + query))
        assert shown.number in page
        assert absent.number not in page


def test_the_register_is_recorded_once_a_day_with_its_source(ha: Client, cast: Cast):
    url = reverse("list-registers", args=["15"])
    data = {"product_count": "605", "counted_on": "30/09/2025", "source": "Báo Lào Cai"}
    assert send(ha, url, **data).status_code == 302
    register = OcopRegister.objects.get()
    assert (register.product_count, register.recorded_by) == (605, cast.ha)
    again = send(ha, url, **{**data, "product_count": "700"})
    assert again.status_code == 422
    assert list(again.context["form"].errors) == ["counted_on"]
    assert "700" in text_of(again)
    for field, wrong in (("product_count", "0"), ("counted_on", "01/01/2099"), ("source", "")):
        response = send(ha, url, **{**data, field: wrong})
        assert list(response.context["form"].errors) == [field]
    assert "Báo Lào Cai" in text_of(ha.get(url))
    assert ha.get(reverse("list-registers", args=["96"])).status_code == 404


def test_the_photo_of_the_decision_outlives_an_error_elsewhere(mai: Client, product: Product):
    url = reverse("add-recognition", args=[product.pk])
    wrong = {**decision(), "issued_on": "ngày mai"}
    answer = send(mai, url, **wrong, evidence=photo_file())
    assert answer.status_code == 422
    held = re.search(r'name="held" value="([^"]+)"', text_of(answer))
    assert held
    forged = send(mai, url, **decision(), held=held[1] + "x")
    assert forged.status_code == 302
    assert not product.recognitions.get().pages.exists()
    product.recognitions.all().delete()
    assert send(mai, url, **decision(), held=held[1]).status_code == 302
    assert product.recognitions.get().pages.count() == 1


def test_evidence_is_photos_and_papers_and_a_new_paper_takes_the_old_ones_place(
    mai: Client, ha: Client, product: Product
):
    url = reverse("add-recognition", args=[product.pk])
    paper = io.BytesIO(pdf((595, 842), (595, 842)))
    paper.name = "quyet-dinh.pdf"
    assert send(mai, url, **decision(), evidence=[photo_file(), paper]).status_code == 302
    recognition = product.recognitions.get()
    assert [page.picture.width for page in recognition.pages.all()] == [800, 1280, 1280]
    shown = text_of(ha.get(reverse("review-recognition", args=["15", recognition.pk])))
    assert shown.count('class="photo"') == 3
    assert "Trang 3/3" in shown

    again = reverse("edit-recognition", args=[recognition.pk])
    assert send(mai, again, **decision()).status_code == 302
    assert recognition.pages.count() == 3
    assert send(mai, again, **decision(), evidence=photo_file()).status_code == 302
    assert [page.picture.width for page in recognition.pages.all()] == [800]
