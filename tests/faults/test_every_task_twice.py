"""Every task of the platform run once, twice, three times at once, and late and out of order: the
database ends the same.

A new task needs one scenario: a function that makes rows and returns the calls, marked with the
task's name. A task without one fails the first test below.
"""

import datetime as dt
import functools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.db.models import F

from accounts.models import OneTimeCode
from accounts.services import codes
from config.celery import app
from coops.models import BankAccountChange
from coops.services.bank_accounts import request_bank_change
from core import file_jobs
from core.banks import BankAccount
from core.clock import db_now, db_today
from core.middleware import is_busy
from core.models import Allowance, FileJob, IdempotencyRecord, OutboxMessage, Picture
from dashboards.models import DailyFigure, SessionRollUp
from dashboards.services import rolling_up
from livestreams.models import Offer
from orders.models import Order
from orders.services import cancelling
from orders.services.standing_by import leave_line, promote_next
from orders.services.tallies import recount_session
from tests.factories.accounts import TotpDeviceFactory, UserFactory
from tests.factories.coops import MembershipFactory, StaffRoleFactory, member_of
from tests.factories.core import PictureFactory
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import OrderFactory
from tests.factories.products import ProductFactory, ProductPhotoFactory
from tests.factories.traceability import OriginCodeBatchFactory
from tests.faults.snapshots import Held, Snapshot, differences, held, plain_rows, tables
from tests.orders.helpers import in_line, phone_of
from tests.standins import esms
from tests.threads import all_at_once
from traceability.models import OriginCodeBatch

Call = Callable[[], object]
Scenario = Callable[[], list[Call]]
SCENARIOS: dict[str, Scenario] = {}
app.loader.import_default_modules()
LONG_AGO = dt.timedelta(days=400)
AT_ONCE = 3


def scenario(name: str) -> Callable[[Scenario], Scenario]:
    def mark(make: Scenario) -> Scenario:
        SCENARIOS[name] = make
        return make

    return mark


def task(name: str, *arguments: object) -> Call:
    """The task as a worker runs it, its own retries included."""
    return functools.partial(run_task, name, arguments)


def run_task(name: str, arguments: tuple[object, ...]) -> None:
    app.tasks[name].apply(args=arguments, throw=True)


# What each task finds before it


@scenario("orders.recount_session")
def two_sessions_to_count() -> list[Call]:
    sessions = [OrderFactory(quantity=2).session_id, OrderFactory(transfer=True).session_id]
    return [task("orders.recount_session", session_id) for session_id in sessions]


@scenario("orders.recount_live_sessions")
def live_sessions_to_count() -> list[Call]:
    OrderFactory()
    OrderFactory(state=Order.State.CANCELLED)
    return [task("orders.recount_live_sessions")]


@scenario("livestreams.sweep")
def a_session_left_on_air_and_goods_past_their_day() -> list[Call]:
    OfferFactory(session__went_live_at=db_now() - LONG_AGO)
    OfferFactory(lot__best_before_on=db_today() - dt.timedelta(days=1))
    return [task("livestreams.sweep")]


@scenario("orders.release_overdue")
def transfers_nobody_paid() -> list[Call]:
    offer = OfferFactory(quantity_offered=6)
    for number in range(3):
        OrderFactory(offer=offer, quantity=2, overdue=True, buyer_phone=phone_of(number))
    OrderFactory(transfer=True)
    return [task("orders.release_overdue")]


def line_with_units_free(*, people: int = 3) -> Offer:
    """Everything sold, so many in line, then two units come free."""
    offer = OfferFactory(quantity_offered=2)
    orders = [OrderFactory(offer=offer, buyer_phone=phone_of(901 + n)) for n in range(2)]
    for number in range(people):
        in_line(offer, 1, buyer_phone=phone_of(number))
    for order in orders:
        cancelling.cancel_order(order=order)
    return offer


@scenario("orders.promote_standby")
def a_line_whose_turn_has_come() -> list[Call]:
    return [task("orders.promote_standby", line_with_units_free().session_id)]


@scenario("orders.attend_standby")
def a_line_nobody_has_seen_to() -> list[Call]:
    line_with_units_free()
    return [task("orders.attend_standby")]


@scenario("orders.tell_all_standby")
def people_nobody_has_told() -> list[Call]:
    people_to_be_told()
    return [task("orders.tell_all_standby")]


@scenario("orders.tell_standby")
def people_to_be_told() -> list[Call]:
    offer = line_with_units_free()
    while promote_next(offer_id=offer.pk):
        pass
    return [task("orders.tell_standby", entry.pk) for entry in offer.standby_entries.all()]


def files_asked_for() -> list[FileJob]:
    """Of a member and of one who has left, so that one is written and one fails."""
    order = OrderFactory(quantity=2)
    coop = order.session.cooperative
    jobs = []
    for user in (member_of(coop, "packer"), UserFactory()):
        params = {"cooperative": coop.pk, "query": "ke=tat-ca", "format": "csv"}
        jobs.append(
            file_jobs.ask_for_file(user=user, kind="orders.parcels", params=params, row_count=1)
        )
    return jobs


@scenario("core.write_file")
def long_files() -> list[Call]:
    return [task("core.write_file", job.pk) for job in files_asked_for()]


@scenario("core.continue_files")
def files_left_by_a_worker_that_died() -> list[Call]:
    files_asked_for()
    FileJob.objects.update(changed_at=db_now() - LONG_AGO)
    return [task("core.continue_files")]


@scenario("dashboards.roll_up_changed")
def sessions_whose_figures_are_old() -> list[Call]:
    sessions = [OrderFactory(quantity=2).session_id, OrderFactory(transfer=True).session_id]
    for session_id in sessions:
        recount_session(session_id=session_id)
    return [task("dashboards.roll_up_changed")]


@scenario("dashboards.check_figures")
def figures_that_differ_from_a_recount() -> list[Call]:
    recount_session(session_id=OrderFactory(quantity=2).session_id)
    rolling_up.roll_up_changed()
    DailyFigure.objects.update(unit_count=F("unit_count") + 1)
    SessionRollUp.objects.update(checked_at=db_now() - LONG_AGO)
    return [task("dashboards.check_figures")]


@scenario("orders.sweep")
def places_that_came_to_nothing() -> list[Call]:
    offer = OfferFactory(quantity_offered=1)
    OrderFactory(offer=offer)
    left, _waits = (in_line(offer, 1, buyer_phone=phone_of(n)) for n in range(2))
    leave_line(entry=left)
    offer.standby_entries.filter(pk=left.pk).update(settled_at=db_now() - LONG_AGO)
    offer.session.__class__.objects.update(
        state="ended", ended_at=db_now() - LONG_AGO, went_live_at=db_now() - LONG_AGO
    )
    return [task("orders.sweep")]


def accounts_about_to_change() -> BankAccountChange:
    """One that waits and is due; its co-op has a manager and a reviewer to tell."""
    manager = MembershipFactory().user
    TotpDeviceFactory(user=manager)
    StaffRoleFactory()
    cooperative = manager.memberships.get().cooperative
    account = BankAccount("970436", "0011002233445", "HTX CHE")
    change = request_bank_change(cooperative=cooperative, account=account, by=manager)
    BankAccountChange.objects.update(takes_effect_at=db_now())
    return change


@scenario("livestreams.apply_bank_changes")
def accounts_whose_day_has_come() -> list[Call]:
    accounts_about_to_change()
    return [task("livestreams.apply_bank_changes")]


@scenario("coops.send_bank_notice")
def people_to_tell_about_an_account() -> list[Call]:
    notices = accounts_about_to_change().notices.order_by("pk")
    return [task("coops.send_bank_notice", notice.pk) for notice in notices]


@scenario("coops.send_unsent_notices")
def people_nobody_told_about_an_account() -> list[Call]:
    accounts_about_to_change()
    return [task("coops.send_unsent_notices")]


@scenario("accounts.send_code")
def codes_to_send() -> list[Call]:
    wanted = [codes.request_code(phone=phone_of(n), purpose="sign_up") for n in range(2)]
    return [task("accounts.send_code", code.pk) for code in wanted]


@scenario("accounts.send_overdue_codes")
def codes_whose_request_was_lost() -> list[Call]:
    for number in range(2):
        codes.request_code(phone=phone_of(number), purpose="sign_up")
    OneTimeCode.objects.update(created_at=db_now() - dt.timedelta(minutes=1))
    return [task("accounts.send_overdue_codes")]


@scenario("accounts.sweep")
def what_is_left_of_signing_in() -> list[Call]:
    for number in range(2):
        codes.request_code(phone=phone_of(number), purpose="sign_up")
    OneTimeCode.objects.filter(phone=phone_of(0)).update(created_at=db_now() - LONG_AGO)
    now = db_now()
    for key, day in (("old", now - LONG_AGO), ("new", now + LONG_AGO)):
        Session.objects.create(session_key=key, session_data="", expire_date=day)
    return [task("accounts.sweep")]


@scenario("traceability.issue_batch")
def codes_asked_for() -> list[Call]:
    batches = [OriginCodeBatchFactory(quantity=n) for n in (3, 5)]
    return [task("traceability.issue_batch", batch.pk) for batch in batches]


@scenario("traceability.continue_batches")
def a_batch_left_half_done() -> list[Call]:
    batch = OriginCodeBatchFactory(quantity=4)
    batch.codes.create(lot=batch.lot, code="2K7M9P4R6T8W3X5Y", serial=2)
    OriginCodeBatch.objects.update(changed_at=db_now() - dt.timedelta(hours=1))
    return [task("traceability.continue_batches")]


@scenario("config.draw_pictures")
def goods_without_pictures() -> list[Call]:
    """One is missing: of two, drawn side by side, chance says which is numbered first."""
    ProductFactory(slug="ba-khia-muoi-nguyen-con")
    return [task("config.draw_pictures")]


@scenario("orders.erase_old_buyers")
def buyers_kept_long_enough() -> list[Call]:
    old = [OrderFactory(state=Order.State.CANCELLED, buyer_phone=phone_of(n)) for n in range(2)]
    OrderFactory()
    Order.objects.filter(pk__in=[order.pk for order in old]).update(placed_at=db_now() - LONG_AGO)
    return [task("orders.erase_old_buyers")]


@scenario("core.sweep_pictures")
def pictures_nothing_shows() -> list[Call]:
    unused = [PictureFactory() for _ in range(2)]
    ProductPhotoFactory()
    Picture.objects.filter(pk__in=[one.pk for one in unused]).update(created_at=db_now() - LONG_AGO)
    return [task("core.sweep_pictures")]


@scenario("traceability.sweep_labels")
def labels_of_last_year() -> list[Call]:
    old, _new = (OriginCodeBatchFactory(state="ready", label_file="x.pdf") for _ in range(2))
    OriginCodeBatch.objects.update(ready_at=db_now())
    OriginCodeBatch.objects.filter(pk=old.pk).update(ready_at=db_now() - LONG_AGO)
    return [task("traceability.sweep_labels")]


@scenario("core.sweep")
def answers_nobody_asks_for() -> list[Call]:
    for key in ("old-0123456789abcdef", "new-0123456789abcdef"):
        IdempotencyRecord.objects.create(scope="guest", key=key, fingerprint="")
    IdempotencyRecord.objects.filter(key__startswith="old").update(created_at=db_now() - LONG_AGO)
    OrderFactory(quantity=1)
    OutboxMessage.objects.create(
        topic="orders.order.placed",
        payload={},
        created_at=db_now() - LONG_AGO,
        published_at=db_now(),
    )
    return [task("core.sweep")]


@scenario("core.sweep_limits")
def limits_spent_and_over() -> list[Call]:
    for n, days in enumerate((-1, 1)):
        ends = db_now() + dt.timedelta(days=days)
        Allowance.objects.create(key=f"{n:032}", free_at=ends)
    return [task("core.sweep_limits")]


@scenario("orders.learn_buyers")
def newcomers_who_received_their_order() -> list[Call]:
    for _ in range(2):
        order = OrderFactory(is_unseen=True, client_network="n" * 32, client_block="b" * 32)
        order.parcels.update(state="delivered")
    return [task("orders.learn_buyers")]


# In which ways they are run


def once(calls: list[Call]) -> list[list[Call]]:
    """Each way is a list of rounds; the calls of a round are made at the same moment."""
    return [[call] for call in calls]


def twice(calls: list[Call]) -> list[list[Call]]:
    return [[call] for call in calls for _ in range(2)]


def at_once(calls: list[Call]) -> list[list[Call]]:
    return [[call] * AT_ONCE for call in calls]


def all_of_them_at_once(calls: list[Call]) -> list[list[Call]]:
    return [calls * AT_ONCE]


def out_of_order(calls: list[Call]) -> list[list[Call]]:
    mixed = calls * AT_ONCE
    random.Random(7).shuffle(mixed)
    return [[call] for call in [*reversed(calls), *mixed]]


WAYS = [twice, at_once, all_of_them_at_once, out_of_order]


def run(rounds: list[list[Call]]) -> None:
    for calls in rounds:
        outcomes = all_at_once(calls) if len(calls) > 1 else [calls[0]()]
        for call, outcome in zip(calls, outcomes, strict=True):
            if isinstance(outcome, OperationalError) and is_busy(outcome):
                call()  # what gave way to another is rung for again
            elif isinstance(outcome, Exception):
                raise outcome


@pytest.fixture(autouse=True)
def gateway(settings: Any) -> Iterator[esms.Gateway]:
    with esms.gateway_for(settings) as gateway:
        settings.DEMO = True
        yield gateway


def outcome_of(
    rounds: list[list[Call]], start: Snapshot, gateway: esms.Gateway
) -> tuple[Held, Counter[str]]:
    """What the database and people's phones hold after the rounds."""
    start.restore()
    gateway.sent.clear()
    gateway.seen.clear()
    run(rounds)
    return held(), Counter(message["Phone"] for message in gateway.sent)


def test_every_task_of_the_platform_has_a_scenario() -> None:
    ours = {name for name in app.tasks if not name.startswith("celery.")}

    assert ours == set(SCENARIOS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", SCENARIOS)
def test_run_in_any_way_it_ends_the_same(name: str, gateway: esms.Gateway) -> None:
    calls = SCENARIOS[name]()
    start = Snapshot()
    before = held()

    rows, told = outcome_of(once(calls), start, gateway)

    assert differences(before, rows) or told, "the scenario gives the task nothing to do"
    for way in WAYS:
        found, told_now = outcome_of(way(calls), start, gateway)
        assert not (others := differences(rows, found)), (way.__name__, others)
        assert told_now == told, way.__name__


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
def test_a_task_that_counts_up_would_be_found(way: Any, gateway: esms.Gateway) -> None:
    """The negative control: += 1 is different in each of the ways."""
    OfferFactory()
    start = Snapshot()
    calls: list[Call] = [lambda: Offer.objects.update(limit_per_buyer=F("limit_per_buyer") + 1)]

    rows, _told = outcome_of(once(calls), start, gateway)

    assert differences(rows, outcome_of(way(calls), start, gateway)[0])


@pytest.mark.django_db(transaction=True)
def test_what_is_brought_back_is_what_was_put_aside() -> None:
    OrderFactory()
    before = {table: sorted(plain_rows(table)) for table in tables()}
    start = Snapshot()
    Offer.objects.update(limit_per_buyer=9)
    assert {table: sorted(plain_rows(table)) for table in tables()} != before

    start.restore()

    assert {table: sorted(plain_rows(table)) for table in tables()} == before
    assert OrderFactory().pk > Order.objects.order_by("pk").first().pk
