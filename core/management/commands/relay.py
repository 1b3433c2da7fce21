import datetime as dt
import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count, Min

from core.clock import db_now
from core.models import OutboxMessage
from core.realtime import publisher
from core.relay import Relay

LATE_AFTER = dt.timedelta(seconds=30)


class Command(BaseCommand):
    help = "Hand on what waits in the outbox, until stopped. A second relay waits as a spare."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="only say what waits; fails when something has waited for longer than it should",
        )

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        if check:
            self.tell_what_waits()
            return
        relay = Relay(publisher())
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: relay.stop())
        relay.run()

    def tell_what_waits(self) -> None:
        waiting = OutboxMessage.objects.filter(published_at=None).aggregate(
            count=Count("id"), since=Min("created_at")
        )
        for_s = int((db_now() - waiting["since"]).total_seconds()) if waiting["since"] else 0
        words = f"{waiting['count']} waiting, the oldest for {for_s} s"
        if for_s > LATE_AFTER.total_seconds():
            msg = f"{words}: is the relay at work, and the broker there?"
            raise CommandError(msg)
        self.stdout.write(words)
