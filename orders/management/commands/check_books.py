import sys
from typing import Any

from django.core.management.base import BaseCommand

from orders import books


class Command(BaseCommand):
    help = "Compare stock, claims, orders and tallies with a recount. Reports only; exit 1 if any differs."

    def handle(self, *args: Any, **options: Any) -> None:
        found = books.differences()
        for difference in found:
            self.stderr.write(str(difference))
        if found:
            self.stderr.write(f"{len(found)} differences.")
            sys.exit(1)
        self.stdout.write(f"The books agree: {len(books.QUESTIONS)} questions, no difference.")
