"""What every program meets: slashes, pages, days and hours, languages."""

import uuid
from typing import Any

import pytest
from django import forms
from django.test import Client
from django.urls import reverse
from rest_framework import serializers

from core.forms import LocalDateTimeField
from core.paging import Pages
from core.rest import InstantField
from orders.models import Order
from tests.factories.coops import CommuneFactory, ProvinceFactory
from tests.factories.livestreams import OfferFactory
from tests.factories.traceability import OriginCodeFactory

pytestmark = pytest.mark.django_db


def test_an_order_without_the_last_slash_is_an_order() -> None:
    offer = OfferFactory()
    order = {
        "session": offer.session_id,
        "lines": [{"offer": offer.pk, "quantity": 1}],
        "name": "Lan",
        "phone": "0912345678",
        "commune": CommuneFactory().pk,
        "address_line": "Thôn Nậm Đâu",
        "payment_method": "cod",
        "expected_total_vnd": 9_999_999,
    }
    key = {"Idempotency-Key": uuid.uuid4().hex}
    answers = [
        Client().post(path, order, "application/json", headers=key)
        for path in ("/api/orders", "/api/orders/")
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Order.objects.count() == 1  # one key, one order, whichever address


def test_no_slash_is_added_to_what_is_no_address() -> None:
    assert Client().get("/api/khong-co").status_code == 404


@pytest.mark.parametrize(
    ("asked", "given"), [("0", 1), ("-1", 1), ("x", 1), ("", 1), ("2", 2), ("9999", 3), ("last", 3)]
)
def test_a_page_that_is_not_there_is_the_first_or_the_last(asked: str, given: int) -> None:
    for number in range(5):
        ProvinceFactory(code=f"9{number}", name=f"Tỉnh {number}")
    where = reverse("api-list-provinces")
    codes = [
        Client().get(where, {"page": page, "page_size": 2}).json()["results"]
        for page in (asked, str(given))
    ]
    assert codes[0] == codes[1]
    assert Pages(range(5), 2).get_page(asked if asked != "last" else "9").number == given


@pytest.mark.parametrize("typed", ["2026-12-10", "10/12/2026"])
def test_a_day_is_not_taken_for_its_midnight(typed: str) -> None:
    with pytest.raises(serializers.ValidationError):
        InstantField().run_validation(typed)
    with pytest.raises(forms.ValidationError):
        LocalDateTimeField().clean(typed)
    assert LocalDateTimeField().clean("2026-12-10T20:15").hour == 20


def test_without_the_guard_a_day_is_its_midnight() -> None:
    assert serializers.DateTimeField().run_validation("2026-12-10").hour == 0


@pytest.mark.parametrize(
    ("cookie", "accept", "language"),
    [
        ("en", "", "vi"),
        ("vi", "en-GB,en;q=0.8", "en"),
        ("en", "fr, vi;q=0.5", "vi"),
        ("", "zz;q=x", "vi"),
    ],
)
def test_programs_choose_their_language_by_the_header(
    cookie: str, accept: str, language: str
) -> None:
    client = Client()
    client.cookies["lang"] = cookie
    answer = client.get("/api/khong-co/", headers={"Accept-Language": accept})
    assert answer["Content-Language"] == language
    assert "Accept-Language" in answer["Vary"]
    page = client.get("/tra-don/", headers={"Accept-Language": accept})
    assert page["Content-Language"] == (cookie or "vi")


def leads_to(path: str) -> Any:
    return Client().get(path, follow=True)


def test_a_codes_address_is_forgiven_slashes_and_capitals() -> None:
    code = OriginCodeFactory().code
    for path in (f"/t/{code}/", f"/T/{code}", f"/T/{code.lower()}/", f"/t/{code.lower()}"):
        answer = leads_to(path)
        assert answer.status_code == 200, path
        assert answer.request["PATH_INFO"] == f"/t/{code}"
    unknown = leads_to("/T/khong-co/")
    assert unknown.status_code == 404
    assert 'name="ma"' in unknown.content.decode()
