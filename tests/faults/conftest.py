"""A web process whose ways to buyers, to the database and to the broker lead through proxies."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection

from core.local import roles
from core.local.process import Child
from livestreams.models import Offer
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory
from tests.faults.client import Buyer
from tests.faults.proxy import Proxy
from tests.servers import (
    Platform,
    await_health,
    collect_static_files_once,
    environment_of_children,
    free_port,
)

THREADS = 4


class Shop(Platform):
    """`door` stands before the pages, `database` and `broker` between them and the servers."""

    door: Proxy
    database: Proxy
    broker: Proxy

    @property
    def proxies(self) -> list[Proxy]:
        return [self.door, self.database, self.broker]


@pytest.fixture(scope="session")
def _shop(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    port = free_port()
    shop = Shop(f"http://localhost:{port}", tmp_path_factory.mktemp("shop") / "log", {})
    sockets = Path(os.environ["DATA_DIR"]) / f"s{os.getpid()}"  # short: a socket's path must be
    sockets.mkdir()
    shop.door = Proxy(("127.0.0.1", 0), ("127.0.0.1", port))
    shop.database = Proxy(sockets / ".s.PGSQL.5432", socket_of_database())
    shop.broker = Proxy(sockets / "redis", Path(urlsplit(os.environ["REDIS_URL"]).path))
    for proxy in shop.proxies:
        proxy.start()
    env = environment_of_children(f"http://localhost:{shop.door.port}", port) | {
        "DATABASE_URL": f"postgresql://app@/{connection.settings_dict['NAME']}?host={sockets}",
        "REDIS_URL": f"unix://{sockets / 'redis'}?{urlsplit(os.environ['REDIS_URL']).query}",
        "WEB_THREADS": str(THREADS),
        "DEMO": "false",
    }
    collect_static_files_once(env)
    try:
        shop.children["web"] = Child("web", roles.web(port), env=env, log=shop.log, grace_s=5)
        await_health(shop)
        yield shop
    finally:
        for proxy in shop.proxies:
            proxy.fault = None
        shop.children["web"].stop()
        for proxy in shop.proxies:
            proxy.stop()


def socket_of_database() -> Path:
    folder = parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)["host"][0]
    return Path(folder) / ".s.PGSQL.5432"


@pytest.fixture
def shop(_shop: Shop, transactional_db: None) -> Iterator[Shop]:
    """Everything passes until the test sets a fault; afterwards everything passes again."""
    yield _shop
    for proxy in _shop.proxies:
        proxy.fault = None
        proxy.hits = 0
        proxy.cut_all()


@pytest.fixture
def tea(shop: Shop) -> Offer:
    """Ten bags on sale in a live session, whose buyers of one network are asked for no code."""
    CommuneFactory()
    return OfferFactory(session__is_simulated=True)


@pytest.fixture
def buyer(shop: Shop, tea: Offer) -> Buyer:
    return Buyer(shop.door.port, tea)
