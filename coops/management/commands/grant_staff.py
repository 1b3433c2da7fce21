from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.management.finding import user_with
from accounts.services.enrolment import allow_enrolment
from coops.models import Province, StaffRole
from coops.services.province import grant_staff_role, revoke_staff_role


class Command(BaseCommand):
    help = "Put a person on a province's staff, or take them off it (--revoke)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("phone", help="such as 0912345678; the person has an account")
        parser.add_argument("province", help="two digits, such as 15")
        parser.add_argument("role", choices=StaffRole.Role.values)
        parser.add_argument("--revoke", action="store_true")

    def handle(
        self, *, phone: str, province: str, role: str, revoke: bool, **_options: Any
    ) -> None:
        words = "There is no account with this phone number; make it with create_account."
        user = user_with(phone, words)
        place = Province.objects.filter(pk=province).first()
        if place is None:
            msg = f"There is no province with the code {province}; run load_places first."
            raise CommandError(msg)
        act = revoke_staff_role if revoke else grant_staff_role
        changed = act(user=user, province=place, role=role)
        if changed and not revoke:
            allow_enrolment(user=user)
        words = "is no longer" if revoke else "is now"
        same = "" if changed else " (nothing changed)"
        self.stdout.write(f"{user.display_name} {words} {role} of {place.name}{same}.")
