import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.backup import BackupError, write_backup


class Command(BaseCommand):
    help = "Write database and pictures into one file, while the platform runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a new file, or - for the standard output")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            size = write_out() if str(file) == "-" else write_file(file)
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stderr.write(f"{size / 1_000_000:.1f} MB, with names and phones: keep it safe.")


def write_file(file: Path) -> int:
    write_backup(file)
    return file.stat().st_size


def write_out() -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "backup.tar"
        size = write_file(file)
        with file.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer)
    return size
