"""What is backed up comes back, and a bad file changes nothing."""

import io
import stat
import tarfile
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from core import backup
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
User = get_user_model()


@pytest.fixture
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    (settings.MEDIA_ROOT / "products").mkdir(parents=True)
    (settings.MEDIA_ROOT / "products" / "che.webp").write_bytes(b"tea")
    return settings.MEDIA_ROOT


@pytest.fixture
def file(tmp_path, media) -> Path:
    """A backup that holds Lan and a picture of tea."""
    UserFactory(display_name="Lan")
    target = tmp_path / "phien.tar"
    call_command("backup", target)
    return target


def names() -> list[str]:
    return sorted(User.objects.values_list("display_name", flat=True))


def test_rows_and_pictures_come_back(file, media):
    UserFactory(display_name="Minh")
    (media / "products" / "che.webp").unlink()

    call_command("restore", file, replace=True)

    assert names() == ["Lan"]
    assert (media / "products" / "che.webp").read_bytes() == b"tea"


def test_the_restored_database_goes_on_counting_and_guarding(file):
    call_command("restore", file, replace=True)

    minh = UserFactory(display_name="Minh")
    assert minh.pk > User.objects.get(display_name="Lan").pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgtrigger%'")
        assert cursor.fetchone()[0] > 0


def test_a_database_in_use_is_not_replaced_unasked(file):
    UserFactory(display_name="Minh")

    with pytest.raises(CommandError, match="add --replace"):
        call_command("restore", file)

    assert names() == ["Lan", "Minh"]


def test_migrations_that_came_after_the_backup_run_after_the_restore(tmp_path, media):
    later = ("otp_totp", "0003_add_timestamps")
    call_command("migrate", "otp_totp", "0002", verbosity=0)
    call_command("backup", tmp_path / "old.tar")
    call_command("migrate", "otp_totp", verbosity=0)
    assert later in backup.applied_migrations()

    backup.restore_backup(tmp_path / "old.tar")
    assert later not in backup.applied_migrations()
    call_command("restore", tmp_path / "old.tar", replace=True)

    assert later in backup.applied_migrations()


def test_a_table_of_later_days_does_not_stand_in_the_way(file):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE of_tomorrow AS SELECT 1")

    call_command("restore", file, replace=True)

    assert "of_tomorrow" not in connection.introspection.table_names()


def damaged(file: Path, tmp_path: Path) -> Path:
    """The same backup with one byte of the dump turned."""
    result = tmp_path / "damaged.tar"
    with tarfile.open(file) as old, tarfile.open(result, "w") as new:
        for entry in old:
            content = bytearray(old.extractfile(entry).read()) if entry.isfile() else bytearray()
            if entry.name == backup.DUMP:
                content[len(content) // 2] ^= 1
            new.addfile(entry, io.BytesIO(content))
    return result


def test_a_damaged_file_changes_nothing(file, tmp_path):
    UserFactory(display_name="Minh")

    with pytest.raises(CommandError, match="is damaged"):
        call_command("restore", damaged(file, tmp_path), replace=True)

    assert names() == ["Lan", "Minh"]


def test_a_restore_that_fails_half_way_changes_nothing(file, monkeypatch):
    UserFactory(display_name="Minh")
    monkeypatch.setattr(backup, "EMPTY", backup.EMPTY + b"CREATE TABLE accounts_user (id int);\n")

    with pytest.raises(CommandError, match="already exists"):
        call_command("restore", file, replace=True)

    assert names() == ["Lan", "Minh"]


@pytest.mark.parametrize("content", [b"", b"no backup", b"PGDMP"])
def test_another_kind_of_file_is_refused(tmp_path, content):
    wrong = tmp_path / "wrong"
    wrong.write_bytes(content)

    with pytest.raises(CommandError, match="cannot be read as a backup"):
        call_command("restore", wrong, replace=True)


def test_a_path_that_climbs_out_of_the_media_folder_is_refused(file, tmp_path, media):
    with tarfile.open(file, "a") as tar:
        entry = tarfile.TarInfo("media/../../climbed")
        tar.addfile(entry, io.BytesIO())

    UserFactory(display_name="Minh")

    with pytest.raises(CommandError, match="is damaged"):
        call_command("restore", file, replace=True)

    assert not (tmp_path / "climbed").exists()
    assert names() == ["Lan", "Minh"]


def test_a_file_that_is_cut_off_among_the_pictures_changes_nothing(file, media, tmp_path):
    (media / "products" / "che.webp").write_bytes(b"new tea" * 2000)
    call_command("backup", tmp_path / "whole.tar")
    cut = tmp_path / "cut.tar"
    cut.write_bytes((tmp_path / "whole.tar").read_bytes()[:-15_000])
    UserFactory(display_name="Minh")
    (media / "products" / "che.webp").write_bytes(b"today's tea")

    with pytest.raises(CommandError, match="unexpected end of data"):
        call_command("restore", cut, replace=True)

    assert names() == ["Lan", "Minh"]
    assert (media / "products" / "che.webp").read_bytes() == b"today's tea"


def test_pictures_behind_a_link_are_backed_up_and_restored(media, tmp_path, settings):
    """A folder of pictures is often a link to a larger disk."""
    disk = media.rename(tmp_path / "disk")
    media.symlink_to(disk)
    (disk / "products" / "again.webp").hardlink_to(disk / "products" / "che.webp")
    call_command("backup", tmp_path / "phien.tar")
    settings.MEDIA_ROOT = tmp_path / "elsewhere"

    call_command("restore", tmp_path / "phien.tar", replace=True)

    pictures = sorted((tmp_path / "elsewhere" / "products").iterdir())
    assert [picture.read_bytes() for picture in pictures] == [b"tea", b"tea"]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CommandError, match="nowhere is no folder that can be written"):
        call_command("backup", tmp_path / "nowhere" / "phien.tar")


def test_a_backup_is_for_its_owner_alone_and_never_overwrites(file):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", file)
    assert [path.name for path in file.parent.iterdir() if "partial" in path.name] == []


def test_a_backup_may_go_through_a_pipe(file, monkeypatch):
    pipe = io.BytesIO()
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdout", io.TextIOWrapper(pipe, write_through=True))
        call_command("backup", "-")
        pipe.seek(0)
        UserFactory(display_name="Minh")

        patched.setattr("sys.stdin", io.TextIOWrapper(pipe))
        call_command("restore", "-", replace=True)

    assert names() == ["Lan"]
