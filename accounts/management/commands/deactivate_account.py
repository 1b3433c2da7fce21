from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services.people import deactivate
from core.phones import InvalidPhone, normalize_phone


class Command(BaseCommand):
    help = "Close an account: its sessions and tokens end at once. Nothing it did is deleted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("phone", help="such as 0912345678")

    def handle(self, *, phone: str, **_options: Any) -> None:
        try:
            user = User.objects.get(phone=normalize_phone(phone))
        except (InvalidPhone, User.DoesNotExist) as error:
            msg = "There is no account with this phone number."
            raise CommandError(msg) from error
        deactivate(user=user)
        self.stdout.write(f"The account of {user.display_name} is closed.")
