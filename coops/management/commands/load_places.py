from typing import Any

from django.core.management.base import BaseCommand

from coops.places import load_places


class Command(BaseCommand):
    help = "Load the 34 provinces and 3,321 communes; may be run again at any time."

    def handle(self, **_options: Any) -> None:
        provinces, communes = load_places()
        self.stdout.write(f"{provinces} provinces, {communes} communes")
