"""What viewers see: right, small, impersonal, and never a script."""

import gzip
import html
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries

from livestreams import board
from livestreams.models import LivestreamSession, Offer
from livestreams.services.running import end_session
from livestreams.services.selling import mark_sold_out, sell_now
from tests.cast import client_of
from tests.factories.coops import CooperativeFactory, member_of
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory
from tests.factories.products import ProductPhotoFactory

pytestmark = pytest.mark.django_db

SNAPSHOT_BUDGET = 2048  # bytes, for a joint session with twelve offers
PAGE_BUDGET = 50_000  # bytes transferred on first load, without pictures
NAMES = [
    "Chè Shan tuyết một tôm hai lá", "Mật ong rừng Bảo Nhai", "Nếp nương Séng Cù",
    "Miến dong Bình Lư", "Măng khô Lưỡi Lợn", "Gạo tẻ râu", "Hồng trà cổ thụ",
    "Khoai lang mật", "Thịt trâu gác bếp", "Củ sâm đất", "Gừng trâu", "Mắc ca sấy nứt vỏ",
]  # fmt: skip
HOSTILE = "<script>alert(1)</script>\"'&lt;"


def joint_session(**fields) -> LivestreamSession:
    """Twelve offers of three co-ops with pictures, as on a usual market day."""
    session = SessionFactory(
        title="Phiên chợ vùng cao Lào Cai",
        cooperative__name="HTX Chè Shan tuyết Phình Hồ",
        **fields,
    )
    coops = [session.cooperative]
    guests = ("HTX Nông sản Tây Bắc", "HTX Nông nghiệp Bảo Nhai")
    coops += [SlotFactory(session=session, cooperative__name=name).cooperative for name in guests]
    for number, name in enumerate(NAMES):
        offer = OfferFactory(
            session=session,
            cooperative=coops[number % 3],
            lot__variant__product__name=name,
            quantity_offered=100,
            lined_up=number == 11,
        )
        ProductPhotoFactory(product=offer.lot.variant.product)
    return session


def snapshot(session: LivestreamSession) -> board.Board:
    return board.snapshot(str(session.pk))


def size_of(drawn: board.Board) -> int:
    return len(board.as_json(drawn).encode())


def test_the_board_tells_what_is_sold_at_which_price_and_how_much_is_left():
    offer = OfferFactory(quantity_offered=10)
    photo = ProductPhotoFactory(product=offer.lot.variant.product)
    Offer.objects.filter(pk=offer.pk).claim(3)
    sell_now(offer=offer)
    drawn = snapshot(offer.session)
    assert drawn.pop("at") > 1_700_000_000_000
    assert drawn.pop("r") > 0
    assert len(drawn.pop("v")) == 8
    assert drawn == {
        "s": "live",
        "t": "Phiên chợ vùng cao",
        "n": offer.pk,
        "h": {"A": offer.cooperative.name},
        "o": [
            {
                "i": offer.pk,
                "c": "A01",
                "n": "Chè Shan tuyết",
                "p": "Gói 200 g",
                "v": 115_000,
                "q": 10,
                "l": 7,
                "m": 5,
                "k": photo.picture.token,
            }
        ],
    }


def test_state_marks_and_closed_offers():
    session = SessionFactory()
    OfferFactory(session=session, lined_up=True)
    told = OfferFactory(session=session)
    mark_sold_out(offer=told)
    OfferFactory(session=session, closed=True)
    marks = [(offer["c"], offer.get("x"), offer["g"]) for offer in snapshot(session)["o"]]
    assert marks == [("A01", "w", "leaf"), ("A02", "s", "leaf")]


def test_a_usual_board_is_at_most_two_kilobytes_and_takes_three_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
):
    session = joint_session()
    with django_assert_num_queries(3):
        drawn = snapshot(session)
    assert len(drawn["o"]) == 12
    assert size_of(drawn) <= SNAPSHOT_BUDGET


def test_the_board_holds_nothing_of_buyers_or_hosts():
    session = joint_session()
    host = member_of(session.cooperative, "host", display_name="Minh Người Dẫn")
    order = OrderFactory(offer=session.offers.first(), buyer_name="Lan Người Mua")
    text = board.as_json(snapshot(session))
    for secret in (order.buyer_name, order.buyer_phone[3:], order.code, order.token):
        assert secret not in text
    for secret in (host.display_name, host.phone[3:], session.cooperative.phone[3:]):
        assert secret not in text
    assert set(snapshot(session)) == {"at", "r", "s", "t", "n", "h", "o", "v"}


@pytest.mark.parametrize("trait", ["draft", "cancelled", "ended"])
def test_what_is_not_on_sale_shows_no_offers(trait):
    session = SessionFactory(**{trait: True})
    OfferFactory(session=session, lined_up=True)
    drawn = snapshot(session)
    assert not drawn.get("o")
    assert drawn["s"] == ("gone" if trait == "draft" else trait)


@pytest.mark.parametrize("key", ["", "0", "99999999999", "x", "-1", "1;drop"])
def test_any_key_has_an_answer(key):
    assert board.snapshot(key) == {"s": "gone"}


def test_sessions_of_a_suspended_co_op_are_gone():
    session = SessionFactory(cooperative__state="suspended")
    assert snapshot(session) == {"s": "gone"}


def test_places_on_the_page():
    session = SessionFactory()
    first, second, gone, third = (OfferFactory(session=session) for _ in range(4))
    waiting = OfferFactory(session=session, lined_up=True)
    gone.state = Offer.State.SOLD_OUT
    offers = [first, second, gone, third, waiting]
    places = board.arrange(second.pk, offers)
    assert (places.now, places.next) == (second, third)
    assert (places.others, places.waiting, places.gone) == ([first], [waiting], [gone])
    nothing = board.arrange(None, offers)
    assert (nothing.now, nothing.next) == (None, None)
    assert nothing.others == [first, second, third]


# bang.json


def get_snapshot(session, client=None, **headers):
    return (client or Client()).get(f"/phien/{session.pk}/bang.json", headers=headers)


def test_the_snapshot_is_public_short_lived_and_the_same_for_all():
    session = joint_session()
    response = get_snapshot(session)
    assert response.json()["s"] == "live"
    assert response["Cache-Control"] == "public, max-age=1"
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies
    host = client_of(member_of(session.cooperative))
    theirs = get_snapshot(session, host).json()
    assert theirs | {"at": 0, "r": 0} == response.json() | {"at": 0, "r": 0}


def test_nothing_new_costs_nothing():
    session = joint_session()
    tag = get_snapshot(session)["ETag"]
    unchanged = get_snapshot(session, if_none_match=tag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged["Cache-Control"] == "public, max-age=1"
    zipped = get_snapshot(session, accept_encoding="gzip")
    assert zipped["ETag"].startswith("W/")
    assert get_snapshot(session, if_none_match=zipped["ETag"]).status_code == 304
    sell_now(offer=session.offers.first())
    assert get_snapshot(session, if_none_match=tag).status_code == 200


def test_an_unknown_session_has_a_gone_board_not_an_error():
    assert Client().get("/phien/123456/bang.json").json() == {"s": "gone"}


# Pages


def page(session, **headers) -> str:
    response = Client().get(f"/phien/{session.pk}/", headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_the_board_page_needs_no_script_no_form_and_no_cookie():
    session = joint_session()
    sell_now(offer=session.offers.get(live_code="B01"))
    response = Client().get(f"/phien/{session.pk}/")
    text = response.content.decode()
    assert "<form" not in text
    assert "csrf" not in text
    assert not response.cookies
    assert response["Cache-Control"] == "public, max-age=1"
    assert "Cookie" in response["Vary"]
    assert "Mật ong rừng Bảo Nhai" in text
    assert "115.000\N{NO-BREAK SPACE}₫" in text
    assert "25.000\N{NO-BREAK SPACE}₫" in text  # delivery, said plainly


def test_a_reader_with_a_session_gets_a_page_of_their_own():
    session = joint_session()
    response = client_of(member_of(session.cooperative)).get(f"/phien/{session.pk}/")
    assert "private" in response["Cache-Control"]
    assert "public" not in response["Cache-Control"]


def test_the_page_takes_a_fixed_number_of_queries(
    django_assert_max_num_queries: DjangoAssertNumQueries,
):
    session = joint_session()
    with django_assert_max_num_queries(6):
        page(session)


def transferred(path: Path) -> int:
    return len(gzip.compress(path.read_bytes()))


def test_the_first_load_of_the_board_fits_the_budget():
    session = joint_session()
    sell_now(offer=session.offers.first())
    response = Client().get(f"/phien/{session.pk}/", headers={"accept-encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    text = gzip.decompress(response.content).decode()
    names = [
        "css/tokens.css", "css/site.css", "css/board.css",
        "img/icons.svg", "img/crops.svg", "img/logo.svg", "img/stripe.svg",
        "js/offline.js", "js/once.js", "js/board.js", "js/live.js", "js/video.js", "js/share.js",
    ]  # fmt: skip
    for name in names:
        assert name in text or name in {"img/crops.svg", "img/stripe.svg"}
    parts = sum(transferred(settings.BASE_DIR / "static" / name) for name in names)
    headers = 400 * (len(names) + 1)
    assert len(response.content) + parts + headers <= PAGE_BUDGET


@pytest.mark.parametrize("trait", ["coming", "ended", "cancelled"])
def test_before_and_after_the_page_tells_what_is_the_matter(trait):
    session = SessionFactory(**{trait: True})
    text = page(session)
    assert session.title in text
    assert "data-live" not in text
    if trait == "coming":
        assert "lich.ics" in text


@pytest.mark.parametrize("session_id", [0, 999_999_999])
def test_a_missing_session_is_missing(session_id):
    assert Client().get(f"/phien/{session_id}/").status_code == 404


def test_a_draft_is_missing_for_everyone():
    assert Client().get(f"/phien/{SessionFactory(draft=True).pk}/").status_code == 404


def test_hostile_names_stay_letters():
    session = SessionFactory(title=HOSTILE, summary=HOSTILE, cooperative__name=HOSTILE)
    OfferFactory(session=session, lot__variant__product__name=HOSTILE, lot__variant__name=HOSTILE)
    for path in (f"/phien/{session.pk}/", "/", "/phien/"):
        assert "<script>alert" not in Client().get(path).content.decode()
    assert snapshot(session)["o"][0]["n"] == HOSTILE
    response = get_snapshot(session)
    assert response["Content-Type"] == "application/json"
    assert response["X-Content-Type-Options"] == "nosniff"
    end_session(session=session)
    assert "<script>alert" not in page(session)


def test_a_link_of_the_video_is_only_a_link_until_it_is_opened():
    session = SessionFactory(stream_url="https://youtu.be/abcdefghijk")
    text = page(session)
    assert "<iframe" not in text
    assert 'data-video="https://www.youtube-nocookie.com/embed/abcdefghijk"' in text


def test_what_was_sold_is_told_and_simulation_is_labelled():
    session = SessionFactory(ended=True, is_simulated=True)
    OfferFactory(session=session, closed=True, quantity_claimed=7, quantity_offered=10)
    text = page(session)
    assert "mô phỏng" in text
    assert "7 gói" in text


# Lists


def test_the_front_page_shows_live_before_coming_and_only_what_is_public():
    live = SessionFactory(title="Đang bán đây")
    coming = SessionFactory(coming=True, title="Sắp tới đây")
    SessionFactory(draft=True, title="Nháp thôi")
    SessionFactory(coming=True, title="Chưa duyệt", cooperative=CooperativeFactory(waiting=True))
    text = Client().get("/").content.decode()
    assert text.index(live.title) < text.index(coming.title)
    assert "Nháp thôi" not in text
    assert "Chưa duyệt" not in text


def test_an_empty_market_says_what_will_be_here():
    assert Client().get("/").status_code == 200
    assert "Chưa có phiên nào" in Client().get("/phien/").content.decode()


def test_sessions_are_found_without_accents_and_paged():
    for number in range(14):
        SessionFactory(ended=True, title=f"Chợ đêm {number:02d}")
    SessionFactory(coming=True, title="Sản vật mới")
    found = Client().get("/phien/", {"q": "san vat moi"}).content.decode()
    assert "Sản vật mới" in found
    assert "Chợ đêm" not in found
    second = Client().get("/phien/", {"page": "2"}).content.decode()
    assert second.count("Chợ đêm") == 2
    assert "Sản vật mới" not in second
    assert "Không tìm thấy" in Client().get("/phien/", {"q": "zzz"}).content.decode()


def test_lists_take_the_same_queries_however_long():
    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            Client().get(path)
        return len(seen)

    SlotFactory(session=SessionFactory(coming=True))
    once = [queries(path) for path in ("/", "/phien/")]
    for _ in range(2):
        SlotFactory(session=SessionFactory(coming=True))
    assert [queries(path) for path in ("/", "/phien/")] == once


def test_pages_are_also_there_in_english():
    client = Client()
    client.cookies["lang"] = "en"
    session = joint_session()
    text = client.get(f"/phien/{session.pk}/").content.decode()
    assert "Now selling" in text
    with override("en"):
        assert "Market sessions" in client.get("/phien/").content.decode()


def test_the_language_is_chosen_on_a_page_of_its_own_and_the_way_back_stays_here():
    text = Client().get("/ngon-ngu", {"next": "/phien/"}).content.decode()
    assert 'value="/phien/"' in text
    away = Client().get("/ngon-ngu", {"next": "https://elsewhere.example/"}).content.decode()
    assert 'name="next" value="/"' in away
    assert 'value="https://elsewhere' not in away


def test_one_press_on_the_board_changes_its_language():
    client, board = Client(), f"/phien/{joint_session().pk}/"
    switch = re.search(r'href="(/ngon-ngu[^"]*)"', client.get(board).content.decode())
    answer = client.get(html.unescape(switch[1]))
    assert answer["Location"] == board
    assert "no-store" in answer["Cache-Control"]
    assert "Now selling" in client.get(board).content.decode()
    away = client.get("/ngon-ngu", {"language": "vi", "next": "//elsewhere.example/"})
    assert away["Location"] == "/"


def test_the_calendar_entry_is_in_universal_time_escaped_and_folded():
    session = SessionFactory(coming=True, title="Chè, mật; ong\\" + " dài" * 20)
    response = Client().get(f"/phien/{session.pk}/lich.ics")
    assert response["Content-Type"].startswith("text/calendar")
    body = response.content
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    text = body.decode().replace("\r\n ", "")
    assert f"DTSTART:{session.starts_at:%Y%m%dT%H%M%SZ}" in text
    assert "SUMMARY:Chè\\, mật\\; ong\\\\ dài" in text
    assert json.dumps(text).count("BEGIN:VEVENT") == 1
