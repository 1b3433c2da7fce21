"""Write years of market days, to see what grows with them. Never on an installation that sells."""

import random
import secrets
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from config.scale import market
from config.scale.ground import Ground
from config.scale.orders import OrderWriter
from config.scale.shape import Shape
from coops.models import Commune
from core.clock import db_now, local_day
from dashboards.services import rolling_up
from orders.models import Order

FEWEST = 100
LONGEST_STATEMENT = "2h"


class Command(BaseCommand):
    help = "Fill the database with made-up co-ops, lots, sessions and orders of two years, for measuring."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--orders", type=int, default=500_000)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--beside", action="store_true", help="Also where there are orders already."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["orders"] < FEWEST:
            raise CommandError(f"At least {FEWEST} orders.")
        if not Commune.objects.exists():
            raise CommandError("No places are loaded: run manage.py load_places first.")
        if Order.objects.exists() and not options["beside"]:
            raise CommandError("There are orders in this database. --beside adds made-up ones.")
        self.began_at = time.monotonic()
        self.run(f"SET statement_timeout = '{LONGEST_STATEMENT}'")
        now, draw = db_now(), random.Random(options["seed"])  # noqa: S311 - no secrets
        shape = Shape.of(options["orders"])
        ground = Ground(shape, draw, local_day(now), secrets.token_hex(4))
        ground.write_coops()
        ground.write_products()
        sessions = market.plan(ground, draw, now)
        ground.write_lots()
        ground.write_codes()
        self.tell(f"{shape.cooperatives} co-ops, {len(ground.all_lots())} lots")
        writer = OrderWriter(ground, draw, now, set(Order.objects.values_list("code", flat=True)))
        done = 0
        for count in writer.write(sessions):
            done += count
            self.tell(f"{done:,} of {shape.orders:,} orders")
        rolling_up.roll_up_all()
        self.tell("figures")
        self.run("ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE")
        self.run("RESET statement_timeout")
        big = ground.coops[0]
        self.tell(f"the big co-op is {big.pk}, in province {big.commune.province_id}")

    def run(self, sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    def tell(self, words: str) -> None:
        self.stdout.write(f"{time.monotonic() - self.began_at:6.0f} s  {words}")
