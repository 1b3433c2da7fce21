from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import override_settings

from tests import prepared_database

PLAIN_STATIC_FILES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}


# Files whose tests take longest come first, so that no worker is left alone with one at the end
LONG = ("test_access_matrix", "test_pairs", "test_hot_pairs", "test_listing", "test_standby")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in a mixed order, always the same: while one waits for a clock, others work."""
    items.sort(key=lambda item: (item.path.stem not in LONG, crc32(str(item.path.name).encode())))


@pytest.fixture(scope="session", autouse=True)
def plain_static_files() -> Iterator[None]:
    """Only the served platform collects static files; everywhere else their plain names do."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # WhiteNoise warns without it
    with override_settings(STORAGES=PLAIN_STATIC_FILES):
        yield


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The whole server is thrown away after the run; a connection that lingers in some thread (or
    server process) must not fail it by refusing the drop of one database.
    """
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Begin with a copy of the migrated database; what is missing in it is migrated then."""
    name = connection.creation._get_test_db_name()
    prepared_database.copy(name, connection.settings_dict["HOST"])


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    cache.clear()
