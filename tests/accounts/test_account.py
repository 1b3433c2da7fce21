"""One's own account: name, password, tokens, and the commands of those who run the site."""

import io
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import ApiToken, User
from accounts.services.tokens import create_api_token
from core import limits
from core.models import IdempotencyRecord
from tests.cast import client_of, second_factor
from tests.factories.accounts import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def key() -> str:
    return str(uuid.uuid4())


def test_a_name_is_changed_and_the_history_says_so() -> None:
    user = UserFactory(display_name="Mai")
    client = client_of(user)
    data = {"display_name": "  Mai   Hoa\u200b ", "idempotency_key": key()}
    assert client.post("/tai-khoan/ten/", data).status_code == 302
    user.refresh_from_db()
    assert user.display_name == "Mai Hoa"
    event = user.events.select_related("pgh_context").latest("pgh_id")
    assert event.pgh_context.metadata["user"] == user.pk


def test_an_empty_name_is_refused_and_the_old_one_stays() -> None:
    user = UserFactory(display_name="Mai")
    data = {"display_name": " \u200b ", "idempotency_key": key()}
    assert client_of(user).post("/tai-khoan/ten/", data).status_code == 422
    user.refresh_from_db()
    assert user.display_name == "Mai"


def test_changing_the_password_keeps_this_device_and_signs_out_the_others() -> None:
    user = UserFactory()
    here, there = client_of(user), client_of(user)
    answer = here.post("/mat-khau/doi/", {"present": PASSWORD, "password": "mot-mat-khau-moi"})
    assert answer.status_code == 302
    assert here.get("/tai-khoan/").status_code == 200
    assert there.get("/tai-khoan/").status_code == 302


def test_the_present_password_is_asked_for() -> None:
    user = UserFactory()
    data = {"present": "sai", "password": "mot-mat-khau-moi"}
    assert client_of(user).post("/mat-khau/doi/", data).status_code == 422
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_wrong_present_passwords_are_counted_by_browser_and_person() -> None:
    user = UserFactory()
    here, there = client_of(user), client_of(user)
    data = {"present": "sai", "password": "mot-mat-khau-moi"}
    codes = [here.post("/mat-khau/doi/", data).status_code for _ in range(9)]
    assert codes == [422] * 8 + [429]
    assert here.post("/mat-khau/doi/", {**data, "present": PASSWORD}).status_code == 429
    assert there.post("/mat-khau/doi/", {**data, "present": PASSWORD}).status_code == 302


def test_without_the_count_passwords_could_be_tried_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "check", lambda *_tries: None)
    client = client_of(UserFactory())
    data = {"present": "sai", "password": "mot-mat-khau-moi"}
    assert {client.post("/mat-khau/doi/", data).status_code for _ in range(10)} == {422}


def test_no_digest_of_a_password_is_kept_with_the_answers() -> None:
    """An unkeyed digest of a form with a password in it would help whoever steals the database."""
    user = UserFactory()
    client_of(user).post(
        "/mat-khau/doi/",
        {"present": PASSWORD, "password": "mot-mat-khau-moi", "idempotency_key": key()},
    )
    assert not IdempotencyRecord.objects.exists()


def make_token(client: Client, name: str = "Phần mềm kế toán") -> str:
    data = {"name": name, "scope": "write", "days": "90", "idempotency_key": key()}
    assert client.post("/tai-khoan/ma-truy-cap/", data).status_code == 302
    return str(client.get("/tai-khoan/ma-truy-cap/").context["new_token"])


def test_a_token_is_shown_once_and_kept_as_a_hash() -> None:
    client = client_of(UserFactory())
    token = make_token(client)
    assert token.startswith("cp_")
    assert token not in client.get("/tai-khoan/ma-truy-cap/").content.decode()
    assert token not in str(ApiToken.objects.values_list())
    assert not IdempotencyRecord.objects.filter(body__contains=token).exists()


def test_pressing_twice_makes_one_token() -> None:
    client = client_of(UserFactory())
    data = {"name": "Kế toán", "scope": "read", "days": "30", "idempotency_key": key()}
    client.post("/tai-khoan/ma-truy-cap/", data)
    client.post("/tai-khoan/ma-truy-cap/", data)
    assert ApiToken.objects.count() == 1


def test_a_token_is_stopped_by_its_owner_only() -> None:
    owner, other = UserFactory(), UserFactory()
    token, _text = create_api_token(user=owner, name="Kế toán")
    data = {"token": token.pk, "idempotency_key": key()}
    assert client_of(other).post("/tai-khoan/ma-truy-cap/thu-hoi/", data).status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None
    data["idempotency_key"] = key()
    assert client_of(owner).post("/tai-khoan/ma-truy-cap/thu-hoi/", data).status_code == 302
    token.refresh_from_db()
    assert token.revoked_at


@pytest.mark.parametrize("token", ["", "x", "-1", "9" * 40, "١٢"])
def test_an_odd_token_number_is_missing(token: str) -> None:
    data = {"token": token, "idempotency_key": key()}
    answer = client_of(UserFactory()).post("/tai-khoan/ma-truy-cap/thu-hoi/", data)
    assert answer.status_code == 404


def test_a_person_with_a_second_factor_shows_it_before_making_tokens() -> None:
    user = UserFactory()
    second_factor(user)
    client = client_of(user, verified=False)
    data = {"name": "Kế toán", "idempotency_key": key()}
    assert client.post("/tai-khoan/ma-truy-cap/", data)["Location"].startswith("/xac-minh/")
    assert not ApiToken.objects.exists()


def test_create_account_makes_an_account_that_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    call_command("create_account", "0912 345 678", "--name", "Hà", stdout=io.StringIO())
    user = User.objects.get(phone="+84912345678")
    assert user.check_password(PASSWORD)
    assert (user.is_staff, user.phone_verified_at) == (False, None)


@pytest.mark.parametrize(("phone", "password"), [("0912", PASSWORD), ("0912345678", "ngan")])
def test_create_account_explains_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, phone: str, password: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    with pytest.raises(CommandError):
        call_command("create_account", phone, "--name", "Hà")
    assert not User.objects.exists()


def test_a_lost_authenticator_is_taken_away() -> None:
    user = UserFactory(phone="+84912345678")
    second_factor(user)
    client = client_of(user, verified=True)
    call_command("reset_second_factor", "0912345678", stdout=io.StringIO())
    assert not user.totpdevice_set.exists()
    assert client.get("/tai-khoan/").status_code == 302
    with pytest.raises(CommandError):
        call_command("reset_second_factor", "0912345678")


def test_an_account_is_closed_by_command() -> None:
    user = UserFactory(phone="+84912345678")
    token, _text = create_api_token(user=user, name="Kế toán")
    call_command("deactivate_account", "0912345678", stdout=io.StringIO())
    user.refresh_from_db()
    token.refresh_from_db()
    assert not user.is_active
    assert token.revoked_at
