"""What hosts do by mistake, or leave undone: asked about, taken back, ended by the clock."""

import datetime as dt

import pytest
from django.urls import reverse

from core.clock import db_now, db_today
from livestreams.errors import HasOrders, PressedMeanwhile, TooLateToTakeBack
from livestreams.models import LivestreamSession, Offer
from livestreams.presses import version_of
from livestreams.services import running, selling, sweeping
from products.errors import OnAirNow
from products.models import Product, Variant
from products.services import packs, publishing
from tests.cast import Cast, client_of, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.factories.products import LotFactory, VariantFactory
from tests.livestreams.books import lot_adds_up
from tests.livestreams.desk import press, session_fields

pytestmark = pytest.mark.django_db
State = LivestreamSession.State


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def stands(thing):
    thing.refresh_from_db()
    return thing.state


# Going on air and ending


def test_going_on_air_days_early_is_asked_about_and_names_the_time(cast):
    minh = client_of(cast.minh)
    session = SessionFactory(cooperative=cast.coop_a, coming=True)
    OfferFactory(session=session, lined_up=True)
    path = f"/lam-viec/phien/{session.pk}/len-song/"
    answer = press(minh, path)
    assert answer.status_code == 409
    told = session.starts_at + dt.timedelta(hours=7)
    assert f"{told:%d/%m/%Y}" in answer.content.decode()
    assert stands(session) == State.SCHEDULED
    assert press(minh, path, early="1").status_code == 303
    assert stands(session) == State.LIVE


def test_going_on_air_by_mistake_is_taken_back_while_nobody_ordered(cast):
    session = SessionFactory(cooperative=cast.coop_a, coming=True)
    offer = OfferFactory(session=session, lined_up=True)
    running.go_live(session=session)
    answer = press(client_of(cast.minh), f"/lam-viec/phien/{session.pk}/hoan-tac/")
    assert answer.status_code == 303
    assert (stands(session), stands(offer)) == (State.SCHEDULED, Offer.State.LINED_UP)
    assert session.went_live_at is None
    assert lot_adds_up(offer.lot)
    assert running.go_live(session=session) == []


def test_it_is_not_taken_back_from_under_a_buyer():
    order = OrderFactory()
    with pytest.raises(HasOrders):
        running.take_back_going_live(session=order.session)


def test_a_mistaken_end_is_taken_back_within_ten_minutes(cast):
    session = SessionFactory(cooperative=cast.coop_a)
    on_sale, said_sold_out, closed = (OfferFactory(session=session) for _ in range(3))
    lined_up = OfferFactory(session=session, lined_up=True)
    selling.mark_sold_out(offer=said_sold_out)
    selling.close_offer(offer=closed)
    running.end_session(session=session)
    answer = press(client_of(cast.minh), f"/lam-viec/phien/{session.pk}/hoan-tac/")
    assert answer.status_code == 303
    assert stands(session) == State.LIVE
    assert [stands(offer) for offer in (on_sale, said_sold_out, closed, lined_up)] == [
        "open", "sold_out", "closed", "lined_up",
    ]  # fmt: skip
    assert lot_adds_up(on_sale.lot)


def test_after_ten_minutes_an_end_stands():
    session = SessionFactory()
    running.end_session(session=session)
    LivestreamSession.objects.update(ended_at=db_now() - dt.timedelta(minutes=11))
    with pytest.raises(TooLateToTakeBack):
        running.take_back_end(session=session)


@pytest.mark.parametrize(("hours_over", "is_over"), [(5.9, False), (6.1, True)])
def test_a_session_left_on_air_ends_six_hours_after_its_planned_end(hours_over, is_over):
    began = db_now() - dt.timedelta(minutes=120, hours=hours_over)
    offer = OfferFactory(session__went_live_at=began)
    assert sweeping.end_left_on_air() == int(is_over)
    assert (stands(offer.session) == State.ENDED) is is_over
    assert lot_adds_up(offer.lot)


def test_the_host_is_told_that_it_is_still_on_air(cast):
    began = db_now() - dt.timedelta(hours=3)
    session = SessionFactory(cooperative=cast.coop_a, went_live_at=began)
    minh = client_of(cast.minh)
    for page in ("", "dieu-khien/"):
        words = minh.get(f"/lam-viec/phien/{session.pk}/{page}").content.decode()
        assert "Phiên vẫn đang lên sóng" in words
        assert "tự kết thúc lúc" in words


# Fees and prices


def test_the_fee_is_that_of_the_last_session_or_must_be_stated(cast):
    minh, path = client_of(cast.minh), f"/lam-viec/{cast.coop_a.slug}/phien/moi/"
    assert press(minh, path, **session_fields(shipping_fee_vnd="")).status_code == 422
    assert press(minh, path, **session_fields(shipping_fee_vnd="30k")).status_code == 303
    assert 'value="30.000"' in minh.get(path).content.decode()


@pytest.mark.parametrize("typed", ["25", "25.00"])
def test_a_fee_nobody_can_mean_is_asked_about(cast, typed):
    path = f"/lam-viec/{cast.coop_a.slug}/phien/moi/"
    answer = press(client_of(cast.minh), path, **session_fields(shipping_fee_vnd=typed))
    assert answer.status_code == 422
    assert not LivestreamSession.objects.exists()


@pytest.mark.parametrize("typed", ["41.000", "375.000"])
def test_a_price_far_from_the_usual_is_asked_about_once(cast, typed):
    session = SessionFactory(cooperative=cast.coop_a, coming=True)
    variant = VariantFactory(product__cooperative=cast.coop_a, price_vnd=125_000)
    lot = LotFactory(variant=variant)
    minh, path = client_of(cast.minh), f"/lam-viec/phien/{session.pk}/xep/"
    terms = {"lo": lot.pk, "quantity_offered": "5", "limit_per_buyer": "5"}
    answer = press(minh, path, unit_price_vnd=typed, **terms)
    assert answer.status_code == 422
    assert "giá thường 125.000" in answer.content.decode()
    meant = {"price_meant": typed.replace(".", "")}
    assert f'name="price_meant" value="{meant["price_meant"]}"' in answer.content.decode()
    assert press(minh, path, unit_price_vnd=typed, **terms, **meant).status_code == 303


# Old presses


def test_an_old_press_does_not_undo_a_newer_one():
    session = SessionFactory()
    mine, theirs = OfferFactory(session=session), OfferFactory(session=session)
    seen = version_of(session)
    selling.sell_now(offer=theirs, seen=seen)
    with pytest.raises(PressedMeanwhile) as refused:
        selling.sell_now(offer=mine, seen=seen)
    assert theirs.live_code in str(refused.value.message)
    session.refresh_from_db()
    assert session.now_selling_id == theirs.pk
    selling.sell_now(offer=mine, seen=version_of(session))


def test_an_old_sold_out_does_not_close_what_was_opened_again():
    offer = OfferFactory()
    seen = version_of(offer.session)
    selling.mark_sold_out(offer=offer, seen=seen)
    selling.reopen_offer(offer=offer)
    with pytest.raises(PressedMeanwhile):
        selling.mark_sold_out(offer=offer, seen=seen)
    assert stands(offer) == Offer.State.OPEN


def test_a_press_without_a_version_undoes_a_newer_one():
    """The control: what the version is for."""
    session = SessionFactory()
    mine, theirs = OfferFactory(session=session), OfferFactory(session=session)
    selling.sell_now(offer=theirs)
    selling.sell_now(offer=mine)
    session.refresh_from_db()
    assert session.now_selling_id == mine.pk


def test_every_button_of_the_console_carries_the_version(cast):
    session = SessionFactory(cooperative=cast.coop_a)
    mine, theirs = OfferFactory(session=session), OfferFactory(session=session)
    minh = client_of(cast.minh)
    page = minh.get(f"/lam-viec/phien/{session.pk}/dieu-khien/").content.decode()
    assert page.count("data-action data-many") == page.count('name="seen"')
    seen = version_of(session)
    assert f'name="seen" value="{seen}"' in page
    selling.sell_now(offer=theirs)
    answer = press(minh, f"/lam-viec/suat/{mine.pk}/ban/", seen=seen)
    assert answer.status_code == 409
    assert f"đang bán {theirs.live_code}" in answer.content.decode()


# Goods that may not be sold


def test_goods_are_sold_through_their_best_before_day_and_not_after():
    today, yesterday = db_today(), db_today() - dt.timedelta(days=1)
    good, past = (
        OfferFactory(lot__best_before_on=today),
        OfferFactory(lot__best_before_on=yesterday),
    )
    assert sweeping.close_past_best_before() == 1
    assert (stands(good), stands(past)) == (Offer.State.OPEN, Offer.State.CLOSED)
    assert lot_adds_up(past.lot)
    for offer, units in ((good, good.lot.quantity_available), (past, 0)):
        offer.lot.refresh_from_db()
        variant = Variant.objects.with_units_available().get(pk=offer.lot.variant_id)
        assert bool(variant.units_available) is bool(units)
        product = Product.objects.filter(pk=variant.product_id)
        assert product.in_stock().exists() is bool(units)


def hidden(offer: Offer) -> None:
    Product.objects.filter(pk=offer.lot.product.pk).update(state="hidden")


def removed(offer: Offer) -> None:
    Variant.objects.filter(pk=offer.lot.variant_id).update(is_active=False)


@pytest.mark.parametrize("spoil", [hidden, removed])
def test_what_buyers_may_not_see_is_neither_on_the_board_nor_on_the_main_button(cast, spoil):
    session = SessionFactory(cooperative=cast.coop_a)
    offer = OfferFactory(session=session, lined_up=True)
    other = OfferFactory(session=session)
    spoil(offer)
    board = client_of(cast.lan).get(f"/phien/{session.pk}/bang.json").json()
    assert [shown["c"] for shown in board["o"]] == [other.live_code]
    console = client_of(cast.minh).get(f"/lam-viec/phien/{session.pk}/dieu-khien/")
    assert f"/lam-viec/suat/{offer.pk}/ban/" not in console.content.decode()


def test_what_cannot_be_opened_is_never_the_main_button(cast):
    session = SessionFactory(cooperative=cast.coop_a)
    past = OfferFactory(
        session=session, lined_up=True, lot__best_before_on=db_today() - dt.timedelta(days=1)
    )
    ready = OfferFactory(session=session)
    page = client_of(cast.minh).get(f"/lam-viec/phien/{session.pk}/dieu-khien/").content.decode()
    bar = page[page.index('id="stage-bar"') :]
    assert f"/lam-viec/suat/{ready.pk}/ban/" in bar
    assert f"/lam-viec/suat/{past.pk}/ban/" not in bar


def test_goods_on_air_are_neither_hidden_nor_removed():
    offer = OfferFactory(session__title="Chợ chè tối nay")
    VariantFactory(product=offer.lot.product)  # so that it is not the last pack
    with pytest.raises(OnAirNow) as refused:
        publishing.hide_product(product=offer.lot.product)
    assert "Chợ chè tối nay" in str(refused.value.message)
    with pytest.raises(OnAirNow):
        packs.retire_variant(variant=offer.lot.variant)


def test_hiding_names_the_coming_sessions(cast):
    session = SessionFactory(cooperative=cast.coop_a, coming=True, title="Chợ chè mai")
    offer = OfferFactory(session=session, lined_up=True)
    mai = client_of(cast.mai)
    answer = mai.post(
        reverse("hide-product", args=[offer.lot.product.pk]),
        {"idempotency_key": "k" * 20},
        follow=True,
    )
    assert "“Chợ chè mai”" in answer.content.decode()
