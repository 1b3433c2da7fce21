"""The font is cut from its package: every Vietnamese letter, little weight, figures in columns."""

from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from fontTools.ttLib import TTFont

from core import fonts

VIETNAMESE = (
    "aăâbcdđeêghiklmnoôơpqrstuưvxy" + "àảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
)
BUDGET_BYTES = 16_000


@pytest.fixture(params=list(fonts.WEIGHTS))
def font(request: pytest.FixtureRequest) -> Path:
    return Path(str(finders.find(request.param)))


def test_every_vietnamese_letter_price_and_tone_can_be_drawn(font: Path) -> None:
    drawn = TTFont(font).getBestCmap()
    needed = (
        VIETNAMESE
        + VIETNAMESE.upper()
        + "0123456789.,:;!?…–“”₫•"
        + "\u0300\u0301\u0303\u0309\u0323"
    )
    assert [letter for letter in needed if ord(letter) not in drawn] == []


def test_a_font_costs_little(font: Path) -> None:
    assert font.stat().st_size <= BUDGET_BYTES


def test_the_whole_font_would_cost_much_more(font: Path) -> None:
    source = fonts.SOURCES / fonts.WEIGHTS[f"fonts/{font.name}"]
    assert source.stat().st_size > 4 * BUDGET_BYTES


def test_nothing_else_is_found_by_the_finder() -> None:
    assert not fonts.FontFinder().find("fonts/other.woff2")
    assert [name for name, _storage in fonts.FontFinder().list([])] == list(fonts.WEIGHTS)
