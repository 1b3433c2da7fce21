import time
from collections.abc import Callable
from typing import Any

import pghistory
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from config.demo import accounts
from config.demo.loading import goods, origin, past, people, pictures, present
from coops.models import Commune
from coops.places import load_places
from core.clock import db_today
from core.errors import DomainError
from dashboards.services import rolling_up

ROLL_UP_WITHIN_S = 60
DRAW_WITHIN_S = 25  # on a slow machine the worker draws the rest while people look around
ONE_AT_A_TIME = 7_305_090  # advisory lock: two loaders would both find the same things missing


class Command(BaseCommand):
    help = (
        "Load the demonstration: co-ops, products, lots, a past session of 2,500 orders, one that"
        " is live and one that comes. May be run again at any time; what is there stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--accounts", action="store_true", help="only say who can sign in, and how"
        )

        parser.add_argument(
            "--without-pictures", action="store_true", help="leave the pictures for another time"
        )

    def handle(self, **options: Any) -> None:
        if not settings.DEMO:
            msg = "Accounts with a known password belong on a demonstration only: set DEMO=true."
            raise CommandError(msg)
        if options["accounts"]:
            self.stdout.write(accounts.table())
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        try:
            with pghistory.context(command="load_demo"):
                self.load(with_pictures=not options["without_pictures"])
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_AT_A_TIME])

    def load(self, *, with_pictures: bool) -> None:
        today = db_today()
        if not Commune.objects.exists():
            load_places()
        self.step("accounts", people.load_people)
        people.load_staff()
        self.step("products", lambda: goods.load_goods(today))
        self.step("fresh lots", lambda: goods.keep_fresh(today))
        self.step("past sessions", lambda: past.load_past(today))
        self.step("live session", present.keep_live)
        self.step("coming session", present.keep_coming)
        if with_pictures:
            self.step("pictures", self.draw)
        self.step("lots with origin codes", origin.request_codes)
        self.step("sessions in the province's figures", self.roll_up)

    def draw(self) -> int:
        hung = pictures.load_pictures(within_s=DRAW_WITHIN_S)
        if hung.left:
            self.stdout.write(f"  {hung.left} more pictures are drawn in the background")
        return hung.drawn

    def roll_up(self) -> int:
        return rolling_up.roll_up_changed(within_s=ROLL_UP_WITHIN_S)

    def step(self, what: str, load: Callable[[], int]) -> None:
        begun = time.monotonic()
        try:
            count = int(load())
        except DomainError as refusal:  # impossible after changes in the demo
            self.stdout.write(f"  {what}: {refusal.message}")
            return
        if count:
            self.stdout.write(f"  {what}: {count} ({time.monotonic() - begun:.1f} s)")
