from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts.management.finding import user_with
from accounts.services.enrolment import allow_enrolment


class Command(BaseCommand):
    help = "Confirm that a person is who they say: for a day they may set up the second step."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("phone", help="such as 0912345678")

    def handle(self, *, phone: str, **_options: Any) -> None:
        user = user_with(phone)
        allow_enrolment(user=user)
        self.stdout.write(f"{user.display_name} can set up the second step within a day.")
