"""What is typed or pasted is read as meant, by every reader and through every door."""

import pytest
from django.test import override_settings

from accounts.forms import SixDigitsField
from core.banks import normalize_account_name, normalize_account_number
from core.codes import normalize_order_code, order_code
from core.forms import (
    LocalDateField,
    LocalDateTimeField,
    PhoneField,
    PlainTextField,
    VndField,
    WeightField,
    WholeNumberField,
)
from core.money import InvalidAmount, parse_vnd
from core.phones import InvalidPhone, normalize_phone
from core.rest import PhoneField as ApiPhoneField, PlainText
from core.tax_codes import normalize_tax_code
from core.text import clean_line, fold, slugify_vi, sort_key
from core.typed import as_meant
from products.gtins import check_digit, normalize_gtin

ORDER = order_code()
GTIN = f"8934-5630-0000-{check_digit('893456300000')}"

# One reader of each kind, and something it reads
READERS = {
    "phone": (PhoneField().clean, "0912 345 678"),
    "phone of the API": (ApiPhoneField().run_validation, "0912 345 678"),
    "amount": (VndField().clean, "125.000"),
    "number of things": (WholeNumberField().clean, "1.200"),
    "weight": (WeightField().clean, "1.200 g"),
    "day": (LocalDateField().clean, "04-11-2025"),
    "instant": (LocalDateTimeField().clean, "2025-11-04 20:15"),
    "code by SMS": (SixDigitsField().clean, "123 456"),
    "order code": (normalize_order_code, f"{ORDER[:4]}-{ORDER[4:]}"),
    "tax code": (normalize_tax_code, "0312687878"),
    "bank account": (normalize_account_number, "0071000123456"),
    "barcode": (normalize_gtin, GTIN),
}
# What phones, chats and spreadsheets do to it
PASTED = {
    "zero-width blanks": "\u200b".join,
    "marks of direction": lambda s: f"\u202a{s}\u202c",
    "an isolate": lambda s: f"\u2068{s}\u2069",
    "a byte order mark": lambda s: f"\ufeff{s}",
    "variation selectors": lambda s: "".join(f"{c}\ufe0f" if c.isdigit() else c for c in s),
    "no-break blanks": lambda s: f"\u00a0{s.replace(' ', chr(0x202F))}\u3000",
    "full-width digits": lambda s: s.translate({0x30 + n: 0xFF10 + n for n in range(10)}),
    "a long dash": lambda s: s.replace("-", "–"),
    "a minus": lambda s: s.replace("-", "−"),
    "line ends": lambda s: f"\r\n{s}\n",
    "a soft hyphen": lambda s: f"{s[:2]}\u00ad{s[2:]}",
}


@pytest.mark.django_db  # a day is read against the database's today
@override_settings(DEMO=True)
@pytest.mark.parametrize("how", PASTED)
@pytest.mark.parametrize("kind", READERS)
def test_what_is_pasted_is_read_as_what_was_meant(kind, how):
    read, plain = READERS[kind]

    assert read(PASTED[how](plain)) == read(plain)


def test_without_the_cleaning_step_a_paste_would_be_refused():
    assert not "0\u200b912345678".isdigit()
    assert as_meant("0\u200b912345678").isdigit()


@pytest.mark.parametrize(
    ("typed", "vnd"),
    [
        ("125.000,00 ₫", 125_000),
        ("125,000.00", 125_000),
        ("1.250.000,0đ", 1_250_000),
        ("125000.00", 125_000),
        ("１２５．０００", 125_000),
        ("VND 125.000", None),
        ("25.00", None),
        ("25,0", None),
        ("1.25", None),
    ],
)
def test_amounts_of_spreadsheets_are_whole_and_doubtful_ones_are_refused(typed, vnd):
    if vnd is None:
        with pytest.raises(InvalidAmount):
            parse_vnd(typed)
    else:
        assert parse_vnd(typed) == vnd


@pytest.mark.parametrize("look_alike", ["Ð", "Ɖ"])
def test_letters_that_look_like_d_with_a_stroke_are_that_letter(look_alike):
    typed = f"{look_alike}ỨC"

    assert clean_line(typed) == PlainTextField().clean(typed) == PlainText().run_validation(typed)
    assert clean_line(typed) == "ĐỨC"
    assert fold(typed) == fold("Đức") == "duc"
    assert slugify_vi(clean_line(typed)) == "duc"
    assert sort_key(clean_line(typed)) == sort_key("ĐỨC")
    assert normalize_account_name(typed) == "DUC"
    assert clean_line(typed.lower()) == "đức"


def test_a_story_keeps_its_signs():
    assert clean_line("Chè Shan – “búp 1 tôm 2 lá” ❤️") == "Chè Shan – “búp 1 tôm 2 lá” ❤️"


def test_letters_of_a_phone_number_are_still_named():
    with pytest.raises(InvalidPhone) as refused:
        normalize_phone("O912345678\u200b")
    assert refused.value.code == "letters"
