import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.errors import PhoneTaken
from accounts.services.enrolment import allow_enrolment
from accounts.services.people import create_account
from core.phones import InvalidPhone, format_phone, normalize_phone


class Command(BaseCommand):
    help = "Make an account for somebody. The password is asked for, or read from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("phone", help="such as 0912345678")
        parser.add_argument("--name", required=True, help="the person's name")
        parser.add_argument(
            "--staff", action="store_true", help="one of those who run the platform"
        )

    def handle(self, *, phone: str, name: str, staff: bool, **_options: Any) -> None:
        try:
            e164 = normalize_phone(phone)
        except InvalidPhone as refusal:
            raise CommandError(refusal.message) from refusal
        password = self._password()
        try:
            user = create_account(
                phone=e164, display_name=name, password=password, is_verified=False, is_staff=staff
            )
        except PhoneTaken as refusal:
            raise CommandError(str(refusal.message)) from refusal
        allow_enrolment(user=user)
        self.stdout.write(f"Account of {name}: {format_phone(e164)}")

    def _password(self) -> str:
        if sys.stdin.isatty():
            password = getpass.getpass("Password: ")
            if getpass.getpass("The same again: ") != password:
                msg = "The two passwords differ."
                raise CommandError(msg)
        else:
            password = sys.stdin.readline().rstrip("\n")
        try:
            validate_password(password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        return password
