"""The order page and words, bodies and fields that mean no good."""

import html

import pytest
from django.test import Client

from orders.models import Order
from tests.factories.livestreams import OfferFactory
from tests.orders.order_form import address, typed, words

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>{{ 7*7 }}'\" onmouseover=x %s %(x)s \u202e đ"


@pytest.fixture
def guest() -> Client:
    return Client()


def test_hostile_words_are_shown_as_words(guest: Client) -> None:
    offer = OfferFactory()
    form = typed((offer, 1), buyer_name=HOSTILE[:80], address_line=HOSTILE, note=HOSTILE)

    location = guest.post(address(offer.session), form)["Location"]
    page = guest.get(location).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page
    assert "{{ 7*7 }}" in html.unescape(page)


@pytest.mark.parametrize(
    "text",
    [
        "' OR 1=1; DROP TABLE orders_order; --",
        "{% url 'sign-in' %}{{ settings.SECRET_KEY }}",
        "%s %n %(total)s {0} {self.__class__}",
        "😀👨‍👩‍👧‍👦 Ünïcödé 漢字 العربية",
        "Z̸̛̰͍͚͋̑̀̕͝a̷̤͛̓̊l̶͙̃̌g̵̻͆o̴̮͒",
        "a\tb\r\nc\u200b\u2028d",
        "=cmd|' /C calc'!A0",
        "x" * 80,
    ],
)
def test_any_text_is_taken_as_text_or_refused_in_words(guest: Client, text: str) -> None:
    offer = OfferFactory()
    form = typed((offer, 1), buyer_name=text[:80], address_line=text[:200], note=text[:300])

    answer = guest.post(address(offer.session), form)

    assert answer.status_code in {303, 422}
    if answer.status_code == 303:
        page = guest.get(answer["Location"])
        assert page.status_code == 200
        assert "SECRET_KEY" not in words(page).replace("{{ settings.SECRET_KEY }}", "")
        assert words(page).count("\n") == 0


@pytest.mark.parametrize("body", [b"%", b"quantity_1=%FF%FE", b"\x00\x01", b"=" * 3000, b""])
def test_broken_bodies_are_no_500(guest: Client, body: bytes) -> None:
    offer = OfferFactory()
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain"):
        answer = guest.post(address(offer.session), body, content_type=kind)
        assert 400 <= answer.status_code < 500


def test_foreign_fields_do_no_harm(guest: Client) -> None:
    mine = OfferFactory()
    form = typed((mine, 1), quantity_x="1", quantity_="2", state="paid")

    assert guest.post(address(mine.session), form).status_code == 303
    assert Order.objects.get().lines.get().offer == mine
