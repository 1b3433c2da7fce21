"""A packer finds a buyer by name, code or phone, and never reads a masked number bit by bit."""

import pytest
from django.db import connection

from orders.models import Order
from orders.querysets import words_of_a_buyer
from tests.factories.orders import OrderFactory

pytestmark = pytest.mark.django_db
PHONE = "+84912345678"


def found(typed: str) -> int:
    """By the index of all orders, and among a session's alike."""
    count = Order.objects.matching(typed).count()
    assert Order.objects.matching_of_session(typed).count() == count
    return count


@pytest.mark.parametrize("typed", ["678", "5678", "0912 345 678", "+84 912 345 678", "nguyen lan"])
def test_what_a_buyer_says_finds_them(typed: str) -> None:
    OrderFactory(buyer_phone=PHONE, buyer_name="Nguyễn Thị Lan")
    OrderFactory(buyer_phone="+84987000111", buyer_name="Trần Hoà")
    assert found(typed) == 1


@pytest.mark.parametrize("typed", ["lo thi my", "mỷ", "mĩ", "Thuý", "thúy"])
def test_a_name_is_found_in_each_of_its_spellings(typed: str) -> None:
    OrderFactory(buyer_name="Lò Thị Mỷ Thúy")
    OrderFactory(buyer_name="Trần Hoà")
    assert found(typed) == 1


@pytest.mark.parametrize("typed", ["45678", "345678", "2345678", "12345678", "912345"])
def test_part_of_a_number_finds_nobody(typed: str) -> None:
    OrderFactory(buyer_phone=PHONE, code="CPZZZZZZ")
    assert found(typed) == 0


def test_without_the_rule_a_longer_ending_would_tell_the_next_digit() -> None:
    OrderFactory(buyer_phone=PHONE, code="CPZZZZZZ")
    assert Order.objects.filter(buyer_phone__endswith="45678").count() == 1
    assert not Order.objects.filter(buyer_phone__endswith="95678").exists()
    assert "endswith" not in str(words_of_a_buyer("45678"))


@pytest.mark.parametrize(
    ("typed", "count"), [("cpzz", 1), ("lan 678", 1), ("lan 679", 0), ("guy", 0)]
)
def test_words_are_found_from_their_beginning(typed: str, count: int) -> None:
    OrderFactory(buyer_phone=PHONE, buyer_name="Nguyễn-Thị Lan", code="CPZZZZZZ")
    assert found(typed) == count


@pytest.mark.parametrize("typed", ["lan", "678", "0912 345 678", "y"])
def test_no_search_reads_every_order(typed: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Order.objects.matching(typed).explain()
    assert "order_words" in plan
    assert "Seq Scan" not in plan


def test_a_session_s_orders_are_read_and_not_the_names_of_all() -> None:
    order = OrderFactory(buyer_name="Nguyễn Thị Lan")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    of_session = Order.objects.filter(session=order.session)
    assert "order_words" not in of_session.matching_of_session("nguyen lan").explain()
    assert list(of_session.matching_of_session("nguyen lan")) == [order]
