"""A crowd with made-up phones beside honest buyers: who is let through, who is asked for a code.

The numbers are fixed: an offer of 1,000 units; 100 phones of attackers in 20 networks; 2,000 honest
buyers in four hours, a third of them within two minutes, half behind 5 addresses of carriers, four
fifths with phones never seen. Time is given to the database function that decides.
"""

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from accounts.models import OneTimeCode
from accounts.services.codes import demonstration_code
from core.clock import db_now
from livestreams.models import Offer
from orders.checks import strangers_can_be_asked
from orders.errors import CodeNeeded
from orders.models import CallBack, KnownPhone, Order, Parcel, PhoneReveal
from orders.services import crowding, weighing
from tests.api.conftest import Api
from tests.cast import Cast, client_of, make_cast
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.orders.order_form import address, typed, words

pytestmark = pytest.mark.django_db
UNITS, HONEST, RUSH_S, DAY_S = 1_000, 2_000, 120, 4 * 3600
BLOCKS, CARRIERS = 40, 5


@dataclass
class Buyer:
    phone: str
    client_ip: str
    at_s: float
    units: int
    is_known: bool


def honest_crowd(draw: random.Random) -> list[Buyer]:
    carriers = [f"27.{64 + n}.10.7" for n in range(CARRIERS)]
    crowd = []
    for n in range(HONEST):
        own = f"14.{draw.randrange(BLOCKS)}.{draw.randrange(250)}.{draw.randrange(1, 255)}"
        crowd.append(
            Buyer(
                phone=f"+8497{n:07}",
                client_ip=draw.choice(carriers) if n % 2 else own,
                at_s=draw.uniform(0, RUSH_S if n % 3 == 0 else DAY_S),
                units=1 if draw.random() < 0.7 else 2,
                is_known=draw.random() < 0.2,
            )
        )
    return crowd


def attackers(draw: random.Random, network: str) -> list[Buyer]:
    """Each phone tries all the while, from every network, for as many as it may and for one."""
    return [
        Buyer(
            phone=f"+8490{phone:07}",
            client_ip=network.format(draw.randrange(20), draw.randrange(1, 21)),
            at_s=draw.uniform(0, DAY_S if turn else 2),
            units=units,
            is_known=False,
        )
        for turn in range(2)
        for phone in range(100)
        for units in (5, 1)
    ]


def play(buyers: list[Buyer]) -> dict[str, list[tuple[float, int]]]:
    """When whose units were taken without a code; and whom a code was asked of."""
    began = db_now()
    taken: dict[str, list[tuple[float, int]]] = {"honest": [], "attackers": [], "asked": []}
    for buyer in sorted(buyers, key=lambda buyer: buyer.at_s):
        is_honest = buyer.phone.startswith("+8497")
        try:
            weighing.weigh(
                session_id=1,
                phone=buyer.phone,
                client_ip=buyer.client_ip,
                units=buyer.units,
                at=began + dt.timedelta(seconds=buyer.at_s),
            )
        except CodeNeeded:
            if is_honest:
                taken["asked"].append((buyer.at_s, 1))
            continue
        taken["honest" if is_honest else "attackers"].append((buyer.at_s, buyer.units))
    return taken


def remember(buyers: list[Buyer]) -> None:
    """The known phones' earlier orders, which were received."""
    for buyer in buyers:
        if buyer.is_known:
            weighing.know(
                phone=buyer.phone,
                network=weighing.network_key(buyer.client_ip),
                block=weighing.block_key(buyer.client_ip),
            )


def test_a_crowd_of_made_up_phones_takes_next_to_nothing_and_buyers_are_hardly_asked() -> None:
    draw = random.Random(4)
    honest = honest_crowd(draw)
    remember(honest)
    taken = play([*honest, *attackers(draw, "185.{0}.7.{1}")])
    held = sum(units for _at, units in taken["attackers"])
    assert held <= UNITS // 100
    assert len(taken["asked"]) <= HONEST * 2 // 100
    # Nobody is refused: a code is all that is asked
    assert len(taken["honest"]) + len(taken["asked"]) == HONEST


def test_among_buyers_of_the_same_blocks_a_network_holds_two_units_until_the_host_looks() -> None:
    draw = random.Random(4)
    honest = honest_crowd(draw)
    remember(honest)
    taken = play([*honest, *attackers(draw, "14.{0}.251.{1}")])
    in_the_rush = sum(units for at, units in taken["attackers"] if at <= RUSH_S)
    assert in_the_rush <= 20 * 2
    assert len(taken["asked"]) <= HONEST * 2 // 100


def test_without_the_count_the_crowd_takes_half_of_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control."""
    monkeypatch.setattr(
        weighing, "WEIGH_SQL", "SELECT left('free' || concat(%s, %s, %s, %s, %s, %s, %s), 4)"
    )
    taken = play(attackers(random.Random(4), "185.{0}.7.{1}"))
    assert sum(units for _at, units in taken["attackers"]) >= UNITS // 2


# The step on the page, in the API, in the waitlist


@pytest.fixture
def offer(settings: Any) -> Offer:
    settings.DEMO, settings.SMS_API_URL = True, ""
    session = SessionFactory()
    return OfferFactory(session=session, quantity_offered=59, limit_per_buyer=5)


def buyer_at(number: int, offer: Offer, client_ip: str = "203.0.113.5", **more: Any) -> Any:
    client = Client(REMOTE_ADDR=client_ip)
    form = typed((offer, 5), buyer_phone=f"09123456{number:02}", **more)
    return client.post(address(offer.session), form), form


def test_eleven_presses_with_made_up_phones_hold_a_few_units(offer: Offer) -> None:
    answers = [buyer_at(n, offer)[0] for n in range(11)]
    assert [answer.status_code for answer in answers].count(303) == 1
    offer.refresh_from_db()
    assert offer.quantity_claimed == 5
    assert "Mã trong tin nhắn" in words(answers[-1])


def test_the_code_step_loses_nothing_typed_and_then_takes_the_order(offer: Offer) -> None:
    for n in range(3):
        answer, form = buyer_at(n, offer)
    assert answer.status_code == 403
    assert form["address_line"] in answer.content.decode()
    shown = demonstration_code(OneTimeCode.objects.last())
    assert shown in words(answer)
    client = Client(REMOTE_ADDR="203.0.113.5")
    wrong = client.post(address(offer.session), form | {"one_time_code": "000000"})
    assert wrong.status_code == 422
    assert form["address_line"] in wrong.content.decode()
    right = client.post(
        address(offer.session), form | {"one_time_code": f" {shown[:3]} {shown[3:]}"}
    )
    assert right.status_code == 303
    again = client.post(address(offer.session), form | {"one_time_code": shown})
    assert again.status_code in {303, 422}
    assert Order.objects.filter(is_unseen=False).count() == 1
    assert buyer_at(2, offer, note="Lần nữa")[0].status_code == 409, "known now: the usual limit"


def test_a_script_is_told_to_send_the_form_and_no_code_goes_out_twice(offer: Offer) -> None:
    for n in range(2):
        _answer, form = buyer_at(n, offer)
    OneTimeCode.objects.all().delete()
    client = Client(REMOTE_ADDR="203.0.113.5")
    told = client.post(address(offer.session), form, headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["code"]) == (403, "code_needed")
    assert "notice" not in told.json()
    assert not OneTimeCode.objects.exists()


def test_programs_are_told_to_send_the_code_along(offer: Offer) -> None:
    for n in range(2):
        buyer_at(n, offer)
    api = Api(client=Client(REMOTE_ADDR="203.0.113.5"))
    wish = {
        "session": offer.session_id,
        "lines": [{"offer": offer.pk, "quantity": 5}],
        "name": "Lan",
        "phone": "0912345699",
        "commune": CommuneFactory().pk,
        "address_line": "Thôn 1",
        "payment_method": "cod",
        "expected_total_vnd": offer.unit_price_vnd * 5 + offer.session.shipping_fee_vnd,
    }
    answer = api.post("orders/", wish)
    assert (answer.status_code, answer.json()["code"]) == (403, "code_needed")
    shown = demonstration_code(OneTimeCode.objects.last())
    assert api.post("orders/", wish | {"one_time_code": shown}).status_code == 201


def test_without_messages_the_order_goes_to_the_hosts_list_of_calls(
    offer: Offer, settings: Any
) -> None:
    settings.DEMO = False
    for n in range(3):
        answer, _form = buyer_at(n, offer)
    assert answer.status_code == 403
    assert "gọi lại cho bạn" in words(answer)
    assert CallBack.objects.count() == 2
    offer.refresh_from_db()
    assert offer.quantity_claimed == 5


def test_without_messages_the_operator_is_told(settings: Any) -> None:
    settings.SMS_API_URL = ""
    assert [found.id for found in strangers_can_be_asked()] == ["orders.W001"]
    settings.SMS_API_URL = "https://sms.example/"
    assert strangers_can_be_asked() == []


# What the host sees and does


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_a_host_calls_off_a_pattern_with_one_press(cast: Cast) -> None:
    session = SessionFactory(cooperative=cast.coop_a)
    offer = OfferFactory(session=session, quantity_offered=50, limit_per_buyer=5)
    made_up = [
        OrderFactory(offer=offer, quantity=5, is_unseen=True, client_network="a" * 32)
        for _ in range(3)
    ]
    other = OrderFactory(offer=offer, quantity=1, is_unseen=True, client_network="b" * 32)
    paid = OrderFactory(
        offer=offer, is_unseen=True, client_network="a" * 32, paid_at=db_now(), transfer=True
    )
    host = client_of(cast.mai)
    page = host.get(f"/lam-viec/phien/{session.pk}/don/")
    assert "3 đơn, 15 suất" in words(page)
    url = f"/lam-viec/phien/{session.pk}/don-la/huy/"
    press = {"network": "a" * 32, "idempotency_key": "k" * 16}
    assert client_of(cast.thao).post(url, press).status_code == 404
    assert host.post(url, press).status_code == 303
    states = dict(Order.objects.values_list("pk", "state"))
    assert {states[order.pk] for order in made_up} == {"cancelled"}
    assert states[other.pk] == "confirmed"
    assert states[paid.pk] != "cancelled"
    offer.refresh_from_db()
    assert offer.quantity_claimed == 2


def test_whoever_received_an_order_is_known_and_its_network_good_for_more() -> None:
    order = OrderFactory(is_unseen=True, client_network="n" * 32, client_block="b" * 32)
    assert crowding.learn_buyers() == 0
    order.parcels.update(state=Parcel.State.DELIVERED)
    assert crowding.learn_buyers() == 1
    assert crowding.learn_buyers() == 0
    assert KnownPhone.objects.filter(pk=weighing.phone_key(order.buyer_phone)).exists()


def test_cash_orders_nobody_confirms_hold_stock_for_a_week_at_most() -> None:
    order = OrderFactory(is_unseen=True)
    assert crowding.close_never_confirmed() == 0
    Order.objects.update(placed_at=db_now() - dt.timedelta(days=8))
    assert crowding.close_never_confirmed() == 1
    order.refresh_from_db()
    assert order.state == Order.State.CANCELLED


def test_a_host_takes_or_drops_those_who_were_called(
    cast: Cast, offer: Offer, settings: Any
) -> None:
    settings.DEMO = False
    offer.session.__class__.objects.filter(pk=offer.session_id).update(cooperative=cast.coop_a)
    for n in range(4):
        buyer_at(n, offer)
    host = client_of(cast.mai)
    base = f"/lam-viec/phien/{offer.session_id}/goi-lai/"
    first, second, third = CallBack.objects.order_by("pk").values_list("pk", flat=True)
    assert host.post(f"{base}{first}/nhan/", {"idempotency_key": "a" * 16}).status_code == 303
    assert host.post(f"{base}{second}/bo/", {"idempotency_key": "b" * 16}).status_code == 303
    assert (
        client_of(cast.thao).post(f"{base}{third}/nhan/", {"idempotency_key": "c" * 16}).status_code
        == 404
    )
    assert Order.objects.count() == 2
    assert CallBack.objects.filter(settled_at=None).count() == 1


def test_numbers_to_call_are_masked_until_somebody_asks_and_that_is_written_down(
    cast: Cast, offer: Offer, settings: Any
) -> None:
    settings.DEMO = False
    offer.session.__class__.objects.filter(pk=offer.session_id).update(cooperative=cast.coop_a)
    for n in range(3):
        buyer_at(n, offer)
    host, page = client_of(cast.mai), f"/lam-viec/phien/{offer.session_id}/don/"
    waiting = CallBack.objects.order_by("pk")
    before = host.get(page).content.decode()
    assert before.count("tel:") == 0
    ask = {"idempotency_key": "k" * 16}
    address = f"/lam-viec/phien/{offer.session_id}/goi-lai/so/"
    assert client_of(cast.thao).post(address, ask).status_code == 404
    assert not PhoneReveal.objects.exists()
    assert host.post(address, ask).status_code == 303
    shown = host.get(page).content.decode()
    assert [f"tel:{call.buyer_phone}" in shown for call in waiting] == [True, True]
    noted = PhoneReveal.objects.order_by("call_back").values_list("call_back", "revealed_to")
    assert list(noted) == [(call.pk, cast.mai.pk) for call in waiting]
    assert "tel:" not in client_of(cast.minh).get(page).content.decode(), "to who asked, only"
    PhoneReveal.objects.update(revealed_at=db_now() - dt.timedelta(minutes=61))
    assert "tel:" not in host.get(page).content.decode()


def test_a_crowd_that_is_played_is_not_asked(offer: Offer) -> None:
    offer.session.__class__.objects.filter(pk=offer.session_id).update(is_simulated=True)
    assert {buyer_at(n, offer)[0].status_code for n in range(4)} == {303}
