"""A form that grew old, or was sent after one was signed out, comes back as it was typed."""

import html
import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from coops.models import Cooperative
from core.kept_forms import MOST_CHARACTERS
from tests.cast import PASSWORD, Cast, client_of, make_cast, second_factor, totp_code
from tests.coops.forms_data import registration
from tests.factories.products import ProductFactory

SENT = {
    "idempotency_key": "a-key-of-the-form",
    "name": "Gói <b>200 g</b>",
    "net_weight_g": "200 g",
    "price_vnd": "125k",
}


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def hidden_in(page: Any) -> dict[str, str]:
    found = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.split("<main")[1]
    )
    return {name: html.unescape(value) for name, value in found if "csrf" not in name}


# What the browser says of a form that another site's page sends
FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    {"Sec-Fetch-Site": "same-site"},
    {"Referer": "https://elsewhere.example/?http://testserver/"},
    {},
]
OWN = {"Sec-Fetch-Site": "same-origin"}


def test_what_was_sent_after_signing_out_is_sent_again_after_signing_in(cast: Cast) -> None:
    product = ProductFactory(cooperative=cast.coop_a, draft=True)
    url = reverse("add-variant", args=[product.pk])
    client = Client()
    answer = client.post(url, SENT, headers=OWN)
    assert answer.status_code == 401
    kept = hidden_in(answer.content.decode())
    page = client.post("/dang-nhap/", kept)
    assert page.status_code == 200
    fields = hidden_in(page.content.decode()) | {"phone": cast.mai.phone}
    page = client.post("/dang-nhap/", fields | {"password": "sai"})
    fields = hidden_in(page.content.decode()) | {"phone": cast.mai.phone, "password": PASSWORD}
    page = client.post("/dang-nhap/", fields, follow=True).content.decode()
    assert f'action="{url}"' in page
    assert hidden_in(page) == SENT
    assert '<li class="list__row">125k</li>' in page, "it is shown before it is sent again"
    assert "<b>200" not in page
    assert client.post(url, hidden_in(page)).status_code == 302
    assert product.variants.get().price_vnd == 125_000


def test_nothing_a_stranger_sends_is_stored(cast: Cast) -> None:
    url = reverse("register-cooperative")
    for n in range(3):
        Client().post(url, {"name": f"HTX {n}", "story": "x" * 9_000}, headers=OWN)
    assert not Session.objects.exists()


def test_a_form_kept_for_others_or_changed_on_the_way_is_not_taken_over(cast: Cast) -> None:
    client = Client()
    fields = {"phone": cast.mai.phone, "password": PASSWORD, "kept_form": "e30:1abc:xyz"}
    assert client.post("/dang-nhap/", fields)["Location"] == reverse("show-workspace")
    assert "kept_form" not in client.session


def test_staff_without_the_second_step_send_again_after_it(cast: Cast) -> None:
    url = reverse("return-cooperative", args=["15", cast.coop_a.slug])
    client = client_of(cast.ha, verified=False)
    device = second_factor(cast.ha)
    sent = {"idempotency_key": "k" * 16, "reason": "Thiếu số nhà, xin ghi rõ."}
    answer = client.post(url, sent, headers=OWN)
    assert reverse("verify-second-factor") in answer["Location"]
    page = client.post(answer["Location"], {"token": totp_code(device)}, follow=True)
    assert hidden_in(page.content.decode())["reason"] == "Thiếu số nhà, xin ghi rõ."


def test_no_password_nor_a_flood_is_kept(cast: Cast) -> None:
    for url, fields in [
        (reverse("change-password"), {"present": PASSWORD, "password": "ba từ ngắn"}),
        (reverse("register-cooperative"), {"story": "x" * MOST_CHARACTERS, "name": "HTX"}),
    ]:
        client = Client()
        answer = client.post(url, fields, headers=OWN)
        assert answer["Location"] == "/dang-nhap/?next=/"
        assert PASSWORD not in str(dict(client.session))
        assert "kept_form" not in client.session


@pytest.mark.parametrize("accept", ["application/json", "application/json, text/plain"])
def test_what_a_script_sends_is_left_to_the_script(cast: Cast, accept: str) -> None:
    client = Client()
    url = reverse("keep-draft", args=[ProductFactory(cooperative=cast.coop_a).pk])
    answer = client.post(url, SENT, headers={"Accept": accept, **OWN})
    assert answer.status_code == 302
    assert "kept_form" not in client.session


def test_nothing_kept_leads_to_the_workspace(cast: Cast) -> None:
    answer = client_of(cast.mai).get(reverse("send-kept-form"))
    assert answer["Location"] == reverse("show-workspace")


def test_a_form_older_than_its_key_comes_back_whole_to_its_own_site_alone(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = client_of(cast.mai).cookies
    url = reverse("register-cooperative")
    typed = registration()
    own = client.post(url, typed, headers={"Origin": "http://testserver"})
    assert own.status_code == 403
    assert hidden_in(own.content.decode()) == {name: str(value) for name, value in typed.items()}
    for foreign in FOREIGN:
        answer = client.post(url, typed, headers=foreign)
        assert typed["name"] not in answer.content.decode(), foreign
    assert not Cooperative.objects.filter(name=typed["name"]).exists()


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_foreign_form_is_not_kept_for_signing_in_either(
    cast: Cast, foreign: dict[str, str]
) -> None:
    url = reverse("register-cooperative")
    answer = Client().post(url, registration(), headers=foreign)
    assert answer["Location"] == "/dang-nhap/?next=/"
