from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts.management.finding import user_with
from accounts.services.people import deactivate


class Command(BaseCommand):
    help = "Close an account: its sessions and tokens end at once. Nothing it did is deleted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("phone", help="such as 0912345678")

    def handle(self, *, phone: str, **_options: Any) -> None:
        user = user_with(phone)
        deactivate(user=user)
        self.stdout.write(f"The account of {user.display_name} is closed.")
