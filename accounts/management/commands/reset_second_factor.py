from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.management.finding import user_with
from accounts.services.people import end_sessions
from accounts.services.second_factor import forget_second_factor


class Command(BaseCommand):
    help = "Take away a lost authenticator; the person sets up a new one at the next sign-in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("phone", help="such as 0912345678")

    def handle(self, *, phone: str, **_options: Any) -> None:
        user = user_with(phone)
        if not forget_second_factor(user=user):
            msg = f"{user.display_name} has no second factor."
            raise CommandError(msg)
        end_sessions(user=user)
        self.stdout.write(f"{user.display_name} can set up the second step again.")
