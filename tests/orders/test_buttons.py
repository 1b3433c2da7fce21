"""No page shows a button that is then refused: every state of an order, pressed by each who sees it."""

import html
import re
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from core.clock import db_now
from orders.models import Order, Parcel
from tests.cast import Cast, client_of, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory

pytestmark = pytest.mark.django_db

FORM = re.compile(r'<form\b[^>]*method="post"[^>]*>.*?</form>', re.DOTALL)
FIELD = re.compile(r"<(?:input|button)\b[^>]*>")
# order state, parcel states, payment method, paid, said to be paid
STATES: list[tuple[str, list[str], str, bool, bool]] = [
    ("held", ["new", "new"], "cod", False, False),
    ("awaiting_payment", ["new", "new"], "transfer", False, False),
    ("awaiting_payment", ["new", "new"], "transfer", False, True),
    ("confirmed", ["new", "new"], "cod", False, False),
    ("confirmed", ["new", "packed"], "cod", False, False),
    ("confirmed", ["packed", "shipped"], "cod", False, False),
    ("confirmed", ["new", "new"], "transfer", True, False),
    ("confirmed", ["packed", "new"], "transfer", True, False),
    ("confirmed", ["delivered", "delivered"], "transfer", True, False),
    ("confirmed", ["returned", "delivered"], "cod", False, False),
    ("cancelled", ["cancelled", "cancelled"], "cod", False, False),
    ("released", ["cancelled", "cancelled"], "transfer", False, False),
    ("released", ["cancelled", "cancelled"], "transfer", False, True),
]


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def order_in(cast: Cast, case: tuple[str, list[str], str, bool, bool]) -> Order:
    state, parcels, method, is_paid, is_said = case
    session = SessionFactory(cooperative=cast.coop_a)
    joined = OfferFactory(session=session, cooperative=cast.coop_b)
    lines = [(OfferFactory(session=session), 2), (joined, 1)]
    order = OrderFactory(lines=lines, transfer=True, state=state)
    cash = {"payee_bank_bin": "", "payee_account_number": ""} if method == "cod" else {}
    Order.objects.filter(pk=order.pk).update(
        payment_method=method,
        paid_at=db_now() if is_paid else None,
        buyer_paid_at=db_now() if is_said else None,
        **cash,
    )
    for parcel, parcel_state in zip(order.parcels.order_by("pk"), parcels, strict=True):
        Parcel.objects.filter(pk=parcel.pk).update(state=parcel_state)
    return order


def buttons(client: Client, page: str) -> list[tuple[str, dict[str, str]]]:
    """Where the page's forms post to, and what; of several buttons of a form, the first."""
    found = []
    for form in FORM.findall(client.get(page).content.decode()):
        action = re.search(r'action="(/(?:don|lam-viec)/[^"]+)"', form)
        if not action:
            continue  # of the page's frame: language, sign-out
        sent: dict[str, str] = {"idempotency_key": str(uuid.uuid4()), "reason": "Hết hàng"}
        for tag in FIELD.findall(form):
            name = re.search(r'name="([^"]+)"', tag)
            value = re.search(r'value="([^"]*)"', tag)
            if name and value and name[1] not in {"csrfmiddlewaretoken", *sent}:
                sent[name[1]] = html.unescape(value[1])
        found.append((html.unescape(action[1]), sent))
    return found


def pages_of(cast: Cast, order: Order) -> list[tuple[Client, str]]:
    packing = [
        (client_of(who), f"/lam-viec/{parcel.cooperative.slug}/kien-hang/{parcel.pk}/")
        for parcel in order.parcels.all()
        for who in ([cast.mai] if parcel.cooperative == cast.coop_a else [cast.thao])
    ]
    host = (client_of(cast.mai), f"/lam-viec/phien/{order.session_id}/don/")
    guest = (client_of(cast.thao), f"/lam-viec/phien/{order.session_id}/don/")
    return [(Client(), f"/don/{order.token}/"), host, guest, *packing]


@pytest.mark.parametrize("case", STATES, ids=str)
def test_no_button_shown_is_refused(cast: Cast, case: Any) -> None:
    pages = pages_of(cast, order_in(cast, case))
    for client, action, sent in [(c, *b) for c, page in pages for b in buttons(c, page)]:
        with transaction.atomic():  # each is pressed on the order as it was
            answer = client.post(action, sent)
            transaction.set_rollback(True)
        assert answer.status_code == 303, (action, sent, answer.status_code)


def test_a_packed_order_offers_its_host_no_calling_off(cast: Cast) -> None:
    order = order_in(cast, ("confirmed", ["new", "packed"], "cod", False, False))
    host, page = pages_of(cast, order)[1]
    assert not [action for action, _sent in buttons(host, page) if action.endswith("/huy/")]
    key = {"reason": "Hết hàng", "idempotency_key": str(uuid.uuid4())}
    refused = host.post(f"/lam-viec/phien/{order.session_id}/don/{order.pk}/huy/", key)
    assert refused.status_code == 409
    assert "lùi kiện hàng về chưa đóng gói" in refused.content.decode()
