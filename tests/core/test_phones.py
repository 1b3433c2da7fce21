"""Phone numbers: one spelling for one person, and none shown to strangers."""

import random
import re

import pytest
from django.utils import translation
from hypothesis import given, strategies as st

from core.phones import (
    InvalidPhone,
    format_phone,
    is_mobile,
    mask_phone,
    mask_phones_in_text,
    normalize_phone,
    phone_hash,
)
from tests.core.shared_data import hostile_strings, hostile_vn, tried, vectors

LAN = "+84912345678"
# A number that can be rung but where the platform is stricter than the library that judged it:
# two in one field, the letter O, and hotlines, which are nobody's own number.
STRICTER = {
    "0912345678;0987654321": "two_numbers",
    "O912345678": "letters",
    "19001260": "hotline",
    "18001091": "hotline",
    "1800 6005": "hotline",
}
mobiles = st.builds(
    "{}{:07d}".format,
    st.sampled_from(["32", "39", "56", "58", "70", "79", "81", "88", "90", "98"]),
    st.integers(0, 9_999_999),
)


def code_of(typed: str) -> str:
    with pytest.raises(InvalidPhone) as refused:
        normalize_phone(typed)
    assert refused.value.message
    return refused.value.code


def test_numbers_as_buyers_type_them():
    for v in vectors("phone_vectors.json", "phone_parse_default_VN"):
        typed = v["input"]
        if typed in STRICTER:
            assert code_of(typed) == STRICTER[typed]
        elif v["valid"]:
            assert normalize_phone(typed) == v["e164"]
            assert format_phone(v["e164"]) == v["national"]
            assert is_mobile(v["e164"]) == (v["type"] == "MOBILE")
        else:
            code_of(typed)


def test_one_person_has_one_number_however_it_is_typed():
    for case in hostile_vn("phone_same_person"):
        assert normalize_phone(case["input"]) == LAN, case["input"]


def test_what_is_no_number_is_refused():
    for case in hostile_vn("phone_refuse"):
        code_of(case["input"])


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("\u200b \n", "empty"),
        ("O912345678", "letters"),
        ("0912345678 (Lan)", "letters"),
        ("-0912345678", "characters"),
        ("0912#345678", "characters"),
        ("٠٩١٢٣٤٥٦٧٨", "characters"),
        ("0912345678/0987654321", "two_numbers"),
        ("0912 345 678 - 0987 654 321", "two_numbers"),
        ("0912345678\n0987654321", "two_numbers"),
        ("09123456780987654321", "two_numbers"),
        ("091234567", "length"),
        ("09123456789", "length"),
        ("0551234567", "prefix"),
        ("841234567", "prefix"),
        ("+66812345678", "foreign"),
        ("0066812345678", "foreign"),
        ("19001260", "hotline"),
    ],
)
def test_each_mistake_has_its_own_sentence(typed, code):
    assert code_of(typed) == code


def test_an_old_number_is_answered_with_the_new_one():
    with pytest.raises(InvalidPhone) as refused:
        normalize_phone("0162 345 6789")
    assert refused.value.code == "old_11_digit"
    with translation.override("en"):
        assert refused.value.params["suggestion"] == "0323 456 789"
        assert "0323 456 789" in refused.value.message


def test_a_spreadsheet_that_ate_the_zero():
    assert normalize_phone("912345678") == LAN


@given(mobiles, st.data())
def test_dressing_a_number_up_changes_nothing(national, data):
    prefix = data.draw(st.sampled_from(["0", "+84", "84", "0084", "+84 0", "(+84) "]))
    sign = data.draw(st.sampled_from(["", " ", ".", "-", "\u00a0", "\u200b"]))
    cuts = sorted(data.draw(st.sets(st.integers(1, 8), max_size=4)))
    parts = [national[i:j] for i, j in zip([0, *cuts], [*cuts, 9], strict=True)]
    assert normalize_phone(prefix + sign.join(parts)) == f"+84{national}"


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_a_refusal(typed):
    e164, refused = tried(normalize_phone, typed)
    assert refused.message if refused else re.fullmatch(r"\+84[0-9]{9,10}", e164)


def test_naughty_strings_are_no_numbers():
    for typed in hostile_strings():
        code_of(typed)


def test_shown_and_masked():
    assert format_phone(LAN) == "0912 345 678"
    assert format_phone("+842438252525") == "024 3825 2525"
    assert format_phone("+842913831234") == "0291 3831 234"
    assert format_phone("+12025550123") == "+12025550123"
    assert mask_phone(LAN) == "09•• ••• 678"
    assert mask_phone("+842438252525") == "02• •••• •525"


@given(mobiles)
def test_a_mask_leaves_two_digits_in_front_and_three_behind(national):
    masked = mask_phone(f"+84{national}")
    assert len(re.sub(r"\D", "", masked)) == 5
    assert masked.endswith(national[-3:])


def test_a_number_has_one_name_in_logs_that_tells_nothing(settings):
    name = phone_hash(LAN)
    assert re.fullmatch(r"[0-9a-f]{16}", name)
    assert phone_hash(LAN) == name
    assert phone_hash("+84912345679") != name
    settings.SECRET_KEY = "another key"
    assert phone_hash(LAN) != name


WRITTEN = [
    "0912345678", "0912 345 678", "0912.345.678", "091-234-5678", "0912/345/678", "0912_345_678",
    "+84 912 345 678", "(+84)912345678", "84912345678", "0084912345678", "84.912.345.678",
    "912345678", "912 345 678", "912.345.678", "0 9 1 2 3 4 5 6 7 8", "0.9.1.2.3.4.5.6.7.8",
    "0️⃣9️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "０９１２３４５６７８", "⓪⑨①②③④⑤⑥⑦⑧", "⁰⁹¹²³⁴⁵⁶⁷⁸",
    "O912345678", "o9l2345678", "0912\u200b345\u200b678", "0912 345\n678", "0912*345*678",
    "không chín một hai ba bốn năm sáu bảy tám", "khong chin mot hai ba bon nam sau bay tam",
    "không chín 12 345 sáu bảy tám", "KHÔNG CHÍN một hai 345678", "0 912.345 678",
]  # fmt: skip


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("around", ["{}", "Gọi em {} nhé", "sdt{}", "chốt 2 kg, {}, 250k", "({})"])
def test_a_number_in_a_comment_is_masked_in_whatever_form(written, around):
    seen = mask_phones_in_text(around.format(written))
    assert "678" in seen
    assert "•" in seen
    assert "345" not in re.sub(r"\D", "", seen)
    assert "năm" not in seen.lower()
    assert "nam" not in seen


def test_ten_thousand_made_up_forms_are_all_masked():
    chance = random.Random(20251104)
    leaks = [form for form in (made_up_form(chance) for _ in range(10_000)) if leaks_number(form)]
    assert leaks == []


def made_up_form(chance: random.Random) -> tuple[str, str]:
    """A valid mobile number, and the same in a made-up spelling inside a made-up comment."""
    start = chance.choice(["90", "91", "97", "98", "35", "39", "70", "77", "83", "88", "56", "58"])
    number = start + "".join(chance.choice("0123456789") for _ in range(7))
    prefix = chance.choice(["0", "0", "0", "+84", "84", "0084", "+84 ", "(+84) "])
    sign = chance.choice([" ", ".", "-", "", "", "  ", " - ", "_", "*", "\u00a0", "\u200b", "/"])
    cuts = sorted(chance.sample(range(1, 9), chance.choice([0, 2, 2, 3, 8])))
    parts = [number[i:j] for i, j in zip([0, *cuts], [*cuts, 9], strict=True)]
    written = prefix + sign.join(parts)
    if chance.random() < 0.1:
        written = written.translate({ord("0") + i: 0xFF10 + i for i in range(10)})
    if chance.random() < 0.1 and prefix == "0":
        written = written.replace("0", "O")
    before = chance.choice(["", "Gọi ", "sđt: ", "Em Lan ", "zalo.", "lấy 2 gói nhé ", "🍵"])
    after = chance.choice(["", " nhé", ".", " Lan ở Bình Lư", " ạ!", ", 3 kg", "\nchốt A01"])
    return number, before + written + after


def leaks_number(form: tuple[str, str]) -> bool:
    number, comment = form
    seen = re.sub(r"[^0-9]", "", mask_phones_in_text(comment).replace("O", "0"))
    return number[1:7] in seen


@pytest.mark.parametrize(
    "kept",
    [
        "1.050.000 - 2.000.000",
        "200.000 350.000 400",
        "125.000 ₫",
        "2025-11-03 09:15:00,123 INFO placed",
        "2025-11-04T20:15:00.123456+07:00",
        "05/09/2025 08:30",
        "Phiên 04/11/2025 20:15, 2.500 đơn",
        "/01/08936012345678/10/L251104-1",
        "SPX0912345678901",
        "Chốt CP7Q3K9X",
        "tổng 125000 + 250000 + 35000",
        "350000000",
        "năm 2025, tư vấn ba bốn lần",
        '127.0.0.1 - - [22/Nov/2026:02:03:04 +0700] "GET /s/12 HTTP/1.1" 200 5120 0.035',
    ],
)
def test_prices_days_hours_and_bar_codes_are_left_alone(kept):
    assert mask_phones_in_text(kept) == kept


def test_two_numbers_are_both_masked():
    assert mask_phones_in_text("09Ⅱ345678, 2 kg") == "09•• ••• 678, 2 kg"
    assert mask_phones_in_text("0912345678 hoặc 0987.654.321") == "09•• ••• 678 hoặc 09•• ••• 321"
    assert mask_phones_in_text("3 0912 3456 78") == "3 09•• ••• 678"
    assert mask_phones_in_text("024 3825 2525") == "02• •••• •525"


@given(st.text(max_size=60))
def test_masking_twice_is_masking_once(s):
    once = mask_phones_in_text(s)
    assert mask_phones_in_text(once) == once


def test_a_very_long_line_is_read_in_good_time():
    line = "0912345678" * 5_000 + " 0 9" * 5_000
    assert "•" in mask_phones_in_text(line)
