from collections import Counter

import pytest

from config.demo import content, crowd

OFFERS = [crowd.OnOffer(120, 4, 3), crowd.OnOffer(60, 2, 1), crowd.OnOffer(300, 10, 5)]


def taken(orders: list[crowd.CrowdOrder]) -> Counter[int]:
    units: Counter[int] = Counter()
    for order in orders:
        if order.is_open:
            units.update(order.lines)
    return units


def test_the_crowd_is_exactly_as_large_as_asked_and_comes_in_order() -> None:
    orders = crowd.gather("a", offers=OFFERS, orders=150, minutes=30)
    assert len(orders) == 150
    seconds = [order.second for order in orders]
    assert seconds == sorted(seconds)
    assert seconds[0] >= 0
    assert seconds[-1] <= 30 * 60


def test_nobody_gets_what_is_not_there_or_more_than_allowed() -> None:
    orders = crowd.gather("a", offers=OFFERS, orders=200, minutes=30)
    sold = taken(orders)
    held: Counter[tuple[int, int]] = Counter()
    for order in orders:
        if order.is_open:
            held.update({(index, order.buyer): units for index, units in order.lines.items()})
    assert all(sold[index] <= offer.units for index, offer in enumerate(OFFERS))
    assert all(units <= OFFERS[index].limit for (index, _buyer), units in held.items())


def test_the_same_session_gives_the_same_crowd_and_another_one_another() -> None:
    def gather(key: str) -> list[crowd.CrowdOrder]:
        return crowd.gather(key, offers=OFFERS, orders=50, minutes=30)

    assert gather("a") == gather("a")
    assert gather("a") != gather("b")


def test_more_orders_than_units_are_refused_rather_than_invented() -> None:
    with pytest.raises(ValueError, match="nothing is left"):
        crowd.gather("a", offers=[crowd.OnOffer(5, 5, 1)], orders=50, minutes=10)


def test_buyers_rush_when_the_host_says_now() -> None:
    """Within an offer's turn the first third sees far more orders than the last."""
    orders = crowd.gather("rush", offers=[crowd.OnOffer(9_000, 20, 1)], orders=900, minutes=30)
    third = 30 * 60 / 3
    first = sum(order.second < third for order in orders)
    last = sum(order.second >= 2 * third for order in orders)
    assert first > 3 * last


def test_cash_and_transfers_end_in_every_way_they_can() -> None:
    session = next(s for s in content.sessions().past if s.orders == 2500)
    offers = [crowd.OnOffer(o.units, o.limit, o.sold) for o in session.offers]
    orders = crowd.gather(session.key, offers=offers, orders=2500, minutes=240)
    fates = Counter(order.fate for order in orders)
    assert fates[crowd.DELIVERED] > 2100
    assert set(fates) == {crowd.DELIVERED, crowd.RETURNED, crowd.CANCELLED, crowd.RELEASED}
    assert not any(o.fate == crowd.RELEASED and not o.is_transfer for o in orders)
    assert len({order.buyer for order in orders}) < len(orders)
