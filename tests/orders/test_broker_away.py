"""The broker stops or freezes: buyers notice nothing, and what waited is handed on afterwards."""

import contextlib
import os
import shutil
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from core.local import roles
from core.local.broker import Broker
from core.local.paths import Places
from core.local.process import Child
from core.models import OutboxMessage
from orders.models import Order
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory
from tests.servers import Platform, await_health, environment_of_children, free_port

QUICK_S = 2.0
PATIENCE_S = 30


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object) -> None:
        return None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of this test alone, so that freezing it disturbs no other."""
    away = Broker(Places(tmp_path / "b"), forgetful=False)
    away.start()
    yield away
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid_of(away), signal.SIGCONT)
    away.stop()
    shutil.rmtree(away.here.sockets)


@pytest.fixture
def shop(platform_server: Platform, broker: Broker, tmp_path: Path) -> Iterator[Platform]:
    """Web and relay on that broker and this test's database; the usual relay makes room."""
    usual = platform_server.children["relay"]
    usual.stop()
    port = free_port()
    env = environment_of_children(f"http://localhost:{port}", port)
    env["REDIS_URL"] = broker.here.redis_url
    shop = Platform(env["SITE_URL"], tmp_path / "log", {})
    try:
        for name, command in (("web", roles.web(port)), ("relay", roles.relay())):
            shop.children[name] = Child(name, command, env=env, log=shop.log)
        await_health(shop)
        yield shop
    finally:
        for child in shop.children.values():
            child.stop()
        usual_env = environment_of_children(
            platform_server.url, urllib.parse.urlsplit(platform_server.url).port or 0
        )
        platform_server.children["relay"] = Child(
            "relay", roles.relay(), env=usual_env, log=platform_server.log, grace_s=15
        )


def pid_of(broker: Broker) -> int:
    assert broker.child
    return broker.child.process.pid


def order_over_http(
    shop: Platform, offer_id: int, session_id: int, phone: str = "0912345678"
) -> tuple[int, float]:
    """Status of the answer and the seconds it took."""
    form = {
        "buyer_name": "Nguyễn Thị Lan",
        "buyer_phone": phone,
        "commune": "04609",  # CommuneFactory's
        "address_line": "Thôn Nậm Đâu",
        "payment_method": "cod",
        "idempotency_key": str(uuid.uuid4()),
        f"quantity_{offer_id}": "1",
        f"price_{offer_id}": "1000000",
    }
    opener = urllib.request.build_opener(NoRedirect)
    began = time.monotonic()
    try:
        status = opener.open(
            f"{shop.url}/phien/{session_id}/dat/", urllib.parse.urlencode(form).encode(), timeout=20
        ).status
    except urllib.error.HTTPError as answer:
        status = answer.code
    return status, time.monotonic() - began


def waiting() -> int:
    return OutboxMessage.objects.filter(published_at=None).count()


def await_nothing_waiting(shop: Platform) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while waiting():
        assert time.monotonic() < deadline, shop.words()
        time.sleep(0.1)


def tasks_in(broker: Broker) -> int:
    with redis.Redis.from_url(broker.here.redis_url) as line:
        return sum(int(line.llen(key)) for key in line.keys("*:orders"))  # type: ignore[union-attr, arg-type]


def buy_three(shop: Platform) -> None:
    CommuneFactory()
    offer = OfferFactory()
    for _ in range(3):
        status, seconds = order_over_http(shop, offer.pk, offer.session_id)
        assert status == 303, shop.words()
        assert seconds < QUICK_S
    assert Order.objects.count() == 3


def test_ordering_goes_on_while_the_broker_is_frozen(shop: Platform, broker: Broker) -> None:
    os.kill(pid_of(broker), signal.SIGSTOP)
    buy_three(shop)
    time.sleep(0.5)
    assert waiting() == 3

    os.kill(pid_of(broker), signal.SIGCONT)

    await_nothing_waiting(shop)
    numbers = OutboxMessage.objects.order_by("feed_number").values_list("feed_number", flat=True)
    assert list(numbers) == [1, 2, 3]
    assert tasks_in(broker) >= 1


def test_ordering_goes_on_while_the_broker_is_gone(shop: Platform, broker: Broker) -> None:
    assert broker.child
    broker.child.kill()
    buy_three(shop)
    time.sleep(0.5)
    assert waiting() == 3

    broker.start()

    await_nothing_waiting(shop)
    assert tasks_in(broker) >= 1
