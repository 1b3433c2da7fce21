"""What viewers are sent: small however long the line-up is, and enough to see the whole board."""

import random
from typing import Any

import pytest

from livestreams import board, updates
from livestreams.models import LivestreamSession, Offer
from livestreams.services.running import end_session
from livestreams.services.selling import mark_sold_out, open_offer, sell_now
from livestreams.updates import Updates
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory
from tests.factories.products import ProductPhotoFactory

MOST = 2048  # bytes of a frame, all of it
NAME = "Chè Shan tuyết cổ thụ một tôm hai lá sao chảo gang, hộp thiếc, vụ xuân"


def long_session(offers: int = 30) -> LivestreamSession:
    session = SessionFactory(title="Phiên chợ vùng cao Lào Cai, Yên Bái và Hà Giang")
    for _ in range(offers):
        offer = OfferFactory(
            session=session, lot__variant__product__name=NAME, quantity_offered=100
        )
        ProductPhotoFactory(product=offer.lot.variant.product)
    return session


def whole(session: LivestreamSession) -> board.Board:
    return board.snapshot(str(session.pk))


def size(update: board.Board) -> int:
    return len(f"id: 123456\nevent: board\ndata: {board.as_json(update)}\n\n".encode())


def seen(known: board.Board, update: board.Board) -> board.Board | None:
    """What a page that knew `known` shows after `update`; None when it must ask. As in live.js."""
    if "l" not in update:
        return update
    if known["v"] != update["v"] and known["v"] not in update.get("f", []):
        return None
    offers = {offer["i"]: offer for offer in [*known["o"], *update.get("c", [])]}
    shown = []
    for number, left, mark in zip(
        update.get("i", [offer["i"] for offer in known["o"]]),
        update["l"],
        update["x"],
        strict=True,
    ):
        offer = {name: value for name, value in offers[number].items() if name != "x"}
        shown.append(offer | {"l": left} | ({"x": mark} if mark != "-" else {}))
    rest = {name: update[name] for name in update.keys() - set("lxfic")}
    return known | rest | {"o": shown}


@pytest.mark.django_db
@pytest.mark.parametrize("offers", [12, 30, 100])
def test_an_update_is_at_most_two_kilobytes(offers: int):
    session = long_session(offers)
    drawing = Updates()
    before = whole(session)
    sizes = [size(drawing.draw("1", before))]
    for offer in session.offers.all()[:8]:
        Offer.objects.filter(pk=offer.pk).update(unit_price_vnd=99_000)
        sizes.append(size(drawing.draw("1", whole(session))))
    assert max(sizes) <= MOST
    assert size(before) > MOST or offers == 12  # the harm: whole boards are bigger


@pytest.mark.django_db
def test_numbers_alone_travel_while_the_line_up_stays():
    session = long_session(3)
    known = whole(session)
    offer = session.offers.first()
    sell_now(offer=offer)
    OrderFactory(offer=offer, quantity=2)
    Offer.objects.filter(pk=offer.pk).claim(2)
    update = Updates().draw("1", whole(session))
    assert set(update) == {"at", "r", "s", "n", "v", "l", "x"}
    assert update["v"] == known["v"]
    assert seen(known, update) == whole(session) | {"at": update["at"], "r": update["r"]}


@pytest.mark.django_db
def test_whatever_the_host_does_every_viewer_sees_the_whole_board_or_asks():
    """Two hundred steps; viewers who miss up to five updates; the same dice each time."""
    dice = random.Random(7)
    session = long_session(6)
    drawing = Updates()
    viewers = [whole(session) for _ in range(6)]
    asked = 0
    for step in range(200):
        change(session, dice)
        now = whole(session)
        update = drawing.draw("1", now)
        assert size(update) <= MOST
        for number, known in enumerate(viewers):
            if step % (number + 1):
                continue
            shown = seen(known, update)
            asked += shown is None
            assert shown is None or shown == now
            viewers[number] = now
    assert asked < 100  # asking is the exception


def change(session: LivestreamSession, dice: random.Random) -> None:
    offers = list(session.offers.exclude(state=Offer.State.CLOSED))
    offer = dice.choice(offers)
    rows = Offer.objects.filter(pk=offer.pk)
    match dice.randrange(8):
        case 0:
            rows.update(unit_price_vnd=dice.randrange(10, 500) * 1000)
        case 1:
            ProductPhotoFactory(product=OfferFactory(session=session).lot.variant.product)
        case 2 if len(offers) > 2:
            rows.update(state=Offer.State.CLOSED)
        case 3:
            rows.update(position=dice.randrange(1000, 2000))
        case 4 if offer.state == Offer.State.OPEN:
            sell_now(offer=offer)
        case 5 if offer.state == Offer.State.OPEN:
            mark_sold_out(offer=offer)
        case _:
            rows.claim(1)


@pytest.mark.django_db
def test_who_knows_none_of_the_last_line_ups_asks(monkeypatch: pytest.MonkeyPatch):
    session = long_session(2)
    drawing = Updates()
    known = whole(session)
    drawing.draw("1", known)
    session.offers.update(unit_price_vnd=1000)
    now = whole(session)
    assert seen(known, drawing.draw("1", now)) == now
    assert seen(known, Updates().draw("1", now)) is None  # a relay that began afterwards
    monkeypatch.setattr(updates, "KEPT_S", 0.0)
    assert seen(known, drawing.draw("1", now)) is None


@pytest.mark.django_db
def test_a_line_up_that_comes_back_is_the_same_line_up():
    session = long_session(2)
    drawing = Updates()
    first = whole(session)
    drawing.draw("1", first)
    offer = session.offers.first()
    price = offer.unit_price_vnd
    Offer.objects.filter(pk=offer.pk).update(unit_price_vnd=1000)
    drawing.draw("1", whole(session))
    Offer.objects.filter(pk=offer.pk).update(unit_price_vnd=price)
    again = drawing.draw("1", whole(session))
    assert again["v"] == first["v"]
    assert first["v"] not in again["f"]


def test_boards_of_many_sessions_do_not_fill_the_memory():
    drawing = Updates()
    for number in range(200):
        for version in range(20):
            drawing.draw(str(number), plain_board(f"v{version}"))
    assert len(drawing._past) <= updates.BOARDS_KEPT
    assert all(len(past) <= updates.LINE_UPS_KEPT for past in drawing._past.values())


def plain_board(version: str) -> dict[str, Any]:
    offer = {"i": 1, "n": version, "l": 1}
    return {"at": 1, "r": 1, "s": "live", "n": None, "t": "t", "h": {}, "o": [offer], "v": version}


@pytest.mark.django_db
def test_the_end_reaches_every_viewer():
    session = long_session(2)
    open_offer(offer=OfferFactory(session=session, lined_up=True))
    known = whole(session)
    drawing = Updates()
    drawing.draw("1", known)
    end_session(session=session)
    shown = seen(known, drawing.draw("1", whole(session)))
    assert shown is not None
    assert (shown["s"], shown["o"]) == ("ended", [])
    assert Updates().draw("1", {"s": "gone"}) == {"s": "gone"}


@pytest.mark.django_db
def test_live_sessions_are_watched():
    session = SessionFactory()
    SessionFactory(coming=True)
    SessionFactory(ended=True)
    assert updates.watched() == [str(session.pk)]
