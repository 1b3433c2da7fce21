import signal
from typing import Any

from django.core.management.base import BaseCommand

from core.realtime import publisher
from core.relay import Relay


class Command(BaseCommand):
    help = "Hand on what waits in the outbox, until stopped. A second relay waits as a spare."

    def handle(self, *args: Any, **options: Any) -> None:
        relay = Relay(publisher())
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: relay.stop())
        relay.run()
