"""Page, paper, file and program say the same of an order's money, and the truth.

The table is every state of an order and parcel that can be, with and without money.
"""

import csv
import io
import re
from dataclasses import dataclass

import openpyxl
import pytest
from django.test import Client
from django.utils import translation

from core.clock import db_now
from orders.models import Order, Parcel, Refund
from orders.models.standing import Payment
from tests.cast import Cast, client_of, make_cast
from tests.factories.livestreams import OfferFactory
from tests.factories.orders import OrderFactory
from tests.orders.order_form import words

pytestmark = pytest.mark.django_db

P = Payment
GOES = True


@dataclass(frozen=True)
class Case:
    """`order`, `parcel`, `method` and whether `paid`, then what is to be said of it."""

    order: str
    parcel: str
    method: str
    paid: bool
    payment: Payment
    standing: str
    may_be_sent: bool = False
    refund: str = ""

    def __str__(self) -> str:
        return f"{self.order}-{self.parcel}-{self.method}-{self.paid}-{self.refund}"


TABLE = [
    Case("held", "new", "cod", False, P.NOT_TAKEN, "đang giữ"),
    Case("held", "new", "transfer", False, P.NOT_TAKEN, "đang giữ"),
    Case("awaiting_payment", "new", "transfer", False, P.UNPAID, "chờ tiền"),
    Case("confirmed", "new", "cod", False, P.CASH, "mới", GOES),
    Case("confirmed", "packed", "cod", False, P.CASH, "đã đóng gói", GOES),
    Case("confirmed", "shipped", "cod", False, P.CASH, "đang giao"),
    Case("confirmed", "delivered", "cod", False, P.CASH_TAKEN, "đã giao"),
    Case("confirmed", "returned", "cod", False, P.NOTHING, "bị trả về"),
    Case("confirmed", "new", "transfer", True, P.PAID, "mới", GOES),
    Case("confirmed", "packed", "transfer", True, P.PAID, "đã đóng gói", GOES),
    Case("confirmed", "shipped", "transfer", True, P.PAID, "đang giao"),
    Case("confirmed", "delivered", "transfer", True, P.PAID, "đã giao"),
    Case("confirmed", "returned", "transfer", True, P.GOES_BACK, "bị trả về", refund="due"),
    Case("confirmed", "returned", "transfer", True, P.WENT_BACK, "bị trả về", refund="sent"),
    # what no way leads to: nothing is packed on the word of the method
    Case("confirmed", "new", "transfer", False, P.UNPAID, "chờ tiền"),
    Case("confirmed", "packed", "transfer", False, P.UNPAID, "chờ tiền"),
    *[
        Case(state, "cancelled", method, False, P.NOTHING, said)
        for state, said in [("cancelled", "đã hủy"), ("released", "hết giờ giữ")]
        for method in ("cod", "transfer")
    ],
    Case("cancelled", "cancelled", "transfer", True, P.GOES_BACK, "đã hủy", refund="due"),
    Case("released", "cancelled", "transfer", True, P.GOES_BACK, "hết giờ giữ", refund="due"),
    Case("released", "cancelled", "transfer", True, P.WENT_BACK, "hết giờ giữ", refund="sent"),
    Case("confirmed", "cancelled", "cod", False, P.NOTHING, "đã hủy"),
]


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def client(cast: Cast) -> Client:
    return client_of(cast.minh)


@pytest.fixture
def shown(cast: Cast) -> dict[Case, Parcel]:
    """A parcel of each case, all of one co-op."""
    offer = OfferFactory(
        session__cooperative=cast.coop_a,
        quantity_offered=500,
        lot__quantity_made=500,
        limit_per_buyer=50,
    )
    return {case: row_of(case, offer) for case in TABLE}


def row_of(case: Case, offer: object) -> Parcel:
    order = OrderFactory(offer=offer, quantity=2)
    changes = {"state": case.order, "payment_method": case.method, "pay_by": db_now()}
    Order.objects.filter(pk=order.pk).update(**changes, paid_at=db_now() if case.paid else None)
    parcel = order.parcels.get()
    Parcel.objects.filter(pk=parcel.pk).update(state=case.parcel)
    if case.refund:
        is_back = case.parcel == "returned"
        Refund.objects.create(
            order=order,
            parcel=parcel if is_back else None,
            reason="returned" if is_back else "late",
            amount_vnd=order.total_vnd,
            state=case.refund,
            settled_at=None if case.refund == "due" else db_now(),
        )
    return Parcel.objects.for_packing().get(pk=parcel.pk)


def said_of(case: Case) -> tuple[str, str]:
    with translation.override("vi"):
        return str(case.payment.label).lower(), case.standing


def test_every_surface_says_the_same(client: Client, cast: Cast, shown: dict[Case, Parcel]) -> None:
    base = f"/lam-viec/{cast.coop_a.slug}/kien-hang/"
    listed = sections(client.get(f"{base}?ke=tat-ca").content.decode(), "<tr>")
    printed = sections(client.get(f"{base}in/?ke=tat-ca").content.decode(), "<article")
    as_csv = csv_rows(client.get(f"{base}tai-ve/?ke=tat-ca&dang=csv").content)
    as_xlsx = xlsx_rows(client.get(f"{base}tai-ve/?ke=tat-ca&dang=xlsx").content)
    api = {
        row["order_code"]: row
        for row in client.get(
            f"/api/my/cooperatives/{cast.coop_a.slug}/parcels/?page_size=100"
        ).json()["results"]
    }
    for case, parcel in shown.items():
        payment, standing = said_of(case)
        code, collects = parcel.order.code, parcel.amount_vnd if case.payment == P.CASH else 0
        page = words(client.get(f"{base}{parcel.pk}/")).lower()
        for surface in (listed[code], page):
            assert payment in surface, surface[:500]
            assert standing in surface, (case, surface)
        assert payment in printed[code], (case, printed[code])
        for row in (as_csv[code], as_xlsx[code]):
            assert row["Thanh toán"].lower() == payment, case
            assert row["Trạng thái"].lower() == standing, case
            assert row["Được gửi"] == ("có" if case.may_be_sent else "không"), case
            assert int(row["Số lượng được gửi"]) == (2 if case.may_be_sent else 0), case
            assert int(row["Tiền thu hộ, ghi một lần mỗi kiện (₫)"] or 0) == collects, case
        told = api[code]
        assert told["payment"] == case.payment, case
        assert told["standing"].lower() == standing, case
        assert (told["may_be_sent"], told["to_collect_vnd"]) == (case.may_be_sent, collects), case
        assert bool(told["next_states"]) == (case.may_be_sent or case.parcel == "shipped"), case


def test_paper_marks_and_does_not_count_what_may_not_be_sent(
    client: Client, cast: Cast, shown: dict[Case, Parcel]
) -> None:
    body = client.get(f"/lam-viec/{cast.coop_a.slug}/kien-hang/in/?ke=tat-ca").content.decode()
    printed = articles(body)
    for case, parcel in shown.items():
        is_gone = case.order == "confirmed" and case.parcel in {"shipped", "delivered"}
        is_marked = "✕" in printed[parcel.order.code]
        assert is_marked == (not case.may_be_sent and not is_gone), case
    good = sum(case.may_be_sent for case in TABLE)
    collected = sum(p.amount_vnd for c, p in shown.items() if c.may_be_sent and c.method == "cod")
    summed = words_of(body.partition("<article")[0])
    assert f"{good} kiện được gửi" in summed
    assert f"{len(TABLE) - good} kiện bên dưới không tính" in summed
    assert f"{collected:,}".replace(",", ".") in summed
    assert re.search(rf"\b{2 * good}\b", summed)


def sections(body: str, tag: str) -> dict[str, str]:
    """What stands in each piece of a page, by the order code in it."""
    found = {}
    for piece in body.split(tag)[1:]:
        if code := re.search(r"CP[2-9B-Z]{8}", piece):
            found[code[0]] = words_of(piece).lower()
    return found


def articles(body: str) -> dict[str, str]:
    return {re.search(r"CP[2-9B-Z]{8}", piece)[0]: piece for piece in body.split("<article")[1:]}  # type: ignore[index]


def words_of(piece: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", piece.replace("&nbsp;", " ")).split())


def csv_rows(body: bytes) -> dict[str, dict[str, str]]:
    text = body.decode("utf-8-sig")
    dialect = csv.Sniffer().sniff(text.splitlines()[0], delimiters=",;\t")
    return {row["Mã đơn"]: row for row in csv.DictReader(io.StringIO(text), dialect=dialect)}


def xlsx_rows(body: bytes) -> dict[str, dict[str, str]]:
    sheet = openpyxl.load_workbook(io.BytesIO(body)).active
    heads, *rows = [
        ["" if cell is None else str(cell) for cell in row]
        for row in sheet.iter_rows(values_only=True)
    ]
    return {row[0]: dict(zip(heads, row, strict=True)) for row in rows}
