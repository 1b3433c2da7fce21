from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture(scope="session", autouse=True)
def plain_static_files() -> Iterator[None]:
    """Only the served platform collects static files; everywhere else their plain names do."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # WhiteNoise warns without it
    with override_settings(STORAGES=PLAIN_STATIC_FILES):
        yield


@pytest.fixture(scope="session", autouse=True)
def light_passwords() -> Iterator[None]:
    """The least that Argon2 takes: people sign in all the time here, and nobody guesses."""
    with override_settings(PASSWORD_HASHERS=["tests.factories.accounts.LightHasher"]):
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
