import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import catalogue


class Command(BaseCommand):
    help = "Bring the Vietnamese catalogue up to date with the code, and take words in."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--add", metavar="FILE", nargs="+", type=Path, default=[], help="take in .po files"
        )
        parser.add_argument("--prune", action="store_true", help="drop words nothing marks")
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--check", action="store_true", help="fail unless all is translated")
        only.add_argument("--compile", action="store_true", help="write the .mo and stop")
        only.add_argument("--missing", action="store_true", help="print what lacks Vietnamese")

    def handle(self, *, add: list[Path], prune: bool, **only: Any) -> None:
        try:
            if only["check"]:
                self.check_all()
            elif only["missing"]:
                self.print_missing()
            elif only["compile"]:
                self.compile_only()
            else:
                self.update(add, prune=prune)
        except catalogue.CatalogueError as error:
            raise CommandError(str(error)) from error

    def update(self, fragments: list[Path], *, prune: bool) -> None:
        for fragment in fragments:
            if not fragment.exists():
                msg = f"There is no file {fragment}."
                raise CommandError(msg)
        additions = [message for path in fragments for message in catalogue.read(path)]
        with catalogue.locked(settings.BASE_DIR):
            path = catalogue.catalogue_path(settings.BASE_DIR)
            marked = catalogue.marked_in(settings.BASE_DIR)
            new, result = catalogue.merge(marked, catalogue.read(path), additions, prune=prune)
            catalogue.write(new, path)
            count = catalogue.compile_catalogue(settings.BASE_DIR)
        self.tell(marked, result)
        self.stdout.write(f"{result.added} taken in; {count} of {len(new)} have Vietnamese.")

    def tell(self, marked: catalogue.Marked, result: catalogue.Merge) -> None:
        for name, why in marked.unreadable.items():
            self.stderr.write(f"Left as it was, cannot be read: {name}: {why}")
        for words in result.replaced:
            self.stderr.write(f"New words replace the old for {words!r}.")
        for words, near in result.unknown.items():
            hint = f" Nearest: {near!r}." if near else ""
            self.stderr.write(f"Nothing marks {words!r} (kept for later).{hint}")

    def compile_only(self) -> None:
        with catalogue.locked(settings.BASE_DIR):
            count = catalogue.compile_catalogue(settings.BASE_DIR)
        self.stdout.write(f"{count} messages compiled.")

    def check_all(self) -> None:
        marked = catalogue.marked_in(settings.BASE_DIR)
        known = catalogue.read(catalogue.catalogue_path(settings.BASE_DIR))
        if found := catalogue.problems(marked, known):
            msg = "\n".join([*found, f"{len(found)} to put right."])
            raise CommandError(msg)
        self.stdout.write(f"All {len(marked.catalogue)} messages have Vietnamese.")

    def print_missing(self) -> None:
        marked = catalogue.marked_in(settings.BASE_DIR)
        known = catalogue.read(catalogue.catalogue_path(settings.BASE_DIR))
        new, _ = catalogue.merge(marked, known)
        missing = Catalog(locale=catalogue.LOCALE, charset="utf-8")
        for message in new:
            if message.id and not catalogue.is_translated(message):
                missing.add(message.id, locations=message.locations, context=message.context)
        catalogue.write_fragment(missing, sys.stdout.buffer)
