"""Walls between co-ops in the workspace, and words that mean no good."""

import pytest
from django.test import Client

from core.models import OutboxMessage
from livestreams.models import LivestreamSession, Offer
from tests.cast import Cast, client_of, make_cast
from tests.factories.coops import member_of
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.livestreams.desk import press

pytestmark = pytest.mark.django_db
State = LivestreamSession.State


@pytest.fixture
def cast() -> Cast:
    return make_cast()


SESSION_ROUTES = [
    "", "sua/", "cong-bo/", "huy/", "moi/", "xep/", "dieu-khien/", "len-song/", "ket-thuc/",
    "dieu-khien/tin.json",
]  # fmt: skip
OFFER_ROUTES = ["sua/", "chuyen/", "bo/", "ban/", "het/", "ban-lai/", "mo/", "dong/"]


@pytest.mark.parametrize("route", SESSION_ROUTES)
def test_strangers_and_members_without_the_role_find_no_session(cast, route):
    session = SessionFactory(cooperative=cast.coop_a)
    path = f"/lam-viec/phien/{session.pk}/{route}"
    packer = member_of(cast.coop_a, "packer")
    for user in (cast.thao, cast.lan, cast.ha, packer):
        client = client_of(user)
        assert client.get(path).status_code == 404
        if route != "" and not route.endswith("json"):
            assert press(client, path, cooperative=cast.coop_b.slug).status_code in {404, 405}
    assert Client().get(path).status_code == 302
    session.refresh_from_db()
    assert session.state == State.LIVE


@pytest.mark.parametrize("route", OFFER_ROUTES)
def test_strangers_touch_no_offer(cast, route):
    offer = OfferFactory(session=SessionFactory(cooperative=cast.coop_a))
    before = Offer.objects.values().get(pk=offer.pk)
    for user in (cast.thao, cast.lan):
        client = client_of(user)
        path = f"/lam-viec/suat/{offer.pk}/{route}"
        assert (client.get(path).status_code, press(client, path).status_code) == (404, 404)
    assert Offer.objects.values().get(pk=offer.pk) == before
    assert not OutboxMessage.objects.exists()


def test_in_a_joint_session_each_changes_its_own_goods_only(cast):
    """Minh runs the session of A; Thảo's co-op B is its guest."""
    session = SessionFactory(cooperative=cast.coop_a)
    SlotFactory(session=session, cooperative=cast.coop_b)
    ours = OfferFactory(session=session)
    theirs = OfferFactory(session=session, cooperative=cast.coop_b)
    minh, thao = client_of(cast.minh), client_of(cast.thao)

    def statuses(client: Client, offer: Offer, *routes: str) -> list[int]:
        return [press(client, f"/lam-viec/suat/{offer.pk}/{r}/").status_code for r in routes]

    # The host says what is sold now and what is sold out, of whoever's goods
    assert statuses(minh, theirs, "ban", "het", "ban-lai", "chuyen") == [303, 303, 303, 302]
    # but price, number and stock are the owner's
    assert statuses(minh, theirs, "sua", "bo", "mo", "dong") == [404] * 4
    assert statuses(thao, theirs, "het", "ban-lai", "dong", "mo") == [303] * 4
    # The guest neither runs the session nor touches the holder's goods
    assert statuses(thao, ours, "sua", "bo", "mo", "dong", "het", "ban-lai") == [404] * 6
    assert statuses(thao, ours, "ban", "chuyen") == [404] * 2
    assert statuses(thao, theirs, "ban", "chuyen") == [404] * 2
    base = f"/lam-viec/phien/{session.pk}/"
    assert f"{base}don/" in thao.get(base).text, "a guest sees its own orders"
    for route in ("dieu-khien/", "sua/", "ket-thuc/", "huy/", "len-song/", "moi/"):
        assert thao.get(base + route).status_code == 404


def test_a_get_of_a_button_changes_nothing_and_leads_back(cast):
    offer = OfferFactory(session=SessionFactory(cooperative=cast.coop_a))
    minh = client_of(cast.minh)
    for route in ("chuyen", "bo", "ban", "het", "ban-lai", "mo", "dong"):
        assert minh.get(f"/lam-viec/suat/{offer.pk}/{route}/").status_code == 302
    assert not OutboxMessage.objects.exists()


def test_hostile_words_stay_letters_in_the_workspace(cast):
    evil = "<script>alert(1)</script>"
    cast.coop_a.name = evil
    cast.coop_a.save()
    session = SessionFactory(cooperative=cast.coop_a, title=evil)
    OfferFactory(session=session, lot__variant__product__name=evil, lot__variant__name=evil)
    OutboxMessage.objects.create(
        topic="orders.order.placed",
        feed=session.feed,
        feed_number=1,
        payload={"code": evil, "province": evil, "lines": [], "total_vnd": 1000},
    )
    minh = client_of(cast.minh)
    base = f"/lam-viec/phien/{session.pk}/"
    for path in (base, f"{base}dieu-khien/", f"{base}sua/", f"{base}xep/", f"{base}ket-thuc/"):
        response = minh.get(path)
        assert response.status_code == 200
        assert evil not in response.content.decode()


def test_the_console_takes_a_fixed_number_of_queries(cast, django_assert_max_num_queries):
    session = SessionFactory(cooperative=cast.coop_a)
    for _ in range(5):
        OfferFactory(session=session)
    minh = client_of(cast.minh)
    with django_assert_max_num_queries(18):
        minh.get(f"/lam-viec/phien/{session.pk}/dieu-khien/")
    with django_assert_max_num_queries(27):
        minh.get(f"/lam-viec/phien/{session.pk}/")
