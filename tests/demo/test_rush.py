import io
from random import Random

import pytest
from django.core.management import CommandError, call_command

from config.demo import rush
from config.management.commands.simulate_session import Command, site_to_use, tally_of
from coops.models import Commune
from livestreams.models import Offer
from orders.models import Order, SessionTally
from orders.services.tallies import recount_session
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory


def test_buyers_come_in_waves_and_all_within_the_time() -> None:
    moments = rush.arrivals(Random(1), 400, 600)
    assert len(moments) == 400
    assert moments == sorted(moments)
    assert moments[-1] <= 600
    minutes = [sum(m // 60 == minute for m in moments) for minute in range(10)]
    assert max(minutes) > 4 * min(minutes)


def test_it_orders_on_this_machine_unless_told_otherwise(settings) -> None:
    settings.SITE_URL = "http://localhost:8000"
    assert site_to_use(None) == "http://localhost:8000"
    settings.SITE_URL = "https://chophien.example"
    with pytest.raises(CommandError, match="not this machine"):
        site_to_use(None)
    assert site_to_use("https://chophien.example") == "https://chophien.example"


@pytest.mark.django_db
def test_it_never_orders_where_real_people_sell() -> None:
    real = SessionFactory()
    with pytest.raises(CommandError, match="simulated"):
        call_command("simulate_session", orders=1, session=real.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"buyers": 0}, {"buyers": 5000}, {"orders": 0}])
def test_numbers_that_make_no_sense_are_refused_in_words(wrong) -> None:
    with pytest.raises(CommandError, match="--buyers between 1 and"):
        call_command("simulate_session", **wrong)


@pytest.mark.django_db
def test_a_platform_that_is_down_is_said_so() -> None:
    SessionFactory(is_simulated=True)
    with pytest.raises(CommandError, match=r"\./run"):
        call_command("simulate_session", url="http://localhost:9")


def test_a_lost_or_doubled_order_fails_the_simulation() -> None:
    command = Command(stdout=io.StringIO())
    with pytest.raises(CommandError, match="lost or doubled"):
        command.judge(rush.Outcome(), 5, 4, is_counted=True)
    with pytest.raises(CommandError, match="lost or doubled"):
        command.judge(rush.Outcome(doubled=["/phien/1/dat/"]), 5, 6, is_counted=True)
    with pytest.raises(CommandError, match="tally"):
        command.judge(rush.Outcome(), 5, 5, is_counted=False)
    command.judge(rush.Outcome(), 5, 6, is_counted=True)  # somebody else ordered too


@pytest.mark.django_db
def test_units_held_for_a_line_are_counted_as_the_tally_counts_them() -> None:
    offer = OfferFactory()
    order = OrderFactory(offer=offer)
    OrderFactory(offer=offer, transfer=True, state=Order.State.HELD)
    recount_session(session_id=order.session_id)

    assert tally_of(order.session) == (1, 1)


def test_a_rush_at_the_served_platform_loses_and_doubles_nothing(platform_server) -> None:
    CommuneFactory()
    session = SessionFactory(is_simulated=True)
    offers = [
        OfferFactory(session=session, lot__quantity_made=units, quantity_offered=units)
        for units in (30, 4)
    ]
    said = io.StringIO()

    call_command(
        "simulate_session",
        orders=24,
        minutes=0,
        buyers=8,
        session=session.pk,
        url=platform_server.url,
        stdout=said,
    )

    assert "No order was lost or doubled, and the tally agrees." in said.getvalue()
    orders = Order.objects.filter(session=session)
    assert orders.count() > 12
    assert SessionTally.objects.get(cooperative=None).order_count == orders.open().count()
    for offer in Offer.objects.filter(pk__in=[offer.pk for offer in offers]):
        sold = sum(line.quantity for line in offer.order_lines.all())
        assert sold == offer.quantity_claimed <= offer.quantity_offered
    assert set(orders.values_list("commune", flat=True)) <= set(
        Commune.objects.values_list("pk", flat=True)
    )
