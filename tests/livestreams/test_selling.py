"""Line up, go live, sell, sell out, end: and the lots add up after every step."""

import datetime as dt

import pytest

from core.clock import db_today
from core.models import OutboxMessage
from livestreams.errors import (
    BelowClaimed,
    CooperativeNotApproved,
    ForeignLot,
    LackingStock,
    NothingLinedUp,
    NotInSession,
    OfferMoved,
    OfferNotReady,
    SessionIsOver,
    SessionNotLive,
)
from livestreams.models import LivestreamSession, Offer
from livestreams.services.lining_up import edit_offer, line_up_offer, move_offer, remove_offer
from livestreams.services.running import end_session, go_live
from livestreams.services.selling import (
    close_offer,
    mark_sold_out,
    open_offer,
    reopen_offer,
    sell_now,
)
from tests.factories.coops import CooperativeFactory, member_of
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.products import LotFactory
from tests.livestreams.books import lot_adds_up

pytestmark = pytest.mark.django_db
State = Offer.State


def lot_of(cooperative, **fields):
    return LotFactory(variant__product__cooperative=cooperative, **fields)


def line_up(session, lot, **changes) -> Offer:
    fields = {"unit_price_vnd": 99_000, "quantity_offered": 20, "limit_per_buyer": 5} | changes
    coop = fields.pop("cooperative", lot.variant.product.cooperative)
    return line_up_offer(session=session, cooperative=coop, lot=lot, **fields)


def claim(offer: Offer, quantity: int) -> bool:
    return Offer.objects.filter(pk=offer.pk).claim(quantity)


def topics() -> list[str]:
    return list(OutboxMessage.objects.order_by("pk").values_list("topic", flat=True))


# Lining up


def test_codes_are_the_next_free_of_the_co_ops_letter():
    session = SessionFactory(coming=True)
    guest = SlotFactory(session=session).cooperative
    first, second = (line_up(session, lot_of(session.cooperative)) for _ in range(2))
    theirs = line_up(session, lot_of(guest))
    assert [first.live_code, second.live_code, theirs.live_code] == ["A01", "A02", "B01"]
    remove_offer(offer=first)
    assert line_up(session, lot_of(session.cooperative)).live_code == "A01"
    assert [offer.position for offer in session.offers.order_by("position")] == [1, 2, 3]


def test_lining_up_takes_nothing_yet_but_asks_for_enough():
    session = SessionFactory(coming=True)
    lot = lot_of(session.cooperative, quantity_made=20)
    offer = line_up(session, lot, quantity_offered=20)
    assert offer.state == State.LINED_UP
    assert lot_adds_up(lot)
    with pytest.raises(LackingStock) as refusal:
        line_up(session, lot, quantity_offered=21)
    assert refusal.value.field == "quantity_offered"
    assert "20" in str(refusal.value)


def test_a_co_op_lines_up_its_own_lots_in_sessions_it_has_joined():
    session = SessionFactory(coming=True)
    stranger = CooperativeFactory()
    with pytest.raises(ForeignLot):
        line_up(session, lot_of(stranger), cooperative=session.cooperative)
    with pytest.raises(NotInSession):
        line_up(session, lot_of(stranger))
    invited = SlotFactory(session=session, invited=True).cooperative
    with pytest.raises(NotInSession):
        line_up(session, lot_of(invited))


def test_nothing_is_lined_up_in_what_is_over():
    session = SessionFactory(ended=True)
    with pytest.raises(SessionIsOver):
        line_up(session, lot_of(session.cooperative))


def test_the_order_of_selling_changes_step_by_step():
    session = SessionFactory(coming=True)
    a, b, c = (OfferFactory(session=session, lined_up=True) for _ in range(3))

    def order():
        return [offer.live_code for offer in session.offers.all()]

    move_offer(offer=c, up=True)
    assert order() == ["A01", "A03", "A02"]
    move_offer(offer=c, up=True)
    move_offer(offer=c, up=True)  # first already
    assert order() == ["A03", "A01", "A02"]
    move_offer(offer=b, up=False)  # last already
    move_offer(offer=a, up=False)
    assert order() == ["A03", "A02", "A01"]


def test_what_was_on_sale_is_not_removed():
    offer = OfferFactory()
    with pytest.raises(OfferMoved):
        remove_offer(offer=offer)
    assert Offer.objects.filter(pk=offer.pk).exists()


# Editing


def edit(offer: Offer, **changes) -> Offer:
    fields = ["unit_price_vnd", "quantity_offered", "limit_per_buyer"]
    return edit_offer(offer=offer, **{f: getattr(offer, f) for f in fields} | changes)


def test_an_open_allotment_grows_and_shrinks_with_the_lot():
    offer = OfferFactory(quantity_offered=10, lot__quantity_made=30)
    assert edit(offer, quantity_offered=30).quantity_offered == 30
    assert lot_adds_up(offer.lot)
    assert offer.lot.quantity_available == 0
    edit(offer, quantity_offered=4)
    assert lot_adds_up(offer.lot)
    assert offer.lot.quantity_available == 26


def test_the_allotment_never_goes_below_what_buyers_hold():
    offer = OfferFactory(quantity_offered=10)
    assert claim(offer, 7)
    with pytest.raises(BelowClaimed):
        edit(offer, quantity_offered=6)
    assert edit(offer, quantity_offered=7).quantity_left == 0
    assert lot_adds_up(offer.lot)


def test_growing_beyond_the_lot_says_how_many_there_could_be():
    offer = OfferFactory(quantity_offered=10, lot__quantity_made=30)
    with pytest.raises(LackingStock) as refusal:
        edit(offer, quantity_offered=31)
    assert refusal.value.details["quantity_available"] == 30
    offer.refresh_from_db()
    assert offer.quantity_offered == 10
    assert lot_adds_up(offer.lot)


def test_a_lined_up_offer_is_edited_without_touching_the_lot():
    offer = OfferFactory(lined_up=True, lot__quantity_made=30)
    assert edit(offer, quantity_offered=30, unit_price_vnd=1000).unit_price_vnd == 1000
    with pytest.raises(LackingStock):
        edit(offer, quantity_offered=31)
    assert lot_adds_up(offer.lot)


def test_a_lower_price_is_possible_even_when_the_lot_ran_short():
    offer = OfferFactory(lined_up=True, quantity_offered=20, lot__quantity_made=10)
    assert edit(offer, unit_price_vnd=1000).unit_price_vnd == 1000


def test_a_closed_offer_is_not_edited():
    with pytest.raises(OfferMoved):
        edit(OfferFactory(closed=True), unit_price_vnd=1000)


# Going live


def test_going_live_opens_what_is_lined_up_and_takes_it_out_of_the_lots():
    session = SessionFactory(coming=True)
    host = member_of(session.cooperative, "host")
    offers = [OfferFactory(session=session, lined_up=True) for _ in range(2)]
    assert go_live(session=session, by=host) == []
    session.refresh_from_db()
    assert session.is_live
    assert session.went_live_at is not None
    for offer in offers:
        offer.refresh_from_db()
        assert offer.state == State.OPEN
        assert lot_adds_up(offer.lot)
        assert offer.lot.quantity_available == 90
        assert offer.lot.movements.latest("pk").moved_by == host
    assert topics() == ["livestreams.session.went_live"]


def test_what_lacks_stock_stays_lined_up_and_is_told():
    session = SessionFactory(coming=True)
    lot = lot_of(session.cooperative, quantity_made=25)
    for quantity in (20, 10):
        OfferFactory(session=session, lined_up=True, lot=lot, quantity_offered=quantity)
    fine = OfferFactory(session=session, lined_up=True)
    not_opened = go_live(session=session)
    assert [(missing.live_code, str(missing.reason)) for missing in not_opened] == [
        ("A02", "Lô chỉ còn 5, suất này cần 10.")
    ]
    states = dict(session.offers.values_list("live_code", "state"))
    assert states == {"A01": State.OPEN, "A02": State.LINED_UP, "A03": State.OPEN}
    assert lot_adds_up(lot)
    assert lot_adds_up(fine.lot)


def spoil_product(offer):
    type(offer.lot.product).objects.update(state="hidden")


def spoil_variant(offer):
    type(offer.lot.variant).objects.update(is_active=False)


def spoil_lot(offer):
    type(offer.lot).objects.update(best_before_on=db_today() - dt.timedelta(days=1))


def spoil_cooperative(offer):
    offer.cooperative.state = "suspended"
    offer.cooperative.save()


@pytest.mark.parametrize("spoil", [spoil_product, spoil_variant, spoil_lot, spoil_cooperative])
def test_what_may_not_be_sold_stays_lined_up(spoil):
    session = SessionFactory(coming=True)
    guest = SlotFactory(session=session).cooperative
    offer = OfferFactory(session=session, cooperative=guest, lined_up=True)
    spoil(offer)
    assert [missing.live_code for missing in go_live(session=session)] == ["B01"]
    offer.refresh_from_db()
    assert offer.state == State.LINED_UP
    assert lot_adds_up(offer.lot)


def test_a_lot_is_sold_on_its_best_before_day():
    session = SessionFactory(coming=True)
    OfferFactory(session=session, lined_up=True, lot__best_before_on=db_today())
    assert go_live(session=session) == []


def test_going_live_twice_takes_once():
    session = SessionFactory(coming=True)
    offer = OfferFactory(session=session, lined_up=True)
    go_live(session=session)
    assert go_live(session=session) == []
    assert lot_adds_up(offer.lot)
    assert len(topics()) == 1


def test_an_empty_session_or_a_co_op_without_approval_does_not_go_live():
    session = SessionFactory(coming=True)
    with pytest.raises(NothingLinedUp):
        go_live(session=session)
    session.refresh_from_db()
    assert session.state == LivestreamSession.State.SCHEDULED
    suspended = SessionFactory(coming=True, cooperative__state="suspended")
    with pytest.raises(CooperativeNotApproved):
        go_live(session=suspended)
    with pytest.raises(SessionIsOver):
        go_live(session=SessionFactory(cancelled=True))


# Selling


def test_one_tap_sells_now_and_opens_what_was_only_lined_up():
    session = SessionFactory()
    offer = OfferFactory(session=session, lined_up=True)
    sell_now(offer=offer)
    session.refresh_from_db()
    assert session.now_selling == offer
    assert session.now_selling.state == State.OPEN
    assert lot_adds_up(offer.lot)
    sell_now(offer=offer)
    assert topics() == ["livestreams.session.now_selling"]


@pytest.mark.parametrize("state", [State.SOLD_OUT, State.CLOSED])
def test_what_is_gone_is_not_sold_now(state):
    offer = OfferFactory(state=state)
    with pytest.raises(OfferMoved):
        sell_now(offer=offer)


def test_nothing_is_sold_before_or_after_the_session():
    coming = OfferFactory(session=SessionFactory(coming=True), lined_up=True)
    for act in (open_offer, sell_now, mark_sold_out, reopen_offer, close_offer):
        with pytest.raises(SessionNotLive):
            act(offer=coming)


def test_sold_out_stops_claims_keeps_the_units_and_can_be_taken_back():
    offer = OfferFactory(quantity_offered=10)
    mark_sold_out(offer=offer)
    mark_sold_out(offer=offer)
    assert not claim(offer, 1)
    assert lot_adds_up(offer.lot)
    reopen_offer(offer=offer)
    assert claim(offer, 1)
    assert topics() == ["livestreams.offer.changed"] * 2


def test_a_closed_offer_is_not_sold_out_nor_reopened():
    offer = OfferFactory(closed=True)
    with pytest.raises(OfferMoved):
        mark_sold_out(offer=offer)
    with pytest.raises(OfferMoved):
        reopen_offer(offer=offer)


def test_closing_gives_the_rest_back_and_clears_what_is_sold_now():
    offer = OfferFactory(quantity_offered=10)
    sell_now(offer=offer)
    assert claim(offer, 3)
    close_offer(offer=offer)
    close_offer(offer=offer)
    offer.refresh_from_db()
    assert offer.state == State.CLOSED
    assert offer.session.now_selling is None
    assert lot_adds_up(offer.lot)
    assert offer.lot.quantity_available == 97
    assert not claim(offer, 1)


def test_a_closed_offer_opens_again_with_what_it_had_left():
    offer = OfferFactory(quantity_offered=10)
    assert claim(offer, 3)
    close_offer(offer=offer)
    open_offer(offer=offer)
    open_offer(offer=offer)
    offer.refresh_from_db()
    assert (offer.state, offer.quantity_left, offer.closed_at) == (State.OPEN, 7, None)
    assert lot_adds_up(offer.lot)


def test_what_never_opened_is_removed_not_closed():
    with pytest.raises(OfferMoved):
        close_offer(offer=OfferFactory(lined_up=True))


def test_opening_without_stock_says_what_is_missing():
    offer = OfferFactory(lined_up=True, quantity_offered=20, lot__quantity_made=10)
    with pytest.raises(OfferNotReady) as refusal:
        sell_now(offer=offer)
    assert "10" in str(refusal.value)
    offer.session.refresh_from_db()
    assert offer.session.now_selling is None


# The end


def test_the_end_closes_everything_and_gives_the_rest_back():
    session = SessionFactory()
    lot = lot_of(session.cooperative, quantity_made=60)
    sold, told, waiting = (
        OfferFactory(session=session, lot=lot, state=state)
        for state in (State.OPEN, State.SOLD_OUT, State.LINED_UP)
    )
    claim(sold, 4)
    sell_now(offer=sold)
    end_session(session=session)
    end_session(session=session)
    session.refresh_from_db()
    assert session.state == LivestreamSession.State.ENDED
    assert session.ended_at is not None
    assert session.now_selling is None
    assert set(session.offers.values_list("state", flat=True)) == {State.CLOSED}
    assert lot_adds_up(lot)
    assert lot.quantity_available == 56
    assert topics()[-1] == "livestreams.session.ended"
    assert topics().count("livestreams.session.ended") == 1
    assert told.lot_id == waiting.lot_id == lot.pk


def test_only_what_is_on_air_ends():
    with pytest.raises(SessionNotLive):
        end_session(session=SessionFactory(coming=True))
    with pytest.raises(SessionIsOver):
        end_session(session=SessionFactory(cancelled=True))


def test_a_message_carries_ids_and_nothing_personal():
    offer = OfferFactory()
    mark_sold_out(offer=offer)
    message = OutboxMessage.objects.get()
    assert message.feed == offer.session.feed
    assert message.payload == {
        "session_id": offer.session_id,
        "offer_id": offer.pk,
        "live_code": "A01",
        "state": "sold_out",
    }
