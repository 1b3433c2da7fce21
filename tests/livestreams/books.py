"""What must hold of stock whatever hosts and buyers do."""

from django.db.models import Sum

from livestreams.models import Offer
from products.models import Lot


def lot_adds_up(lot: Lot) -> bool:
    """Units made = units available + what offers hold + what was sold of closed ones."""
    lot.refresh_from_db()
    held = sum(
        {Offer.State.LINED_UP: 0, Offer.State.CLOSED: offer.quantity_claimed}.get(
            offer.state, offer.quantity_offered
        )
        for offer in lot.offers.all()
    )
    moved = lot.movements.aggregate(total=Sum("quantity", default=0))["total"]
    return lot.quantity_available == lot.quantity_made - held == moved
