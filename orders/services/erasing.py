"""Erasing buyers' data when it is no longer needed (Law 91/2025/QH15 on personal data).

Names, phones, addresses and notes go; what was sold, where to and for how much stays. A phone is
replaced by the number of the buyer's first order in that session, so its buyers are counted as before.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from core.clock import db_now
from core.phones import ERASED
from orders.models import CallBack, Order, PhoneReveal, Refund, StandbyEntry

BATCH = 200  # orders in one transaction
ERASED_NAME = "•••"
OPEN_PARCELS = ("new", "packed", "shipped")
ON_THE_WAY = Q(parcels__state__in=OPEN_PARCELS) & Q(state=Order.State.CONFIRMED)
UNSETTLED = Q(state__in=(Order.State.HELD, Order.State.AWAITING_PAYMENT)) | ON_THE_WAY


def erase_old_buyers() -> int:
    """Erase one batch of what has been kept long enough; returns how many orders.

    An order waits while anything of it is under way, while money of it is to go back, and while
    another order of the same buyer in the same session is kept: the session's buyers are counted
    by their phones.
    """
    now = db_now()
    old = now - dt.timedelta(days=settings.BUYERS_KEPT_DAYS)
    old_and_closed = now - dt.timedelta(days=settings.CLOSED_ORDERS_KEPT_DAYS)
    closed = Q(state__in=(Order.State.CANCELLED, Order.State.RELEASED), paid_at=None)
    due = Order.objects.filter(
        Q(placed_at__lt=old) | (closed & Q(placed_at__lt=old_and_closed))
    ).exclude(buyer_phone__startswith=ERASED)
    found = due.exclude(UNSETTLED).order_by("placed_at")[:BATCH]
    whole = Order.objects.filter(pk__in=[order.pk for order in _with_all_of_theirs(found, due)])
    return erase_orders(whole.values_list("pk", flat=True))


def _with_all_of_theirs(orders: Iterable[Order], due: Any) -> list[Order]:
    """`orders` and what the same buyers have in the same sessions; none of it where some is kept."""
    found = []
    for session_id, phone in {(order.session_id, order.buyer_phone) for order in orders}:
        theirs = Order.objects.filter(session=session_id, buyer_phone=phone)
        ready = list(due.filter(session=session_id, buyer_phone=phone).exclude(UNSETTLED))
        if len({order.pk for order in ready}) == theirs.count():
            found += ready
    return found


def erase_buyer(*, phone: str) -> tuple[int, int]:
    """Erase a buyer's personal data on request; returns how many orders are erased and kept.

    Orders under way, and those whose money is to go back, are kept until that is over.
    """
    mine = Order.objects.filter(buyer_phone=phone)
    erased = erase_orders(mine.exclude(UNSETTLED).values_list("pk", flat=True))
    with transaction.atomic():
        _erase_standby(StandbyEntry.objects.filter(buyer_phone=phone).exclude(state="waiting"))
        CallBack.objects.filter(buyer_phone=phone).delete()
    return erased, mine.count()


@transaction.atomic
def erase_orders(order_ids: Iterable[int]) -> int:
    """Erase the buyers of these orders with their history; orders with money due are left."""
    rows = Order.objects.filter(pk__in=list(order_ids)).order_by("pk").select_for_update()
    due = set(
        Refund.objects.filter(order__in=rows, state=Refund.State.DUE).values_list(
            "order_id", flat=True
        )
    )
    erased = [order for order in rows if order.pk not in due]
    words: dict[tuple[int, str], str] = {}
    for order in erased:
        who = (order.session_id, order.buyer_phone)
        word = words.setdefault(who, f"{ERASED}{order.pk}")
        Order.objects.filter(pk=order.pk).update(
            buyer_name=ERASED_NAME, buyer_phone=word, address_line="", note="", close_reason=""
        )
    ids = [order.pk for order in erased]
    _erase_history(ids)
    _erase_standby(StandbyEntry.objects.filter(order__in=ids))
    PhoneReveal.objects.filter(parcel__order__in=ids).delete()
    CallBack.objects.filter(order__in=ids).delete()
    return len(erased)


def _erase_history(order_ids: list[int]) -> None:
    """The update above left its old values in the history, like every change before."""
    table = Order.pgh_event_model._meta.db_table  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET buyer_name = %s, buyer_phone = %s, address_line = '', note = '',"  # noqa: S608
            " close_reason = '' WHERE pgh_obj_id = ANY(%s)",
            [ERASED_NAME, ERASED, order_ids],
        )


def _erase_standby(entries: Any) -> None:
    entries.update(buyer_name=ERASED_NAME, buyer_phone=ERASED, address_line="", note="")
