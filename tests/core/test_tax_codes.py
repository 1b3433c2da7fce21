"""Tax codes of organisations, branches and persons."""

import pytest
from hypothesis import given, strategies as st

from core.tax_codes import InvalidTaxCode, format_tax_code, normalize_tax_code
from tests.core.shared_data import tried, vectors

VERDICTS = {"bad_check_digit": "check_digit", "bad_length": "length", "bad_format": "characters"}


def code_of(typed: str) -> str:
    with pytest.raises(InvalidTaxCode) as refused:
        normalize_tax_code(typed)
    assert refused.value.message
    return refused.value.code


def test_published_codes_and_their_spoilt_twins():
    for v in vectors("tax_code_vectors.json", "mst_validate"):
        if v["expect"] == "valid":
            assert normalize_tax_code(v["input"]) == v["compact"]
        else:
            assert code_of(v["input"]) == VERDICTS[v["expect"]]


def test_a_branch_is_shown_with_its_dash():
    for v in vectors("tax_code_vectors.json", "mst_format"):
        assert format_tax_code(normalize_tax_code(v["input"])) == v["expect"]
    assert format_tax_code("0312687878") == "0312687878"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("0312687878x", "characters"),
        ("-0312687878", "characters"),
        ("٠٣١٢٦٨٧٨٧٨", "characters"),
        ("031268787", "length"),
        ("03126878780", "length"),
        ("0312687879", "check_digit"),
        ("0312687878-000", "branch"),
        ("912345678901", "person"),
        ("000123456789", "person"),
    ],
)
def test_each_mistake_has_its_own_sentence(typed, code):
    assert code_of(typed) == code


def test_a_person_or_household_uses_the_twelve_digit_number():
    assert normalize_tax_code("015 185 000 123") == "015185000123"


@given(st.sampled_from(["0312687878", "0100233488", "0101245486"]), st.integers(0, 9), st.data())
def test_one_wrong_digit_is_noticed(right, place, data):
    wrong = data.draw(st.sampled_from(sorted(set("0123456789") - {right[place]})))
    assert code_of(right[:place] + wrong + right[place + 1 :]) == "check_digit"


@given(st.text(max_size=30))
def test_any_text_is_a_code_or_a_refusal(typed):
    digits, refused = tried(normalize_tax_code, typed)
    assert refused.message if refused else len(digits) in {10, 12, 13}
