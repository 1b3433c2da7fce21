from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.phones import InvalidPhone, normalize_phone
from orders.services.erasing import erase_buyer


class Command(BaseCommand):
    help = "Erase the name, phone and address of a buyer who asks for it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("phone")

    def handle(self, *, phone: str, **options: Any) -> None:
        try:
            erased, kept = erase_buyer(phone=normalize_phone(phone))
        except InvalidPhone as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self.stdout.write(f"{erased} orders erased.")
        if kept:
            self.stdout.write(f"{kept} are under way or have money due; run this again afterwards.")
