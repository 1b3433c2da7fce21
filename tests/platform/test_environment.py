"""What manage.py puts in place before Django reads its settings."""

import stat
import subprocess
import sys

import pytest

from core.local import environment
from core.local.paths import BASE_DIR, LocalError, Places

HOLDER = """
import sys
from pathlib import Path
from core.local.environment import held, leave_word
from core.local.paths import Places
with held(Places(Path(sys.argv[1]))) as _:
    leave_word(Places(Path(sys.argv[1])))
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    here = Places(tmp_path / "data")
    monkeypatch.setenv("DATA_DIR", str(here.data))
    for name in environment.KEPT:
        monkeypatch.setenv(name, "")  # so that what is set meanwhile is gone afterwards
        monkeypatch.delenv(name)
    yield here
    if here.sockets.exists():
        here.sockets.rmdir()


@pytest.fixture
def running_elsewhere(here, monkeypatch):
    """Another process that holds the data folder and has left its addresses there."""
    monkeypatch.setenv("DATABASE_URL", here.database_url)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(here.data)],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"held\n"
    monkeypatch.delenv("DATABASE_URL")
    yield holder
    holder.kill()
    holder.communicate()


def get(name: str) -> str | None:
    return environment.os.environ.get(name)


def test_up_gets_the_addresses_of_the_servers_it_will_start(here):
    environment.prepare(["up"])

    assert get("DATABASE_URL") == here.database_url
    assert get("REDIS_URL") == here.redis_url
    assert (get("PORT"), get("SITE_URL"), get("DEMO")) == ("8000", "http://localhost:8000", "true")


def test_what_is_set_already_stays(here, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/phien")
    monkeypatch.setenv("PORT", "9000")

    environment.prepare(["up"])

    assert get("DATABASE_URL") == "postgresql://db.example/phien"
    assert get("REDIS_URL") == here.redis_url
    assert get("SITE_URL") == "http://localhost:9000"


def test_a_platform_for_phones_in_the_house_answers_to_its_own_address(here, monkeypatch):
    monkeypatch.setenv("SITE_URL", "http://192.168.1.5:8000")

    environment.prepare(["up"])

    assert get("ALLOWED_HOSTS") == "localhost,127.0.0.1,[::1],192.168.1.5"


def test_pictures_go_where_the_data_goes(here, monkeypatch):
    environment.prepare(["up"])
    assert get("MEDIA_ROOT") == str(here.data / "media")

    monkeypatch.delenv("MEDIA_ROOT")
    monkeypatch.delenv("DATA_DIR")
    monkeypatch.setenv("SECRET_KEY", "of somebody's own")
    environment.prepare(["up"])
    assert get("MEDIA_ROOT") is None


def test_the_key_is_made_once_and_for_us_alone(here):
    first = environment.secret_key(here)

    assert len(first) >= 50
    assert environment.secret_key(here) == first
    assert stat.S_IMODE(here.secret_key.stat().st_mode) == 0o600


def test_other_commands_find_the_running_platform(here, running_elsewhere):
    environment.prepare(["shell"])

    assert get("DATABASE_URL") == here.database_url


def test_a_platform_that_was_killed_is_not_found(here, running_elsewhere):
    running_elsewhere.kill()
    running_elsewhere.wait()

    environment.prepare(["shell"])

    assert here.environment.exists()
    assert get("DATABASE_URL") is None


def test_two_platforms_do_not_share_a_data_folder(here, running_elsewhere):
    with (
        pytest.raises(LocalError, match="The platform runs already"),
        environment.held(here),
    ):
        pass


def test_addresses_are_gone_when_the_platform_has_stopped(here, running_elsewhere):
    running_elsewhere.communicate(b"")

    assert not here.environment.exists()
    environment.prepare(["shell"])
    assert get("DATABASE_URL") is None


def test_commands_that_read_the_code_only_get_a_database_that_is_nowhere(here):
    environment.prepare(["messages", "--check"])

    assert get("DATABASE_URL") == environment.nowhere()["DATABASE_URL"]
