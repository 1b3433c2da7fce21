"""Ordering as the pages do it, with the least that must be said."""

from typing import Any

from livestreams.models import Offer
from orders.models import Order, StandbyEntry
from orders.services.placing import place_order
from orders.services.standing_by import join_line
from tests.factories.coops import CommuneFactory

LAN = "+84912345678"


def order_of(*lines: tuple[Offer, int], **details: Any) -> Order:
    """Lan orders `lines`; keywords replace what she would have typed."""
    typed: dict[str, Any] = {
        "session": lines[0][0].session,
        "lines": [(offer.pk, quantity) for offer, quantity in lines],
        "buyer_name": "Nguyễn Thị Lan",
        "buyer_phone": LAN,
        "address_line": "Thôn Nậm Đâu, nhà cạnh trạm xá",
        "payment_method": Order.PaymentMethod.COD,
    }
    commune = details.pop("commune", None) or CommuneFactory()
    return place_order(**{**typed, **details}, commune=commune)


def phone_of(number: int) -> str:
    """The E.164 phone of the `number`-th somebody."""
    return f"+84987{number:06d}"


def in_line(offer: Offer, quantity: int = 1, **details: Any) -> StandbyEntry:
    """Lan stands in line for a sold-out offer; keywords replace what she would have typed."""
    typed: dict[str, Any] = {
        "buyer_name": "Nguyễn Thị Lan",
        "buyer_phone": LAN,
        "address_line": "Thôn Nậm Đâu, nhà cạnh trạm xá",
        "payment_method": Order.PaymentMethod.COD,
    }
    commune = details.pop("commune", None) or CommuneFactory()
    return join_line(offer=offer, quantity=quantity, **{**typed, **details}, commune=commune)
