import ipaddress
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from config.demo import rush
from config.demo.visitor import is_reachable
from coops.models import Commune
from livestreams.models import LivestreamSession
from orders.models import Order, SessionTally
from orders.querysets import ORDERED_STATES

MAX_BUYERS = 300
TELL_EVERY_S = 5
TALLY_TIMEOUT_S = 30
COMMUNES = 60


class Command(BaseCommand):
    help = (
        "Order in a simulated session through the public HTTP door, like real buyers, so that"
        " board, console, tally and dashboard can be watched. Ctrl-C stops."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--orders", type=int, default=200, help="how many orders are tried")
        parser.add_argument("--minutes", type=float, default=5, help="over how many minutes")
        parser.add_argument("--buyers", type=int, default=40, help="how many people order at once")
        parser.add_argument("--session", type=int, help="id of a live session marked as simulated")
        parser.add_argument("--url", help="another address of this same site, such as a proxy's")

    def handle(self, **options: Any) -> None:
        site = site_to_use(options["url"])
        if not 1 <= options["buyers"] <= MAX_BUYERS or options["orders"] < 1:
            msg = f"--orders must be 1 or more and --buyers between 1 and {MAX_BUYERS}."
            raise CommandError(msg)
        session = session_to_use(options["session"])
        if not is_reachable(site):
            msg = f"Nothing answers at {site}. Start the platform first: ./run"
            raise CommandError(msg)
        plan = rush.Plan(
            site=site,
            board_path=reverse("show-session", args=[session.pk]),
            orders=options["orders"],
            minutes=max(0.0, options["minutes"]),
            buyers=options["buyers"],
            communes=some_communes(),
            seed=secrets.token_hex(8),
        )
        self.follow(plan, session)

    def follow(self, plan: rush.Plan, session: LivestreamSession) -> None:
        self.stdout.write(f"{session.title}: {plan.orders} orders in {plan.minutes:g} min by")
        self.stdout.write(f"{plan.buyers} buyers at {plan.site}{plan.board_path}\n")
        before = Order.objects.filter(session=session).count()
        outcome, said = rush.Outcome(), Said(self, plan)
        try:
            rush.run(plan, outcome, lambda: said.now_and_then(outcome))
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
        said.line(outcome)
        self.sum_up(outcome, session, before)

    def sum_up(self, outcome: rush.Outcome, session: LivestreamSession, before: int) -> None:
        """Compare the answers that buyers received with the orders and the session's tally."""
        placed = len(outcome.placed)
        written = Order.objects.filter(session=session).count() - before
        open_orders, counted = tally_of(session)
        median, late, slowest = outcome.latencies_ms()
        refusals = ", ".join(f"{n} × {status}" for status, n in sorted(outcome.refused.items()))
        self.stdout.write("")
        self.stdout.write(f"  buyers were told of      {placed} orders")
        self.stdout.write(f"  the database has         {written} more orders than before")
        self.stdout.write(f"  pressed once more        {outcome.presses_again} times")
        self.stdout.write(f"  refused                  {refusals or 'nobody'}")
        self.stdout.write(f"  without an answer        {sum(outcome.faults.values())}")
        self.stdout.write(
            f"  answer to a press        {median} ms, 95 % {late} ms, all {slowest} ms"
        )
        self.stdout.write(f"  open orders, tally       {open_orders}, {counted}")
        for fault, times in outcome.faults.most_common(3):
            self.stdout.write(f"    {times} × {fault}")
        if outcome.sold_out.is_set():
            self.stdout.write("  Nothing was left to order before all had their turn.")
        self.judge(outcome, placed, written, is_counted=open_orders == counted)

    def judge(self, outcome: rush.Outcome, placed: int, written: int, *, is_counted: bool) -> None:
        """Fail when an order was lost or doubled. Others may have ordered meanwhile."""
        if outcome.doubled or written < placed:
            msg = "Orders were lost or doubled."
            raise CommandError(msg)
        if not is_counted:
            msg = "The tally does not agree with the orders. Are relay and worker running?"
            raise CommandError(msg)
        self.stdout.write("  No order was lost or doubled, and the tally agrees.")


class Said:
    """Prints progress, every few seconds."""

    def __init__(self, command: BaseCommand, plan: rush.Plan) -> None:
        self.command, self.plan = command, plan
        self.last_at, self.last_count = time.monotonic(), 0

    def now_and_then(self, outcome: rush.Outcome) -> None:
        if time.monotonic() - self.last_at >= TELL_EVERY_S:
            self.line(outcome)

    def line(self, outcome: rush.Outcome) -> None:
        median, _late, slowest = outcome.latencies_ms()
        placed, refused = len(outcome.placed), sum(outcome.refused.values())
        self.command.stdout.write(
            f"{time.strftime('%H:%M:%S')}  +{placed - self.last_count:<4} {placed}/{self.plan.orders}"
            f" orders, {refused} refused, {sum(outcome.faults.values())} unanswered,"
            f" {median} ms (slowest {slowest})"
        )
        self.last_at, self.last_count = time.monotonic(), placed


def site_to_use(url: str | None) -> str:
    """The address to order at: this machine's own unless `url` was given on purpose."""
    if url:
        return url
    host = urlsplit(settings.SITE_URL).hostname or ""
    if not is_loopback(host):
        msg = f"{settings.SITE_URL} is not this machine. Say --url if you mean to order there."
        raise CommandError(msg)
    return str(settings.SITE_URL)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def session_to_use(session_id: int | None) -> LivestreamSession:
    """A live session that is marked as simulated; never one where real people sell."""
    live = LivestreamSession.objects.live().filter(is_simulated=True)
    session = live.filter(pk=session_id).first() if session_id else live.first()
    if session is None:
        msg = "No session marked as simulated is live. Start one with: manage.py load_demo"
        raise CommandError(msg)
    return session


def some_communes() -> tuple[str, ...]:
    """Codes of communes from all over the country."""
    codes = list(Commune.objects.order_by("pk").values_list("pk", flat=True))
    if not codes:
        msg = "There are no communes. Load them with: manage.py load_places"
        raise CommandError(msg)
    return tuple(codes[:: max(1, len(codes) // COMMUNES)])


def tally_of(session: LivestreamSession) -> tuple[int, int]:
    """Orders that figures count and what the tally says, once they agree or time is up.

    Units held for the next of a line are no order yet: the tally leaves them out as well.
    """
    deadline = time.monotonic() + TALLY_TIMEOUT_S
    while True:
        open_orders = session.orders.filter(state__in=ORDERED_STATES).count()
        tally = SessionTally.objects.filter(session=session, cooperative=None).first()
        counted = tally.order_count if tally else 0
        if open_orders == counted or time.monotonic() > deadline:
            return open_orders, counted
        time.sleep(0.5)
