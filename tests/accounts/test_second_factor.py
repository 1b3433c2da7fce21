"""What a second factor keeps out, how it is set up, the codes on paper, the phone's clock."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import middleware
from accounts.errors import CannotVouch, PhoneClockOff, WrongCode
from accounts.models import EnrolmentRequest, RecoveryCode, User
from accounts.services import enrolment, recovery_codes
from accounts.services.second_factor import LONGEST_WAIT_S, _wait_s, check_second_factor
from accounts.services.tokens import create_api_token
from coops.models import Cooperative
from core.clock import db_now
from tests.cast import PASSWORD, Cast, client_of, make_cast, second_factor, totp_code
from tests.factories.accounts import UserFactory
from tests.factories.coops import member_of
from tests.standins.esms import Gateway

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def half_signed_in(user: User) -> Client:
    """Signed in with the password; the authenticator was not asked yet."""
    second_factor(user)
    return client_of(user, verified=False)


def post(client: Client, path: str, **data: Any) -> Any:
    return client.post(path, {"idempotency_key": str(uuid.uuid4()), **data})


def patch_story(client: Client, cooperative: Cooperative, **headers: str) -> Any:
    return client.patch(
        f"/api/my/cooperatives/{cooperative.slug}/",
        {"story": "Của người khác."},
        content_type="application/json",
        headers={"Idempotency-Key": str(uuid.uuid4()), **headers},
    )


# The wall


def test_a_manager_reaches_nothing_before_the_second_factor(cast: Cast) -> None:
    client = half_signed_in(cast.mai)
    page = client.get(f"/lam-viec/{cast.coop_a.slug}/kien-hang/")
    written = patch_story(client, cast.coop_a)
    password = client.post("/mat-khau/doi/", {"present": PASSWORD, "password": "cua-ke-gian-26"})

    assert page["Location"].startswith("/xac-minh/?next=%2Flam-viec%2F")
    assert (written.status_code, written.json()["code"]) == (403, "second_factor_missing")
    assert password["Location"].startswith("/xac-minh/?next=")
    cast.mai.refresh_from_db()
    assert cast.mai.check_password(PASSWORD)

    client.post("/xac-minh/", {"token": totp_code(second_factor(cast.mai))})
    assert client.get(f"/lam-viec/{cast.coop_a.slug}/").status_code == 200
    assert patch_story(client, cast.coop_a).status_code == 200


def test_without_the_wall_the_password_alone_would_open_everything(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "_seen_as", lambda _request, user: user)
    client = half_signed_in(cast.mai)
    assert client.get(f"/lam-viec/{cast.coop_a.slug}/").status_code == 200
    assert patch_story(client, cast.coop_a).status_code == 200


def test_public_pages_show_nothing_personal_before_the_second_factor(cast: Cast) -> None:
    client = half_signed_in(cast.mai)
    for path in ("/htx/", "/khong-co-trang-nay/"):
        page = client.get(path).content.decode()
        assert ">Mai<" not in page
        assert "/lam-viec/" not in page


def test_signing_in_again_leads_to_the_verification(cast: Cast) -> None:
    client = half_signed_in(cast.mai)
    answer = client.get("/dang-nhap/?next=/tai-khoan/")
    assert answer["Location"] == "/xac-minh/?next=%2Ftai-khoan%2F"
    assert client.post("/dang-xuat/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_a_device_set_up_elsewhere_closes_the_sessions_that_did_not_show_it(cast: Cast) -> None:
    client = client_of(cast.mai)
    assert client.get("/tai-khoan/").status_code == 200
    second_factor(cast.mai)
    assert client.get("/tai-khoan/")["Location"].startswith("/xac-minh/")


def test_a_token_counts_for_itself_whatever_the_session_is(cast: Cast) -> None:
    client = half_signed_in(cast.mai)
    _token, text = create_api_token(user=cast.mai, name="Sổ")
    assert patch_story(client, cast.coop_a, Authorization=f"Bearer {text}").status_code == 200
    assert patch_story(client, cast.coop_a, Authorization="Bearer cp_nothing").status_code == 401


def test_a_new_password_does_not_stand_in_for_the_second_factor(
    cast: Cast, gateway: Gateway
) -> None:
    second_factor(cast.mai)
    client = Client()
    post(client, "/mat-khau/", phone="0912000006")
    code = cast.mai and _digits_for(cast.mai, "reset_password")
    client.post("/mat-khau/ma/", {"code": code})
    answer = client.post("/mat-khau/moi/", {"password": "mot-mat-khau-moi"})
    assert answer["Location"].startswith("/xac-minh/")
    assert client.get("/lam-viec/")["Location"].startswith("/xac-minh/")


def test_an_installation_may_let_nobody_work_without_a_second_factor(
    cast: Cast, settings: Any
) -> None:
    settings.SECOND_FACTOR_FOR_COOPERATIVES = True
    client = client_of(cast.mai)
    answer = client.get(f"/lam-viec/{cast.coop_a.slug}/")
    assert answer["Location"].startswith("/xac-minh/?next=")
    assert client.get(answer["Location"])["Location"].startswith("/xac-minh/cai-dat/")
    assert patch_story(client, cast.coop_a).status_code == 403
    assert client_of(cast.mai, verified=True).get("/lam-viec/?tat-ca").status_code == 200


def test_managers_and_hosts_are_led_to_it_until_they_have_it(cast: Cast) -> None:
    packer = member_of(cast.coop_a, "packer")
    path = f"/lam-viec/{cast.coop_a.slug}/"
    for user, is_led in ((cast.mai, True), (cast.minh, True), (packer, False)):
        assert ("/xac-minh/cai-dat/" in client_of(user).get(path).content.decode()) is is_led
    page = client_of(cast.mai, verified=True).get(path).content.decode()
    assert "/xac-minh/cai-dat/" not in page


# Setting it up


def _digits_for(user: User, purpose: str) -> str:
    from accounts import seals
    from accounts.models import OneTimeCode

    code = OneTimeCode.objects.filter(phone=user.phone, purpose=purpose).latest("pk")
    return seals.open_seal(code.sealed_code)


def enrol(client: Client) -> Any:
    client.get("/xac-minh/cai-dat/")
    device = TOTPDevice(key=client.session["second_factor_key"])
    return client.post("/xac-minh/cai-dat/", {"token": totp_code(device)})


def test_a_password_alone_does_not_set_it_up(cast: Cast) -> None:
    client = client_of(cast.mai)
    answer = client.get("/xac-minh/cai-dat/?next=/tai-khoan/")
    assert answer["Location"] == "/xac-minh/cai-dat/xac-nhan/?next=%2Ftai-khoan%2F"
    client.post("/xac-minh/cai-dat/", {"token": "123456"})
    assert "second_factor_key" not in client.session


def test_a_code_by_message_lets_the_person_set_it_up(cast: Cast, gateway: Gateway) -> None:
    client = client_of(cast.mai)
    assert post(client, "/xac-minh/cai-dat/gui-ma/").status_code == 302
    digits = _digits_for(cast.mai, "second_factor")
    wrong = f"{(int(digits) + 1) % 10**6:06d}"
    assert client.post("/xac-minh/cai-dat/xac-nhan/", {"code": wrong}).status_code == 422
    assert client.get("/xac-minh/cai-dat/").status_code == 302

    assert client.post("/xac-minh/cai-dat/xac-nhan/", {"code": digits}).status_code == 302
    assert enrol(client)["Location"].startswith("/xac-minh/ma-giay/")
    assert cast.mai.has_second_factor


def test_where_no_messages_go_a_verified_manager_gives_their_word(cast: Cast) -> None:
    host = client_of(cast.minh)
    post(host, "/xac-minh/cai-dat/nho/")
    place = cast.minh.memberships.get()
    path = f"/lam-viec/{cast.coop_a.slug}/thanh-vien/{place.pk}/xac-nhan/"

    post(client_of(cast.mai), path)
    assert host.get("/xac-minh/cai-dat/").status_code == 302, "a word by password alone is none"

    manager = client_of(cast.mai, verified=True)
    assert path in manager.get(f"/lam-viec/{cast.coop_a.slug}/thanh-vien/").content.decode()
    post(manager, path)
    assert enrol(host).status_code == 302
    assert cast.minh.has_second_factor
    assert EnrolmentRequest.objects.get().vouched_by == cast.mai


def test_the_office_of_the_province_gives_its_word_for_the_only_manager(cast: Cast) -> None:
    client = client_of(cast.mai)
    post(client, "/xac-minh/cai-dat/nho/")
    place = cast.mai.memberships.get()
    review = f"/tinh/15/duyet/htx/{cast.coop_a.slug}/"
    path = f"{review}xac-nhan/{place.pk}/"

    assert post(client_of(cast.binh), path).status_code == 404
    assert path in client_of(cast.ha).get(review).content.decode()
    post(client_of(cast.ha), path)
    assert enrol(client).status_code == 302


def test_nobody_gives_their_word_for_themselves(cast: Cast) -> None:
    enrolment.request_enrolment(user=cast.mai)
    with pytest.raises(CannotVouch):
        enrolment.vouch_for(user=cast.mai, by=cast.mai)
    assert not enrolment.is_confirmed(cast.mai)


def test_setting_it_up_ends_tokens_that_a_password_alone_had_made(cast: Cast) -> None:
    create_api_token(user=cast.mai, name="Của ai?")
    enrolment.allow_enrolment(user=cast.mai)
    enrol(client_of(cast.mai))
    assert not cast.mai.api_tokens.working().exists()


# Codes on paper


def test_codes_on_paper_are_shown_once_kept_hashed_and_used_once(cast: Cast) -> None:
    client = client_of(cast.mai)
    enrolment.allow_enrolment(user=cast.mai)
    enrol(client)
    codes = client.get("/xac-minh/ma-giay/").context["codes"]
    again = client.get("/xac-minh/ma-giay/")

    assert len(codes) == len(set(codes)) == 10
    assert all(re.fullmatch(r"\d{4} \d{4} \d{4}", code) for code in codes)
    assert (again.context["codes"], again.context["left"]) == ([], 10)
    kept = set(RecoveryCode.objects.values_list("code_hash", flat=True))
    assert not kept & {code.replace(" ", "") for code in codes}

    lost = client_of(cast.mai, verified=False)
    answer = lost.post("/xac-minh/?next=/tai-khoan/", {"token": codes[3]})
    assert answer["Location"] == "/tai-khoan/"
    assert "9" in lost.get("/tai-khoan/").content.decode()
    other = client_of(cast.mai, verified=False)
    assert other.post("/xac-minh/", {"token": codes[3]}).status_code == 422


def test_a_new_set_needs_the_password_and_ends_the_old(cast: Cast) -> None:
    second_factor(cast.mai)
    old = recovery_codes.make_recovery_codes(user=cast.mai)
    client = client_of(cast.mai, verified=True)
    assert client.post("/xac-minh/ma-giay/", {"present": "sai"}).status_code == 422
    client.post("/xac-minh/ma-giay/", {"present": PASSWORD})
    assert len(client.get("/xac-minh/ma-giay/").context["codes"]) == 10
    assert not recovery_codes.use_recovery_code(user=cast.mai, code=old[0])


def test_a_code_of_somebody_else_opens_nothing(cast: Cast) -> None:
    for user in (cast.mai, cast.thao):
        second_factor(user)
    foreign = recovery_codes.make_recovery_codes(user=cast.thao)[0]
    with pytest.raises(WrongCode):
        check_second_factor(user=cast.mai, token=foreign)


def test_wrong_paper_codes_make_the_next_wait_and_never_longer_than_a_quarter_hour() -> None:
    user = UserFactory()
    device = second_factor(user)
    client = client_of(user, verified=False)
    assert client.post("/xac-minh/", {"token": "1" * 12}).status_code == 422
    assert client.post("/xac-minh/", {"token": totp_code(device)}).status_code == 429
    device.throttling_failure_count, device.throttling_failure_timestamp = 40, db_now()
    assert LONGEST_WAIT_S - 2 < _wait_s(device) <= LONGEST_WAIT_S


# The phone's clock


def test_a_phone_whose_clock_is_off_is_told_so() -> None:
    device = second_factor(UserFactory())
    with pytest.raises(PhoneClockOff) as fast:
        check_second_factor(user=device.user, token=totp_code(device, steps=8))
    assert fast.value.details["off_s"] == 240
    TOTPDevice.objects.update(throttling_failure_count=0)
    page = client_of(device.user, verified=False).post(
        "/xac-minh/", {"token": totp_code(device, steps=-8)}
    )
    assert page.status_code == 422
    assert "4 phút" in page.content.decode()


def test_a_learned_drift_never_refuses_the_right_time() -> None:
    """The phone runs ahead more and more, is followed, and is then set right."""
    device = second_factor(UserFactory())
    right = totp_code(device)
    ahead = [totp_code(device, steps=steps) for steps in (1, 2, 3, 4)]
    for code in ahead:
        check_second_factor(user=device.user, token=code)
    device.refresh_from_db()
    assert device.drift == 4

    check_second_factor(user=device.user, token=right)
    for used in (right, ahead[0]):
        TOTPDevice.objects.update(throttling_failure_count=0)
        with pytest.raises(WrongCode):
            check_second_factor(user=device.user, token=used)


def test_without_looking_at_the_right_time_the_learned_drift_would_refuse_it() -> None:
    """Control: what the authenticator's own check does once it has learned a drift."""
    device = second_factor(UserFactory())
    right = totp_code(device)
    device.drift = 4
    device.save()
    assert not device.verify_token(right)
