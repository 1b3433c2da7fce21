"""What the products app refuses."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotAllowed
from products.whereabouts import in_quotes


class NotReadyToPublish(DomainError):
    """Details that buyers need are missing; `missing` lists them."""

    code = "product_not_ready"
    message = _("Some things are still missing before buyers can see this product.")

    def __init__(self, missing: list[Any]) -> None:
        self.missing = missing
        super().__init__(missing=[item.code for item in missing])


class TooManyPhotos(NotAllowed):
    code = "too_many_photos"


class OnAirNow(NotAllowed):
    """Goods that buyers can order this minute stay visible; `sessions` are titles."""

    code = "on_air_now"

    def __init__(self, sessions: Sequence[str]) -> None:
        super().__init__(
            _("It is on sale on air now, in %(sessions)s. Close its offers there first.")
            % {"sessions": in_quotes(sessions)},
            sessions=list(sessions),
        )


class LastPackOnSale(NotAllowed):
    code = "last_pack_on_sale"
    message = _(
        "This is the only pack of a product on sale. Add another pack first, or hide the product."
    )


class GtinTaken(DomainError):
    code = "gtin_taken"
    message = _("This barcode number already belongs to another pack on the platform.")


class LotCodeTaken(DomainError):
    code = "lot_code_taken"
    message = _("This pack already has a lot with this code.")


class TooFewInLot(DomainError):
    """Fewer units are available in the lot than were to be taken."""

    code = "too_few_in_lot"
    message = _("The lot has fewer units available than that.")


class LotOverfull(DomainError):
    """More units would come back than ever left the lot."""

    code = "lot_overfull"
    message = _("More units cannot go back into the lot than came out of it.")


class StockMoved(DomainError):
    code = "stock_moved"

    def __init__(self, quantity_available: int) -> None:
        super().__init__(
            _("The stock changed while you were counting: there are now %(count)s. Count again.")
            % {"count": quantity_available},
            quantity_available=quantity_available,
        )


class DecisionTaken(DomainError):
    code = "decision_taken"
    message = _("This decision number is already recorded for this product.")


class AlreadyDecided(NotAllowed):
    code = "recognition_already_decided"
    message = _("Somebody has decided this already. Here is how it stands now.")


class RegisterAlreadyCounted(DomainError):
    code = "register_already_counted"
    message = _("There is already a figure for this day.")


class DoubtfulDecision(DomainError):
    """A decision on stars looks doubtful, and no note explains how it was checked."""

    status = 422
    code = "doubtful_decision"
    message = _("Write how you checked this decision: points above are not as usual.")


class DecisionRevoked(DomainError):
    code = "decision_revoked"
    message = _(
        "The province took the stars of this decision away, and only the province can give them"
        " back. Please call its office."
    )
