"""From a phone number to an account, through the pages."""

import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.models import OneTimeCode, User
from accounts.services.codes import send_code
from accounts.services.tokens import create_api_token
from tests.factories.accounts import PASSWORD, UserFactory
from tests.standins.esms import Gateway

pytestmark = pytest.mark.django_db
PHONE, TYPED, SMS_PHONE = "+84912345678", "0912 345 678", "0912345678"
WAYS = {
    "sign-up": ("/dang-ky/", "/dang-ky/ma/", "/dang-ky/hoan-tat/"),
    "reset": ("/mat-khau/", "/mat-khau/ma/", "/mat-khau/moi/"),
}


def key() -> str:
    return str(uuid.uuid4())


def ask(client: Client, way: str = "sign-up", phone: str = TYPED) -> Any:
    return client.post(WAYS[way][0], {"phone": phone, "idempotency_key": key()})


def sent_code(gateway: Gateway) -> str:
    send_code(code_id=OneTimeCode.objects.latest("pk").pk)
    return gateway.code_sent_to(SMS_PHONE)


def prove(client: Client, gateway: Gateway, way: str = "sign-up") -> Any:
    ask(client, way)
    return client.post(WAYS[way][1], {"code": sent_code(gateway)})


def test_a_person_signs_up_with_a_phone(client: Client, gateway: Gateway) -> None:
    answer = ask(client)
    assert (answer.status_code, answer["Location"]) == (302, "/dang-ky/ma/")
    page = client.get("/dang-ky/ma/").content.decode()
    assert TYPED in page

    answer = client.post("/dang-ky/ma/", {"code": sent_code(gateway)})
    assert (answer.status_code, answer["Location"]) == (302, "/dang-ky/hoan-tat/")

    answer = client.post("/dang-ky/hoan-tat/", {"display_name": "Mai", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/lam-viec/")
    user = User.objects.get(phone=PHONE)
    assert user.display_name == "Mai"
    assert user.phone_verified_at
    assert client.session["_auth_user_id"] == str(user.pk)


def test_a_code_with_spaces_is_read(client: Client, gateway: Gateway) -> None:
    ask(client)
    digits = sent_code(gateway)
    answer = client.post("/dang-ky/ma/", {"code": f" {digits[:3]} {digits[3:]} "})
    assert answer.status_code == 302


@pytest.mark.parametrize("way", WAYS)
def test_known_and_unknown_numbers_get_the_same_answers(gateway: Gateway, way: str) -> None:
    UserFactory(phone="+84987000111")
    seen = []
    for phone in ("0987 000 111", "0987 000 222"):
        client = Client()
        first = ask(client, way, phone)
        second = client.get(WAYS[way][1])
        words = second.content.decode().replace(phone, "N")
        for changing in ("csrfmiddlewaretoken", "idempotency_key"):
            head, *tails = words.split(f'name="{changing}" value="')
            words = head + "".join(tail.split('"', 1)[1] for tail in tails)
        seen.append((first.status_code, first["Location"], second.status_code, words))
    assert seen[0] == seen[1]
    assert OneTimeCode.objects.count() == 2


def test_a_phone_with_an_account_is_told_only_after_the_code(
    client: Client, gateway: Gateway
) -> None:
    UserFactory(phone=PHONE)
    prove(client, gateway)
    page = client.get("/dang-ky/hoan-tat/").content.decode()
    assert "/mat-khau/moi/" in page
    client.post("/dang-ky/hoan-tat/", {"display_name": "Kẻ khác", "password": PASSWORD})
    assert User.objects.get(phone=PHONE).display_name != "Kẻ khác"


def test_no_account_is_made_without_the_code(client: Client, gateway: Gateway) -> None:
    ask(client)
    answer = client.post("/dang-ky/hoan-tat/", {"display_name": "Mai", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/dang-ky/")
    assert not User.objects.exists()


def test_one_persons_code_does_not_serve_in_anothers_browser(gateway: Gateway) -> None:
    mine, other = Client(), Client()
    ask(mine)
    answer = other.post("/dang-ky/ma/", {"code": sent_code(gateway)})
    assert (answer.status_code, answer["Location"]) == (302, "/dang-ky/")


def test_a_wrong_code_says_how_many_tries_are_left_and_keeps_what_was_typed(
    client: Client, gateway: Gateway
) -> None:
    ask(client)
    wrong = f"{(int(sent_code(gateway)) + 1) % 1_000_000:06d}"
    answer = client.post("/dang-ky/ma/", {"code": wrong})
    assert answer.status_code == 422
    assert wrong in answer.content.decode()
    assert "4" in answer.context["form"].errors["code"][0]
    for _ in range(3):
        client.post("/dang-ky/ma/", {"code": wrong})
    assert client.post("/dang-ky/ma/", {"code": wrong}).status_code == 409


def test_pressing_twice_asks_once(client: Client, gateway: Gateway) -> None:
    data = {"phone": TYPED, "idempotency_key": key()}
    answers = [client.post("/dang-ky/", data) for _ in range(2)]
    assert [a.status_code for a in answers] == [302, 302]
    assert OneTimeCode.objects.count() == 1


def test_the_page_says_that_the_gateway_is_down_and_later_that_it_came(
    client: Client, gateway: Gateway
) -> None:
    ask(client)
    gateway.mood = "500"
    code = OneTimeCode.objects.get()
    send_code(code_id=code.pk)
    page = client.get("/dang-ky/ma/").content.decode()
    assert "notice--warn" in page
    assert "data-reread" in page
    assert "/dang-ky/gui-lai/" in page

    gateway.mood = ""
    send_code(code_id=code.pk)
    page = client.get("/dang-ky/ma/").content.decode()
    assert "notice--done" in page
    assert "data-reread" not in page


def test_a_code_can_be_sent_again(client: Client, gateway: Gateway) -> None:
    ask(client)
    OneTimeCode.objects.update(failure="number", failed_at="2026-01-01T00:00Z")
    answer = client.post("/dang-ky/gui-lai/", {"idempotency_key": key()})
    assert (answer.status_code, answer["Location"]) == (302, "/dang-ky/ma/")
    assert OneTimeCode.objects.count() == 2


def test_the_sixth_code_in_an_hour_is_refused_with_the_hour_to_wait_for(
    client: Client, gateway: Gateway
) -> None:
    for _ in range(5):
        ask(client)
        OneTimeCode.objects.update(failure="number", failed_at="2026-01-01T00:00Z")
    answer = ask(client)
    assert answer.status_code == 429
    assert ":" in answer.context["form"].errors["phone"][0]
    assert TYPED in answer.content.decode()


def test_a_demonstration_shows_the_code_on_the_page(client: Client, settings: Any) -> None:
    settings.SMS_API_URL, settings.DEMO = "", True
    ask(client)
    shown = client.get("/dang-ky/ma/").context["demonstration_code"]
    assert len(shown) == 6
    assert client.post("/dang-ky/ma/", {"code": shown}).status_code == 302


def test_without_any_way_to_send_the_page_says_so(client: Client, settings: Any) -> None:
    settings.SMS_API_URL, settings.DEMO = "", False
    assert "notice--warn" in client.get("/dang-ky/").content.decode()
    answer = ask(client)
    assert answer.status_code == 503
    assert TYPED in answer.content.decode()


@pytest.mark.parametrize(
    "phone",
    ["", "0123", "02143 840 123", "O912345678", "0912345678; 0912345679", "+1 212 555 0100"],
)
def test_a_number_that_cannot_get_codes_is_explained_at_the_field(
    client: Client, gateway: Gateway, phone: str
) -> None:
    answer = ask(client, phone=phone)
    assert answer.status_code == 422
    assert answer.context["form"].errors["phone"]
    assert not OneTimeCode.objects.exists()


@pytest.mark.parametrize(
    ("name", "password"), [("", PASSWORD), ("Mai", ""), ("Mai", "ngan"), ("Mai", "password")]
)
def test_name_and_password_are_explained_and_the_name_stays(
    client: Client, gateway: Gateway, name: str, password: str
) -> None:
    prove(client, gateway)
    answer = client.post("/dang-ky/hoan-tat/", {"display_name": name, "password": password})
    assert answer.status_code == 422
    assert not User.objects.exists()
    assert name in answer.content.decode()
    assert PASSWORD not in answer.content.decode()


def test_a_forgotten_password_is_replaced_and_other_devices_are_signed_out(
    gateway: Gateway,
) -> None:
    user = UserFactory(phone=PHONE)
    token, _word = create_api_token(user=user, name="of whoever knew the old password")
    elsewhere = Client()
    elsewhere.post("/dang-nhap/", {"phone": TYPED, "password": PASSWORD})
    assert elsewhere.get("/tai-khoan/").status_code == 200

    here = Client()
    prove(here, gateway, "reset")
    answer = here.post("/mat-khau/moi/", {"password": "mot-mat-khau-moi"})
    assert (answer.status_code, answer["Location"]) == (302, "/lam-viec/")
    user.refresh_from_db()
    assert user.check_password("mot-mat-khau-moi")
    assert here.get("/tai-khoan/").status_code == 200
    assert elsewhere.get("/tai-khoan/").status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_the_proof_serves_one_password_only(client: Client, gateway: Gateway) -> None:
    UserFactory(phone=PHONE)
    prove(client, gateway, "reset")
    client.post("/mat-khau/moi/", {"password": "mot-mat-khau-moi"})
    answer = client.post("/mat-khau/moi/", {"password": "lai-mot-cai-khac"})
    assert (answer.status_code, answer["Location"]) == (302, "/mat-khau/")


def test_a_reset_for_a_number_without_account_leads_to_signing_up(
    client: Client, gateway: Gateway
) -> None:
    prove(client, gateway, "reset")
    answer = client.get("/mat-khau/moi/")
    assert (answer.status_code, answer["Location"]) == (302, "/dang-ky/hoan-tat/")
    client.post("/dang-ky/hoan-tat/", {"display_name": "Mai", "password": PASSWORD})
    assert User.objects.filter(phone=PHONE).exists()


def test_a_closed_account_is_no_dead_end_and_stays_closed(client: Client, gateway: Gateway) -> None:
    UserFactory(phone=PHONE, is_active=False)
    prove(client, gateway, "reset")
    assert client.get("/mat-khau/moi/").status_code == 403
    answer = client.post("/mat-khau/moi/", {"password": "mot-mat-khau-moi"})
    assert answer.status_code == 403
    assert not User.objects.get(phone=PHONE).check_password("mot-mat-khau-moi")
