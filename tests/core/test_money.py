"""Whole đồng: shown, read, divided without a đồng lost."""

from fractions import Fraction

import pytest
from django.utils import translation
from hypothesis import given, strategies as st

from core.money import MAX_VND, InvalidAmount, format_vnd, parse_vnd, split_largest_remainder
from tests.core.shared_data import tried, vectors

amounts = st.integers(0, MAX_VND)


def test_amounts_are_written_as_in_viet_nam():
    with translation.override("vi"):
        for v in vectors("locale_vectors.json", "format_number_vi_VN"):
            if isinstance(v["input"], int):
                assert format_vnd(v["input"]) == v["currency_VND"]


def test_amounts_in_both_languages_keep_to_one_line():
    with translation.override("vi"):
        assert format_vnd(125_000) == "125.000\u00a0₫"
    with translation.override("en"):
        assert format_vnd(125_000) == "125,000\u00a0₫"


@pytest.mark.parametrize(
    ("typed", "amount_vnd"),
    [
        ("125000", 125_000),
        ("125.000", 125_000),
        ("125,000", 125_000),
        ("125 000", 125_000),
        (" 125.000đ ", 125_000),
        ("125.000 ₫", 125_000),
        ("125\u00a0000\u00a0₫", 125_000),
        ("125.000 VNĐ", 125_000),
        ("125.000 đồng", 125_000),
        ("１２５０００", 125_000),
        ("125k", 125_000),
        ("125 K", 125_000),
        ("12,5k", 12_500),
        ("125 nghìn", 125_000),
        ("125 ngàn", 125_000),
        ("1tr2", 1_200_000),
        ("1tr25", 1_250_000),
        ("1,5 triệu", 1_500_000),
        ("2 tỷ", 2_000_000_000),
        ("2 tỉ", 2_000_000_000),
        ("1.234.567", 1_234_567),
        ("125000.00", 125_000),
        ("0", 0),
    ],
)
def test_amounts_as_people_write_them(typed, amount_vnd):
    assert parse_vnd(typed) == amount_vnd


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("-5000", "negative"),
        ("−5000", "negative"),
        ("12.50", "fraction"),
        ("25.00", "fraction"),
        ("125.000,50", "unreadable"),
        ("0,0005k", "fraction"),
        ("1.234.56", "unreadable"),
        ("1,234.567", "unreadable"),
        ("1.250k", "unreadable"),
        ("1e5", "unreadable"),
        ("0x10", "unreadable"),
        ("NaN", "unreadable"),
        ("٣٠٠٠", "unreadable"),
        ("125.000 - 150.000", "unreadable"),
        ("=1+1", "unreadable"),
        ("10000 tỷ", "too_large"),
        ("9" * 14, "too_large"),
        ("9" * 5000, "too_large"),
    ],
)
def test_what_is_no_amount_is_refused_with_a_sentence(typed, code):
    with pytest.raises(InvalidAmount) as refused:
        parse_vnd(typed)
    assert refused.value.code == code
    assert refused.value.message


@given(amounts)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_is_shown_can_be_typed_back(language, amount_vnd):
    with translation.override(language):
        assert parse_vnd(format_vnd(amount_vnd)) == amount_vnd


@given(st.text(max_size=40))
def test_any_text_is_an_amount_or_a_refusal(typed):
    amount_vnd, refused = tried(parse_vnd, typed)
    assert refused.message if refused else 0 <= amount_vnd <= MAX_VND


@given(amounts, st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_parts_add_up_and_none_is_a_dong_off(total_vnd, weights):
    if not any(weights):
        weights = [*weights, 1]
    parts = split_largest_remainder(total_vnd, weights)
    assert sum(parts) == total_vnd
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total_vnd * weight, sum(weights))) < 1


@given(amounts, st.lists(st.integers(1, 1000), min_size=2, max_size=10))
def test_a_larger_weight_never_gets_less(total_vnd, weights):
    parts = split_largest_remainder(total_vnd, weights)
    for i, one in enumerate(weights):
        for j, other in enumerate(weights):
            if one > other:
                assert parts[i] >= parts[j]


def test_a_dong_over_goes_to_the_first_of_equals():
    assert split_largest_remainder(100, [1, 1, 1]) == [34, 33, 33]
    assert split_largest_remainder(5, [0, 3, 1]) == [0, 4, 1]
    assert split_largest_remainder(0, [0, 0]) == [0, 0]


def test_rounding_each_part_by_itself_would_lose_money():
    weights = [1, 1, 1]
    alone = [round(Fraction(100 * w, 3)) for w in weights]
    assert sum(alone) != 100
    assert sum(split_largest_remainder(100, weights)) == 100


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [1, -1]), (1, [0, 0]), (1, [])])
def test_what_cannot_be_divided(total, weights):
    with pytest.raises(ValueError, match=r"negative|divide"):
        split_largest_remainder(total, weights)
