import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.backup import BackupError, is_empty, read_manifest, restore_backup


class Command(BaseCommand):
    help = "Put database and pictures back from a file of `backup`, then migrate."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a file, or - for the standard input")
        parser.add_argument(
            "--replace", action="store_true", help="yes, drop what the database holds now"
        )

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        try:
            if str(file) == "-":
                self.restore_from_input(replace=replace)
            else:
                self.restore(file, replace=replace)
        except BackupError as error:
            raise CommandError(str(error)) from error

    def restore_from_input(self, *, replace: bool) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "backup.tar"
            with file.open("wb") as stream:
                shutil.copyfileobj(sys.stdin.buffer, stream)
            self.restore(file, replace=replace)

    def restore(self, file: Path, *, replace: bool) -> None:
        manifest = read_manifest(file)
        if not (replace or is_empty()):
            msg = (
                "The database is not empty. Everything in it would be replaced by the state of"
                f" {manifest['made_at']}; if that is meant, add --replace."
            )
            raise CommandError(msg)
        restore_backup(file)
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write(f"The state of {manifest['made_at']} is back.")
