"""One-time codes: asked for, sent once, entered once."""

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection

from accounts import seals
from accounts.errors import CodesNotSetUp, CodeSpent, TooManyCodes, WrongCode
from accounts.models import OneTimeCode
from accounts.services import codes
from accounts.services.codes import check_code, request_code, send_code, send_overdue_codes
from core.models import OutboxMessage
from tests.standins.esms import Gateway

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


def test_one_phone_gets_five_codes_an_hour(gateway: Gateway) -> None:
    for _ in range(5):
        age(ask(source=""), minutes=5)
    with pytest.raises(TooManyCodes) as refusal:
        ask(source="")
    assert refusal.value.details["until"]
    assert ask(phone="+84912345679", source="")
    OneTimeCode.objects.update(
        created_at=OneTimeCode.objects.last().created_at - dt.timedelta(hours=2)
    )
    assert ask(source="")


def test_without_the_limit_a_stranger_could_ring_a_phone_all_night(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "_check_limits", lambda *_args: None)
    for _ in range(12):
        age(ask(), minutes=1)
    assert OneTimeCode.objects.count() == 12


def test_one_network_gets_sixty_codes_an_hour(gateway: Gateway) -> None:
    for n in range(60):
        ask(phone=f"+8491{n:07d}")
    with pytest.raises(TooManyCodes):
        ask(phone="+84987654321")
    assert ask(phone="+84987654321", source="198.51.100.7")


def test_the_address_is_not_kept_readably(gateway: Gateway) -> None:
    assert "203.0.113.9" not in ask().source


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
def test_guesses_at_the_same_time_count_each(gateway: Gateway) -> None:
    digits = digits_of(ask())
    wrong = [f"{(int(digits) + n) % 1_000_000:06d}" for n in range(1, 13)]
    refusals: list[str] = []
    barrier = threading.Barrier(len(wrong))

    def guess(code: str) -> None:
        barrier.wait()
        try:
            check_code(phone=PHONE, purpose=SIGN_UP, code=code)
        except (WrongCode, CodeSpent) as refusal:
            refusals.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=guess, args=(code,)) for code in wrong]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refusals) == 12
    assert refusals.count("WrongCode") == 4
    assert OneTimeCode.objects.get().tries == 5


@pytest.mark.django_db(transaction=True)
def test_asking_at_the_same_time_does_not_pass_the_limit(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert race_to_ask(monkeypatch) == 5


@pytest.mark.django_db(transaction=True)
def test_without_the_queue_asking_at_the_same_time_passes_the_limit(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "_one_at_a_time", lambda *_names: None)
    assert race_to_ask(monkeypatch) > 5


def race_to_ask(monkeypatch: pytest.MonkeyPatch, askers: int = 10) -> int:
    """Everybody asks at once; between counting and adding stands a moment. How many codes came."""
    monkeypatch.setattr(codes, "SAME_CODE_WITHIN", dt.timedelta(0))
    check = codes._check_limits
    barrier = threading.Barrier(askers)

    def check_and_dawdle(*args: Any) -> None:
        check(*args)
        threading.Event().wait(0.1)

    monkeypatch.setattr(codes, "_check_limits", check_and_dawdle)

    def ask_once() -> None:
        barrier.wait()
        try:
            ask()
        except TooManyCodes:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=ask_once) for _ in range(askers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return OneTimeCode.objects.count()
