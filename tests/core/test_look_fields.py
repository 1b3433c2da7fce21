"""Form fields take what people type and say plainly what is wrong."""

import uuid
from datetime import date, timedelta

import pytest
from django import forms
from django.http import QueryDict
from django.utils import timezone, translation

from core.forms import (
    FormLook,
    IdempotencyKeyField,
    LocalDateField,
    LocalDateTimeField,
    PhoneField,
    PlainTextField,
    VndField,
    WeightField,
    WholeNumberField,
)


class LotForm(FormLook, forms.Form):
    name = PlainTextField(label="Tên", max_length=40, help_text="Như trên bao bì.")
    story = PlainTextField(widget=forms.Textarea, required=False)
    phone = PhoneField()
    price_vnd = VndField(label="Giá", min_vnd=1_000, max_vnd=10_000_000)
    weight_g = WeightField(label="Khối lượng", max_g=50_000, required=False)
    pay = forms.ChoiceField(widget=forms.RadioSelect, choices=[("cod", "Khi nhận"), ("bank", "CK")])
    remember = forms.BooleanField(label="Nhớ", required=False)
    key = IdempotencyKeyField()


GOOD = {
    "name": "Chè Shan",
    "phone": "0912.345.678",
    "price_vnd": "125.000 đ",
    "pay": "cod",
    "key": "5c1f0f4e-5d32-4a2c-9d7e-1f0c8a6b7d11",
}


@pytest.fixture(autouse=True)
def _in_vietnamese():
    with translation.override("vi"):
        yield


def cleaned(**typed: str) -> dict:
    form = LotForm(GOOD | typed)
    assert form.is_valid(), form.errors
    return form.cleaned_data


def refused(**typed: str) -> dict:
    form = LotForm(GOOD | typed)
    assert not form.is_valid()
    return form.errors


def test_what_people_type_becomes_plain_values() -> None:
    data = cleaned(weight_g="0,5 kg")
    assert data["phone"] == "+84912345678"
    assert data["price_vnd"] == 125_000
    assert data["weight_g"] == 500
    assert data["key"] == uuid.UUID(GOOD["key"])


@pytest.mark.parametrize(
    ("typed", "grams"),
    [
        ("500", 500),
        ("500 g", 500),
        ("500gr", 500),
        ("1.200 g", 1200),
        ("1,2kg", 1200),
        ("1.2 KG", 1200),
        ("1.200 kg", 1200),
        ("2 lạng", 200),
        ("3 cân", 3000),
        ("0,125 kg", 125),
    ],
)
def test_weights_are_read(typed: str, grams: int) -> None:
    assert cleaned(weight_g=typed)["weight_g"] == grams


@pytest.mark.parametrize("typed", ["nhẹ", "1,5", "1.5 g", "-2 kg", "1,2345 kg", "5 lb", "9" * 5000])
def test_weights_that_cannot_be_read_are_asked_for_again(typed: str) -> None:
    assert "weight_g" in refused(weight_g=typed)


@pytest.mark.parametrize("typed", ["1000", "1.000", "1,000", "1 000", " 1.000 "])
def test_a_thousand_is_a_thousand_however_it_is_grouped(typed: str) -> None:
    assert WholeNumberField(max_value=100_000).clean(typed) == 1000
    if typed == "1.000":  # the control: what the field below it makes of a thousand
        assert forms.IntegerField().clean(typed) == 1


@pytest.mark.parametrize("typed", ["1,5", "1.00", "-5", "40 gói", "1e3", "1.0000", "9" * 400])
def test_what_is_no_whole_number_is_never_guessed(typed: str) -> None:
    with pytest.raises(forms.ValidationError):
        WholeNumberField(max_value=100_000).clean(typed)


def test_limits_of_numbers_are_named_in_groups() -> None:
    with translation.override("vi"), pytest.raises(forms.ValidationError, match=r"100\.000"):
        WholeNumberField(max_value=100_000).clean("100001")


def test_limits_are_named_as_people_write_them() -> None:
    assert refused(price_vnd="500")["price_vnd"] == ["Số tiền ít nhất là 1.000\u00a0₫."]
    assert refused(weight_g="51 kg")["weight_g"] == ["Khối lượng nhiều nhất là 50\u00a0kg."]


def test_a_wrong_price_is_explained_and_stays_in_the_field() -> None:
    form = LotForm(GOOD | {"price_vnd": "12.50"})
    html = str(form)
    assert 'value="12.50"' in html
    assert 'aria-invalid="true"' in html


def test_letters_of_two_codes_become_one() -> None:
    assert cleaned(name="Che\u0300 Đa\u0306\u0301ng")["name"] == "Chè Đắng"


def test_invisible_characters_go_and_lines_stay_only_where_there_are_lines() -> None:
    data = cleaned(name="Chè\u200b\n Shan ", story="Dòng một\r\nDòng\u0007 hai")
    assert data["name"] == "Chè Shan"
    assert data["story"] == "Dòng một\nDòng hai"


def test_text_no_database_can_hold_is_an_error_at_the_field_not_a_crash() -> None:
    assert "name" in refused(name="a\x00b")


def test_lists_in_a_posted_form_survive() -> None:
    posted = QueryDict("pay=cod&pay=bank&name=x")
    assert LotForm(posted).data.getlist("pay") == ["cod", "bank"]


def test_stored_values_come_back_as_people_write_them() -> None:
    html = str(LotForm(initial={"phone": "+84912345678", "price_vnd": 125_000, "weight_g": 1200}))
    assert 'value="0912 345 678"' in html
    assert 'value="125.000"' in html
    assert 'value="1,2\u00a0kg"' in html


def test_what_a_form_shows_it_also_reads() -> None:
    with translation.override("en"):
        bound = LotForm(initial={"price_vnd": 1_250_000, "weight_g": 1250})
        shown = {name: bound[name].value() for name in ("price_vnd", "weight_g")}
        shown = {name: bound.fields[name].prepare_value(value) for name, value in shown.items()}
    assert cleaned(**shown)["price_vnd"] == 1_250_000
    assert cleaned(**shown)["weight_g"] == 1250


def test_a_new_form_has_a_key_of_its_own() -> None:
    one, other = (LotForm()["key"].value() for _n in range(2))
    assert one != other
    assert uuid.UUID(str(one)).version == 4


def test_a_key_that_is_none_asks_to_reload() -> None:
    assert "tải lại trang" in refused(key="x")["key"][0]


class DayForm(FormLook, forms.Form):
    day = LocalDateField(label="Ngày", earliest=date(2025, 1, 1), latest=lambda: date(2025, 12, 31))
    start_at = LocalDateTimeField(required=False)


@pytest.mark.parametrize("typed", ["04/11/2025", "2025-11-04", "4-11-2025", "4.11.2025", "4/11/25"])
def test_days_are_read(typed: str) -> None:
    form = DayForm({"day": typed})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["day"] == date(2025, 11, 4)
    assert 'value="2025-11-04"' in str(form["day"])


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("31/02/2025", "04/11/2025"),
        ("31/12/2024", "trước 01/01/2025"),
        ("01/01/2026", "sau 31/12/2025"),
        ("", "Xin nhập ngày."),
    ],
)
def test_days_that_cannot_be_are_explained(typed: str, words: str) -> None:
    form = DayForm({"day": typed})
    assert words in form.errors["day"][0]


def test_an_hour_typed_here_is_an_hour_here() -> None:
    form = DayForm({"day": "4/11/2025", "start_at": "2025-11-04T20:15"})
    assert form.is_valid(), form.errors
    start = form.cleaned_data["start_at"]
    assert start.utcoffset() == timedelta(hours=7)
    assert timezone.localtime(start).hour == 20


def test_errors_are_tied_to_their_field_for_those_who_listen() -> None:
    html = str(LotForm(GOOD | {"name": ""}))
    assert 'id="id_name_error"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert '<a href="#id_name">Tên: ' in html
    assert html.count('id="id_name_helptext"') == 1


def test_a_group_of_choices_has_a_legend_and_its_error_is_tied_to_it() -> None:
    html = str(LotForm(GOOD | {"pay": ""}))
    assert "<legend>Pay</legend>" in html
    assert 'id="id_pay_error"' in html
    assert 'href="#id_pay' in html


def test_labels_have_no_colon_and_say_what_may_be_left_out() -> None:
    html = str(LotForm())
    assert ">Tên</label>" in html
    assert "không bắt buộc" in html
    assert "errors" not in html
