"""A gateway that takes messages and never answers holds up messages, and nothing else."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.conf import settings

from accounts.services import codes
from core.local import roles
from core.local.process import Child
from livestreams.models import Offer
from orders.models import Order, SessionTally, StandbyEntry
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import OrderFactory
from tests.orders.helpers import in_line, phone_of
from tests.servers import environment_of_children
from tests.standins import esms

PREFIX = "silent-gateway"
START_S, HELD_UP_S = 60, 2.0


@contextmanager
def workers(queues: Sequence[Sequence[str]], gateway: esms.Gateway, log: Path) -> Iterator[Celery]:
    """Workers of these queues, one task at a time each, and the way to send them tasks."""
    env = environment_of_children("http://localhost:8000", 8000) | {
        "REDIS_PREFIX": PREFIX,
        "SMS_API_URL": gateway.url,
        "SMS_API_KEY": esms.API_KEY,
        "SMS_API_SECRET": esms.API_SECRET,
        "CELERY_SKIP_CHECKS": "true",
    }
    sender = Celery("sender")
    sender.config_from_object("django.conf:settings", namespace="CELERY")
    options = {**settings.CELERY_BROKER_TRANSPORT_OPTIONS, "global_keyprefix": f"{PREFIX}:"}
    sender.conf.broker_transport_options = options
    with ExitStack() as running:
        for names in queues:
            child = Child("worker", roles.worker(names, concurrency=1), env=env, log=log, grace_s=2)
            running.callback(child.kill)
        yield sender
        sender.control.purge()
    sender.close()


def until(holds: Callable[[], Any], seconds: float) -> float:
    """How long it took until `holds`."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - began


def overdue_with_a_line() -> Offer:
    offer = OfferFactory(quantity_offered=1)
    OrderFactory(offer=offer, overdue=True, buyer_phone=phone_of(901))
    in_line(offer, 1, buyer_phone=phone_of(1))
    return offer


def release_promote_and_count(sender: Celery, offer: Offer) -> float:
    """How long the three took after one another."""
    sender.send_task("orders.release_overdue")
    released = Order.objects.filter(session=offer.session, state=Order.State.RELEASED)
    took_s = until(released.exists, START_S)
    sender.send_task("orders.promote_standby", args=[offer.session_id])
    promoted = StandbyEntry.objects.filter(offer=offer, state=StandbyEntry.State.PROMOTED)
    took_s += until(promoted.exists, START_S)
    sender.send_task("orders.recount_session", args=[offer.session_id])
    counted = SessionTally.objects.filter(session=offer.session, closed_order_count=1)
    return took_s + until(counted.exists, START_S)


@pytest.mark.alone
@pytest.mark.long
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("are_apart", [True, False])
def test_a_gateway_that_never_answers_holds_up_messages_alone(
    tmp_path: Path, *, are_apart: bool
) -> None:
    queues = [["orders"], ["messages"]] if are_apart else [["orders", "messages"]]
    with esms.running_gateway() as gateway, workers(queues, gateway, tmp_path / "log") as sender:
        gateway.mood = "silent"
        settings.SMS_API_URL, before = gateway.url, settings.SMS_API_URL
        try:
            wanted = [codes.request_code(phone=phone_of(n), purpose="sign_up") for n in range(3)]
        finally:
            settings.SMS_API_URL = before
        release_promote_and_count(sender, overdue_with_a_line())  # they are there, and warm
        for code in wanted:
            sender.send_task("accounts.send_code", args=[code.pk])
        until(lambda: gateway.asked, START_S)

        took_s = release_promote_and_count(sender, overdue_with_a_line())

        assert (took_s <= HELD_UP_S) is are_apart, took_s
