"""The account that gets the money: changed by a confirmed manager, later, and never in silence."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from coops.history import history_of
from coops.models import BankAccountChange, BankNotice, Cooperative
from coops.services import bank_notices
from coops.services.bank_accounts import put_in_effect, request_bank_change
from core.banks import BankAccount
from core.clock import db_now
from core.models import OutboxMessage
from livestreams.models import LivestreamSession
from livestreams.services.bank_changes import apply_due_changes
from livestreams.services.running import end_session
from tests.cast import PASSWORD, Cast, client_of, make_cast, second_factor, totp_code
from tests.factories.coops import CooperativeFactory, MembershipFactory, member_of
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.standins.esms import Gateway

pytestmark = pytest.mark.django_db

OLD = BankAccount("970405", "8800205123456", "HTX CHE SHAN TUYET")
NEW = BankAccount("970436", "0011002233445", "HTX CHE SHAN TUYET")


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def page_of(cooperative: Cooperative) -> str:
    return f"/lam-viec/{cooperative.slug}/tai-khoan-ngan-hang/"


def ask(client: Client, cooperative: Cooperative, token: str = "", **typed: str) -> Any:
    data = {
        "bank_bin": NEW.bank_bin,
        "bank_account_number": NEW.number,
        "bank_account_name": NEW.name,
        "present": PASSWORD,
        "token": token,
    }
    return client.post(page_of(cooperative), {**data, **typed})


def account_of(cooperative: Cooperative) -> BankAccount:
    return Cooperative.objects.get(pk=cooperative.pk).bank_account


def wait_over() -> None:
    BankAccountChange.objects.update(takes_effect_at=db_now())


def waiting(cooperative: Cooperative, by: Any, account: BankAccount = NEW) -> BankAccountChange:
    second_factor(by)
    return request_bank_change(cooperative=cooperative, account=account, by=by)


def test_a_change_waits_a_day_then_takes_effect(cast: Cast) -> None:
    client = client_of(cast.mai, verified=True)
    answer = ask(client, cast.coop_a, totp_code(second_factor(cast.mai)))
    assert answer.status_code == 302
    change = BankAccountChange.objects.get()
    assert (change.old, change.new) == (OLD, NEW)
    assert 23.9 < (change.takes_effect_at - db_now()).total_seconds() / 3600 <= 24

    assert apply_due_changes() == 0
    assert account_of(cast.coop_a) == OLD
    wait_over()
    assert apply_due_changes() == 1
    assert account_of(cast.coop_a) == NEW
    assert apply_due_changes() == 0


@pytest.mark.parametrize(("who", "is_led"), [("mai", True), ("minh", False)])
def test_the_menu_leads_there_whom_the_page_admits(cast: Cast, who: str, is_led: bool) -> None:
    client = client_of(getattr(cast, who), verified=True)
    desk = client.get(f"/lam-viec/{cast.coop_a.slug}/").content.decode()
    menu = desk[desk.index('class="side') :].partition("</nav>")[0]

    assert (f'href="{page_of(cast.coop_a)}"' in menu) is is_led
    assert client.get(page_of(cast.coop_a)).status_code == (200 if is_led else 404)


@pytest.mark.parametrize("typed", [{"present": "sai-mat-khau"}, {"token": "000000"}, {"token": ""}])
def test_it_asks_for_password_and_second_factor(cast: Cast, typed: dict[str, str]) -> None:
    client = client_of(cast.mai, verified=True)
    typed = {"token": totp_code(second_factor(cast.mai)), **typed}
    answer = ask(client, cast.coop_a, **typed)
    assert answer.status_code == 422
    assert NEW.number in answer.content.decode(), "what was typed stays"
    assert not BankAccountChange.objects.exists()


def test_who_has_no_second_factor_is_led_to_set_one_up(cast: Cast) -> None:
    client = client_of(cast.mai)
    page = client.get(page_of(cast.coop_a)).content.decode()
    assert "/xac-minh/cai-dat/" in page
    assert 'name="bank_account_number"' not in page
    assert ask(client, cast.coop_a).status_code == 409
    assert account_of(cast.coop_a) == OLD


def test_wrong_passwords_are_counted(cast: Cast) -> None:
    client = client_of(cast.mai, verified=True)
    codes = [ask(client, cast.coop_a, "123456", present="sai").status_code for _ in range(9)]
    assert codes == [422] * 8 + [429]
    right = ask(client, cast.coop_a, totp_code(second_factor(cast.mai)))
    assert right.status_code == 429


def test_the_first_account_holds_at_once_and_one_after_an_emptied_one_does_not(
    cast: Cast,
) -> None:
    cooperative = CooperativeFactory(bank_bin="", bank_account_number="", bank_account_name="")
    client = client_of(member_of(cooperative))
    assert ask(client, cooperative, present="sai").status_code == 422
    assert ask(client, cooperative).status_code == 302
    assert account_of(cooperative) == NEW

    emptied = waiting(cast.coop_a, cast.mai, BankAccount())
    wait_over()
    put_in_effect(change_id=emptied.pk)
    assert not account_of(cast.coop_a)
    assert ask(client_of(cast.mai, verified=True), cast.coop_a, "").status_code == 422
    waiting(cast.coop_a, cast.mai)
    assert not account_of(cast.coop_a)


def test_it_does_not_take_effect_while_the_co_op_is_on_air(cast: Cast) -> None:
    waiting(cast.coop_a, cast.mai)
    wait_over()
    session = SessionFactory(cooperative=cast.coop_a)
    OfferFactory(session=session)
    assert session.state == LivestreamSession.State.LIVE
    assert apply_due_changes() == 0
    assert account_of(cast.coop_a) == OLD

    end_session(session=session)
    assert apply_due_changes() == 1
    assert account_of(cast.coop_a) == NEW


def test_without_the_look_at_the_sessions_it_would(cast: Cast) -> None:
    """Control: the service alone only knows the time."""
    change = waiting(cast.coop_a, cast.mai)
    wait_over()
    SessionFactory(cooperative=cast.coop_a)
    assert put_in_effect(change_id=change.pk)


def test_managers_and_reviewers_are_told_once_each(cast: Cast, gateway: Gateway) -> None:
    other = member_of(cast.coop_a, "manager")
    change = waiting(cast.coop_a, cast.mai)
    told = {notice.user for notice in BankNotice.objects.all()}
    assert told == {cast.mai, other, cast.ha}
    topics = OutboxMessage.objects.filter(topic="coops.bank_notice.written")
    assert NEW.number not in str(list(topics.values_list("payload", flat=True)))

    for notice in BankNotice.objects.all():
        assert bank_notices.send_notice(notice_id=notice.pk)
        assert not bank_notices.send_notice(notice_id=notice.pk)
    texts = [message["Content"] for message in gateway.sent]
    assert len(texts) == 3
    assert all("***3445" in text and NEW.number not in text and text.isascii() for text in texts)

    page = client_of(other).get(f"/lam-viec/{cast.coop_a.slug}/").content.decode()
    assert str(change.new) in page
    office = client_of(cast.ha).get("/tinh/15/duyet/").content.decode()
    assert "3445" in office
    assert NEW.number not in office


def test_a_gateway_that_is_away_is_asked_again(cast: Cast, gateway: Gateway) -> None:
    waiting(cast.coop_a, cast.mai)
    gateway.mood = "500"
    assert bank_notices.send_unsent() == 0
    gateway.mood = ""
    assert bank_notices.send_unsent() == 2
    assert bank_notices.send_unsent() == 0


def test_any_manager_calls_it_off_until_it_takes_effect(cast: Cast) -> None:
    other = member_of(cast.coop_a, "manager")
    change = waiting(cast.coop_a, cast.mai)
    data = {"change": change.pk, "idempotency_key": str(uuid.uuid4())}
    path = f"{page_of(cast.coop_a)}huy/"
    assert client_of(cast.minh).post(path, data).status_code == 404
    data["idempotency_key"] = str(uuid.uuid4())
    assert client_of(other).post(path, data).status_code == 302
    wait_over()
    assert apply_due_changes() == 0
    assert account_of(cast.coop_a) == OLD

    waiting(cast.coop_a, cast.mai)
    change.refresh_from_db()
    assert (change.state, change.called_off_by) == ("called_off", other)


def test_the_history_shows_old_and_new_in_full_to_managers_only(cast: Cast) -> None:
    waiting(cast.coop_a, cast.mai)
    wait_over()
    apply_due_changes()
    mine = client_of(cast.mai, verified=True).get(page_of(cast.coop_a)).content.decode()
    assert str(OLD) in mine
    assert str(NEW) in mine
    told = [f"{change.who} {change.what} {change.note}" for change in history_of(cast.coop_a)]
    assert any("3456" in one and "3445" in one and "Mai" in one for one in told)
    assert not any(NEW.number in one or OLD.number in one for one in told)


def test_it_says_how_many_transfers_wait(cast: Cast) -> None:
    offer = OfferFactory(session=SessionFactory(cooperative=cast.coop_a))
    for _ in range(2):
        OrderFactory(offer=offer, transfer=True)
    page = client_of(cast.mai, verified=True).get(page_of(cast.coop_a))
    assert len(page.context["notes"]) == 1
    assert page.context["notes"][0].startswith("2 đơn")


def test_the_form_of_the_co_op_no_longer_reaches_the_account(cast: Cast) -> None:
    client = client_of(cast.mai)
    page = client.get(f"/lam-viec/{cast.coop_a.slug}/ho-so/").content.decode()
    assert 'name="bank_account_number"' not in page
    data = {
        "phone": "0912345678",
        "bank_bin": NEW.bank_bin,
        "bank_account_number": NEW.number,
        "bank_account_name": NEW.name,
        "idempotency_key": str(uuid.uuid4()),
    }
    assert client.post(f"/lam-viec/{cast.coop_a.slug}/ho-so/", data).status_code == 302
    assert account_of(cast.coop_a) == OLD


def test_only_one_change_waits_and_the_same_press_twice_is_one(cast: Cast) -> None:
    other = MembershipFactory(cooperative=cast.coop_a).user
    client = client_of(cast.mai, verified=True)
    code = totp_code(second_factor(cast.mai))
    assert ask(client, cast.coop_a, code).status_code == 302
    assert ask(client, cast.coop_a, code).status_code == 302
    their = client_of(other, verified=True)
    token = totp_code(TOTPDevice.objects.get(user=other))
    assert ask(their, cast.coop_a, token, bank_account_number="9999999999").status_code == 409
    assert BankAccountChange.objects.count() == 1
