"""PostgreSQL is gone, hangs or breaks off: buyers read what is so, and lose nothing they typed."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from django.db import connection

from livestreams.models import Offer
from orders.models import Order
from tests.faults.client import URLENCODED, Answer, Buyer
from tests.faults.conftest import THREADS, Shop
from tests.faults.proxy import Fault, cut_before_request, half_open, refused
from tests.faults.test_once import assert_one_order, await_quiet

PATIENCE_S = 15  # of the page's script; an answer must come before
NEVER_A_FAULT = {200, 303, 404, 503}


def assert_told(answer: Answer) -> None:
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["cache-control"] == "no-store"


def hidden_fields(page: bytes) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', page.decode()))


@pytest.mark.parametrize("fault", [refused(), cut_before_request()], ids=["refused", "reset"])
def test_an_order_comes_back_with_everything_typed_and_goes_through_later(
    shop: Shop, buyer: Buyer, fault: Fault
) -> None:
    shop.database.fault = fault
    shop.database.cut_all()

    answer = buyer.press(note="Gọi trước khi giao")

    assert_told(answer)
    fields = hidden_fields(answer.body)
    assert fields == {
        name: str(value) for name, value in buyer.form(note="Gọi trước khi giao").items()
    }
    assert b'http-equiv="refresh"' not in answer.body  # that would lose what was sent
    assert "bấm nút" in answer.body.decode()

    shop.database.fault = None
    sent_again = buyer.send("POST", buyer.path, urlencode(fields), URLENCODED)
    assert_one_order(sent_again, buyer.press(note="Gọi trước khi giao"))


def test_programs_are_told_and_may_send_the_same_again(shop: Shop, buyer: Buyer) -> None:
    shop.database.fault = refused()
    shop.database.cut_all()

    answer = buyer.call()

    assert_told(answer)
    assert b'"code":"database_away"' in answer.body
    shop.database.fault = None
    assert_one_order(buyer.call(), buyer.call())


def test_pages_say_so_and_load_again_by_themselves(shop: Shop, buyer: Buyer) -> None:
    shop.database.fault = refused()
    shop.database.cut_all()

    for path in ("/", f"/phien/{buyer.offer.session_id}/", buyer.path, "/san-pham/"):
        answer = buyer.get(path)
        assert_told(answer)
        assert b'http-equiv="refresh"' in answer.body
        assert "Sổ sách của chợ" in answer.body.decode()
    assert buyer.get("/healthz").status == 200
    assert buyer.get("/readyz").status == 503

    shop.database.fault = None
    assert buyer.get("/").status == 200


def test_a_database_that_hangs_keeps_nobody_without_an_answer(shop: Shop, buyer: Buyer) -> None:
    """More buyers than threads: those in line are answered too, and all is well afterwards."""
    buyer.timeout_s = PATIENCE_S
    assert buyer.get("/").status == 200
    shop.database.fault = half_open()
    began = time.monotonic()

    with ThreadPoolExecutor(THREADS + 6) as pool:
        answers = list(pool.map(lambda _n: buyer.press(), range(THREADS + 6)))

    assert time.monotonic() - began < PATIENCE_S
    for answer in answers:
        assert_told(answer)
        assert hidden_fields(answer.body)["idempotency_key"] == buyer.key
    shop.database.fault = None
    shop.database.cut_all()
    assert_one_order(until_made(buyer), buyer.press())


def until_made(buyer: Buyer, seconds: float = 10) -> Answer:
    deadline = time.monotonic() + seconds
    while (answer := buyer.press()).status not in {201, 303}:
        assert answer.status in {409, 503}, answer
        assert time.monotonic() < deadline, "the order does not go through"
        time.sleep(0.3)
    return answer


def test_a_killed_connection_costs_one_word_and_no_order(shop: Shop, buyer: Buyer) -> None:
    """All backends ended by an operator (or a restart): the next press finds new ones."""
    assert buyer.get("/").status == 200
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    first = buyer.press()

    assert first.status in {303, 503}
    assert_one_order(until_made(buyer), buyer.press())


def test_the_database_flickers_under_load_and_nobody_sees_a_fault(shop: Shop, tea: Offer) -> None:
    Offer.objects.filter(pk=tea.pk).update(quantity_offered=400)
    seen = set()

    def buy(n: int) -> str:
        buyer = Buyer(shop.door.port, tea, timeout_s=PATIENCE_S)
        time.sleep(0.15)  # they come for as long as it flickers
        while True:
            answer = buyer.press(buyer_phone=f"09123{n:05d}")
            seen.add(answer.status)
            if answer.status == 303:
                return answer.headers["location"]
            time.sleep(0.02)

    with ThreadPoolExecutor(6) as pool:
        told = [pool.submit(buy, n) for n in range(60)]
        for n in range(12):
            time.sleep(0.15)
            shop.database.fault = refused() if n % 3 == 0 else None
            shop.database.cut_all()
        shop.database.fault = None
        locations = [one.result() for one in told]
    await_quiet()

    assert seen <= NEVER_A_FAULT
    assert 503 in seen
    kept = {f"/don/{token}/" for token in Order.objects.values_list("token", flat=True)}
    assert kept == set(locations)
    assert len(locations) == len(kept) == Offer.objects.get().quantity_claimed == 60
