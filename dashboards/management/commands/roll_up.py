import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dashboards.services import rolling_up


class Command(BaseCommand):
    help = "Count the figures of all sessions again. With --check: compare only, exit 1 if any differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            count = rolling_up.roll_up_all()
            self.stdout.write(f"Figures of {count} sessions are counted.")
            return
        found = rolling_up.check_all()
        for difference in found:
            self.stderr.write(str(difference))
        if found:
            self.stderr.write(f"{len(found)} differences.")
            sys.exit(1)
        self.stdout.write("The figures equal a recount.")
