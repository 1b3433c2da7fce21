"""The vocabulary of templates: money, weights, phones, days, drawings."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone, translation

from core.models import Picture
from core.templatetags import chophien

EVENING = datetime(2025, 11, 4, 13, 15, tzinfo=UTC)


def draw(source: str, **context: object) -> str:
    return engines["django"].from_string(source).render(context)


@pytest.fixture(autouse=True)
def _in_vietnamese():
    with translation.override("vi"):
        yield


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ 125000|vnd }}", "125.000\u00a0₫"),
        ("{{ 0|vnd }}", "0\u00a0₫"),
        ("{{ none|vnd }}", ""),
        ("{{ 1234|number }}", "1.234"),
        ("{{ 1234.5|number }}", "1.234,5"),
        ("{{ 100|number }}", "100"),
        ("{{ none|number }}", ""),
        ("{{ 500|weight }}", "500\u00a0g"),
        ("{{ 1200|weight }}", "1,2\u00a0kg"),
        ("{{ 1234|weight }}", "1.234\u00a0g"),
        ("{{ 20000|weight }}", "20\u00a0kg"),
        ("{{ 1|percent:8 }}", "12,5%"),
        ("{{ 1|percent:0 }}", "–"),
        ("{{ phone|phone }}", "0912 345 678"),
        ("{{ phone|phone_masked }}", "09•• ••• 678"),
        ("{{ none|phone }}", ""),
        ("{{ at|local_datetime }}", "04/11/2025 20:15"),
        ("{{ at|local_date }}", "04/11/2025"),
        ("{{ day|local_date }}", "09/01/2026"),
        ("{{ at|local_time }}", "20:15"),
        ("{{ none|local_datetime }}", ""),
        ("{{ missing|vnd }}{{ missing|number }}{{ missing|weight }}{{ missing|phone }}", ""),
        ("{{ missing|local_date }}{{ missing|ago }}{% when missing %}", ""),
    ],
)
def test_values_read_as_people_here_write_them(source: str, shown: str) -> None:
    assert draw(source, none=None, phone="+84912345678", at=EVENING, day=date(2026, 1, 9)) == shown


@pytest.mark.parametrize(
    ("passed", "vietnamese", "english"),
    [
        (timedelta(seconds=20), "vừa xong", "just now"),
        (timedelta(minutes=5), "5 phút trước", "5 minutes ago"),
        (timedelta(hours=1), "1 giờ trước", "1 hour ago"),
        (timedelta(days=1), "1 ngày trước", "1 day ago"),
        (timedelta(days=15), "2 tuần trước", "2 weeks ago"),
        (timedelta(days=70), "2 tháng trước", "2 months ago"),
        (timedelta(days=800), "2 năm trước", "2 years ago"),
    ],
)
def test_how_long_ago_is_said_in_the_readers_language(
    passed: timedelta, vietnamese: str, english: str
) -> None:
    at = timezone.now() - passed
    assert draw("{{ at|ago }}", at=at).replace("\u00a0", " ") == vietnamese
    with translation.override("en"):
        assert draw("{{ at|ago }}", at=at).replace("\u00a0", " ") == english


def test_english_readers_see_english_marks() -> None:
    with translation.override("en"):
        assert draw("{{ 1234.5|number }} {{ 1200|weight }}") == "1,234.5 1.2\u00a0kg"


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        ("datetime", "04/11/2025 20:15"),
        ("date", "04/11/2025"),
        ("time", "20:15"),
        ("short", "04/11 20:15"),
        ("long", "Thứ 3, 04/11/2025 20:15"),
    ],
)
def test_moments_carry_the_instant_for_machines(style: str, shown: str) -> None:
    expected = f'<time datetime="2025-11-04T20:15:00+07:00">{shown}</time>'
    assert draw("{% when at style %}", at=EVENING, style=style) == expected


def test_a_day_is_a_day_without_an_hour() -> None:
    day = date(2025, 11, 4)
    assert draw("{% when day %}", day=day) == '<time datetime="2025-11-04">04/11/2025</time>'
    assert draw("{% when none %}", none=None) == ""


def test_an_icon_is_silent_beside_its_word() -> None:
    html = draw('{% icon "basket" "icon--small" %}')
    assert 'class="icon icon--small"' in html
    assert 'aria-hidden="true"' in html
    assert "img/icons.svg#basket" in html


def test_a_product_without_a_photograph_gets_its_crop_sign() -> None:
    assert "crops.svg#crab" in draw('{% picture none kind="crab" %}', none=None)
    assert "crops.svg#leaf" in draw('{% picture none kind="rocket" %}', none=None)


def test_the_arrow_of_a_way_back_is_no_part_of_its_link() -> None:
    line = chophien.way_back("/san-pham/?q=a&b", "Chè <b>")
    assert line.endswith('</svg> <a href="/san-pham/?q=a&amp;b">Chè &lt;b&gt;</a></p>')


def test_a_picture_offers_both_formats_and_to_old_browsers_a_jpeg_and_keeps_its_place() -> None:
    photo = Picture(token="ab12", width=1280, height=960)
    html = draw('{% picture photo name sizes="94vw" %}', photo=photo, name='Chè "Shan"')
    assert html.index("image/avif") < html.index("image/webp")
    assert f"{photo.url(320, 'avif')} 320w, {photo.url(640, 'avif')} 640w" in html
    assert f'<img src="{photo.url(640, "jpg")}"' in html
    assert 'width="640" height="480" loading="lazy"' in html
    assert 'alt="Chè &quot;Shan&quot;"' in html


def test_a_small_picture_is_not_promised_larger_than_it_is() -> None:
    html = draw("{% picture photo eager=True %}", photo=Picture(token="ab", width=500, height=500))
    assert "500w" in html
    assert "640w" not in html
    assert "1280w" not in html
    assert 'width="500" height="500"' in html
    assert "lazy" not in html


def test_a_state_is_word_shape_and_colour() -> None:
    html = draw('{% chip "wait" label %}', label="<Chờ duyệt>")
    assert "chip--wait" in html
    assert "#clock" in html
    assert "&lt;Chờ duyệt&gt;" in html


def test_every_state_begins_with_a_capital() -> None:
    assert ">Đang giữ<" in draw('{% chip "wait" "đang giữ" %}')


def test_stars_are_told_to_those_who_listen() -> None:
    html = draw("{% stars 4 %}")
    assert html.count("#star-full") == 4
    assert 'aria-label="OCOP 4 sao"' in html
    assert draw("{% stars none %}", none=None) == ""


def test_a_link_to_a_page_that_does_not_exist_is_not_drawn() -> None:
    assert draw('{% nav_link "open-the-moon" "Trăng" %}') == ""


def test_the_page_one_is_on_is_marked() -> None:
    request = RequestFactory().get("/healthz")
    source = engines["django"].from_string('{% nav_link "healthz" label "home" %}')
    html = source.render({"label": "Khoẻ"}, request)
    assert ' aria-current="page"' in html
    assert "#home" in html


def test_the_error_page_finds_its_sheet_even_when_the_list_of_files_is_lost(monkeypatch) -> None:
    def lost(path: str) -> str:
        raise ValueError(path)

    monkeypatch.setattr(chophien, "static", lost)
    assert chophien.asset("css/site.css") == "/static/css/site.css"
