"""Outbox messages about orders, written in the transaction of the change; no phones, no names."""

from collections.abc import Sequence

from core import outbox
from orders.models import Order, OrderLine, Parcel, Refund, StandbyEntry


def order_placed(order: Order, lines: Sequence[OrderLine], *, feed: str) -> None:
    """Notify the console of the order and the worker to recount the session."""
    outbox.add(
        "orders.order.placed",
        feed=feed,
        session_id=order.session_id,
        order_id=order.pk,
        code=order.code,
        lines=[
            {"offer_id": line.offer_id, "live_code": line.live_code, "quantity": line.quantity}
            for line in lines
        ],
        total_vnd=order.goods_vnd + order.shipping_vnd,
        province=order.commune.province.name,
    )


def order_changed(order: Order, *, offer_ids: Sequence[int] = ()) -> None:
    """Payment seen, changed, cancelled or released: figures and the board may be different now.

    `offer_ids` are the offers of which units came free, for buyers in line.
    """
    outbox.add(
        "orders.order.changed",
        feed=_feed_of(order),
        session_id=order.session_id,
        order_id=order.pk,
        code=order.code,
        state=order.state,
        offer_ids=list(offer_ids),
    )


def parcel_moved(parcel: Parcel) -> None:
    order = parcel.order
    outbox.add(
        "orders.order.changed",
        feed=_feed_of(order),
        session_id=order.session_id,
        order_id=order.pk,
        code=order.code,
        state=order.state,
        offer_ids=[],
        parcel_id=parcel.pk,
        parcel_state=parcel.state,
    )


def refund_changed(refund: Refund) -> None:
    """Money to send back was noted or settled; for programs, no board shows it."""
    outbox.add(
        "orders.refund.changed",
        order_id=refund.order_id,
        refund_id=refund.pk,
        state=refund.state,
        amount_vnd=refund.amount_vnd,
    )


def line_joined(*, session_id: int, offer_id: int) -> None:
    """A buyer joined the line: the board counts one more."""
    outbox.add(
        "orders.standby.joined",
        feed=f"session:{session_id}",
        session_id=session_id,
        offer_id=offer_id,
    )


def standby_settled(entry: StandbyEntry, *, session_id: int) -> None:
    """An entry's turn came (`promoted`), or it left the line, or the line was closed for it."""
    outbox.add(
        f"orders.standby.{entry.state}",
        feed=f"session:{session_id}",
        session_id=session_id,
        offer_id=entry.offer_id,
        entry_id=entry.pk,
    )


def _feed_of(order: Order) -> str:
    """As LivestreamSession.feed spells it, without reading the session."""
    return f"session:{order.session_id}"
