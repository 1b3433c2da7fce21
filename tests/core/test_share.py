"""A link of ours that is sent on shows title, words and picture; a private one shows nothing."""

import html
import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from core.access import Audience, rule_of
from tests.architecture.test_access_matrix import ROUTES, VALUES, kwargs_of
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def card_of(page: str) -> dict[str, str]:
    found = re.findall(r'<meta property="og:([a-z:_]+)" content="([^"]*)">', page)
    return {name: html.unescape(words) for name, words in found}


def public_pages(world: World) -> dict[str, str]:
    """Address and page of each public route that answers a stranger with a page."""
    pages = {}
    for route in ROUTES:
        needs = kwargs_of(route)
        if rule_of(route.callback).audience != Audience.PUBLIC or "path" in needs:  # type: ignore[union-attr]
            continue
        values = {name: VALUES[name](world.a) for name in needs if name in VALUES}
        if len(values) != len(needs):
            continue
        address = reverse(str(route.name), kwargs=values)
        answer = Client().get(address)
        if answer.status_code == 200 and "text/html" in answer.get("Content-Type", ""):
            pages[address] = answer.content.decode()
    return pages


def test_every_public_page_has_a_card_and_one_address(world: World) -> None:
    pages = public_pages(world)
    assert len(pages) >= 12
    for address, page in pages.items():
        card = card_of(page)
        assert card["title"], address
        assert card["description"], address
        assert card["url"] == settings.SITE_URL + address
        assert f'<link rel="canonical" href="{card["url"]}">' in page
        assert card["image"].startswith(settings.SITE_URL + "/"), address
        assert int(card["image:width"]) > 0
        assert int(card["image:height"]) > 0


def test_a_product_shows_its_own_photo_and_quotes_stay_quotes(world: World) -> None:
    product = world.a.product
    product.name = 'Chè "Shan" <tuyết>'
    product.save()
    card = card_of(Client().get(reverse("show-product", args=[product.slug])).content.decode())
    assert card["title"].startswith('Chè "Shan" <tuyết>')
    assert card["image"] == settings.SITE_URL + world.a.photo.picture.url(1280, "webp")


def test_what_a_secret_address_shows_is_not_offered_to_messengers(world: World) -> None:
    page = Client().get(reverse("show-order", args=[world.a.order.token])).content.decode()
    assert card_of(page) == {}
    assert "canonical" not in page
