import datetime as dt

import pytest

from core.clock import db_now
from core.models import OutboxMessage
from livestreams.errors import (
    AlreadyInvited,
    CooperativeNotApproved,
    HolderStays,
    SessionIsLive,
    SessionIsOver,
    StartsInThePast,
    StartsTooFarAhead,
    TooManyCooperatives,
)
from livestreams.models import LETTERS, LivestreamSession, Slot
from livestreams.services.joining import invite_cooperative, join_session, leave_session
from livestreams.services.scheduling import (
    announce_session,
    cancel_session,
    edit_session,
    schedule_session,
)
from tests.factories.coops import CooperativeFactory
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory

pytestmark = pytest.mark.django_db
State = LivestreamSession.State


def tomorrow() -> dt.datetime:
    return db_now() + dt.timedelta(days=1)


def topics() -> list[str]:
    return list(OutboxMessage.objects.order_by("pk").values_list("topic", flat=True))


def as_it_stands(session: LivestreamSession, **changes):
    fields = [
        "title",
        "starts_at",
        "planned_minutes",
        "summary",
        "stream_url",
        "cover",
        "shipping_fee_vnd",
    ]
    return {field: getattr(session, field) for field in fields} | changes


def test_an_approved_co_op_announces_a_session_and_has_its_place_in_it():
    coop = CooperativeFactory()
    session = schedule_session(cooperative=coop, title="Chè thu", starts_at=tomorrow())
    assert session.state == State.SCHEDULED
    assert [slot.cooperative for slot in session.slots.joined()] == [coop]
    assert list(LivestreamSession.objects.public()) == [session]
    message = OutboxMessage.objects.get()
    assert message.topic == "livestreams.session.scheduled"
    assert message.feed == session.feed
    assert message.payload == {"session_id": session.pk}


def test_a_co_op_under_review_keeps_a_draft_that_nobody_else_sees():
    coop = CooperativeFactory(waiting=True)
    with pytest.raises(CooperativeNotApproved):
        schedule_session(cooperative=coop, title="Chè thu", starts_at=tomorrow())
    draft = schedule_session(cooperative=coop, title="Chè thu", starts_at=tomorrow(), is_draft=True)
    assert not LivestreamSession.objects.addressable().exists()
    with pytest.raises(CooperativeNotApproved):
        announce_session(session=draft)


def test_announcing_twice_tells_once():
    session = SessionFactory(draft=True)
    announce_session(session=session)
    announce_session(session=session)
    session.refresh_from_db()
    assert session.state == State.SCHEDULED
    assert topics() == ["livestreams.session.scheduled"]


def test_nobody_schedules_into_the_past():
    with pytest.raises(StartsInThePast) as refusal:
        schedule_session(cooperative=CooperativeFactory(), title="Chè", starts_at=db_now())
    assert refusal.value.field == "starts_at"


def test_nobody_schedules_beyond_what_a_calendar_can_tell():
    last_of_all = dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.UTC)
    with pytest.raises(StartsTooFarAhead) as refusal:
        schedule_session(cooperative=CooperativeFactory(), title="Chè", starts_at=last_of_all)
    assert refusal.value.field == "starts_at"


def test_time_and_fee_stand_still_on_air_but_words_may_change():
    session = SessionFactory()
    edit_session(session=session, **as_it_stands(session, title="Tên mới"))
    session.refresh_from_db()
    assert session.title == "Tên mới"
    assert "ten moi" in session.search_text
    with pytest.raises(SessionIsLive):
        edit_session(session=session, **as_it_stands(session, shipping_fee_vnd=1))
    with pytest.raises(SessionIsLive):
        edit_session(session=session, **as_it_stands(session, starts_at=tomorrow()))


def test_a_coming_session_moves_to_another_day_but_not_into_the_past():
    session = SessionFactory(coming=True)
    edit_session(session=session, **as_it_stands(session, starts_at=tomorrow()))
    with pytest.raises(StartsInThePast):
        edit_session(session=session, **as_it_stands(session, starts_at=db_now()))


def test_words_may_change_after_the_planned_hour_has_passed():
    session = SessionFactory(coming=True, starts_at=db_now() - dt.timedelta(minutes=5))
    assert edit_session(session=session, **as_it_stands(session, title="Sắp lên")).title


@pytest.mark.parametrize("over", ["ended", "cancelled"])
def test_what_is_over_does_not_change(over):
    session = SessionFactory(**{over: True})
    with pytest.raises(SessionIsOver):
        edit_session(session=session, **as_it_stands(session, title="Khác"))


def test_calling_off_twice_tells_once_and_the_page_still_answers():
    session = SessionFactory(coming=True)
    cancel_session(session=session)
    cancel_session(session=session)
    session.refresh_from_db()
    assert session.state == State.CANCELLED
    assert topics() == ["livestreams.session.cancelled"]
    assert not LivestreamSession.objects.public().exists()
    assert LivestreamSession.objects.addressable().exists()


def test_a_draft_called_off_is_gone_with_what_was_lined_up():
    session = SessionFactory(draft=True)
    OfferFactory(session=session, lined_up=True)
    cancel_session(session=session)
    assert not LivestreamSession.objects.exists()


def test_what_is_on_air_or_ended_is_not_called_off():
    with pytest.raises(SessionIsLive):
        cancel_session(session=SessionFactory())
    with pytest.raises(SessionIsOver):
        cancel_session(session=SessionFactory(ended=True))


def test_an_invited_co_op_gets_the_next_letter_and_sells_once_it_accepted():
    session, guest = SessionFactory(coming=True), CooperativeFactory()
    slot = invite_cooperative(session=session, cooperative=guest)
    assert (slot.letter, slot.joined_at) == ("B", None)
    join_session(slot=slot)
    join_session(slot=slot)
    slot.refresh_from_db()
    assert slot.joined_at is not None
    assert topics() == ["livestreams.slot.changed"] * 2


def test_nobody_is_invited_twice_nor_before_approval():
    session, guest = SessionFactory(coming=True), CooperativeFactory()
    invite_cooperative(session=session, cooperative=guest)
    with pytest.raises(AlreadyInvited):
        invite_cooperative(session=session, cooperative=guest)
    with pytest.raises(AlreadyInvited):
        invite_cooperative(session=session, cooperative=session.cooperative)
    with pytest.raises(CooperativeNotApproved):
        invite_cooperative(session=session, cooperative=CooperativeFactory(waiting=True))


def test_the_alphabet_bounds_the_table():
    session = SessionFactory(coming=True)
    SlotFactory(session=session, position=len(LETTERS) - 1)
    with pytest.raises(TooManyCooperatives):
        invite_cooperative(session=session, cooperative=CooperativeFactory())


def test_a_guest_leaves_with_its_lined_up_goods_and_the_holder_stays():
    session = SessionFactory(coming=True)
    slot = SlotFactory(session=session)
    OfferFactory(session=session, cooperative=slot.cooperative, lined_up=True)
    mine = OfferFactory(session=session, lined_up=True)
    leave_session(slot=slot)
    assert list(session.offers.all()) == [mine]
    assert session.slots.count() == 1
    with pytest.raises(HolderStays):
        leave_session(slot=session.slots.get())


def test_on_air_only_an_open_invitation_can_be_withdrawn():
    session = SessionFactory()
    joined = SlotFactory(session=session)
    with pytest.raises(SessionIsLive):
        leave_session(slot=joined)
    leave_session(slot=SlotFactory(session=session, invited=True))
    assert Slot.objects.filter(session=session).count() == 2
