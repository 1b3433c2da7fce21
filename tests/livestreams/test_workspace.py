"""Hosts at work: schedule, prepare, run; and the walls between co-ops."""

import re

import pytest

from core.live_grants import read_grant
from core.models import OutboxMessage
from livestreams.models import LivestreamSession, Offer, Slot
from tests.cast import Cast, client_of, make_cast
from tests.factories.coops import CooperativeFactory, member_of
from tests.factories.core import photo_file
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.products import LotFactory
from tests.livestreams.desk import ask, key, press, session_fields

pytestmark = pytest.mark.django_db
State = LivestreamSession.State


@pytest.fixture
def cast() -> Cast:
    return make_cast()


# Scheduling


def test_minh_announces_a_session_with_a_picture(cast):
    minh = client_of(cast.minh)
    path = f"/lam-viec/{cast.coop_a.slug}/phien/moi/"
    assert minh.get(path).status_code == 200
    response = press(minh, path, **session_fields(cover=photo_file()))
    session = LivestreamSession.objects.get()
    assert (response.status_code, response["Location"]) == (303, f"/lam-viec/phien/{session.pk}/")
    assert (session.state, session.shipping_fee_vnd, session.created_by) == (
        State.SCHEDULED,
        25_000,
        cast.minh,
    )
    assert session.cover is not None
    assert minh.get(response["Location"]).status_code == 200


def test_pressed_twice_there_is_one_session(cast):
    minh = client_of(cast.minh)
    path = f"/lam-viec/{cast.coop_a.slug}/phien/moi/"
    same = session_fields(idempotency_key=key())
    assert [minh.post(path, same).status_code for _ in range(2)] == [303, 303]
    assert LivestreamSession.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("starts_at", "04/11/2025 20:15"),
        ("starts_at", "hôm nào đó"),
        ("planned_minutes", "5"),
        ("planned_minutes", "hai tiếng"),
        ("shipping_fee_vnd", "nhiều"),
        ("title", " "),
        ("stream_url", "javascript:alert(1)"),
        ("stream_url", "ftp://x.vn/a"),
    ],
)
def test_bad_input_is_told_at_the_field_and_nothing_typed_is_lost(cast, field, typed):
    path = f"/lam-viec/{cast.coop_a.slug}/phien/moi/"
    fields = session_fields(summary="Giữ nguyên lời này", **{field: typed})
    response = press(client_of(cast.minh), path, **fields)
    text = response.content.decode()
    assert response.status_code == 422
    assert "Giữ nguyên lời này" in text
    assert f'id="id_{field}_error"' in text or "aria-invalid" in text
    assert not LivestreamSession.objects.exists()


def test_a_picture_that_came_with_an_error_elsewhere_is_kept(cast):
    minh, path = client_of(cast.minh), f"/lam-viec/{cast.coop_a.slug}/phien/moi/"
    refused = press(minh, path, **session_fields(title=" ", cover=photo_file()))
    held = re.search(r'name="held" value="([^"]+)"', refused.text)
    assert refused.status_code == 422
    assert "Những gì bạn đã nhập vẫn còn nguyên." in refused.text

    press(minh, path, **session_fields(held=held[1]))
    assert LivestreamSession.objects.get().cover is not None


def test_a_broken_picture_is_refused_in_words(cast):
    path = f"/lam-viec/{cast.coop_a.slug}/phien/moi/"
    broken = photo_file()
    broken.truncate(100)
    broken.seek(0)
    response = press(client_of(cast.minh), path, **session_fields(cover=broken))
    assert response.status_code == 422
    assert 'id="id_cover_error"' in response.text
    assert not LivestreamSession.objects.exists()


def test_a_link_typed_without_https_gets_it(cast):
    path = f"/lam-viec/{cast.coop_a.slug}/phien/moi/"
    typed = session_fields(stream_url="http://www.facebook.com/htx/videos/123456")
    press(client_of(cast.minh), path, **typed)
    link = LivestreamSession.objects.get().stream_url
    assert link == "https://www.facebook.com/htx/videos/123456"


def test_a_co_op_under_review_keeps_drafts_only():
    coop = CooperativeFactory(waiting=True)
    client = client_of(member_of(coop))
    path = f"/lam-viec/{coop.slug}/phien/moi/"
    assert press(client, path, **session_fields()).status_code == 422
    assert press(client, path, **session_fields(keep="draft")).status_code == 303
    session = LivestreamSession.objects.get()
    assert session.state == State.DRAFT
    assert press(client, f"/lam-viec/phien/{session.pk}/cong-bo/").status_code == 409


def test_changing_keeps_the_picture_and_on_air_the_hour(cast):
    session = SessionFactory(cooperative=cast.coop_a)
    minh = client_of(cast.minh)
    path = f"/lam-viec/phien/{session.pk}/sua/"
    assert minh.get(path).status_code == 200
    response = press(minh, path, **session_fields(title="Tên khác", shipping_fee_vnd="1"))
    assert response.status_code == 303
    before = session.starts_at
    session.refresh_from_db()
    assert session.title == "Tên khác"
    assert (session.starts_at, session.shipping_fee_vnd) == (before, 25_000)


def test_calling_off_asks_first(cast):
    session = SessionFactory(cooperative=cast.coop_a, coming=True)
    minh = client_of(cast.minh)
    path = f"/lam-viec/phien/{session.pk}/huy/"
    assert minh.get(path).status_code == 200
    session.refresh_from_db()
    assert session.state == State.SCHEDULED
    assert press(minh, path).status_code == 303
    session.refresh_from_db()
    assert session.state == State.CANCELLED


def test_the_list_shows_what_is_ahead_past_and_asked(cast):
    SessionFactory(cooperative=cast.coop_a, coming=True, title="Sắp tới của mình")
    SessionFactory(cooperative=cast.coop_a, ended=True, title="Đã qua của mình")
    foreign = SessionFactory(cooperative=cast.coop_b, coming=True, title="Phiên bên kia")
    SlotFactory(session=foreign, cooperative=cast.coop_a, invited=True)
    SessionFactory(cooperative=cast.coop_b, title="Không liên quan")
    text = client_of(cast.mai).get(f"/lam-viec/{cast.coop_a.slug}/phien/").content.decode()
    for title in ("Sắp tới của mình", "Đã qua của mình", "Phiên bên kia"):
        assert title in text
    assert "Không liên quan" not in text


# Preparing


def test_goods_are_lined_up_from_own_lots_at_the_usual_price(cast):
    session = SessionFactory(cooperative=cast.coop_a, coming=True)
    mine = LotFactory(variant__product__cooperative=cast.coop_a)
    empty = LotFactory(variant__product__cooperative=cast.coop_a, quantity_available=0)
    foreign = LotFactory(variant__product__cooperative=cast.coop_b)
    minh = client_of(cast.minh)
    path = f"/lam-viec/phien/{session.pk}/xep/"
    listed = minh.get(path).content.decode()
    assert f"?lo={mine.pk}" in listed
    assert f"?lo={empty.pk}" not in listed
    assert f"?lo={foreign.pk}" not in listed
    assert "125.000" in minh.get(path, {"lo": mine.pk}).content.decode()
    fields = {"unit_price_vnd": "99k", "quantity_offered": "20", "limit_per_buyer": "5"}
    assert press(minh, path, lo=mine.pk, **fields).status_code == 303
    offer = session.offers.get()
    assert (offer.live_code, offer.unit_price_vnd, offer.cooperative) == (
        "A01",
        99_000,
        cast.coop_a,
    )
    assert "trong phiên là A01" in minh.get(path).text
    too_many = press(minh, path, lo=mine.pk, **{**fields, "quantity_offered": "101"})
    assert too_many.status_code == 422
    assert "100" in too_many.content.decode()
    for lot in (foreign.pk, "x", "999999999999999"):
        assert press(minh, path, lo=lot, **fields).status_code == 404
    assert session.offers.count() == 1


def test_an_offer_is_edited_moved_and_taken_off(cast):
    session = SessionFactory(cooperative=cast.coop_a, coming=True)
    first, second = (OfferFactory(session=session, lined_up=True) for _ in range(2))
    minh = client_of(cast.minh)
    moved = press(minh, f"/lam-viec/suat/{second.pk}/chuyen/", towards="up")
    assert moved["Location"].endswith(f"/#offer-{second.pk}"), "the page jumped to its top"
    assert [offer.pk for offer in session.offers.all()] == [second.pk, first.pk]
    path = f"/lam-viec/suat/{first.pk}/sua/"
    assert minh.get(path).status_code == 200
    fields = {"unit_price_vnd": "88000", "quantity_offered": "7", "limit_per_buyer": "51"}
    assert press(minh, path, **fields).status_code == 422
    assert press(minh, path, **{**fields, "limit_per_buyer": "2"}).status_code == 303
    first.refresh_from_db()
    assert (first.unit_price_vnd, first.quantity_offered) == (88_000, 7)
    assert press(minh, f"/lam-viec/suat/{second.pk}/bo/").status_code == 303
    assert not Offer.objects.filter(pk=second.pk).exists()


def test_the_checklist_tells_what_is_missing_and_the_server_holds_to_it(cast):
    session = SessionFactory(cooperative=cast.coop_a, coming=True)
    minh = client_of(cast.minh)
    page = minh.get(f"/lam-viec/phien/{session.pk}/").content.decode()
    assert "Chưa xếp suất bán nào" in page
    response = press(minh, f"/lam-viec/phien/{session.pk}/len-song/")
    assert response.status_code == 409
    assert "Hãy xếp ít nhất một suất bán" in response.content.decode()
    session.refresh_from_db()
    assert session.state == State.SCHEDULED


def test_a_co_op_is_found_invited_accepts_and_sells_its_own(cast):
    session = SessionFactory(cooperative=cast.coop_a, coming=True)
    lot = LotFactory(variant__product__cooperative=cast.coop_b)
    minh, thao = client_of(cast.minh), client_of(cast.thao)
    page = f"/lam-viec/phien/{session.pk}/"
    found = minh.get(page, {"q": "ba khia"}).content.decode()
    assert cast.coop_b.slug in found
    assert thao.get(page).status_code == 404
    assert press(minh, f"{page}moi/", cooperative=cast.coop_b.slug).status_code == 303
    slot = Slot.objects.get(cooperative=cast.coop_b)
    assert press(minh, f"/lam-viec/cho-ngoi/{slot.pk}/nhan/").status_code == 404
    fields = {"unit_price_vnd": "99k", "quantity_offered": "20", "limit_per_buyer": "5"}
    assert press(thao, f"{page}xep/", lo=lot.pk, **fields).status_code == 404
    assert press(thao, f"/lam-viec/cho-ngoi/{slot.pk}/nhan/").status_code == 303
    assert press(thao, f"{page}xep/", lo=lot.pk, **fields).status_code == 303
    assert session.offers.get().live_code == "B01"


def test_an_invitation_is_declined_by_the_guest_or_withdrawn_by_the_host(cast):
    session = SessionFactory(cooperative=cast.coop_a, coming=True)
    slot = SlotFactory(session=session, cooperative=cast.coop_b, invited=True)
    response = press(client_of(cast.thao), f"/lam-viec/cho-ngoi/{slot.pk}/roi/")
    assert response["Location"] == f"/lam-viec/{cast.coop_b.slug}/phien/"
    slot = SlotFactory(session=session, cooperative=cast.coop_b, invited=True)
    response = press(client_of(cast.minh), f"/lam-viec/cho-ngoi/{slot.pk}/roi/")
    assert response["Location"] == f"/lam-viec/phien/{session.pk}/"
    assert session.slots.count() == 1


def test_only_a_manager_is_asked_to_answer_an_invitation(cast):
    session = SessionFactory(cooperative=cast.coop_b, coming=True, title="Phiên bên kia")
    slot = SlotFactory(session=session, cooperative=cast.coop_a, invited=True)
    path = f"/lam-viec/{cast.coop_a.slug}/phien/"
    answer = f"/lam-viec/cho-ngoi/{slot.pk}/nhan/"
    assert answer in client_of(cast.mai).get(path).content.decode()
    minh = client_of(cast.minh)
    assert answer not in minh.get(path).content.decode()
    assert press(minh, answer).status_code == 404


NASTY = ["\0", "a\0b", "%00", "'; DROP TABLE x; --", "\u202e", "9" * 400, "", "\ud83d", "☃" * 90]


@pytest.mark.parametrize("nasty", NASTY)
def test_nasty_words_are_answered_never_a_crash(cast, nasty):
    nasty = nasty.encode("utf-8", "replace").decode()
    session = SessionFactory(cooperative=cast.coop_a, coming=True)
    offer = OfferFactory(session=session, lined_up=True)
    minh, base = client_of(cast.minh), f"/lam-viec/phien/{session.pk}/"
    gets = [
        ("/phien/", {"q": nasty, "page": nasty}),
        ("/ngon-ngu", {"next": nasty}),
        (base, {"q": nasty}),
        (f"{base}xep/", {"lo": nasty}),
        (f"{base}dieu-khien/", {"chon": nasty}),
        (f"{base}dieu-khien/tin.json", {"after": nasty}),
        (f"/lam-viec/{cast.coop_a.slug}/phien/", {"page": nasty}),
    ]
    for path, query in gets:
        assert minh.get(path, query).status_code in {200, 302, 404}
    fields = dict.fromkeys(session_fields(), nasty)
    posts = [
        (f"/lam-viec/{cast.coop_a.slug}/phien/moi/", fields),
        (f"{base}sua/", fields),
        (f"{base}moi/", {"cooperative": nasty}),
        (f"{base}xep/", {"lo": nasty, "unit_price_vnd": nasty}),
        (f"/lam-viec/suat/{offer.pk}/sua/", {"unit_price_vnd": nasty, "limit_per_buyer": nasty}),
        (f"/lam-viec/suat/{offer.pk}/chuyen/", {"towards": nasty}),
    ]
    for path, data in posts:
        assert press(minh, path, **data).status_code in {200, 302, 303, 400, 404, 422}


# Running


def test_from_going_on_air_to_the_end_with_plain_forms(cast):
    session = SessionFactory(cooperative=cast.coop_a, coming=True)
    first, second = (OfferFactory(session=session, lined_up=True) for _ in range(2))
    minh = client_of(cast.minh)
    base = f"/lam-viec/phien/{session.pk}/"
    assert press(minh, f"{base}len-song/", early="1")["Location"] == f"{base}dieu-khien/"
    console = minh.get(f"{base}dieu-khien/").content.decode()
    assert f"/lam-viec/suat/{first.pk}/ban/" in console
    assert press(minh, f"/lam-viec/suat/{first.pk}/ban/").status_code == 303
    assert press(minh, f"/lam-viec/suat/{first.pk}/het/").status_code == 303
    refused = press(minh, f"/lam-viec/suat/{first.pk}/ban/")
    assert refused.status_code == 409
    assert "Có người vừa đổi suất này" in refused.content.decode()
    assert press(minh, f"/lam-viec/suat/{first.pk}/ban-lai/").status_code == 303
    assert press(minh, f"/lam-viec/suat/{second.pk}/dong/").status_code == 303
    assert press(minh, f"/lam-viec/suat/{second.pk}/mo/").status_code == 303
    assert minh.get(f"{base}ket-thuc/").status_code == 200
    assert press(minh, f"{base}ket-thuc/").status_code == 303
    session.refresh_from_db()
    assert session.state == State.ENDED
    assert minh.get(f"{base}dieu-khien/").status_code == 302
    assert f"/kien-hang/?phien={session.pk}" in minh.get(base).text, "what comes next is to pack"


def test_a_script_gets_words_and_the_same_key_the_same_answer(cast):
    offer = OfferFactory(session=SessionFactory(cooperative=cast.coop_a))
    minh, again = client_of(cast.minh), key()
    path = f"/lam-viec/suat/{offer.pk}/ban/"
    answers = [ask(minh, path, idempotency_key=again) for _ in range(2)]
    assert [answer.json() for answer in answers] == [{"done": "Đang bán A01."}] * 2
    assert OutboxMessage.objects.count() == 1
    press(minh, f"/lam-viec/suat/{offer.pk}/het/")
    refused = ask(minh, path)
    assert refused.status_code == 409
    assert refused.json() == {"refused": "Có người vừa đổi suất này. Đây là tình trạng lúc này."}
    assert ask(minh, path, idempotency_key="").status_code == 400


def test_another_offer_can_stand_ready(cast):
    session = SessionFactory(cooperative=cast.coop_a)
    first, second, third = (OfferFactory(session=session) for _ in range(3))
    minh = client_of(cast.minh)

    def ready(**query) -> list[str]:
        text = minh.get(f"/lam-viec/phien/{session.pk}/dieu-khien/", query).content.decode()
        return re.findall(r'offer--ready" data-offer="(\d+)"', text)

    assert ready() == [str(first.pk)]
    press(minh, f"/lam-viec/suat/{first.pk}/ban/")
    assert ready() == [str(second.pk)]
    assert ready(chon=third.pk) == [str(third.pk)]
    assert ready(chon="x") == [str(second.pk)]
    press(minh, f"/lam-viec/suat/{third.pk}/ban/")
    assert ready() == [str(first.pk)]  # round the end


def test_news_after_a_number_for_those_the_channel_does_not_reach(cast):
    session = SessionFactory(cooperative=cast.coop_a)
    for number in (1, 2, 3, None):
        OutboxMessage.objects.create(
            topic="orders.order.placed",
            feed=session.feed,
            feed_number=number,
            payload={"code": f"CP{number}"},
        )
    OutboxMessage.objects.create(topic="x", feed="session:0", feed_number=9, payload={})
    path = f"/lam-viec/phien/{session.pk}/dieu-khien/tin.json"
    minh = client_of(cast.minh)
    events = minh.get(path, {"after": "1"}).json()["events"]
    assert [(event["number"], event["code"]) for event in events] == [(2, "CP2"), (3, "CP3")]
    assert len(minh.get(path, {"after": "x"}).json()["events"]) == 3
    assert client_of(cast.thao).get(path).status_code == 404


def test_a_console_gets_its_next_address_only_while_the_role_is_there(cast: Cast) -> None:
    session = SessionFactory(cooperative=cast.coop_a)
    path = f"/lam-viec/phien/{session.pk}/dieu-khien/tin.json"
    minh = client_of(cast.minh)
    word = minh.get(path).json()["live"].removeprefix("/live/console/")
    granted = read_grant(word)
    assert granted is not None
    assert granted.feed == session.feed
    assert granted.lasts_s <= 120
    cast.minh.memberships.all().delete()
    assert minh.get(path).status_code == 404


# Walls
