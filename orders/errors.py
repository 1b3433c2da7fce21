"""What the orders app refuses, in words for buyers and for co-ops."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotAllowed


class OrderRefused(DomainError):
    """An order could not be placed; nothing was written.

    `details["lines"]` tells of every line asked for (see `services.placing.LineState`), so that
    a page can say which line failed, how many are left, and offer to order the rest.
    """


class SoldOut(OrderRefused):
    code = "sold_out"
    message = _("Fewer are left than you asked for. Nothing was ordered yet.")


class LimitReached(OrderRefused):
    code = "limit_reached"
    message = _(
        "That is more than one buyer may order here, earlier orders with this phone counted."
        " Nothing was ordered yet."
    )


class SessionNotLive(OrderRefused):
    code = "session_not_live"
    message = _("The session is not on air now, so nothing can be ordered. Nothing was ordered.")


class NothingChosen(OrderRefused):
    status = 422
    code = "nothing_chosen"
    message = _("Choose at least one unit of something.")


class TransferNotOffered(OrderRefused):
    status = 422
    code = "transfer_not_offered"
    message = _("This session takes no bank transfers. Choose cash on delivery.")


class CannotCancel(NotAllowed):
    code = "cannot_cancel"
    message = _("This order can no longer be cancelled here. Please ring the co-op.")


class PaymentCameLate(NotAllowed):
    """The units went back on sale before the money was seen: a person must settle it."""

    code = "payment_came_late"
    message = _(
        "The time to pay had run out and the units are on sale again, so this order cannot be"
        " revived. Ring the buyer: place a new order together, or send the money back."
    )


class NotAwaitingPayment(NotAllowed):
    code = "not_awaiting_payment"
    message = _("This order does not wait for a transfer.")


class WrongStep(NotAllowed):
    """The parcel is not in the state this step starts from; somebody may have been quicker."""

    code = "wrong_step"
    message = _("This parcel has moved on meanwhile. Look at its state again.")


class NotSoldOut(OrderRefused):
    """Nobody needs to wait: there are units, and nobody stands before the buyer."""

    code = "not_sold_out"
    message = _("There are some left. You need not wait: order them now.")


class LineClosed(OrderRefused):
    code = "line_closed"
    message = _("This is no longer on sale, so nobody can wait for it. Nothing was ordered.")


class AlreadyInLine(OrderRefused):
    """Says nothing about who waits with this phone, and leads nowhere."""

    code = "already_in_line"
    message = _("This phone number already stands in line for these goods. Once is enough.")


class NotInLine(NotAllowed):
    code = "not_in_line"
    message = _("You no longer stand in line: see below what became of it.")


class HoldOver(NotAllowed):
    """The units went to the next in line, or the order was cancelled."""

    code = "hold_over"
    message = _("The time to take these goods is over, so they went to the next in line.")


class TooManyTries(DomainError):
    status = 429
    code = "too_many_tries"
    message = _("Too many tries. Please wait ten minutes and try again.")

    def __init__(self, *, wait_s: int, **details: Any) -> None:
        super().__init__(wait_s=wait_s, **details)
