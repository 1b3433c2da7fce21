"""Order codes that survive a bank, and secrets that cannot be guessed."""

import re

import pytest
from hypothesis import given, strategies as st

from core.codes import (
    ALPHABET,
    find_order_codes,
    is_order_code,
    normalize_order_code,
    order_code,
    random_code,
    secret_token,
)
from tests.core.shared_data import hostile_strings, hostile_vn

KEYBOARD = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
codes = st.builds(order_code)


def test_characters_that_look_alike_are_not_used():
    assert not set("0O1ILAU") & set(ALPHABET)
    assert set(random_code(500)) <= set(ALPHABET)
    assert len(random_code(12)) == 12


def test_an_order_code_is_cp_and_eight_characters():
    for _ in range(200):
        assert re.fullmatch(r"CP[2-9B-Z]{8}", order_code())
    assert len({order_code() for _ in range(500)}) == 500


EARLIER = ["CP222222", "CP7Q3K99", "CPZZZZZQ"]


@pytest.mark.parametrize("code", EARLIER)
def test_codes_of_the_first_days_are_still_taken(code):
    assert is_order_code(code)
    assert normalize_order_code(f" {code[:4].lower()} {code[4:]}") == code
    assert find_order_codes(f"MBVCB.123.{code}.CT tu 0123456789") == [code]
    assert code in find_order_codes(f"tra tien {code} HN")


def test_ten_years_of_every_province_leave_most_codes_free():
    taken = 34 * 1_000_000 * 10
    assert taken / len(ALPHABET) ** 7 < 0.03


@given(codes)
def test_any_one_wrong_character_is_noticed(code):
    assert is_order_code(code)
    for i, right in enumerate(code):
        for wrong in set(KEYBOARD) - {right}:
            assert not is_order_code(code[:i] + wrong + code[i + 1 :])


@given(codes)
def test_any_swapped_pair_is_noticed(code):
    for i in range(len(code) - 1):
        swapped = code[:i] + code[i + 1] + code[i] + code[i + 2 :]
        assert swapped == code or not is_order_code(swapped)


@given(codes, st.integers(0, 9))
def test_a_cut_code_is_not_taken_for_another(code, length):
    assert find_order_codes(code[:length]) == []


@pytest.mark.parametrize(
    "memo",
    [
        "{}",
        " {} ",
        "thanh toan {}",
        "MBVCB.123.{}.CT tu 0123456789 toi 9704",
        "OCOP {} FT25308123456",
        "{}FT25308123456",
        "MBVCB123{}CT",
        "Nguyễn Thị Lan chuyển tiền {}",
        "{}-{}",
        "CP{}",
    ],
)
@given(code=codes)
def test_a_code_is_found_in_what_banks_make_of_it(memo, code):
    text = memo.format(code, code)
    assert code in find_order_codes(text)
    assert code in find_order_codes(text.lower())


@given(codes)
def test_a_code_typed_in_groups_is_found(code):
    for written in (f"{code[:2]} {code[2:]}", f"{code[:4]}-{code[4:]}", ".".join(code)):
        assert find_order_codes(f"tra tien {written} nhe") == [code]
        assert normalize_order_code(f" {written.lower()}\n") == code


@given(codes, codes)
def test_two_codes_are_both_told_so_that_a_person_decides(one, other):
    assert find_order_codes(f"{one} {other}") == list(dict.fromkeys([one, other]))


@given(codes, codes)
def test_a_code_that_stands_alone_counts_before_one_that_is_glued(one, glued):
    assert find_order_codes(f"FT{glued}99 {one} CT") == [one]


@given(st.text(KEYBOARD + " .-", max_size=60))
def test_only_right_codes_are_ever_found(memo):
    assert all(is_order_code(code) for code in find_order_codes(memo))


def test_bank_texts_without_a_code_of_ours_match_nothing():
    for case in hostile_vn("bank_memo"):
        assert find_order_codes(case["input"]) == []
    for case in hostile_vn("order_code_guess"):
        assert normalize_order_code(case["input"]) == ""
    for text in hostile_strings():
        assert all(is_order_code(code) for code in find_order_codes(text))


def test_letters_that_only_become_ascii_by_a_trick_do_not_count():
    code = next(c for c in iter(order_code, None) if "S" in c)
    assert find_order_codes(code.replace("S", "ſ")) == []
    assert normalize_order_code(code.replace("S", "ſ")) == ""


def test_a_secret_has_more_than_128_bits():
    tokens = {secret_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(re.fullmatch(r"[\w-]{32}", token) for token in tokens)
