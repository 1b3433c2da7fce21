"""The database and the broker that come with the platform, as real processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from core.local import postgres as local_postgres
from core.local.broker import Broker
from core.local.paths import BASE_DIR, LONGEST_SOCKET_FOLDER, LocalError, Places
from core.local.postgres import Postgres

# Root has three ways to start a server that refuses root
AS_ROOT = ["namespace", "nobody", "nobody, who cannot reach the folder"]
WAYS = AS_ROOT if os.geteuid() == 0 else ["itself"]


@pytest.fixture
def here() -> Iterator[Places]:
    """A data folder that other users reach, as in most checkouts; the folders of pytest are closed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        here = Places(Path(folder) / "data")
        yield here
        shutil.rmtree(here.sockets, ignore_errors=True)


@pytest.fixture
def database(here: Places) -> Iterator[Postgres]:
    server = Postgres(here)
    server.start()
    yield server
    server.stop()


def query(here: Places, sql: str) -> list[tuple]:
    with psycopg2.connect(here.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def test_vietnamese_letters_fold_alike_on_every_machine(database, here):
    assert query(here, "SELECT lower('ĐƯỜNG SỮA'), 'Đường' ILIKE 'đường'") == [("đường sữa", True)]


def test_under_the_bare_locale_they_would_not(database, here):
    with pytest.raises(AssertionError):
        assert query(here, """SELECT lower('ĐƯỜNG' COLLATE "C")""") == [("đường",)]


def test_what_is_written_is_checked_and_flushed(database, here):
    shown = [query(here, f"SHOW {name}")[0][0] for name in ("data_checksums", "fsync")]

    assert shown == ["on", "on"]


def test_a_killed_server_whose_backend_hangs_is_started_again(database, here, monkeypatch):
    with psycopg2.connect(here.database_url) as line, line.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 1 AS n; SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
        line.commit()
        os.kill(backend, signal.SIGSTOP)
        database.child.kill()

        with monkeypatch.context() as without:
            without.setattr(local_postgres, "START_TIMEOUT_S", 2)
            without.setattr(Postgres, "end_leftovers", lambda _self: None)
            with pytest.raises(LocalError, match="did not start"):
                database.start()

        database.start()

    assert query(here, "SELECT n FROM kept") == [(1,)]


def test_a_server_that_lives_is_not_taken_for_a_leftover(database, here):
    database.end_leftovers()

    assert query(here, "SELECT 1") == [(1,)]


def test_committed_rows_outlive_a_killed_server(database, here):
    query(here, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    database.child.kill()

    again = Postgres(here)
    again.start()
    try:
        assert query(here, "SELECT count(*) FROM kept") == [(1000,)]
    finally:
        again.stop()


@pytest.mark.parametrize("way", WAYS)
def test_it_starts_whoever_starts_it(here, monkeypatch, way):
    if way.startswith("nobody"):
        monkeypatch.setattr(local_postgres, "may_unshare", lambda: False)
    elif way == "namespace" and not local_postgres.may_unshare():
        pytest.skip("This machine refuses namespaces of users; the other two ways are shown.")
    if way.endswith("folder"):
        here.data.parent.chmod(0o700)
    server = Postgres(here)
    try:
        server.start()
        assert query(here, "SELECT 1") == [(1,)]
        if way.startswith("nobody"):
            assert server.data.owner() == "nobody"
        assert (server.data == here.postgres) == (not way.endswith("folder"))
    finally:
        server.stop()
        if here.data not in server.data.parents:
            shutil.rmtree(server.data.parent)


def test_a_data_folder_far_down_still_has_short_sockets(tmp_path):
    here = Places(tmp_path / ("far" * 40) / "data")
    server = Broker(here, forgetful=True)
    try:
        server.start()
        assert server.answers()
        assert len(bytes(here.sockets)) <= LONGEST_SOCKET_FOLDER
    finally:
        server.stop()
        shutil.rmtree(here.sockets)


def test_a_socket_folder_that_somebody_laid_out_for_us_is_refused(here, tmp_path):
    trap = tmp_path / "trap"
    trap.mkdir()
    here.sockets.symlink_to(trap)

    try:
        with pytest.raises(LocalError, match="belongs to someone else"):
            here.make()
    finally:
        here.sockets.unlink()


def test_a_folder_of_another_version_is_left_alone(here):
    here.postgres.mkdir(parents=True)
    (here.postgres / "PG_VERSION").write_text("17\n")

    with pytest.raises(LocalError, match="written by PostgreSQL 17, these programs are version 18"):
        Postgres(here).start()

    assert [path.name for path in here.postgres.iterdir()] == ["PG_VERSION"]


CREATION = """
import sys
from pathlib import Path
from core.local.paths import Places
from core.local.postgres import Postgres
Postgres(Places(Path(sys.argv[1]))).start()
"""


def test_a_creation_that_was_cut_off_is_begun_anew(here):
    draft = here.data / "postgres.partial"
    creation = subprocess.Popen([sys.executable, "-c", CREATION, str(here.data)], cwd=BASE_DIR)
    deadline = time.monotonic() + 30
    while not (draft / "PG_VERSION").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    creation.kill()
    creation.wait()
    assert not (here.postgres / "PG_VERSION").exists()

    server = Postgres(here)
    server.start()
    try:
        assert query(here, "SELECT 1") == [(1,)]
        assert not draft.exists()
    finally:
        server.stop()


def test_a_folder_of_somebody_else_is_left_alone(here):
    here.postgres.mkdir(parents=True)
    (here.postgres / "letters").mkdir()

    with pytest.raises(LocalError, match="holds no database but is not empty"):
        Postgres(here).start()


def test_a_server_that_cannot_start_gives_its_last_words(here, monkeypatch):
    monkeypatch.setattr(local_postgres, "START_TIMEOUT_S", 2)
    monkeypatch.setitem(local_postgres.SETTINGS, "shared_buffers", "many")

    with pytest.raises(LocalError, match='invalid value for parameter "shared_buffers": "many"'):
        Postgres(here).start()


def tell(here: Places, *words: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(here.broker_socket))
        line.sendall(" ".join(words).encode() + b"\r\n")
        return line.recv(100)


def test_the_broker_keeps_what_it_was_told_when_it_is_killed(here):
    first = Broker(here)
    first.start()
    assert tell(here, "RPUSH", "queue", "task") == b":1\r\n"
    first.child.kill()

    second = Broker(here)
    second.start()
    try:
        assert tell(here, "LLEN", "queue") == b":1\r\n"
    finally:
        second.stop()


def test_a_forgetful_broker_would_have_lost_it(here):
    first = Broker(here, forgetful=True)
    first.start()
    tell(here, "RPUSH", "queue", "task")
    first.child.kill()

    second = Broker(here, forgetful=True)
    second.start()
    try:
        assert tell(here, "LLEN", "queue") == b":0\r\n"
    finally:
        second.stop()


def test_nobody_else_reaches_the_sockets(database, here):
    broker = Broker(here)
    broker.start()
    try:
        assert here.sockets.stat().st_mode & 0o077 in {0, 0o011}
        assert here.broker_socket.stat().st_mode & 0o077 == 0
        assert here.postgres_socket.stat().st_mode & 0o077 == 0
    finally:
        broker.stop()


def test_the_programs_of_the_wheel_answer():
    shown = subprocess.check_output([local_postgres.programs() / "pg_dump", "--version"], text=True)

    assert shown.split()[-1].startswith("18.")
