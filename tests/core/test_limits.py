"""One limiter for everything that strangers may try."""

import datetime as dt

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from core import limits
from core.addresses import client_network, one_client
from core.clock import db_now
from core.limits import Limit, TooManyTries
from core.models import Allowance
from tests.threads import all_at_once

pytestmark = pytest.mark.django_db
FIVE = Limit("five", 5, 600)
MANY = Limit("many", 100, 600)
LAN = "+84912345678"


def pass_time(**much: float) -> None:
    """As if so much time had passed."""
    Allowance.objects.update(free_at=F("free_at") - dt.timedelta(**much))


def test_as_many_as_allowed_pass_and_then_one_after_each_pause() -> None:
    assert [limits.allow(FIVE, LAN) for _ in range(7)] == [True] * 5 + [False] * 2
    pass_time(seconds=121)
    assert [limits.allow(FIVE, LAN) for _ in range(2)] == [True, False]
    pass_time(minutes=10)
    assert [limits.allow(FIVE, LAN) for _ in range(6)] == [True] * 5 + [False]


def test_a_refusal_says_when_the_next_try_is_free() -> None:
    for _ in range(5):
        limits.check((FIVE, LAN))
    pass_time(seconds=60)
    with pytest.raises(TooManyTries) as refusal:
        limits.check((MANY, "203.0.113.0/24"), (FIVE, LAN))
    assert 55 <= refusal.value.retry_after_s <= 60
    assert refusal.value.limit == "five"


def test_tries_refused_prolong_nothing_and_limits_are_apart() -> None:
    for _ in range(30):
        limits.allow(FIVE, LAN)
    pass_time(seconds=121)
    assert limits.allow(FIVE, LAN)
    assert limits.allow(FIVE, "+84987654321")
    assert limits.allow(MANY, LAN)


def test_a_network_that_is_stopped_adds_no_rows() -> None:
    one = Limit("network", 1, 600)
    for n in range(10):
        limits.refusal_of((one, "203.0.113.0/24"), (FIVE, f"+8491234{n:04}"))
    assert Allowance.objects.count() == 2


def test_a_good_try_is_given_back_and_a_person_may_start_anew() -> None:
    for _ in range(5):
        limits.allow(FIVE, LAN)
    assert limits.tries_left(FIVE, LAN) == 0
    limits.give_back((FIVE, LAN))
    assert limits.tries_left(FIVE, LAN) == 1
    assert [limits.allow(FIVE, LAN) for _ in range(2)] == [True, False]
    limits.forget((FIVE, LAN))
    assert limits.allow(FIVE, LAN)


def test_nobodys_number_is_kept_for_counting() -> None:
    limits.allow(FIVE, LAN)
    (row,) = Allowance.objects.all()
    assert len(row.key) == 32
    assert "912345678" not in row.key


def test_old_rows_go_and_the_table_has_a_bound() -> None:
    for n in range(10):
        limits.allow(FIVE, str(n))
    assert limits.sweep() == 0
    assert limits.sweep(most=4) == 6
    pass_time(hours=1)
    assert limits.sweep() == 4
    assert not Allowance.objects.exists()


@pytest.mark.parametrize(
    ("client_ip", "client", "network"),
    [
        ("203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/64"),
        ("", "", ""),
        ("unix:", "", ""),
    ],
)
def test_a_household_is_one_client_however_many_addresses_it_has(
    client_ip: str, client: str, network: str
) -> None:
    assert (one_client(client_ip), client_network(client_ip)) == (client, network)


@pytest.mark.django_db(transaction=True)
def test_twenty_tries_at_once_do_not_slip_past_the_limit_of_five() -> None:
    results = all_at_once([lambda: limits.allow(FIVE, LAN)] * 20)
    assert results.count(True) == 5


@pytest.mark.django_db(transaction=True)
def test_reading_the_count_first_lets_more_slip_past() -> None:
    """Negative control."""
    row = Allowance.objects.create(key="k", free_at=db_now())

    def count_by_reading_first() -> bool:
        found = Allowance.objects.get(pk=row.pk)
        if found.free_at > db_now() + dt.timedelta(seconds=480):
            return False
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.01)")
        Allowance.objects.filter(pk=row.pk).update(free_at=F("free_at") + dt.timedelta(seconds=120))
        return True

    assert all_at_once([count_by_reading_first] * 20).count(True) > 5


@pytest.mark.django_db(transaction=True)
def test_a_count_does_not_wait_for_the_disk_and_leaves_transactions_around_it_alone() -> None:
    def waits() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            return str(cursor.fetchone()[0])

    with CaptureQueriesContext(connection) as alone:
        limits.check((FIVE, LAN))
    with transaction.atomic(), CaptureQueriesContext(connection) as within:
        limits.check((FIVE, LAN))
        usual = waits()
    assert "'synchronous_commit', 'off'" in alone.captured_queries[0]["sql"]
    assert "synchronous_commit" not in within.captured_queries[0]["sql"]
    assert waits() == usual
