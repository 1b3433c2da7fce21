"""What Django's template language does not say, and shows to readers instead."""

import re

from tests.architecture.test_imports import ROOT

# A tag, a variable and a short comment end on their line; broken, they are printed as they stand
BEGINNINGS = {"{#": "#}", "{%": "%}", "{{": "}}"}


def broken_lines(text: str) -> list[int]:
    """Numbers of the lines on which something begins that does not end there."""
    return [
        number
        for number, line in enumerate(text.splitlines(), 1)
        for begin, end in BEGINNINGS.items()
        if begin in re.sub(rf"{re.escape(begin)}.*?{re.escape(end)}", "", line)
    ]


def test_every_tag_and_comment_ends_on_its_line() -> None:
    templates = sorted((ROOT / "templates").rglob("*.*"))
    assert len(templates) > 100
    broken = {
        str(path.relative_to(ROOT)): lines
        for path in templates
        if (lines := broken_lines(path.read_text(encoding="utf-8")))
    }
    assert not broken


def test_control_a_comment_of_two_lines_is_found() -> None:
    assert broken_lines("<p>{# one #}</p>\n{# two\nthree #}\n{% if a %}{{ b }}\n{% if\n c %}") == [
        2,
        5,
    ]
