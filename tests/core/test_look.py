"""What every page is made of: the sheet, the parts, the drawings."""

import gzip
import itertools
import posixpath
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.paginator import Paginator
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory

STATIC = settings.BASE_DIR / "static"
TEMPLATES = settings.BASE_DIR / "templates"
TOKENS, SHEET, BOARD_SHEET, DESK_SHEET = (
    (STATIC / "css" / f"{name}.css").read_text() for name in ("tokens", "site", "board", "desk")
)
BUDGET_BYTES = 10 * 1024  # of the two sheets that every page fetches
DESK_BUDGET_BYTES = 4 * 1024
BOARD_BUDGET_BYTES = 2 * 1024
ICONS = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "img" / "icons.svg").read_text()))
CROPS = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "img" / "crops.svg").read_text()))

READ = 4.5  # ordinary text
OUTDOORS = 7.0  # price, units left, buttons: read in the sun
SHAPE = 3.0  # borders of fields, bars
GROUNDS = ("paper", "card", "mist-wash")
PAIRS = [
    *((text, ground, OUTDOORS) for text in ("ink", "indigo") for ground in GROUNDS),
    *((text, ground, READ) for text in ("soft", "brocade") for ground in GROUNDS),
    *((text, "card", OUTDOORS) for text in ("tea-ink", "turmeric-ink", "brocade-ink")),
    ("on-fill", "indigo-fill", OUTDOORS),
    ("on-fill", "brocade-fill", OUTDOORS),
    ("tea-ink", "tea-wash", OUTDOORS),
    ("turmeric-ink", "turmeric-wash", OUTDOORS),
    ("brocade-ink", "brocade-wash", OUTDOORS),
    ("ink", "tea-wash", OUTDOORS),
    ("ink", "turmeric-wash", OUTDOORS),
    ("ink", "brocade-wash", OUTDOORS),
    ("ink", "indigo-wash", OUTDOORS),
    ("indigo", "indigo-wash", READ),
    ("indigo", "mist", READ),
    ("soft", "mist", READ),
    ("line", "card", SHAPE),
    ("line", "paper", SHAPE),
    ("tea", "mist", SHAPE),
    ("turmeric", "card", SHAPE),
    ("indigo-fill", "card", 1.5),
]


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9A-F]{6});", block))


LIGHT = tokens(TOKENS[: TOKENS.index("@media")])
DARK = LIGHT | tokens(TOKENS[TOKENS.index("prefers-color-scheme: dark") :])


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_counted_as_wcag_does() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS)
def test_words_stand_out_from_their_ground(
    theme: dict[str, str], text: str, ground: str, least: float
) -> None:
    assert contrast(theme[text], theme[ground]) >= least


def test_the_palette_is_the_markets() -> None:
    named = {"paper": "#FBF7EF", "ink": "#1E2433", "indigo": "#27406B", "brocade": "#B3261E"}
    named |= {"tea": "#2F6B3A", "turmeric": "#B26A00", "mist": "#E6E1D5"}
    assert named.items() <= LIGHT.items()


def compressed(sheet: str) -> int:
    return len(gzip.compress(sheet.encode(), 9))


def test_the_sheets_cost_little() -> None:
    assert compressed(TOKENS) + compressed(SHEET) <= BUDGET_BYTES
    assert compressed(BOARD_SHEET) <= BOARD_BUDGET_BYTES
    assert compressed(DESK_SHEET) <= DESK_BUDGET_BYTES


def test_every_variable_of_the_sheet_is_set() -> None:
    used = set(re.findall(r"var\(--([\w-]+)\)", TOKENS + SHEET + BOARD_SHEET + DESK_SHEET))
    assert used <= set(re.findall(r"--([\w-]+):", TOKENS))


def test_every_file_the_sheet_asks_for_is_there() -> None:
    files = re.findall(r'url\("([^"]+)"\)', SHEET)
    assert files
    assert all(finders.find(posixpath.normpath(f"css/{name}")) for name in files)


def templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def drawn_with(name: str) -> set[str]:
    """The template `name`, what it extends and what it includes, and so on."""
    found, asked = set(), [name]
    while asked:
        one = asked.pop()
        if one not in found and (TEMPLATES / one).is_file():  # others are the framework's
            found.add(one)
            ways = r"""{%\s*(?:extends|include)\s+"([^"]+)\""""
            asked += re.findall(ways, (TEMPLATES / one).read_text())
    return found


def classes_in(sheet: str) -> set[str]:
    return set(re.findall(r"\.(-?[a-z][\w-]*)", re.sub(r"/\*.*?\*/|url\([^)]*\)", "", sheet)))


@pytest.mark.parametrize(
    ("sheet", "only_there"),
    [
        ("desk", classes_in(DESK_SHEET) - classes_in(SHEET + BOARD_SHEET)),
        ("board", classes_in(BOARD_SHEET) - classes_in(SHEET)),
    ],
)
def test_a_page_without_a_sheet_uses_no_class_of_it(sheet: str, only_there: set[str]) -> None:
    assert {"desk": {"desk", "console", "trend"}, "board": {"offer", "left"}}[sheet] <= only_there
    missing = {}
    for path in templates():
        name = str(path.relative_to(TEMPLATES))
        parts = drawn_with(name)
        text = "".join((TEMPLATES / part).read_text() for part in parts)
        if "base.html" not in parts or f"css/{sheet}.css" in text:
            continue
        asked = " ".join(re.findall(r'class="([^"]*)"', text))
        if lost := only_there & set(re.findall(r"[\w-]+", re.sub(r"{[%{].*?[%}]}", " ", asked))):
            missing[name] = lost
    assert not missing


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_templates_hold_no_style_or_script_of_their_own(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<[^>]*\sstyle\s*=", text)
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/(ld\+)?json)", text)
    assert not re.search(r"<[^>]*\son[a-z]+\s*=\s*[\"']", text)
    assert "javascript:" not in text


def test_every_icon_a_template_or_the_vocabulary_asks_for_is_drawn() -> None:
    from core.templatetags import chophien

    ways = (
        r"""{%\s*icon\s+["']([\w-]+)["']|{%\s*nav_link "[\w-]+" \w+ "([\w-]+)"|\bsign="([\w-]+)\""""
    )
    asked = {
        name
        for path in templates()
        for names in re.findall(ways, path.read_text())
        for name in names
        if name
    }
    asked |= set(chophien.CHIP_ICONS.values()) | set(chophien.NOTICE_ICONS.values())
    assert asked <= ICONS
    assert chophien.CROP_SIGNS == CROPS


def test_every_script_a_template_asks_for_is_there() -> None:
    asked = itertools.chain.from_iterable(
        re.findall(r"{%\s*static\s+[\"']([^\"']+)[\"']", path.read_text()) for path in templates()
    )
    assert all((STATIC / name).is_file() for name in asked)


def test_scripts_write_no_styles_and_evaluate_no_words() -> None:
    for path in (STATIC / "js").glob("*.js"):
        text = path.read_text()
        assert not re.search(r"\beval\(|new Function\(|setAttribute\(\"style\"", text), path.name


PARTS = {
    "crumbs": {"trail": [("Chợ", "/"), ("Chè Shan", "")]},
    "empty": {"title": "Chưa có đơn", "text": "Đơn sẽ ở đây.", "url": "/", "action": "Về chợ"},
    "error_summary": {},
    "figure": {"name": "Đơn", "value": "2.500", "unit": "đơn", "how": "Đã chốt", "main": True},
    "footer": {},
    "header": {},
    "left": {"left": 3, "total": 40, "few": True},
    "messages": {"messages": []},
    "notice": {"tone": "stop", "title": "Chưa lưu", "text": "<b>&"},
    "search": {"action": "/tim"},
    "stepper": {"name": "quantity", "id": "q", "max": 5},
    "steps": {"steps": [{"label": "Đã đặt", "state": "done"}, {"label": "Giao", "state": "now"}]},
    "ways_on": {},
}


@pytest.mark.parametrize(("name", "context"), PARTS.items())
def test_parts_render_alone_and_escape_what_they_are_given(name: str, context: dict) -> None:
    html = render_to_string(f"_parts/{name}.html", context)
    assert "<b>&" not in html
    assert "style=" not in html
    assert "{{" not in html
    assert "{%" not in html


def test_the_bar_of_units_left_is_told_in_words_too() -> None:
    few = render_to_string("_parts/left.html", {"left": 3, "total": 40, "few": True})
    none = render_to_string("_parts/left.html", {"left": 0, "total": 40})
    assert "Còn 3" in few
    assert "left--low" in few
    assert "Hết hàng" in none
    assert "left--none" in none


def test_pages_keep_the_rest_of_the_address() -> None:
    request = RequestFactory().get("/san-pham/?q=chè&page=2")
    page = Paginator(range(30), 10).get_page(2)
    html = engines["django"].from_string("{% pagination page %}").render({"page": page}, request)
    assert 'href="?q=ch%C3%A8"' in html  # the first page needs no number
    assert 'href="?q=ch%C3%A8&amp;page=3"' in html
    assert '<span aria-current="page">2</span>' in html


def test_one_page_needs_no_links() -> None:
    page = Paginator(range(3), 10).get_page(1)
    html = engines["django"].from_string("{% pagination page %}").render({"page": page})
    assert not html.strip()
