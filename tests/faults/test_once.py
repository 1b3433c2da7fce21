"""One tap, one order: whatever the network does to the request or to its answer."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from core.models import IdempotencyRecord
from livestreams.models import Offer
from orders.models import Order
from tests.faults.client import BROKEN, Answer, Buyer
from tests.faults.conftest import Shop
from tests.faults.proxy import (
    Fault,
    cut_before_reply,
    cut_before_request,
    cut_in_reply,
    half_open,
    slow,
    twice,
)

PLACING = b"orders_place_order"
Press = Callable[..., Answer]


@pytest.fixture(params=["page", "api"])
def press(request: pytest.FixtureRequest, buyer: Buyer) -> Press:
    """The same wish with the same key, by the page or by the API."""
    return buyer.press if request.param == "page" else buyer.call


def is_made(answer: Answer) -> bool:
    return answer.status in {201, 303}


def assert_one_order(first: Answer, *repeats: Answer) -> None:
    assert is_made(first), first
    assert {repeat.essence for repeat in repeats} <= {first.essence}
    assert Order.objects.count() == 1
    assert Offer.objects.get().quantity_claimed == 1
    assert Order.objects.get().token in first.headers["location"]


@pytest.mark.parametrize(
    ("fault", "is_done"),
    [(cut_before_request(), 0), (cut_before_reply(), 1), (cut_in_reply(40), 1)],
    ids=["before it arrived", "before the answer", "in its head"],
)
def test_a_cut_between_buyer_and_page(shop: Shop, press: Press, fault: Fault, is_done: int) -> None:
    shop.door.fault = fault
    with pytest.raises(BROKEN):
        press()
    await_quiet()
    assert Order.objects.count() == is_done
    shop.door.fault = None

    assert_one_order(press(), press(), press())


def test_a_cut_in_the_body_of_the_answer(shop: Shop, buyer: Buyer) -> None:
    shop.door.fault = cut_in_reply(900)  # the head is shorter, an order in JSON longer
    with pytest.raises(BROKEN, match="page_url"):
        buyer.call()
    await_quiet()
    assert Order.objects.count() == 1
    shop.door.fault = None

    assert_one_order(buyer.call(), buyer.call())


@pytest.mark.parametrize(
    ("fault", "is_done"),
    [(cut_before_request(PLACING), 0), (cut_before_reply(PLACING), 1)],
    ids=["before the commit", "after the commit"],
)
def test_a_cut_between_page_and_database(
    shop: Shop, press: Press, fault: Fault, is_done: int
) -> None:
    shop.database.fault = fault
    answer = press()
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert shop.database.hits
    shop.database.fault = None
    await_quiet()
    assert Order.objects.count() == is_done

    assert_one_order(press(), press())


def test_without_the_kept_answer_the_same_cut_makes_two_orders(shop: Shop, press: Press) -> None:
    """The negative control: it is the record beside the order that keeps it single."""
    shop.database.fault = cut_before_reply(PLACING)
    assert press().status == 503
    shop.database.fault = None
    await_quiet()
    IdempotencyRecord.objects.all().delete()

    assert is_made(press())

    assert Order.objects.count() == 2


def test_a_request_that_is_delivered_twice(shop: Shop, press: Press) -> None:
    shop.door.fault = twice()
    first = press()
    shop.door.fault = None
    await_quiet()

    assert_one_order(press(), press())
    assert first.status in {201, 303, 409}


def test_two_wishes_are_two_orders(shop: Shop, buyer: Buyer) -> None:
    """The negative control of the one above: the key alone makes them one."""
    shop.door.fault = None
    answers = [buyer.press(), buyer.press(idempotency_key="1" * 32)]

    assert [answer.status for answer in answers] == [303, 303]
    assert Order.objects.count() == 2


def test_eight_presses_at_once(shop: Shop, press: Press) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _n: press(), range(8)))

    told = [answer for answer in answers if is_made(answer)]
    assert told
    assert {answer.status for answer in answers} <= {201, 303, 409}
    assert_one_order(*told, press())


def test_a_repeat_with_other_words_is_refused(press: Press, buyer: Buyer) -> None:
    first = press()

    other = press(note="Gói kỹ giúp mình") if press == buyer.press else press(note="Gói kỹ")

    assert other.status == 422
    assert first.headers["location"].encode() not in other.body
    assert_one_order(first, press())


def test_a_repeat_while_the_first_is_at_work_is_told_to_wait(press: Press, buyer: Buyer) -> None:
    """The first has written its key and has not committed for longer than a lock is waited for."""
    with psycopg2.connect(shop_database()) as line, line.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_idempotencyrecord"
            " (scope, key, fingerprint, status, location, content_type, body)"
            " VALUES ('guest', %s, '', 0, '', '', '')",
            [buyer.key],
        )
        repeat = press()
        line.rollback()

    assert repeat.status == 409
    assert int(repeat.headers["retry-after"]) > 0
    assert Order.objects.count() == 0
    assert_one_order(press(), press())


def test_a_buyer_never_sees_the_error_of_a_lock(press: Press) -> None:
    with psycopg2.connect(shop_database()) as line, line.cursor() as cursor:
        cursor.execute("SELECT 1 FROM livestreams_offer FOR UPDATE")
        began = time.monotonic()
        answer = press()
        took_s = time.monotonic() - began
        line.rollback()

    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert took_s < 4
    assert_one_order(press(), press())


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "khoá-có-dấu-0123456789"])
def test_the_api_asks_for_a_key(buyer: Buyer, key: str) -> None:
    answer = buyer.call(key=key.encode().decode("latin-1"))

    assert answer.status == 400
    assert b"idempotency_key_missing" in answer.body
    assert Order.objects.count() == 0


def test_another_persons_key_shows_nothing_of_the_first(shop: Shop, buyer: Buyer) -> None:
    mine = buyer.press()
    stranger = Buyer(shop.door.port, buyer.offer, key=buyer.key)

    theirs = stranger.press(buyer_name="Người lạ", buyer_phone="0987654321")
    signed_in = stranger.send(
        "POST",
        "/api/orders/",
        "{}",
        "application/json",
        {"Idempotency-Key": buyer.key, "Authorization": "Token somebody-else"},
    )

    token = Order.objects.get().token.encode()
    assert is_made(mine)
    assert theirs.status == 422
    assert signed_in.status in {400, 401, 403, 422}
    for answer in (theirs, signed_in):
        assert token not in answer.body
        assert "location" not in answer.headers
        assert b"Lan" not in answer.body


def test_a_half_open_line_ends_in_a_word_and_not_in_a_second_order(
    shop: Shop, buyer: Buyer
) -> None:
    buyer.timeout_s = 1
    shop.door.fault = half_open()
    with pytest.raises(TimeoutError):
        buyer.press()
    shop.door.fault = None
    buyer.timeout_s = 10

    assert_one_order(buyer.press(), buyer.press())


def test_on_a_slow_line_an_impatient_buyer_gets_one_order(shop: Shop, buyer: Buyer) -> None:
    shop.door.fault = slow(0.4)
    buyer.timeout_s = 0.6  # gone before the answer comes back
    for _ in range(3):
        with pytest.raises(TimeoutError):
            buyer.press()
    shop.door.fault = None
    buyer.timeout_s = 10
    await_quiet()

    assert_one_order(buyer.press(), buyer.press())


def test_a_hundred_orders_on_a_line_that_breaks_at_random(shop: Shop, tea: Offer) -> None:
    """Each is pressed until it is told; the ledger of those who pressed is the judge."""
    Offer.objects.filter(pk=tea.pk).update(quantity_offered=400)
    faults = [None, cut_before_request(), cut_before_reply(), cut_in_reply(40), twice()]
    stop = threading.Event()

    def break_the_line() -> None:
        n = 0
        while not stop.is_set():
            shop.door.fault = faults[n % len(faults)]
            n += 1
            time.sleep(0.03)

    def buy(n: int) -> str:
        buyer = Buyer(shop.door.port, tea)
        phone = f"09123{n:05d}"
        while True:
            try:
                answer = buyer.press(buyer_phone=phone)
            except BROKEN:
                continue
            if is_made(answer):
                return answer.headers["location"]

    breaker = threading.Thread(target=break_the_line)
    breaker.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            told = list(pool.map(buy, range(100)))
    finally:
        stop.set()
        breaker.join()
        shop.door.fault = None
    await_quiet()

    kept = {f"/don/{token}/" for token in Order.objects.values_list("token", flat=True)}
    assert len(told) == len(set(told)) == 100
    assert kept == set(told)
    assert Offer.objects.get().quantity_claimed == 100


def shop_database() -> str:
    name = connection.settings_dict
    return f"postgresql://app@/{name['NAME']}?host={settings.DATABASES['default']['HOST']}"


def await_quiet() -> None:
    """Wait until what was sent before the cut has been worked off."""
    from tests.servers import await_quiet as await_others

    time.sleep(0.15)
    await_others()
