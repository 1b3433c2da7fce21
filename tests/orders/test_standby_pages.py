"""The pages of the line: standing in it, one's place, one's turn; everything typed stays."""

import datetime as dt
import html
import re
import uuid
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from core.clock import db_now
from core.limits import Limit
from livestreams.models import Offer
from livestreams.services import running, selling
from orders.models import Order, StandbyEntry
from orders.services import cancelling, standing_by, weighing
from orders.services.standing_by import promote_next
from orders.views import standing_by as views
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.orders.helpers import in_line, phone_of

pytestmark = pytest.mark.django_db
STANDING_BY, ONES_PLACE = 3, 5  # with the pictures of the goods


@pytest.fixture
def guest() -> Client:
    return Client()


@pytest.fixture
def gone() -> Offer:
    """Two bags of tea, both in somebody's order."""
    offer = OfferFactory(quantity_offered=2, limit_per_buyer=3)
    OrderFactory(offer=offer, buyer_phone=phone_of(901))
    OrderFactory(offer=offer, buyer_phone=phone_of(902))
    offer.refresh_from_db()
    return offer


def address(offer: Offer) -> str:
    return f"/phien/{offer.session_id}/cho/{offer.pk}/"


def typed(offer: Offer, **other: Any) -> dict[str, Any]:
    return {
        f"quantity_{offer.pk}": "2",
        f"price_{offer.pk}": offer.unit_price_vnd,
        "fee": offer.session.shipping_fee_vnd,
        "buyer_name": "Nguyễn Thị Lan",
        "buyer_phone": "0912 345 678",
        "commune": CommuneFactory().pk,
        "address_line": "Thôn Nậm Đâu",
        "note": "",
        "payment_method": "cod",
        "idempotency_key": str(uuid.uuid4()),
        **other,
    }


def words(response: Any) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode())))


def let_go(offer: Offer) -> None:
    order = Order.objects.filter(lines__offer=offer, state=Order.State.CONFIRMED).earliest("pk")
    cancelling.cancel_order(order=order)


# Standing in line


def test_the_form_says_how_many_wait_and_promises_nothing(guest: Client, gone: Offer) -> None:
    assert "Chưa có ai chờ" in words(guest.get(address(gone)))
    in_line(gone, buyer_phone=phone_of(1))
    in_line(gone, buyer_phone=phone_of(2))

    shown = words(guest.get(address(gone)))

    assert "2 người đang chờ trước bạn" in shown
    assert "không phải lời hứa" in shown
    assert "15 phút" in shown


def test_a_press_leads_to_ones_place(guest: Client, gone: Offer) -> None:
    in_line(gone, buyer_phone=phone_of(1))

    answer = guest.post(address(gone), typed(gone))

    entry = StandbyEntry.objects.latest("pk")
    assert (answer.status_code, answer["Location"]) == (303, f"/hang-cho/{entry.token}/")
    assert (entry.number, entry.quantity, entry.buyer_phone) == (2, 2, "+84912345678")
    page = guest.get(answer["Location"])
    assert "Bạn đứng thứ 2" in words(page)
    assert "09•• ••• 678" in words(page)
    assert "912345678" not in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "no-referrer"


def test_pressing_twice_is_one_place(guest: Client, gone: Offer) -> None:
    form = typed(gone)
    first, second = guest.post(address(gone), form), guest.post(address(gone), form)
    assert first["Location"] == second["Location"]
    assert StandbyEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"buyer_phone": "12"}, "Số điện thoại"),
        ({"buyer_name": ""}, "Xin nhập tên người nhận"),
        ({"quantity": "0"}, "Chọn ít nhất một"),
        ({"quantity": "9"}, "3"),
        ({"commune": "nơi không có"}, "Xã"),
    ],
)
def test_bad_input_is_told_and_nothing_typed_is_lost(
    guest: Client, gone: Offer, wrong: dict[str, str], says: str
) -> None:
    if "quantity" in wrong:
        wrong = {f"quantity_{gone.pk}": wrong["quantity"]}
    answer = guest.post(address(gone), typed(gone, **wrong))

    assert answer.status_code == 422
    assert says.lower() in words(answer).lower()
    assert "Thôn Nậm Đâu" in answer.content.decode()
    assert not StandbyEntry.objects.exists()


def test_what_can_be_ordered_is_ordered_instead(guest: Client) -> None:
    offer = OfferFactory()
    answer = guest.get(address(offer))
    assert answer["Location"] == f"/phien/{offer.session_id}/dat/?suat={offer.pk}"


def test_units_that_came_back_meanwhile_are_one_press_away(guest: Client, gone: Offer) -> None:
    let_go(gone)
    form = typed(gone, **{f"quantity_{gone.pk}": "1"})

    answer = guest.post(address(gone), form)

    assert answer.status_code == 409
    page = answer.content.decode()
    assert f'action="/phien/{gone.session_id}/dat/"' in page
    assert "Thôn Nậm Đâu" in page
    again = dict(re.findall(r'name="(idempotency_key)" value="([^"]+)"', page))
    ordered = guest.post(f"/phien/{gone.session_id}/dat/", {**form, **again})
    assert ordered.status_code == 303
    assert Order.objects.latest("pk").lines.get().offer_id == gone.pk


def test_a_phone_that_waits_already_is_refused_and_led_nowhere(guest: Client, gone: Offer) -> None:
    entry = in_line(gone)

    answer = guest.post(address(gone), typed(gone))

    assert answer.status_code == 409
    assert "đã xếp hàng" in words(answer)
    assert entry.token not in answer.content.decode()


def test_there_is_no_form_when_nobody_can_wait(guest: Client, gone: Offer) -> None:
    selling.close_offer(offer=gone)
    page = guest.get(address(gone))
    assert page.status_code == 200
    assert "buyer_name" not in page.content.decode()

    running.end_session(session=gone.session)
    assert "không lên sóng" in words(guest.get(address(gone)))


def test_an_offer_of_another_session_is_missing(guest: Client, gone: Offer) -> None:
    other = SessionFactory()
    assert guest.get(f"/phien/{other.pk}/cho/{gone.pk}/").status_code == 404
    assert guest.get(f"/phien/{gone.session_id}/cho/{gone.pk + 999}/").status_code == 404


def test_trying_many_phones_is_slowed_down(
    guest: Client, gone: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weighing, "JOINS_OF_CLIENT", Limit("joins", 2, 600))
    for number in range(2):
        answer = guest.post(address(gone), typed(gone, buyer_phone=phone_of(number)))
        assert answer.status_code == 303

    answer = guest.post(address(gone), typed(gone, buyer_phone=phone_of(5)))

    assert answer.status_code == 429
    assert "Thôn Nậm Đâu" in answer.content.decode()
    assert StandbyEntry.objects.count() == 2


def test_a_busy_database_is_told_with_the_form(
    guest: Client, gone: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class LockNotAvailable(Exception):
        pgcode = "55P03"

    def wait_too_long(**_how: Any) -> None:
        raise OperationalError from LockNotAvailable()

    monkeypatch.setattr(views, "join_line", wait_too_long)
    answer = guest.post(address(gone), typed(gone))
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert "Thôn Nậm Đâu" in answer.content.decode()


# One's place


def page_of(entry: StandbyEntry) -> str:
    return reverse("show-standby", args=[entry.token])


def test_the_state_is_told_in_few_words(guest: Client, gone: Offer) -> None:
    in_line(gone, buyer_phone=phone_of(1))
    entry = in_line(gone)

    state = guest.get(f"{page_of(entry)}trang-thai.json").json()

    assert state.pop("now")
    assert state == {
        "version": "waiting",
        "stage": "waiting",
        "place": 2,
        "waiting": 2,
        "held_until": None,
    }


@pytest.mark.parametrize("token", ["x", "y" * 43, "%00", "..%2F"])
def test_wrong_and_missing_links_look_alike(guest: Client, token: str) -> None:
    assert guest.get(f"/hang-cho/{token}/").status_code == 404
    assert guest.post(f"/hang-cho/{token}/roi/", {"idempotency_key": "k" * 20}).status_code == 404


def test_leaving_is_said_and_one_may_stand_in_line_again(guest: Client, gone: Offer) -> None:
    entry = in_line(gone)

    answer = guest.post(f"{page_of(entry)}roi/", {"idempotency_key": "k" * 20})

    assert (answer.status_code, answer["Location"]) == (303, page_of(entry))
    page = guest.get(page_of(entry))
    assert "Bạn đã rời hàng" in words(page)
    assert address(gone) in page.content.decode()
    assert "Thôn Nậm Đâu" not in page.content.decode()


def promoted(offer: Offer, **details: Any) -> StandbyEntry:
    entry = in_line(offer, **details)
    let_go(offer)
    assert promote_next(offer_id=offer.pk)
    entry.refresh_from_db()
    return entry


def test_ones_turn_says_until_when_and_how_many_of_those_wanted(guest: Client, gone: Offer) -> None:
    entry = promoted(gone, quantity=2)

    page = guest.get(page_of(entry))

    assert re.search(r"Giữ cho bạn đến \d\d:\d\d", words(page))
    assert "1 trong 2" in words(page)
    assert f"/don/{entry.order.token}/lay/" in page.content.decode()
    assert "data-ends-at" in page.content.decode()


def test_the_button_turns_what_is_held_into_an_order(guest: Client, gone: Offer) -> None:
    entry = promoted(gone)

    answer = guest.post(f"/don/{entry.order.token}/lay/", {"idempotency_key": "k" * 20})

    assert (answer.status_code, answer["Location"]) == (303, f"/don/{entry.order.token}/")
    assert "Đã nhận đơn của bạn" in words(guest.get(answer["Location"]))
    assert "Bạn đã chốt" in words(guest.get(page_of(entry)))


def test_the_orders_own_page_has_the_button_too(guest: Client, gone: Offer) -> None:
    entry = promoted(gone)
    page = guest.get(f"/don/{entry.order.token}/")
    assert re.search(r"Giữ cho bạn đến \d\d:\d\d", words(page))
    assert f"/don/{entry.order.token}/lay/" in page.content.decode()
    assert "Đã nhận đơn của bạn" not in words(page)


def test_past_its_time_nothing_can_be_taken(guest: Client, gone: Offer) -> None:
    entry = promoted(gone)
    Order.objects.filter(pk=entry.order_id).update(pay_by=db_now() - dt.timedelta(seconds=1))

    assert guest.get(f"{page_of(entry)}trang-thai.json").json()["version"] == "over"
    answer = guest.post(f"/don/{entry.order.token}/lay/", {"idempotency_key": "k" * 20})
    assert answer.status_code == 409
    assert "Đã hết giờ" in words(answer)
    cancelling.release_overdue()
    page = guest.get(page_of(entry))
    assert "Đã hết giờ" in words(page)
    assert address(gone) not in page.content.decode()  # the unit is free: one may order
    assert f"/phien/{gone.session_id}/dat/?suat={gone.pk}" in page.content.decode()


def test_the_end_of_the_session_is_said(guest: Client, gone: Offer) -> None:
    entry = in_line(gone)
    running.end_session(session=gone.session)
    standing_by.promote_all()
    assert "Cảm ơn bạn đã chờ" in words(guest.get(page_of(entry)))


@pytest.mark.parametrize("length", [1, 6])
def test_a_longer_line_takes_no_more_queries(
    guest: Client, gone: Offer, length: int, django_assert_num_queries: Any
) -> None:
    for number in range(length):
        entry = in_line(gone, buyer_phone=phone_of(number))
    with django_assert_num_queries(3):  # the clock, the entry, its place
        guest.get(f"{page_of(entry)}trang-thai.json")
    with django_assert_num_queries(ONES_PLACE):
        guest.get(page_of(entry))
    with django_assert_num_queries(STANDING_BY):
        guest.get(address(gone))


# The ways to the line


def test_the_order_page_shows_the_way_to_the_line(guest: Client, gone: Offer) -> None:
    OfferFactory(session=gone.session)
    page = guest.get(f"/phien/{gone.session_id}/dat/?suat={gone.pk}")
    assert address(gone) in page.content.decode()


def test_a_refused_order_shows_the_way_to_the_line(guest: Client, gone: Offer) -> None:
    form = typed(gone)
    page = guest.post(f"/phien/{gone.session_id}/dat/", form)
    assert page.status_code == 409
    assert address(gone) in page.content.decode()


def test_the_board_counts_who_waits_and_leads_to_the_line(guest: Client, gone: Offer) -> None:
    in_line(gone)
    page = guest.get(f"/phien/{gone.session_id}/")
    assert address(gone) in page.content.decode()
    assert "1 người đang chờ" in words(page)
