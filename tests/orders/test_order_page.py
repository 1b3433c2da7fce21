"""The order page: one screen, everything typed stays, one press is one order."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from core import idempotency
from livestreams.models import LivestreamSession, Offer
from orders.models import Order
from orders.views.order_page import drawn_rest
from orders.views.refusing import drawn_notice
from tests.cast import client_of, make_cast
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory
from tests.orders.order_form import address, typed, value_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest() -> Client:
    return Client()


def test_the_tapped_offer_stands_on_top_with_its_price_and_the_total(guest: Client) -> None:
    offer = OfferFactory(unit_price_vnd=115_000, quantity_offered=7, limit_per_buyer=5)
    other = OfferFactory(session=offer.session)

    page = guest.get(address(offer.session), {"suat": offer.pk})

    assert page.status_code == 200
    assert value_of(page, f"quantity_{offer.pk}") == "1"
    assert value_of(page, f"quantity_{other.pk}") == "0"
    read = words(page)
    assert "Còn 7 · mỗi người nhiều nhất 5" in read
    assert "115.000 ₫" in read
    assert "140.000 ₫" in read  # with 25.000 ₫ for delivery


@pytest.mark.parametrize("suat", ["", "0", "999999", "abc", "-1", "1" * 30, "%00", "1e5"])
def test_an_address_that_names_nothing_still_shows_what_can_be_had(
    guest: Client, suat: str
) -> None:
    offer = OfferFactory()
    page = guest.get(f"{address(offer.session)}?suat={suat}")
    assert page.status_code == 200
    assert value_of(page, f"quantity_{offer.pk}") == "0"


def test_ordering_leads_to_the_order_behind_its_secret_link(guest: Client) -> None:
    offer = OfferFactory()

    answer = guest.post(address(offer.session), typed((offer, "2")))

    order = Order.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/don/{order.token}/")
    assert (order.buyer_phone, order.note, order.language) == (
        "+84912345678",
        "Gọi trước khi giao",
        "vi",
    )
    assert order.lines.get().quantity == 2
    assert order.commune == CommuneFactory()


def test_ordering_needs_neither_cookie_nor_token(guest: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    offer = OfferFactory()
    assert strict.post(address(offer.session), typed((offer, 1))).status_code == 303


def test_the_same_press_twice_is_one_order_and_one_answer(guest: Client) -> None:
    offer = OfferFactory()
    form = typed((offer, 1))

    first, again = (Client().post(address(offer.session), form) for _ in range(2))

    assert first["Location"] == again["Location"]
    assert Order.objects.count() == 1


def test_a_repeat_finds_its_order_also_when_everything_is_sold_out_or_over(guest: Client) -> None:
    offer = OfferFactory(quantity_offered=1)
    form = typed((offer, 1))
    first = guest.post(address(offer.session), form)
    LivestreamSession.objects.update(state="ended", ended_at=offer.session.went_live_at)
    Offer.objects.update(state="closed")

    assert guest.post(address(offer.session), form)["Location"] == first["Location"]


@pytest.mark.parametrize("is_looked_at", [False, True])
def test_a_press_is_one_order_whichever_lane_it_takes_and_whoever_is_signed_in(
    guest: Client, monkeypatch: pytest.MonkeyPatch, is_looked_at: bool
) -> None:
    """The script's lane knows nobody, the browser's own press comes with the session."""
    if is_looked_at:  # the harm
        monkeypatch.setattr(idempotency, "FOR_ANYONE", set())
    offer = OfferFactory(quantity_offered=5)
    mai, form = client_of(make_cast().mai), typed((offer, 1))
    first = guest.post(address(offer.session), form, HTTP_ACCEPT="application/json")
    second = mai.post(address(offer.session), form)
    assert (first.status_code, second.status_code) == (201, 303)
    assert Order.objects.count() == (2 if is_looked_at else 1)
    assert (second["Location"] == first.json()["page"]) is not is_looked_at


def test_other_words_from_a_page_that_made_an_order_are_asked_about(guest: Client) -> None:
    offer = OfferFactory()
    form = typed((offer, 1))
    guest.post(address(offer.session), form)

    page = guest.post(address(offer.session), {**form, "buyer_name": "Mai"})

    assert page.status_code == 422
    assert "đã có một đơn" in words(page)
    new_key = value_of(page, "idempotency_key")
    assert new_key not in {"", form["idempotency_key"]}
    assert value_of(page, "buyer_name") == "Mai"
    second = {**form, "buyer_name": "Mai", "idempotency_key": new_key}
    assert guest.post(address(offer.session), second).status_code == 303
    assert Order.objects.count() == 2


def test_a_form_without_its_key_gets_one_and_keeps_what_was_typed(guest: Client) -> None:
    offer = OfferFactory()
    page = guest.post(address(offer.session), typed((offer, 1), idempotency_key=""))

    assert page.status_code == 400
    assert uuid.UUID(value_of(page, "idempotency_key"))
    assert value_of(page, "buyer_name") == "Nguyễn Thị Lan"
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"buyer_name": " "}, "Xin nhập tên người nhận"),
        ({"buyer_phone": "091234"}, ""),
        ({"buyer_phone": "+1 555 0100"}, ""),
        ({"buyer_phone": ""}, "Nhập số điện thoại"),
        ({"commune": "99999"}, "xã"),
        ({"commune": ""}, "xã"),
        ({"address_line": ""}, "thôn"),
        ({"payment_method": "bitcoin"}, ""),
        ({"note": "a" * 301}, "300"),
        ({"buyer_name": "a" * 81}, "80"),
        ({"buyer_name": "Lan\0"}, ""),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    guest: Client, changes: dict[str, str], says: str
) -> None:
    offer = OfferFactory()

    page = guest.post(address(offer.session), typed((offer, 3), **changes))

    assert page.status_code == 422
    assert "data-errors" in page.content.decode()
    assert says.lower() in words(page).lower()
    (field,) = changes
    assert f'href="#id_{field}' in page.content.decode()  # the summary leads to the field
    kept = {"address_line": "Thôn Nậm Đâu", "note": "Gọi trước khi giao", **changes}
    assert value_of(page, f"quantity_{offer.pk}") == "3"
    assert value_of(page, "address_line") == kept["address_line"]
    assert not Order.objects.exists()


@pytest.mark.parametrize("quantity", ["-1", "1.5", "abc", "6", "99999999999999999999", "١"])
def test_a_quantity_that_cannot_be_is_said_at_its_field(guest: Client, quantity: str) -> None:
    offer = OfferFactory(limit_per_buyer=5)
    page = guest.post(address(offer.session), typed((offer, quantity)))
    assert page.status_code in {422, 303}
    if quantity != "١":  # a digit is a digit in any script
        assert page.status_code == 422
        assert not Order.objects.exists()


def test_nothing_chosen_is_said(guest: Client) -> None:
    offer = OfferFactory()
    page = guest.post(address(offer.session), typed((offer, 0)))
    assert page.status_code == 422
    assert "Chọn ít nhất một" in words(page)


def test_sold_out_meanwhile_says_what_is_left_and_fills_it_in(guest: Client) -> None:
    offer = OfferFactory(quantity_offered=5)
    full = OfferFactory(session=offer.session)
    Offer.objects.filter(pk=offer.pk).update(quantity_claimed=4)

    page = guest.post(address(offer.session), typed((offer, 3), (full, 2)))

    assert page.status_code == 409
    assert "Còn 1 bạn chọn 3" in words(page)
    assert "Chốt phần còn lại" in words(page)
    assert "đủ cả hoặc chưa lấy gì" in words(page)
    assert value_of(page, f"quantity_{offer.pk}") == "1"
    assert value_of(page, f"quantity_{full.pk}") == "2"
    assert value_of(page, "buyer_name") == "Nguyễn Thị Lan"
    assert not Order.objects.exists()
    rest = typed((offer, 1), (full, 2), idempotency_key=value_of(page, "idempotency_key"))
    assert guest.post(address(offer.session), rest).status_code == 303


def test_all_gone_offers_other_goods_and_never_a_dead_end(guest: Client) -> None:
    offer = OfferFactory(quantity_offered=1)
    other = OfferFactory(session=offer.session)
    Offer.objects.filter(pk=offer.pk).update(quantity_claimed=1)

    page = guest.post(address(offer.session), typed((offer, 1)))

    assert page.status_code == 409
    assert "Hết hàng" in words(page)
    assert f"/phien/{offer.session_id}/cho/{offer.pk}/" in page.content.decode()
    assert "Chốt phần còn lại" not in words(page)
    assert value_of(page, f"quantity_{offer.pk}") == "0"
    assert value_of(page, f"quantity_{other.pk}") == "0"
    assert "data-errors" in page.content.decode()


def test_the_limit_of_one_phone_is_said_without_telling_what_it_ordered(guest: Client) -> None:
    offer = OfferFactory(limit_per_buyer=3)
    OrderFactory(offer=offer, quantity=2, buyer_phone="+84912345678")

    page = guest.post(address(offer.session), typed((offer, 2)))

    assert page.status_code == 409
    assert "số điện thoại này đã chốt trước đó" in words(page)
    assert value_of(page, f"quantity_{offer.pk}") == "2"  # as typed, for the buyer to lower
    assert Order.objects.count() == 1


def test_a_session_that_ended_keeps_the_form_and_shows_the_way(guest: Client) -> None:
    offer = OfferFactory()
    LivestreamSession.objects.update(state="ended", ended_at=offer.session.went_live_at)

    page = guest.post(address(offer.session), typed((offer, 1)))

    assert page.status_code == 409
    assert "Phiên này đã kết thúc" in words(page)
    assert value_of(page, "buyer_name") == "Nguyễn Thị Lan"
    assert f"/phien/{offer.session_id}/" in page.content.decode()
    assert guest.get(address(offer.session)).status_code == 200


@pytest.mark.parametrize("kind", ["draft"])
def test_a_session_nobody_may_see_is_missing(guest: Client, kind: str) -> None:
    session = SessionFactory(**{kind: True})
    assert guest.get(address(session)).status_code == 404
    assert guest.post(address(session), typed()).status_code == 404


def test_bank_transfer_is_offered_only_where_money_can_go(guest: Client) -> None:
    offer = OfferFactory()
    poor = OfferFactory(session=SessionFactory(cooperative__bank_bin=""))

    assert 'value="transfer"' in guest.get(address(offer.session)).content.decode()
    assert 'value="transfer"' not in guest.get(address(poor.session)).content.decode()
    page = guest.post(address(poor.session), typed((poor, 1), payment_method="transfer"))
    assert page.status_code == 422


def test_adding_up_again_orders_nothing_and_counts_each_cooperative_once(guest: Client) -> None:
    session = SessionFactory(shipping_fee_vnd=20_000)
    tea = OfferFactory(session=session, unit_price_vnd=100_000)
    crab = OfferFactory(session=session, cooperative=SlotFactory(session=session).cooperative)

    page = guest.post(address(session), {**typed((tea, 2), (crab, 1)), "recount": "1"})

    assert page.status_code == 422
    assert "data-errors" not in page.content.decode()
    assert "355.000 ₫" in words(page)  # 2 × 100.000 + 115.000 + 2 × 20.000
    assert not Order.objects.exists()


def test_the_page_speaks_english_to_who_asked_for_it(guest: Client) -> None:
    guest.cookies["lang"] = "en"
    offer = OfferFactory()

    page = guest.get(address(offer.session), {"suat": offer.pk})
    location = guest.post(address(offer.session), typed((offer, 1)))["Location"]

    assert "Who receives it" in words(page)
    assert "We have your order" in words(guest.get(location))
    assert Order.objects.get().language == "en"


def test_an_offer_of_another_session_is_gone_and_nothing_is_ordered(guest: Client) -> None:
    mine, foreign = OfferFactory(), OfferFactory(session=SessionFactory())
    page = guest.post(address(mine.session), typed((mine, 1), (foreign, 1)))

    assert page.status_code == 409
    assert value_of(page, f"quantity_{mine.pk}") == "1"
    assert not Order.objects.exists()


def test_the_page_s_script_is_answered_briefly(guest: Client) -> None:
    offer = OfferFactory(quantity_offered=1)
    asked = {"headers": {"Accept": "application/json"}}

    placed = guest.post(address(offer.session), typed((offer, 1)), **asked)
    refused = guest.post(address(offer.session), typed((offer, 1)), **asked)

    assert placed.status_code == 201
    order = Order.objects.get()
    assert placed.json() == {"page": f"/don/{order.token}/", "code": order.code}
    assert (refused.status_code, refused.json()["code"]) == (409, "sold_out")


def test_who_comes_too_late_is_told_by_the_script_without_a_second_page(guest: Client) -> None:
    gone = OfferFactory(quantity_offered=1)
    other = OfferFactory(session=gone.session, quantity_offered=5)
    guest.post(address(gone.session), typed((gone, 1)))
    told = guest.post(
        address(gone.session), typed((gone, 1)), HTTP_ACCEPT="application/json"
    ).json()

    assert told["quantities"] == {str(gone.pk): 0}
    assert "Đã hết" in told["notice"] or "Hết hàng" in told["notice"]
    assert reverse("join-standby", args=[gone.session_id, gone.pk]) in told["notice"]
    assert "món khác bên dưới" in told["notice"]
    Offer.objects.filter(pk=other.pk).update(quantity_claimed=5)
    drawn_notice.cache_clear()  # a second later
    told = guest.post(
        address(gone.session), typed((gone, 1)), HTTP_ACCEPT="application/json"
    ).json()
    assert "món khác bên dưới" not in told["notice"]


def test_a_rest_that_can_be_had_is_drawn_by_the_page(guest: Client) -> None:
    """The whole form changes then: what is left, what it costs, the button's word."""
    offer = OfferFactory(quantity_offered=2)
    told = guest.post(
        address(offer.session), typed((offer, 3)), HTTP_ACCEPT="application/json"
    ).json()

    assert told["code"] == "sold_out"
    assert "notice" not in told


def test_a_form_that_needs_words_is_not_drawn_for_the_script(guest: Client) -> None:
    """It draws nothing itself; the page would cost as much as twenty orders, in their lane."""
    offer = OfferFactory()
    form = typed((offer, 1), buyer_phone="12")
    answer = guest.post(address(offer.session), form, HTTP_ACCEPT="application/json, */*")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert len(answer.content) < 1000


def test_an_old_page_asking_for_a_closed_offer_is_told_so(guest: Client) -> None:
    offer = OfferFactory()
    other = OfferFactory(session=offer.session)
    Offer.objects.filter(pk=offer.pk).update(state="closed")

    page = guest.post(address(offer.session), typed((offer, 1), (other, 1)))

    assert page.status_code == 409
    assert "Hiện không bán" in words(page)
    assert value_of(page, f"quantity_{other.pk}") == "1"


def test_a_locked_row_answers_503_with_the_form(guest: Client, monkeypatch: Any) -> None:
    class LockNotAvailable(Exception):
        pgcode = "55P03"
        diag = SimpleNamespace(context="SQL statement UPDATE livestreams_offer")

    def locked(*_: Any) -> None:
        raise OperationalError from LockNotAvailable()

    monkeypatch.setattr("orders.services.placing._call", locked)
    offer = OfferFactory()
    page = guest.post(address(offer.session), typed((offer, 1)))

    assert page.status_code == 503
    assert page["Retry-After"]
    assert value_of(page, "buyer_name") == "Nguyễn Thị Lan"


def test_the_page_is_counted_for_queries_at_one_and_at_six_offers(
    guest: Client, django_assert_max_num_queries: Any
) -> None:
    offer = OfferFactory()
    guest.get(address(offer.session))
    drawn_rest.cache_clear()
    with django_assert_max_num_queries(9) as one:
        guest.get(address(offer.session), {"suat": offer.pk})
    for _more in range(5):
        OfferFactory(session=offer.session)
    drawn_rest.cache_clear()
    with django_assert_max_num_queries(9) as six:
        guest.get(address(offer.session), {"suat": offer.pk})
    # The pictures of what else there is; two more where a second has begun in between
    assert len(one) <= len(six) <= len(one) + 3


def test_what_else_is_on_sale_is_drawn_once_for_all_who_tapped_the_same(
    guest: Client, django_assert_max_num_queries: Any
) -> None:
    """In a rush everybody asks for this page: it costs the same at one offer and at thirty."""
    offer = OfferFactory()
    others = [OfferFactory(session=offer.session) for _more in range(3)]
    pages = [guest.get(address(offer.session), {"suat": offer.pk}) for _buyer in range(2)]
    # The session, what is chosen, its picture; two more where a slow machine lets the second pass
    with django_assert_max_num_queries(5):
        pages.append(Client().get(address(offer.session), {"suat": offer.pk}))
    assert all(words(page).count(other.live_code) for page in pages for other in others)
    assert len({value_of(page, "idempotency_key") for page in pages}) == 3
    english = Client(headers={"Accept-Language": "en"})
    english.cookies["lang"] = "en"
    assert "3 more things on sale" in words(english.get(address(offer.session), {"suat": offer.pk}))


def test_what_is_typed_at_another_offer_is_not_shown_to_the_next_buyer(guest: Client) -> None:
    offer = OfferFactory()
    other = OfferFactory(session=offer.session)
    wrong = guest.post(address(offer.session), typed((offer, 1), (other, "hai")))
    assert (wrong.status_code, value_of(wrong, f"quantity_{other.pk}")) == (422, "hai")
    fresh = Client().get(address(offer.session), {"suat": offer.pk})
    assert value_of(fresh, f"quantity_{other.pk}") == "0"
    assert "hai" not in words(fresh).split()
