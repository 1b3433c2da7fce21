"""OCOP decisions the province looks at again: mended, doubted, changed after they were shown."""

import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from core.clock import Instant, db_today
from products.models import OcopRecognition, OcopRegister, Product
from products.services.recognitions import (
    resubmit_recognition,
)
from tests.cast import Cast, client_of
from tests.factories.core import PictureFactory
from tests.factories.products import OcopRecognitionFactory
from tests.html_forms import form_with
from tests.products.conftest import decision, send, text_of

State = OcopRecognition.State


def test_stars_taken_away_by_mistake_come_back(mai: Client, ha: Client, product: Product) -> None:
    recognition = OcopRecognitionFactory(product=product, state=State.VERIFIED)
    url = reverse("review-recognition", args=["15", recognition.pk])
    assert send(ha, url, decision="revoke", note="Nhầm với sản phẩm khác.").status_code == 302
    assert not product.recognitions.valid().exists()

    again = send(
        mai, reverse("add-recognition", args=[product.pk]), **decision(number=recognition.number)
    )
    assert "chỉ tỉnh mới trả lại được" in text_of(again)

    assert "Trả lại sao" in text_of(ha.get(url))
    assert send(ha, url, decision="restore", note="").status_code == 422
    assert send(ha, url, decision="restore", note="Đã xem lại quyết định.").status_code == 302
    assert product.recognitions.valid().exists()
    assert send(ha, url, decision="restore", note="Lần nữa cho chắc.").status_code == 409


def test_a_decision_refused_by_mistake_is_reviewed_once_more(ha: Client, product: Product) -> None:
    recognition = OcopRecognitionFactory(product=product, state=State.REFUSED)
    url = reverse("review-recognition", args=["15", recognition.pk])

    send(ha, url, decision="reopen", note="Ảnh đã rõ.")

    recognition.refresh_from_db()
    assert recognition.state == State.WAITING


@pytest.mark.parametrize(
    ("fields", "doubt"),
    [
        ({"number": "KHAC-001"}, "Số hiệu không giống"),
        ({"stars": 5}, "5 sao do Bộ"),
        ({"issuer": "UBND xã Phình Hồ"}, "3 và 4 sao do Ủy ban nhân dân tỉnh"),
        ({"issuer": "UBND huyện Trạm Tấu"}, "3 và 4 sao do Ủy ban nhân dân tỉnh"),
        ({"evidence": False}, "Chưa có ảnh quyết định"),
    ],
)
def test_a_doubtful_decision_is_not_verified_in_one_press(
    ha: Client, product: Product, fields: dict, doubt: str
) -> None:
    sound = {"number": "3981/QĐ-UBND", "issuer": "UBND tỉnh Lào Cai"}
    fields = dict(fields)
    has_evidence = fields.pop("evidence", True)
    recognition = OcopRecognitionFactory(product=product, waiting=True, **{**sound, **fields})
    if has_evidence:
        recognition.pages.create(picture=PictureFactory())
    url = reverse("review-recognition", args=["15", recognition.pk])
    assert doubt in text_of(ha.get(url))

    refused = send(ha, url, decision="verify", note="")

    assert refused.status_code == 422
    assert "đã kiểm tra quyết định này bằng cách nào" in text_of(refused)
    recognition.refresh_from_db()
    assert recognition.state == State.WAITING
    assert send(ha, url, decision="verify", note="Đã gọi chi cục.").status_code == 302


def test_a_sound_decision_is_verified_in_one_press_and_says_by_whom(
    mai: Client, ha: Client, cast: Cast, product: Product
) -> None:
    recognition = OcopRecognitionFactory(
        product=product, waiting=True, number="3981/QĐ-UBND", issuer="UBND tỉnh Lào Cai"
    )
    recognition.pages.create(picture=PictureFactory())
    url = reverse("review-recognition", args=["15", recognition.pk])

    assert send(ha, url, decision="verify", note="").status_code == 302

    assert str(cast.ha) in text_of(ha.get(url))


def test_a_figure_of_the_register_is_corrected_and_the_earlier_one_kept(
    ha: Client, cast: Cast
) -> None:
    province = cast.coop_a.commune.province
    register = OcopRegister.objects.create(
        province=province, counted_on=db_today(), product_count=6050, source="Báo cáo"
    )
    url = reverse("correct-register", args=["15", register.pk])
    assert "6050" in text_of(ha.get(url))

    assert send(ha, url, product_count="605", source="Báo cáo tháng 9").status_code == 302

    register.refresh_from_db()
    assert (register.product_count, register.recorded_by) == (605, cast.ha)
    assert [event.product_count for event in register.events.order_by("pgh_id")] == [6050, 605]
    assert client_of(cast.binh).get(url).status_code == 404


# What was shown is what is decided about


def correct(recognition: OcopRecognition) -> None:
    resubmit_recognition(recognition=recognition, stars=5, number="99/QĐ-UBND")


def replace_pages(recognition: OcopRecognition) -> None:
    resubmit_recognition(recognition=recognition, evidence=[PictureFactory()])


def rename_product(recognition: OcopRecognition) -> None:
    Product.objects.filter(pk=recognition.product_id).update(name="Tên khác")


@pytest.mark.parametrize("change", [correct, replace_pages, rename_product])
@pytest.mark.parametrize("decide", ["verify", "refuse"])
def test_what_changed_after_the_page_was_shown_is_not_decided(
    ha: Client, product: Product, change: Callable[[OcopRecognition], None], decide: str
):
    recognition = OcopRecognitionFactory(product=product, waiting=True)
    review = reverse("review-recognition", args=["15", recognition.pk])
    fields = form_with(text_of(ha.get(review)), "note")
    change(recognition)
    note = {"decision": decide, "note": "Đã gọi hỏi UBND tỉnh."}
    answer = ha.post(review, {**fields, **note})
    assert answer.status_code == 409
    page = text_of(answer)
    assert "chưa có gì được quyết định" in page
    assert "Đã gọi hỏi UBND tỉnh." in page
    recognition.refresh_from_db()
    assert (recognition.state, recognition.reviewed_by) == (State.WAITING, None)
    again = form_with(page, "note")
    assert (
        ha.post(review, {**again, **note, "idempotency_key": uuid.uuid4().hex}).status_code == 302
    )
    recognition.refresh_from_db()
    assert recognition.reviewed_by.display_name == "Hà"


@pytest.mark.parametrize(
    ("given", "decide"), [("verified", "revoke"), ("revoked", "restore"), ("refused", "reopen")]
)
def test_a_later_decision_that_came_back_to_the_same_state_is_asked_about(
    ha: Client, product: Product, given: str, decide: str
):
    recognition = OcopRecognitionFactory(product=product, state=given)
    review = reverse("review-recognition", args=["15", recognition.pk])
    fields = form_with(text_of(ha.get(review)), "note")
    OcopRecognition.objects.filter(pk=recognition.pk).update(reviewed_at=Instant())
    answer = ha.post(review, {**fields, "decision": decide, "note": "Nhầm lẫn"})
    assert answer.status_code == 409
    recognition.refresh_from_db()
    assert recognition.state == given


def test_deciding_on_what_the_co_op_took_back_leads_to_the_list_with_a_sentence(
    mai: Client, ha: Client, product: Product
):
    recognition = OcopRecognitionFactory(product=product, waiting=True)
    review = reverse("review-recognition", args=["15", recognition.pk])
    fields = form_with(text_of(ha.get(review)), "note")
    assert send(mai, reverse("withdraw-recognition", args=[recognition.pk])).status_code == 302
    answer = ha.post(review, {**fields, "decision": "verify"}, follow=True)
    assert answer.redirect_chain == [(reverse("review-recognitions", args=["15"]), 302)]
    assert "đã rút" in text_of(answer)
    assert ha.post(review, {"decision": "verify", "idempotency_key": "x" * 20}).status_code == 404
