"""One-time codes: asked for, sent once, entered once."""

import datetime as dt
from functools import partial
from typing import Any

import pytest

from accounts import seals
from accounts.errors import CodesNotSetUp, CodeSpent, TooManyCodes, WrongCode
from accounts.models import OneTimeCode
from accounts.services import codes
from accounts.services.codes import check_code, request_code, send_code, send_overdue_codes
from core.limits import Limit
from core.models import OutboxMessage
from tests.core.test_limits import pass_time
from tests.standins.esms import Gateway
from tests.threads import all_at_once

pytestmark = pytest.mark.django_db
PHONE, SMS_PHONE = "+84912345678", "0912345678"
SIGN_UP, RESET = "sign_up", "reset_password"


def ask(phone: str = PHONE, source: str = "203.0.113.9") -> OneTimeCode:
    return request_code(phone=phone, purpose=SIGN_UP, source=source)


def age(code: OneTimeCode, **by: float) -> None:
    """Move everything about a code into the past."""
    shift = dt.timedelta(**by)
    row = OneTimeCode.objects.get(pk=code.pk)
    OneTimeCode.objects.filter(pk=code.pk).update(
        created_at=row.created_at - shift, expires_at=row.expires_at - shift
    )


def digits_of(code: OneTimeCode) -> str:
    return seals.open_seal(code.sealed_code)


def another(digits: str) -> str:
    return f"{(int(digits) + 1) % 1_000_000:06d}"


def test_the_row_keeps_no_readable_code_and_the_outbox_none_at_all(gateway: Gateway) -> None:
    code = ask()
    digits = digits_of(code)
    assert len(digits) == 6
    assert digits not in code.code_hash + code.sealed_code
    message = OutboxMessage.objects.get(topic="accounts.code.requested")
    assert message.payload == {"code_id": code.pk}


def test_the_code_reaches_the_phone_once_however_often_the_task_runs(gateway: Gateway) -> None:
    code = ask()
    digits = digits_of(code)
    assert [send_code(code_id=code.pk) for _ in range(3)] == [True, False, False]
    assert [m["Phone"] for m in gateway.sent] == [SMS_PHONE]
    assert gateway.code_sent_to(SMS_PHONE) == digits
    code.refresh_from_db()
    assert code.sealed_code == ""
    assert code.sent_at


def test_a_crash_after_the_gateway_took_it_does_not_send_twice(gateway: Gateway) -> None:
    code = ask()
    sealed = code.sealed_code
    send_code(code_id=code.pk)
    OneTimeCode.objects.filter(pk=code.pk).update(sealed_code=sealed, sent_at=None)
    assert send_code(code_id=code.pk)
    assert len(gateway.sent) == 1
    assert gateway.asked == 2


def test_without_the_request_number_the_gateway_would_send_twice(gateway: Gateway) -> None:
    code = ask()
    sealed = code.sealed_code
    send_code(code_id=code.pk)
    gateway.seen.clear()  # a gateway that does not know the number of the request
    OneTimeCode.objects.filter(pk=code.pk).update(sealed_code=sealed, sent_at=None)
    send_code(code_id=code.pk)
    assert len(gateway.sent) == 2


@pytest.mark.parametrize("mood", ["500", "slow", "drip", "garbage", "101", "103", "104", "140"])
def test_a_gateway_with_a_bad_day_is_noted_and_tried_again(gateway: Gateway, mood: str) -> None:
    code = ask()
    gateway.mood = mood
    assert not send_code(code_id=code.pk)
    code.refresh_from_db()
    assert code.failure == "gateway"
    assert code.sealed_code

    gateway.mood = ""
    assert send_overdue_codes() == 0  # not again at once
    OneTimeCode.objects.update(failed_at=code.created_at - dt.timedelta(minutes=1))
    assert send_overdue_codes() == 1
    code.refresh_from_db()
    assert (code.failure, code.sealed_code) == ("", "")
    assert len(gateway.sent) == 1


def test_nobody_listening_is_a_bad_day_too(gateway: Gateway, settings: Any) -> None:
    settings.SMS_API_URL = "http://127.0.0.1:9/"
    code = ask()
    assert not send_code(code_id=code.pk)
    code.refresh_from_db()
    assert code.failure == "gateway"


def test_a_blocked_number_is_not_tried_again(gateway: Gateway) -> None:
    code = ask()
    gateway.mood = "99"
    assert not send_code(code_id=code.pk)
    code.refresh_from_db()
    assert (code.failure, code.sealed_code) == ("number", "")
    OneTimeCode.objects.update(failed_at=code.created_at - dt.timedelta(minutes=1))
    assert send_overdue_codes() == 0


def test_a_code_whose_message_got_lost_is_sent_by_the_sweeper(gateway: Gateway) -> None:
    age(ask(), seconds=30)
    assert send_overdue_codes() == 1
    assert len(gateway.sent) == 1


def test_a_code_too_old_is_not_sent(gateway: Gateway) -> None:
    code = ask()
    age(code, minutes=11)
    assert not send_code(code_id=code.pk)
    assert send_overdue_codes() == 0
    assert gateway.asked == 0


def test_a_right_code_is_accepted_once(gateway: Gateway) -> None:
    digits = digits_of(ask())
    check_code(phone=PHONE, purpose=SIGN_UP, code=digits)
    with pytest.raises(CodeSpent):
        check_code(phone=PHONE, purpose=SIGN_UP, code=digits)


def test_a_code_is_good_for_its_own_phone_and_purpose_only(gateway: Gateway) -> None:
    digits = digits_of(ask())
    with pytest.raises(CodeSpent):
        check_code(phone=PHONE, purpose=RESET, code=digits)
    with pytest.raises(CodeSpent):
        check_code(phone="+84912345679", purpose=SIGN_UP, code=digits)
    check_code(phone=PHONE, purpose=SIGN_UP, code=digits)


def test_five_wrong_tries_spend_the_code(gateway: Gateway) -> None:
    digits = digits_of(ask())
    left = []
    for _ in range(4):
        with pytest.raises(WrongCode) as refusal:
            check_code(phone=PHONE, purpose=SIGN_UP, code=another(digits))
        left.append(refusal.value.details["tries_left"])
    with pytest.raises(CodeSpent):
        check_code(phone=PHONE, purpose=SIGN_UP, code=another(digits))
    assert left == [4, 3, 2, 1]
    with pytest.raises(CodeSpent):
        check_code(phone=PHONE, purpose=SIGN_UP, code=digits)


def test_a_code_holds_for_ten_minutes_of_the_database(gateway: Gateway) -> None:
    code = ask()
    digits = digits_of(code)
    age(code, minutes=9, seconds=50)
    with pytest.raises(WrongCode):
        check_code(phone=PHONE, purpose=SIGN_UP, code=another(digits))
    age(code, seconds=20)
    with pytest.raises(CodeSpent):
        check_code(phone=PHONE, purpose=SIGN_UP, code=digits)


def test_an_earlier_code_that_arrives_late_is_still_good(gateway: Gateway) -> None:
    first = ask()
    age(first, minutes=2)
    second = ask()
    assert second.pk != first.pk
    check_code(phone=PHONE, purpose=SIGN_UP, code=digits_of(first))
    with pytest.raises(CodeSpent):
        check_code(phone=PHONE, purpose=SIGN_UP, code=digits_of(second))


def test_pressing_twice_makes_one_code(gateway: Gateway) -> None:
    assert ask().pk == ask().pk
    assert OutboxMessage.objects.filter(topic="accounts.code.requested").count() == 1


def codes_made(times: int, **more: str) -> int:
    """Ask as often, three minutes apart; how many codes came of it."""
    for _ in range(times):
        age(ask(**more), minutes=3)
        pass_time(minutes=3)
    return OneTimeCode.objects.count()


def test_a_stranger_who_asks_for_codes_keeps_nobody_from_entering_one(gateway: Gateway) -> None:
    for n in range(30):
        holding = ask(source=f"198.51.{n}.7")
        age(holding, minutes=1)
        pass_time(minutes=1)
    assert OneTimeCode.objects.count() <= 8, "one phone is not rung all night"
    own = ask(source="203.0.113.9")
    check_code(phone=PHONE, purpose=SIGN_UP, code=digits_of(own), asker="own")


def test_without_the_slow_bound_a_stranger_could_ring_a_phone_all_night(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control."""
    monkeypatch.setattr(codes, "OF_PHONE", Limit("phone", 1_000, 600))
    assert codes_made(12) == 12


@pytest.mark.parametrize("kind", ["OF_CLIENT", "OF_NETWORK"])
def test_one_place_gets_so_many_codes(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(codes, kind, Limit("place", 4, 3600))
    for n in range(4):
        ask(phone=f"+8491{n:07d}")
    with pytest.raises(TooManyCodes) as refusal:
        ask(phone="+84987654321")
    assert refusal.value.details["until"]
    assert ask(phone="+84987654321", source="198.51.100.7")


def test_the_messages_of_a_day_end_and_the_operator_is_alarmed_once(
    gateway: Gateway, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SMS_PER_DAY = 3
    codes._alarm.cache_clear()
    for n in range(3):
        ask(phone=f"+8491{n:07d}")
    for n in range(3):
        with pytest.raises(TooManyCodes):
            ask(phone="+84987654321", source=f"198.51.{n}.7")
    assert [r.levelname for r in caplog.records if "SMS_PER_DAY" in r.message] == ["ERROR"]


def test_wrong_tries_of_a_stranger_use_up_only_their_own(gateway: Gateway) -> None:
    digits = digits_of(ask())
    for n in range(10):
        with pytest.raises((WrongCode, CodeSpent)):
            check_code(
                phone=PHONE, purpose=SIGN_UP, code=another(digits), asker=f"stranger {n % 2}"
            )
    check_code(phone=PHONE, purpose=SIGN_UP, code=digits, asker="own")


def test_without_gateway_and_demonstration_no_code_is_made(settings: Any) -> None:
    settings.SMS_API_URL, settings.DEMO = "", False
    with pytest.raises(CodesNotSetUp):
        ask()
    assert not OneTimeCode.objects.exists()


def test_a_demonstration_shows_the_code_and_sends_nothing(settings: Any) -> None:
    settings.SMS_API_URL, settings.DEMO = "", True
    code = ask()
    assert codes.demonstration_code(code) == digits_of(code)
    assert not send_code(code_id=code.pk)


def test_with_a_gateway_the_code_is_never_shown(gateway: Gateway, settings: Any) -> None:
    settings.DEMO = True
    assert codes.demonstration_code(ask()) == ""


@pytest.mark.django_db(transaction=True)
def test_of_guesses_at_the_same_time_five_are_compared(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = digits_of(ask())
    compared: list[str] = []
    compare = codes._try_code

    def compare_and_note(**given: str) -> bool | None:
        compared.append(given["code"])
        return compare(**given)

    monkeypatch.setattr(codes, "_try_code", compare_and_note)
    wrong = [f"{(int(digits) + n) % 1_000_000:06d}" for n in range(1, 13)]
    results = all_at_once(
        [partial(check_code, phone=PHONE, purpose=SIGN_UP, code=code) for code in wrong]
    )
    assert all(isinstance(result, WrongCode | CodeSpent) for result in results)
    assert len(compared) == 5
