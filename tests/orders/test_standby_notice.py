"""The message that one's turn has come: one, to the phone, with the link; and the gateway's bad days."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from core.clock import db_now
from livestreams.models import Offer
from orders.models import Order, OrderLine, StandbyEntry
from orders.services import cancelling, telling
from orders.services.standing_by import promote_next, take_held_order
from orders.tasks import attend_standby, tell_standby
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import OrderFactory
from tests.orders.helpers import LAN, in_line, phone_of
from tests.standins import esms
from tests.threads import all_at_once

LANS_SMS = "0912345678"


@pytest.fixture
def gateway(settings: Any) -> Iterator[esms.Gateway]:
    with esms.gateway_for(settings) as gateway:
        settings.SITE_URL = "https://chophien.example"
        yield gateway


def whose_turn_came(**details: Any) -> StandbyEntry:
    offer = OfferFactory(quantity_offered=2)
    for number in (901, 902):
        OrderFactory(offer=offer, buyer_phone=phone_of(number))
    entry = in_line(offer, 1, **details)
    for order in Order.objects.filter(lines__offer=offer):
        cancelling.cancel_order(order=order)
    assert promote_next(offer_id=offer.pk)
    entry.refresh_from_db()
    return entry


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "begins", "separator"),
    [("vi", "Cho Phien: den luot", "."), ("en", "Cho Phien: your", ",")],
)
def test_one_message_of_plain_letters_with_the_link(
    gateway: esms.Gateway, language: str, begins: str, separator: str
) -> None:
    entry = whose_turn_came(language=language)

    assert telling.tell_promoted(entry_id=entry.pk)

    (message,) = gateway.sent
    text = message["Content"]
    assert message["Phone"] == LANS_SMS
    assert text.startswith(begins)
    assert text.isascii()
    assert len(text) <= 160
    assert text.endswith(f"https://chophien.example/hang-cho/{entry.token}/")
    assert "1 x A01" in text
    total = entry.order.total_vnd
    assert total == entry.order.goods_vnd + entry.order.shipping_vnd > 0
    assert f"{total:,}d".replace(",", separator) in text


@pytest.mark.django_db
def test_the_longest_message_is_still_one(gateway: esms.Gateway) -> None:
    entry = whose_turn_came()
    Offer.objects.update(live_code="AB99")
    OrderLine.objects.update(quantity=99, unit_price_vnd=9_000_000)
    Order.objects.update(goods_vnd=891_000_000, shipping_vnd=999_000)
    for language in ("vi", "en"):
        StandbyEntry.objects.update(language=language)
        entry = StandbyEntry.objects.select_related("order", "offer").get(pk=entry.pk)
        assert len(telling.words(entry)) <= 160


@pytest.mark.django_db(transaction=True)
def test_told_many_times_and_at_once_it_is_one_message(gateway: esms.Gateway) -> None:
    entry = whose_turn_came()
    told = all_at_once([lambda: tell_standby(entry.pk)] * 3)
    attend_standby()
    tell_standby(entry.pk)

    assert told.count(True) == 1
    assert gateway.asked == len(gateway.sent) == 1
    entry.refresh_from_db()
    assert entry.told_at


@pytest.mark.django_db
def test_an_answer_lost_between_gateway_and_commit_sends_no_second_message(
    gateway: esms.Gateway,
) -> None:
    entry = whose_turn_came()
    telling.tell_promoted(entry_id=entry.pk)
    StandbyEntry.objects.update(told_at=None)  # as after a crash before our commit

    assert telling.tell_promoted(entry_id=entry.pk)
    assert (gateway.asked, len(gateway.sent)) == (2, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("mood", ["slow", "drip", "garbage", "500", "103"])
def test_a_gateway_that_is_down_is_asked_again_in_the_next_round(
    gateway: esms.Gateway, mood: str
) -> None:
    entry = whose_turn_came()
    gateway.mood = mood
    began = db_now()

    assert not telling.tell_promoted(entry_id=entry.pk)

    assert db_now() - began < dt.timedelta(seconds=4)
    entry.refresh_from_db()
    assert entry.told_at is None
    assert entry.order.state == Order.State.HELD
    gateway.mood = ""
    assert telling.tell_all() == 1


@pytest.mark.django_db
def test_a_number_the_gateway_refuses_is_not_tried_again(gateway: esms.Gateway) -> None:
    whose_turn_came()
    gateway.mood = "108"
    telling.tell_all()
    telling.tell_all()
    assert gateway.asked == 1


@pytest.mark.django_db
def test_nobody_is_told_of_what_is_gone_or_taken(gateway: esms.Gateway) -> None:
    entry = whose_turn_came()
    Order.objects.filter(pk=entry.order_id).update(pay_by=db_now() - dt.timedelta(seconds=1))
    assert not telling.tell_promoted(entry_id=entry.pk)

    Order.objects.filter(pk=entry.order_id).update(pay_by=db_now() + dt.timedelta(minutes=9))
    entry.refresh_from_db()
    take_held_order(order=entry.order)
    assert telling.tell_all() == 0
    assert gateway.asked == 0


@pytest.mark.django_db
def test_without_a_gateway_the_line_works_and_nothing_is_sent(settings: Any) -> None:
    settings.SMS_API_URL = ""
    entry = whose_turn_came()
    assert entry.order.state == Order.State.HELD
    assert telling.tell_all() == 0
    assert not telling.tell_promoted(entry_id=entry.pk)


@pytest.mark.django_db
def test_no_number_and_no_link_reach_the_log(
    gateway: esms.Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    entry = whose_turn_came()
    gateway.mood = "108"
    telling.tell_all()
    assert LAN not in caplog.text
    assert LANS_SMS not in caplog.text
    assert entry.token not in caplog.text
