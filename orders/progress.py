"""The progress of an order, as a line of steps and as a sentence about what comes next."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from core.clock import LOCAL_ZONE
from core.money import format_vnd
from orders.models import Order, Parcel, Refund
from orders.services.cancelling import NOT_TAKEN

State = Parcel.State
REACHED: dict[str, int] = {
    State.NEW: 0,
    State.PACKED: 1,
    State.SHIPPED: 2,
    State.DELIVERED: 3,
    State.RETURNED: 2,
}


def steps_of(order: Order) -> list[dict[str, Any]]:
    """Steps for `_parts/steps.html`. With several parcels the slowest one counts."""
    if order.state == Order.State.HELD:
        later = [_("Ordered"), _("Packed"), _("On its way"), _("Delivered")]
        held = {"label": _("Held for you"), "state": "now", "at": order.placed_at}
        return [held, *({"label": label, "state": "next"} for label in later)]
    steps: list[dict[str, Any]] = [{"label": _("Ordered"), "state": "done", "at": order.placed_at}]
    if order.payment_method == Order.PaymentMethod.TRANSFER:
        label = _("Paid") if order.paid_at else _("Payment")
        steps.append({"label": label, "state": _payment_state(order), "at": order.paid_at})
    if not order.is_open:
        return _steps_of_closed(order, steps)
    states = {parcel.state for parcel in order.parcels.all()}
    reached = min((REACHED.get(state, 0) for state in states), default=0)
    for number, label in enumerate([_("Packed"), _("On its way"), _("Delivered")], start=1):
        steps.append({"label": label, "state": "done" if reached >= number else "next"})
    if State.RETURNED in states and reached == REACHED[State.RETURNED]:
        steps[-1] = {"label": _("Came back"), "state": "stop"}
    waiting = next((step for step in steps if step["state"] == "next"), None)
    if waiting and all(step["state"] != "now" for step in steps):
        waiting["state"] = "now"
    return steps


def _steps_of_closed(order: Order, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What happened until it was closed, and to its money since, in the order of time."""
    last = _("Cancelled") if order.state == Order.State.CANCELLED else _("Time ran out")
    steps = [step for step in steps if step["state"] == "done"]
    steps.append({"label": last, "state": "stop", "at": order.closed_at})
    if refund := order.refund:
        state = "now" if refund.state == Refund.State.DUE else "done"
        steps.append({"label": _money_step(refund), "state": state, "at": refund.settled_at})
    return sorted(steps, key=lambda step: (step["at"] is None, step["at"]))


def _money_step(refund: Refund) -> str:
    if refund.state == Refund.State.DUE:
        return _("Money goes back")
    return _("New order") if refund.state == Refund.State.REPLACED else _("Sent back")


def _payment_state(order: Order) -> str:
    if order.state == Order.State.AWAITING_PAYMENT:
        return "now"
    return "done" if order.paid_at else "stop"


def next_words(order: Order, now: dt.datetime) -> str:
    """What the buyer does next, or what happens by itself."""
    if not order.is_open:
        return _closed(order)
    if order.state == Order.State.CONFIRMED:
        return _on_the_way(order, {parcel.state for parcel in order.parcels.all()})
    is_over = order.pay_by is not None and order.pay_by < now
    if order.state == Order.State.HELD:
        return _held(is_over=is_over)
    if is_over:
        return _("The time to pay is over. Please do not transfer any more; order anew.")
    if order.buyer_paid_at:
        return _(
            "You said that the money is sent. The co-op looks into its account and confirms here."
        )
    return _("Transfer the money now. The co-op looks into its account and confirms here.")


def _held(*, is_over: bool) -> str:
    if is_over:
        return _("The time to take these goods is over; they go to the next in line.")
    return _("Your turn in the line has come. Take the goods before the time runs out.")


def _closed(order: Order) -> str:
    if refund := order.refund:
        return _about_refund(refund)
    if order.state == Order.State.CANCELLED:
        return _("This order is cancelled. Nothing will be sent and nothing is to be paid.")
    if order.close_reason == NOT_TAKEN:
        return _("The goods were not taken in time, so they went to the next in line.")
    return _("The transfer did not come in time, so the goods went back on sale.")


def _about_refund(refund: Refund) -> str:
    if refund.state == Refund.State.SENT and refund.settled_at:
        return _(
            "The co-op sent your %(amount)s back on %(day)s; the bank's number is %(number)s."
        ) % {
            "amount": format_vnd(refund.amount_vnd),
            "day": f"{refund.settled_at.astimezone(LOCAL_ZONE):%d/%m/%Y}",
            "number": refund.reference,
        }
    if refund.state == Refund.State.REPLACED:
        return _("Your money was used for a new order of the same goods.")
    if refund.reason == Refund.Reason.LATE:
        words = _(
            "Your money came after the time had run out. The co-op rings you: it sends %(amount)s"
            " back, or places the order anew if you agree."
        )
    else:
        words = _("You had paid: the co-op sends %(amount)s back to you.")
    return words % {"amount": format_vnd(refund.amount_vnd)}


def _about_returned(refunds: list[Refund]) -> str:
    due_vnd = sum(row.amount_vnd for row in refunds if row.state == Refund.State.DUE)
    if not due_vnd:
        return _about_refund(refunds[-1])
    return _(
        "A parcel came back to the co-op. You had paid for it: %(amount)s goes back to you. To have"
        " it sent again instead, ring the co-op."
    ) % {"amount": format_vnd(due_vnd)}


def _on_the_way(order: Order, states: set[str]) -> str:
    is_cash = order.payment_method == Order.PaymentMethod.COD
    if State.RETURNED in states and (back := [r for r in order.refunds.all() if r.parcel_id]):
        return _about_returned(back)
    if State.RETURNED in states:
        return _("A parcel came back to the co-op. Please ring the co-op to have it sent again.")
    if states == {State.DELIVERED}:
        return _("Everything has been delivered. Thank you for buying from the growers.")
    if State.SHIPPED in states:
        cash, paid = (
            _("Your parcel is on its way. Keep your phone on and the cash ready."),
            _("Your parcel is on its way. Keep your phone on."),
        )
    else:
        cash, paid = (
            _("The co-op packs your parcel. You pay in cash when it comes. Nothing else to do."),
            _("The money has come. The co-op packs your parcel. Nothing else to do."),
        )
    return cash if is_cash else paid
