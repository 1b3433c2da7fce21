"""What the orders app refuses, in words for buyers and for co-ops."""

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


class TotalRose(OrderRefused):
    """A price or the delivery fee rose after the buyer saw the sum, so it is asked about.

    `details` also tells `expected_total_vnd`, and what it comes to now: `goods_vnd`,
    `shipping_vnd`, `total_vnd`.
    """

    code = "total_rose"
    message = _("It costs more now than the sum you saw. Nothing was ordered yet.")


class SessionNotLive(OrderRefused):
    code = "session_not_live"
    message = _("The session is not on air now, so nothing can be ordered. Nothing was ordered.")


class FormNotRight(OrderRefused):
    """The errors are at the fields of the page, which the script makes the browser request."""

    status = 422
    code = "invalid"
    message = _("Something in the form is not right yet. Send it again to see what.")


class NothingChosen(OrderRefused):
    status = 422
    code = "nothing_chosen"
    message = _("Choose at least one unit of something.")


class TransferNotOffered(OrderRefused):
    status = 422
    code = "transfer_not_offered"
    message = _("This session takes no bank transfers. Choose cash on delivery.")


class CodeNeeded(OrderRefused):
    """A code sent to the buyer's phone has to come with the order (`one_time_code`); see
    docs/decisions/0021. `details["phone"]` is the number, masked.
    """

    status = 403
    code = "code_needed"
    message = _(
        "To make sure that the number is yours, we have sent a code to it. Enter the code and"
        " press once more. Nothing was ordered yet."
    )


class ToBeCalled(OrderRefused):
    """No code can be sent from here: the co-op calls the buyer, and takes the order then."""

    status = 403
    code = "to_be_called"
    message = _(
        "The co-op will call you to confirm this order, because very many orders come from your"
        " network right now. Nothing is held or to be paid before that."
    )


class PlacesTaken(OrderRefused):
    status = 403
    code = "places_taken"
    message = _(
        "Very many places were asked for from your network, so nobody else can stand in line from"
        " it now. Please call the co-op."
    )


class CannotCancel(NotAllowed):
    code = "cannot_cancel"
    message = _("This order can no longer be cancelled here. Please ring the co-op.")


class CannotCallOff(CannotCancel):
    """The same, in words for the co-op."""

    message = _(
        "A parcel of this order is packed or on its way, or the order is closed already. To call it"
        " off, take the packed parcel one step back first."
    )


class NotAwaitingPayment(NotAllowed):
    code = "not_awaiting_payment"
    message = _("This order does not wait for a transfer.")


class NothingToLookFor(NotAllowed):
    code = "nothing_to_look_for"
    message = _("This is settled already, or the order still waits for its transfer.")


class AmountChanged(NotAllowed):
    """The buyer changed the order after the page with its old amount was rendered."""

    code = "amount_changed"
    message = _(
        "The buyer has changed this order meanwhile. Compare the new amount with the money."
    )


class CannotChange(NotAllowed):
    code = "cannot_change"
    message = _("This order can no longer be changed here. Please ring the co-op.")


class NothingLeftOver(NotAllowed):
    status = 422
    code = "nothing_left_over"
    message = _("At least one unit must stay. To have nothing sent, cancel the order.")


class TooFewToAdd(NotAllowed):
    """More was asked for than there is; nothing was changed.

    `details["lines"]` tells of each line at fault: `offer_id`, `live_code`, `name`, `quantity`
    asked for, `possible` (the most it can be set to), `problem` (sold_out, limit, closed, held,
    price).
    """

    code = "too_few_to_add"
    message = _("Not everything can be added. Nothing was changed yet.")


class RefundMoved(NotAllowed):
    """Another member was quicker: the money is settled otherwise."""

    code = "refund_moved"
    message = _("This money was dealt with meanwhile. Look at how it stands now.")


class CannotPlaceAnew(NotAllowed):
    code = "cannot_place_anew"
    message = _("The session is over, so nothing can be ordered in it. Send the money back.")


class PriceChanged(CannotPlaceAnew):
    code = "price_changed"
    message = _("A new order would cost another amount now. Send the money back instead.")


class WrongStep(NotAllowed):
    """The parcel is not in the state this step starts from; another member may have been quicker."""

    code = "wrong_step"
    message = _("This parcel has moved on meanwhile. Look at its state again.")


class NotSoldOut(OrderRefused):
    """Waiting is not needed: there are units, and the line is empty."""

    code = "not_sold_out"
    message = _("There are some left. You need not wait: order them now.")


class LineClosed(OrderRefused):
    code = "line_closed"
    message = _("This is no longer on sale, so nobody can wait for it. Nothing was ordered.")


class AlreadyInLine(OrderRefused):
    """Reveals nothing about the entry with this phone, and has no link to it."""

    code = "already_in_line"
    message = _("This phone number already stands in line for these goods. Once is enough.")


class NotInLine(NotAllowed):
    code = "not_in_line"
    message = _("You no longer stand in line: see below what became of it.")


class HoldOver(NotAllowed):
    """The units went to the next in line, or the order was cancelled."""

    code = "hold_over"
    message = _("The time to take these goods is over, so they went to the next in line.")
