from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings

from config import hub, live
from tests.core import live_stream

# The machine may be busy with other tests: how long one example takes proves nothing.
hypothesis_settings.register_profile("unhurried", deadline=None)
hypothesis_settings.load_profile("unhurried")


@pytest.fixture
def live_channel(
    transactional_db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A channel of this test's own, with short waits and threads that are closed afterwards."""
    settings.LIVE_SNAPSHOTS = {"session": "tests.core.live_stream.counted_board"}
    threads = ThreadPoolExecutor(max_workers=1)
    monkeypatch.setattr(live, "hub", hub.Hub())
    monkeypatch.setattr(hub, "database_threads", threads)
    monkeypatch.setattr(hub, "BEAT_S", 0.2)
    monkeypatch.setattr(hub, "HEARD_S", 1.0)
    monkeypatch.setattr(hub, "SNAPSHOT_KEPT_S", 0.2)
    live_stream.drawn.clear()
    yield
    threads.submit(connections.close_all).result()
    threads.shutdown()
