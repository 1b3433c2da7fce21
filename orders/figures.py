"""A session's figures for those who sell in it: the whole for its holder, one's own for guests."""

import datetime as dt
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet, Sum

from coops.models import Cooperative
from core.clock import db_now
from livestreams.models import LivestreamSession, Offer
from orders.models import Order, OrderLine, Refund, SessionTally
from orders.querysets import ORDERED_STATES, SAID_PAID

FIGURES = (
    "order_count",
    "unit_count",
    "buyer_count",
    "goods_vnd",
    "weight_g",
    "closed_order_count",
)


def own_cooperatives(user: Any, session: LivestreamSession) -> QuerySet[Cooperative] | None:
    """The co-ops in `session` whose part `user` may see; None when that is the whole session."""
    mine = Cooperative.objects.hosted_by(user)
    if mine.filter(pk=session.cooperative_id).exists():
        return None
    return mine.filter(slots__session=session).distinct()


def session_figures(
    session: LivestreamSession, mine: QuerySet[Cooperative] | None
) -> dict[str, Any]:
    """As /so-lieu.json says it: `total` from the tally, `offers` counted from the lines now, and
    for the holder `money`: transfers waited for, and what has to go back.

    Money in đồng, weight in grams, `age_s` seconds since the tally was counted.
    """
    now = db_now()
    return {
        "scope": "session" if mine is None else "cooperative",
        "now": now,
        "state": session.state,
        "total": _total(session, mine, now),
        "offers": _offers(session, mine),
        "money": waiting_for_money(session) if mine is None else None,
    }


def waiting_for_money(session: LivestreamSession) -> dict[str, Any]:
    """What the holder's account should still show, and what has to go back."""
    unpaid = Order.objects.filter(session=session).awaiting_payment()
    said = Order.objects.filter(SAID_PAID, session=session)
    due = Refund.objects.due().filter(order__session=session)
    return {
        **unpaid.aggregate(count=Count("pk"), amount_vnd=Sum("total_vnd"), next_at=Min("pay_by")),
        "said_count": said.count(),
        **due.aggregate(refund_count=Count("pk"), refund_vnd=Sum("amount_vnd")),
    }


def _total(
    session: LivestreamSession, mine: QuerySet[Cooperative] | None, now: dt.datetime
) -> dict[str, Any]:
    tallies = SessionTally.objects.filter(session=session)
    if mine is None:
        tallies = tallies.filter(cooperative=None)
    else:
        tallies = tallies.filter(cooperative__in=mine)
    found = list(tallies)
    total: dict[str, Any] = {name: sum(getattr(t, name) for t in found) for name in FIGURES}
    counted_at = min((tally.counted_at for tally in found), default=None)
    age_s = round((now - counted_at).total_seconds(), 1) if counted_at else None
    return {**total, "counted_at": counted_at, "age_s": age_s}


def _offers(session: LivestreamSession, mine: QuerySet[Cooperative] | None) -> list[dict[str, Any]]:
    sold = dict(
        OrderLine.objects.filter(offer__session=session, order__state__in=ORDERED_STATES)
        .values_list("offer_id")
        .annotate(goods_vnd=Sum(F("unit_price_vnd") * F("quantity")))
    )
    offers = Offer.objects.filter(session=session)
    if mine is not None:
        offers = offers.filter(Q(cooperative__in=mine))
    return [
        {
            "id": offer.pk,
            "live_code": offer.live_code,
            "state": offer.state,
            "quantity_offered": offer.quantity_offered,
            "quantity_claimed": offer.quantity_claimed,
            "quantity_left": offer.quantity_left,
            "goods_vnd": sold.get(offer.pk, 0),
        }
        for offer in offers.order_by("position", "pk")
    ]
