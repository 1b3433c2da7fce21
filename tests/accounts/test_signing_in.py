"""Signing in, being locked out, the second factor, and the end of sessions."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import limits, sessions
from accounts.models import User
from accounts.services.enrolment import allow_enrolment
from accounts.services.people import deactivate, end_sessions
from core.limits import Limit
from tests.cast import client_of, second_factor, totp_code
from tests.core.test_limits import pass_time
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.coops import StaffRoleFactory

pytestmark = pytest.mark.django_db
TYPED = "0912 345 678"


@pytest.fixture
def mai() -> User:
    return UserFactory(phone="+84912345678", display_name="Mai")


def sign_in(client: Client, phone: str = TYPED, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post("/dang-nhap/", {"phone": phone, "password": password, **extra})


@pytest.mark.parametrize("phone", ["0912345678", "+84 912 345 678", "84912345678", "0912.345.678"])
def test_any_written_form_of_the_number_signs_in(client: Client, mai: User, phone: str) -> None:
    answer = sign_in(client, phone)
    assert (answer.status_code, answer["Location"]) == (302, "/lam-viec/")


def test_wrong_password_and_unknown_number_get_the_same_words(client: Client, mai: User) -> None:
    wrong = sign_in(client, password="sai-mat-khau")
    unknown = sign_in(client, phone="0987654321")
    assert wrong.status_code == unknown.status_code == 422
    words = [list(answer.context["form"].non_field_errors()) for answer in (wrong, unknown)]
    assert words[0] == words[1]
    assert len(words[0]) == 1
    assert TYPED in wrong.content.decode()


@pytest.mark.parametrize(
    ("wanted", "way_on"),
    [
        ("/tai-khoan/", "/tai-khoan/"),
        ("https://evil.example/", "/lam-viec/"),
        ("//evil.example", "/lam-viec/"),
        ("javascript:alert(1)", "/lam-viec/"),
        ("/\\evil.example", "/lam-viec/"),
        ("/\t/evil.example", "/lam-viec/"),
        ("abc", "/lam-viec/"),
        ("show-account", "/lam-viec/"),
        ("/tai-khoan/?a=b&c=%2F#d", "/tai-khoan/?a=b&c=%2F#d"),
    ],
)
def test_the_way_on_stays_on_this_site(client: Client, mai: User, wanted: str, way_on: str) -> None:
    assert sign_in(client, next=wanted)["Location"] == way_on


def test_eight_wrong_passwords_lock_and_say_how_long(client: Client, mai: User) -> None:
    for _ in range(8):
        assert sign_in(client, password="sai").status_code == 422
    answer = sign_in(client, password="sai")
    assert answer.status_code == 429
    assert answer.context["minutes"] == 2
    assert "/mat-khau/" in answer.content.decode()
    assert sign_in(client).status_code == 429, "the right password waits too"


def test_another_way_to_write_the_number_does_not_unlock(client: Client, mai: User) -> None:
    for phone in ["0912345678", "+84912345678", "0912 345 678"] * 3:
        answer = sign_in(client, phone, password="sai")
    assert answer.status_code == 429


def test_the_wait_is_as_long_as_the_page_said_and_trying_does_not_prolong_it(
    client: Client, mai: User
) -> None:
    for _ in range(12):
        answer = sign_in(client, password="sai")
    assert answer.context["minutes"] == 2
    pass_time(seconds=int(answer["Retry-After"]))
    assert sign_in(client).status_code == 302


def test_right_passwords_are_not_counted(mai: User) -> None:
    assert {sign_in(Client()).status_code for _ in range(9)} == {302}


def test_without_the_count_passwords_could_be_tried_for_ever(
    client: Client, mai: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OF_PERSON_HERE", Limit("here", 1_000, 900))
    assert {sign_in(client, password="sai").status_code for _ in range(12)} == {422}


def guess_everywhere(client: Client, count: int) -> set[int]:
    """One guess at each of `count` numbers, all from one address."""
    phones = (f"0912{n:06d}" for n in range(count))
    return {sign_in(client, phone, password="sai").status_code for phone in phones}


@pytest.mark.parametrize("kind", ["OF_CLIENT", "OF_NETWORK", "OF_ALL"])
def test_many_numbers_from_one_place_are_stopped(
    client: Client, mai: User, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    of_kind: Limit = getattr(limits, kind)
    monkeypatch.setattr(limits, kind, replace(of_kind, at_most=6))
    assert guess_everywhere(client, 6) == {422}
    answer = sign_in(client)
    assert answer.status_code == 429, "the right password waits too"
    assert "từ mạng bạn đang dùng" in answer.content.decode()
    assert "/mat-khau/" in answer.content.decode()
    pass_time(minutes=3)
    assert sign_in(client).status_code == 302


def test_without_the_counts_per_place_numbers_could_be_tried_one_after_another(
    client: Client, mai: User
) -> None:
    """Negative control."""
    assert guess_everywhere(client, 12) == {422}


def guesses_at_mai_from_thirty_addresses() -> list[int]:
    return [
        sign_in(Client(REMOTE_ADDR=f"198.51.{n % 30}.7"), password="sai").status_code
        for n in range(10)
    ]


def test_one_number_tried_from_everywhere_is_slowed_but_its_owner_is_not(
    mai: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OF_PERSON", Limit("person", 5, 3600))
    own = Client()
    assert sign_in(own).status_code == 302
    own.post("/dang-xuat/")
    assert guesses_at_mai_from_thirty_addresses().count(422) == 5
    assert sign_in(Client(REMOTE_ADDR="192.0.2.1")).status_code == 429, "a browser never seen"
    assert sign_in(own).status_code == 302, "the browser she has signed in with before"


def test_without_the_count_per_person_addresses_could_take_turns(
    mai: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control."""
    monkeypatch.setattr(limits, "OF_PERSON", Limit("person", 1_000, 3600))
    assert guesses_at_mai_from_thirty_addresses().count(422) == 10


def test_another_network_is_not_locked_out_with_the_first(mai: User) -> None:
    attacker, owner = Client(REMOTE_ADDR="203.0.113.9"), Client(REMOTE_ADDR="198.51.100.7")
    for _ in range(9):
        sign_in(attacker, password="sai")
    assert sign_in(owner).status_code == 302


def test_signing_out_needs_a_post_and_ends_the_session(mai: User) -> None:
    client = client_of(mai)
    assert client.get("/dang-xuat/")["Location"] == "/"
    assert client.post("/dang-xuat/").status_code == 302
    assert client.get("/tai-khoan/").status_code == 302


def test_a_person_with_an_authenticator_is_asked_for_its_code(client: Client, mai: User) -> None:
    device = second_factor(mai)
    answer = sign_in(client, next="/tai-khoan/")
    assert answer["Location"].startswith("/xac-minh/?")
    answer = client.post("/xac-minh/?next=/tai-khoan/", {"token": totp_code(device)})
    assert (answer.status_code, answer["Location"]) == (302, "/tai-khoan/")
    assert client.session["otp_device_id"] == device.persistent_id


def test_a_code_of_the_app_works_once(mai: User) -> None:
    device = second_factor(mai)
    code = totp_code(device)
    first, second = client_of(mai, verified=False), client_of(mai, verified=False)
    assert first.post("/xac-minh/", {"token": code}).status_code == 302
    answer = second.post("/xac-minh/", {"token": code})
    assert answer.status_code == 422
    assert "otp_device_id" not in second.session


def test_without_remembering_the_step_a_code_would_work_again(mai: User) -> None:
    device = second_factor(mai)
    code = totp_code(device)
    assert device.verify_token(code)
    TOTPDevice.objects.update(last_t=-1)  # what keeps a code from working again
    client = client_of(mai, verified=False)
    assert client.post("/xac-minh/", {"token": code}).status_code == 302


def test_wrong_codes_make_the_next_one_wait(mai: User) -> None:
    device = second_factor(mai)
    client = client_of(mai, verified=False)
    wrong = f"{(int(totp_code(device)) + 1) % 1_000_000:06d}"
    assert client.post("/xac-minh/", {"token": wrong}).status_code == 422
    answer = client.post("/xac-minh/", {"token": totp_code(device)})
    assert answer.status_code == 429, "even the right one waits"
    TOTPDevice.objects.update(throttling_failure_timestamp="2026-01-01T00:00Z")
    assert client.post("/xac-minh/", {"token": totp_code(device)}).status_code == 302


def test_setting_up_shows_the_key_once_confirmed_never_again(mai: User) -> None:
    client = client_of(mai)
    allow_enrolment(user=mai)
    assert client.get("/xac-minh/")["Location"].startswith("/xac-minh/cai-dat/")
    page = client.get("/xac-minh/cai-dat/")
    key = client.session["second_factor_key"]
    assert "<svg" in page.content.decode()
    assert client.get("/xac-minh/cai-dat/").context["secret"] == page.context["secret"]

    device = TOTPDevice(user=mai, key=key)
    answer = client.post("/xac-minh/cai-dat/?next=/tai-khoan/", {"token": totp_code(device)})
    assert answer["Location"] == "/xac-minh/ma-giay/?next=%2Ftai-khoan%2F"
    assert client.get("/xac-minh/cai-dat/").status_code == 302
    assert mai.totpdevice_set.get().key == key


def test_a_wrong_code_at_setting_up_keeps_no_device(mai: User) -> None:
    client = client_of(mai)
    allow_enrolment(user=mai)
    client.get("/xac-minh/cai-dat/")
    assert client.post("/xac-minh/cai-dat/", {"token": "000000"}).status_code == 422
    assert not TOTPDevice.objects.exists()


def later(client: Client, **by: float) -> None:
    """Make the session look as if its last steps were that long ago."""
    session = client.session
    shift = dt.timedelta(**by).total_seconds()
    for name in (sessions.STRICT_SINCE, sessions.SEEN_AT):
        session[name] = session[name] - shift
    session.save()


@pytest.fixture
def verified(mai: User) -> Client:
    """Of the staff of a province."""
    StaffRoleFactory(user=mai)
    client = client_of(mai, verified=False)
    client.post("/xac-minh/", {"token": totp_code(second_factor(mai))})
    return client


def to_a_new_phone(client: Client, **typed: str) -> Any:
    client.get("/xac-minh/doi-may/")
    new = TOTPDevice(key=client.session["second_factor_key"])
    return client.post(
        "/xac-minh/doi-may/", {"token": totp_code(new), "present": PASSWORD, **typed}
    )


def test_the_second_step_moves_to_a_new_phone_and_the_old_one_ends(mai: User) -> None:
    old = second_factor(mai)
    client, elsewhere = client_of(mai, verified=True), client_of(mai, verified=True)

    answer = to_a_new_phone(client)

    new = mai.totpdevice_set.get()
    assert (answer.status_code, answer["Location"]) == (302, "/tai-khoan/")
    assert new.key != old.key
    assert client.get("/xac-minh/doi-may/").status_code == 200  # still signed in, with the new
    assert elsewhere.get("/xac-minh/doi-may/")["Location"].startswith("/xac-minh/?next=")
    assert elsewhere.post("/xac-minh/", {"token": totp_code(old)}).status_code == 422


@pytest.mark.parametrize("typed", [{"present": "sai-mat-khau"}, {"token": "000000"}, {"token": ""}])
def test_a_session_left_open_is_not_enough_to_move_it(mai: User, typed: dict[str, str]) -> None:
    old = second_factor(mai)

    assert to_a_new_phone(client_of(mai, verified=True), **typed).status_code == 422
    assert mai.totpdevice_set.get().key == old.key


def test_who_did_not_show_the_second_factor_cannot_move_it(mai: User) -> None:
    second_factor(mai)
    client = client_of(mai, verified=False)

    answer = client.post("/xac-minh/doi-may/", {"token": "123456", "present": PASSWORD})

    assert answer["Location"].startswith("/xac-minh/?next=")
    assert "second_factor_key" not in client.session


def test_a_session_with_second_factor_ends_after_half_an_hour_of_rest(verified: Client) -> None:
    later(verified, minutes=29)
    assert verified.get("/tai-khoan/").status_code == 200
    later(verified, minutes=31)
    assert verified.get("/tai-khoan/").status_code == 302
    assert "_auth_user_id" not in verified.session


def test_a_member_of_a_co_op_may_rest_without_being_signed_out(mai: User) -> None:
    client = client_of(mai, verified=False)
    client.post("/xac-minh/", {"token": totp_code(second_factor(mai))})
    assert sessions.SEEN_AT not in client.session
    assert client.get("/tai-khoan/").status_code == 200


def test_it_ends_after_twelve_hours_however_busy(verified: Client) -> None:
    session = verified.session
    session[sessions.STRICT_SINCE] -= dt.timedelta(hours=12, minutes=1).total_seconds()
    session.save()
    assert verified.get("/tai-khoan/").status_code == 302


def test_use_keeps_it_alive(verified: Client) -> None:
    for _ in range(4):
        session = verified.session
        session[sessions.SEEN_AT] -= dt.timedelta(minutes=20).total_seconds()
        session.save()
        assert verified.get("/tai-khoan/").status_code == 200


def test_other_people_stay_signed_in_for_thirty_days(client: Client, mai: User) -> None:
    sign_in(client)
    left = Session.objects.get(pk=client.session.session_key).expire_date
    days = (left - dt.datetime.now(dt.UTC)).total_seconds() / 86400
    assert 29.9 < days < 30.1


def test_a_closed_account_is_out_at_once(mai: User) -> None:
    client = client_of(mai)
    deactivate(user=mai)
    assert client.get("/tai-khoan/").status_code == 302
    assert sign_in(Client()).status_code == 422


def test_ending_sessions_signs_out_everywhere(mai: User) -> None:
    here, there, other = client_of(mai), client_of(mai), client_of(UserFactory())
    end_sessions(user=mai)
    assert [c.get("/tai-khoan/").status_code for c in (here, there, other)] == [302, 302, 200]
