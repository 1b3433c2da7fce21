"""Orders of phones never seen: learnt from when they turn out well, called off when they are a pattern."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Min, Q, QuerySet, Sum

from accounts.models import User
from core.clock import db_now
from core.errors import DomainError
from orders.models import CallBack, Order, Parcel
from orders.querysets import OPEN_STATES
from orders.services.cancelling import BooksDisagree, cancel_order_for_coop
from orders.services.weighing import know

LEARNT_AT_ONCE = 500
NEVER_CONFIRMED = dt.timedelta(days=7)
CLOSED_AT_ONCE = 200


@dataclass(frozen=True)
class Pattern:
    """Open orders of phones never seen from one network (`client_network`), or of all of them."""

    client_network: str
    orders: int
    units: int
    first_at: dt.datetime


def learn_buyers() -> int:
    """Orders of phones never seen that were received or paid make their phones known."""
    good = Q(paid_at__isnull=False) | Q(parcels__state=Parcel.State.DELIVERED)
    found = (
        Order.objects.filter(good, is_unseen=True)
        .distinct()
        .order_by("pk")
        .values_list("pk", "buyer_phone", "client_network", "client_block")[:LEARNT_AT_ONCE]
    )
    learnt = 0
    for pk, phone, network, block in list(found):
        know(phone=phone, network=network, block=block)
        learnt += Order.objects.filter(pk=pk, is_unseen=True).update(is_unseen=False)
    return learnt


def patterns(session_id: int) -> list[Pattern]:
    """Where many open orders of phones never seen come from, the most units first."""
    groups = (
        doubtful(session_id)
        .exclude(client_network="")
        .values("client_network")
        .annotate(orders=Count("pk", distinct=True), units=Sum("lines__quantity"))
        .annotate(first_at=Min("placed_at"))
        .filter(orders__gte=2)
        .order_by("-units")[:10]
    )
    return [Pattern(**group) for group in groups]


def doubtful(session_id: int) -> "QuerySet[Order]":
    """Open orders of phones never seen, not paid, nothing of them packed."""
    packed = Parcel.objects.exclude(state=Parcel.State.NEW).values("order_id")
    return Order.objects.filter(
        session_id=session_id, is_unseen=True, state__in=OPEN_STATES, paid_at=None
    ).exclude(pk__in=packed)


def call_off_pattern(
    *, session_id: int, client_network: str, reason: str, by: User | None = None
) -> int:
    """Call off all doubtful orders of a network ("": of all networks); returns how many.

    Each in a transaction of its own, so that one that was packed meanwhile keeps no other.
    """
    found = doubtful(session_id)
    if client_network:
        found = found.filter(client_network=client_network)
    return _close_each(found.order_by("pk"), reason, by)


def close_never_confirmed() -> int:
    """Cash orders of phones never seen that nobody packed within a week give their units back."""
    packed = Parcel.objects.exclude(state=Parcel.State.NEW).values("order_id")
    overdue = Order.objects.filter(
        is_unseen=True,
        state=Order.State.CONFIRMED,
        paid_at=None,
        placed_at__lt=db_now() - NEVER_CONFIRMED,
    ).exclude(pk__in=packed)
    return _close_each(overdue.order_by("pk")[:CLOSED_AT_ONCE], "Không liên hệ được để xác nhận.")


def forget_past_calls() -> int:
    """Delete old entries of the call list, with names, phones and addresses; returns how many."""
    calls = CallBack.objects.past()
    count = calls.count()
    calls.delete()
    return count


def _close_each(orders: "QuerySet[Order]", reason: str, by: User | None = None) -> int:
    closed = 0
    for order in orders:
        try:
            cancel_order_for_coop(order=order, reason=reason, user=by)
        except (DomainError, BooksDisagree):
            continue
        closed += 1
    return closed
