"""How many: every way a keyboard writes a number, and nothing that is not one."""

import pytest
from django import forms
from rest_framework import serializers

from core.forms import WholeNumberField
from core.numbers import parse_count
from core.rest import CountField, WholeField

TWO = ["2", "+2", "00002", "2.0", "2,0", "２", "＋２", "٢", " 2 ", "\u00a02\u3000", "2\u200b", "\u200e2\ufe0f"]  # fmt: skip
NOT_A_COUNT = ["", "+", "2.5", "2.00", "2,5", "-2", "2-3", "hai", "2 gói", "1e3", "½", "²³x", "2.000.0", "0x2", "--2"]  # fmt: skip


@pytest.mark.parametrize("typed", TWO)
def test_two_is_two_however_it_is_typed(typed: str) -> None:
    assert parse_count(typed) == 2
    assert WholeNumberField().clean(typed) == 2
    assert CountField().run_validation(typed) == 2


@pytest.mark.parametrize("typed", NOT_A_COUNT)
def test_what_is_no_count_is_refused(typed: str) -> None:
    assert parse_count(typed) is None
    with pytest.raises(serializers.ValidationError):
        CountField().run_validation(typed)
    with pytest.raises(forms.ValidationError):
        WholeNumberField(min_value=0).clean(typed)


def test_groups_of_three_are_thousands() -> None:
    assert [parse_count(typed) for typed in ("1.000", "1,000", "1 000")] == [1000] * 3


def test_json_knows_one_two_only() -> None:
    assert WholeField().run_validation(2.0) == 2
    for sent in (2.5, "2", True, float("inf"), 1e300):
        with pytest.raises(serializers.ValidationError):
            WholeField().run_validation(sent)
