"""What a co-op's manager types, ready to be changed by one field."""

import uuid
from typing import Any

from tests.factories.coops import CommuneFactory, tax_code


def registration(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "cooperative",
        "name": "HTX Miến dong Bình Lư",
        "tax_code": tax_code(900),
        "commune": CommuneFactory(lai_chau=True).pk,
        "address_line": "Bản Thống Nhất",
        "phone": "0912 345 678",
        "story": "Miến dong phơi nắng.",
        "bank_bin": "",
        "bank_account_number": "",
        "bank_account_name": "",
        "idempotency_key": str(uuid.uuid4()),
        **changes,
    }
