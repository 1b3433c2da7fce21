"""The order page's form as a buyer fills it in, and what one reads on the answer."""

import html
import re
import uuid
from typing import Any

from livestreams.models import LivestreamSession, Offer
from tests.factories.coops import CommuneFactory


def address(session: LivestreamSession) -> str:
    return f"/phien/{session.pk}/dat/"


def typed(*lines: tuple[Offer, Any], **changes: Any) -> dict[str, Any]:
    form = {
        "buyer_name": "Nguyễn Thị Lan",
        "buyer_phone": "0912 345 678",
        "commune": CommuneFactory().pk,
        "address_line": "Thôn Nậm Đâu",
        "note": "Gọi trước khi giao",
        "payment_method": "cod",
        "idempotency_key": str(uuid.uuid4()),
        **{f"quantity_{offer.pk}": quantity for offer, quantity in lines},
        **{f"price_{offer.pk}": offer.unit_price_vnd for offer, _quantity in lines},
        "fee": lines[0][0].session.shipping_fee_vnd if lines else 0,
    }
    return {**form, **changes}


def words(response: Any) -> str:
    """What one reads on the page."""
    body = re.sub(r"<(script|style|svg).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", body).split()))


def value_of(response: Any, name: str) -> str:
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', response.content.decode())
    assert tag, name
    found = re.search(r'value="([^"]*)"', tag[0])
    return html.unescape(found[1]) if found else ""
