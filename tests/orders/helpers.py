"""Ordering as the pages do it, with the least that must be said."""

from typing import Any

from livestreams.models import Offer
from orders.models import Order
from orders.services.placing import place_order
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
