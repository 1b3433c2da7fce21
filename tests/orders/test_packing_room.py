"""The packing room: own parcels only, found, moved, printed, exported; numbers shown on record."""

import io
import re
import uuid
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from coops.models import Cooperative
from livestreams.models import LivestreamSession
from orders.models import Order, Parcel, PhoneReveal
from orders.views import packing_papers
from tests.cast import Cast, client_of, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory
from tests.orders.helpers import LAN
from tests.orders.test_order_page import words
from tests.orders.test_order_page_hostile import HOSTILE

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def mai(cast: Cast) -> Client:
    """Manages co-op A."""
    return client_of(cast.mai)


@pytest.fixture
def session(cast: Cast) -> LivestreamSession:
    return SessionFactory(cooperative=cast.coop_a)


def room(coop: Cooperative) -> str:
    return f"/lam-viec/{coop.slug}/kien-hang/"


def order_in(session: LivestreamSession, **details: Any) -> Order:
    offer = OfferFactory(session=session)
    return OrderFactory(offer=offer, **details)


def words_of(body: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def press(client: Client, where: str, **typed: Any) -> Any:
    return client.post(where, {"idempotency_key": str(uuid.uuid4()), **typed})


def test_what_is_held_for_somebody_is_not_packed_yet(mai: Client, session: Any) -> None:
    order = order_in(session, transfer=True, state="held")
    where = room(session.cooperative)
    assert order.code not in words(mai.get(where))
    assert order.code in words(mai.get(where, {"ke": "cho-tien"}))
    parcel = words(mai.get(f"{where}{order.parcels.get().pk}/"))
    assert "khoan đóng gói" in parcel
    assert "Đánh dấu đã gói" not in parcel


def test_new_parcels_stand_first_with_goods_and_address(mai: Client, session: Any) -> None:
    order = order_in(session, quantity=2, buyer_phone=LAN)
    page = mai.get(room(session.cooperative))

    assert page.status_code == 200
    read = words(page)
    assert order.code in read
    assert "2 × Chè Shan tuyết" in read
    assert "Thôn Nậm Đâu" in read
    assert "09•• ••• 678" in read
    assert "0912 345 678" not in read
    assert page["Cache-Control"] == "no-store"


def test_another_coops_part_of_the_order_is_not_there(
    cast: Cast, mai: Client, session: Any
) -> None:
    SlotFactory(session=session, cooperative=cast.coop_b)
    tea = OfferFactory(session=session)
    crab = OfferFactory(
        session=session, cooperative=cast.coop_b, lot__variant__product__name="Ba khía muối"
    )
    order = OrderFactory(lines=[(tea, 1), (crab, 1)])
    theirs = order.parcels.get(cooperative=cast.coop_b)

    assert "Ba khía" not in words(mai.get(room(cast.coop_a)))
    assert "Ba khía muối" in words(client_of(cast.thao).get(room(cast.coop_b)))
    for where in (f"{room(cast.coop_a)}{theirs.pk}/", f"{room(cast.coop_b)}{theirs.pk}/"):
        assert mai.get(where).status_code == 404
        for act in ("chuyen/", "lui/", "hien-so/"):
            assert press(mai, where + act, state="packed").status_code == 404
    press(mai, f"{room(cast.coop_a)}chuyen/", parcel=[theirs.pk], state="packed")
    theirs.refresh_from_db()
    assert theirs.state == Parcel.State.NEW
    assert not PhoneReveal.objects.exists()


@pytest.mark.parametrize("who", ["thao", "lan", "ha"])
def test_strangers_find_no_packing_room(cast: Cast, session: Any, who: str) -> None:
    order_in(session)
    client = client_of(getattr(cast, who))
    for part in ("", "in/", "tai-ve/"):
        assert client.get(room(cast.coop_a) + part).status_code == 404


def test_who_is_not_signed_in_is_asked_to(session: Any) -> None:
    answer = Client().get(room(session.cooperative))
    assert answer.status_code == 302
    assert "/dang-nhap/" in answer["Location"]


@pytest.mark.parametrize(
    "typed",
    ["CPX", "lan", "LÂN", "nguyen lan", "678", "0912345678", "5 678", "912345678"],
)
def test_a_parcel_is_found_by_code_name_or_phone(mai: Client, session: Any, typed: str) -> None:
    wanted = order_in(session, buyer_name="Nguyễn Thị Lân", buyer_phone=LAN)
    other = order_in(session, buyer_name="Vàng A Sủa", buyer_phone="+84988111222")
    q = wanted.code if typed == "CPX" else typed

    read = words(mai.get(room(session.cooperative), {"q": q}))

    assert wanted.code in read
    assert other.code not in read


@pytest.mark.parametrize("q", ["%", "_", "'", HOSTILE, "\\", "12", "٣٤٥", "a" * 200])
def test_odd_searches_find_nothing_and_break_nothing(mai: Client, session: Any, q: str) -> None:
    order_in(session, buyer_name="Nguyễn Thị Lân")
    assert mai.get(room(session.cooperative), {"q": q}).status_code == 200


@pytest.mark.parametrize(
    "query", ["phien=abc", "phien=9" + "9" * 30, "ke=zzz", "page=-1", "page=x"]
)
def test_odd_addresses_show_the_list(mai: Client, session: Any, query: str) -> None:
    assert mai.get(f"{room(session.cooperative)}?{query}").status_code == 200


def test_the_list_is_counted_for_queries_at_one_and_at_three(
    mai: Client, session: Any, django_assert_max_num_queries: Any
) -> None:
    order_in(session)
    with django_assert_max_num_queries(17) as one:
        mai.get(room(session.cooperative))
    order_in(session), order_in(session)
    with django_assert_max_num_queries(17) as three:
        mai.get(room(session.cooperative))
    assert len(one) == len(three)


def test_ticked_parcels_move_together_and_the_rest_is_told(mai: Client, session: Any) -> None:
    ready = [order_in(session).parcels.get() for _ in range(2)]
    unpaid = order_in(session, transfer=True).parcels.get()
    where = f"{room(session.cooperative)}chuyen/"

    answer = press(
        mai, where, parcel=[p.pk for p in [*ready, unpaid]], state="packed", query="ke=can-goi"
    )

    assert answer.status_code == 303
    assert "kien-hang/?ke=can-goi&vua=" in answer["Location"]
    read = words(mai.get(answer["Location"]))
    assert f"{unpaid.order.code} (chờ tiền)" in read
    assert "Đã chuyển 2 kiện hàng" in read
    assert "1 kiện hàng giữ nguyên" in read
    assert [Parcel.objects.get(pk=p.pk).state for p in [*ready, unpaid]] == [
        "packed",
        "packed",
        "new",
    ]


def test_a_step_of_many_is_undone_together_but_for_those_that_went_on(
    mai: Client, session: Any
) -> None:
    first, second, third = [order_in(session).parcels.get() for _ in range(3)]
    ids = [first.pk, second.pk, third.pk]
    moved = press(mai, f"{room(session.cooperative)}chuyen/", parcel=ids, state="packed")
    page = mai.get(moved["Location"]).content.decode()
    assert "Hoàn tác (3)" in words_of(page)
    press(mai, f"{room(session.cooperative)}{third.pk}/chuyen/", state="shipped")
    assert "Hoàn tác (2)" in words_of(mai.get(moved["Location"]).content.decode())

    undone = press(
        mai, f"{room(session.cooperative)}lui/", vua="-".join(map(str, ids)), buoc="packed"
    )

    read = words(mai.get(undone["Location"]))
    assert f"{third.order.code} (Đang giao)" in read
    assert [Parcel.objects.get(pk=pk).state for pk in ids] == ["new", "new", "shipped"]


def test_the_same_old_page_moves_nothing_a_second_time(mai: Client, session: Any) -> None:
    """As after the Back button: what was ticked has gone on, and is named."""
    parcel = order_in(session).parcels.get()
    where = f"{room(session.cooperative)}chuyen/"
    press(mai, where, parcel=[parcel.pk], state="packed")
    again = press(mai, where, parcel=[parcel.pk], state="packed")
    assert f"{parcel.order.code} (Đã đóng gói)" in words(mai.get(again["Location"]))


@pytest.mark.parametrize("numbers", [[], ["x"], ["9" * 40], ["-1"]])
def test_nothing_ticked_is_said(mai: Client, session: Any, numbers: list[str]) -> None:
    answer = press(mai, f"{room(session.cooperative)}chuyen/", parcel=numbers, state="packed")
    assert answer.status_code == 303
    assert "Hãy đánh dấu kiện hàng trước" in words(mai.get(answer["Location"]))


def test_a_parcel_goes_on_and_one_step_back_on_its_page(mai: Client, session: Any) -> None:
    parcel = order_in(session).parcels.get()
    where = f"{room(session.cooperative)}{parcel.pk}/"

    assert press(mai, f"{where}chuyen/", state="packed").status_code == 303
    read = words(mai.get(where))
    assert "Mai" in read  # who did it
    assert press(mai, f"{where}lui/").status_code == 303
    parcel.refresh_from_db()
    assert parcel.state == Parcel.State.NEW


def test_a_step_that_cannot_be_is_refused_in_words(mai: Client, session: Any) -> None:
    parcel = order_in(session, transfer=True).parcels.get()
    where = f"{room(session.cooperative)}{parcel.pk}/"
    refused = press(mai, f"{where}chuyen/", state="packed")
    assert refused.status_code == 409
    assert "khoan đóng gói" in words(mai.get(where))


def test_numbers_are_shown_on_request_for_an_hour_and_on_record(
    cast: Cast, mai: Client, session: Any
) -> None:
    parcel = order_in(session, buyer_phone=LAN).parcels.get()
    where = f"{room(session.cooperative)}{parcel.pk}/"
    assert "0912 345 678" not in words(mai.get(where))

    press(mai, f"{where}hien-so/")

    assert "0912 345 678" in words(mai.get(where))
    assert "0912 345 678" in words(mai.get(room(session.cooperative)))
    assert "0912 345 678" not in words(client_of(cast.minh).get(where))  # he did not ask
    reveal = PhoneReveal.objects.get()
    assert (reveal.parcel, reveal.revealed_to) == (parcel, cast.mai)
    PhoneReveal.objects.update(revealed_at="2026-01-01T00:00:00Z")
    assert "0912 345 678" not in words(mai.get(where))


@pytest.mark.parametrize("state", ["delivered", "returned", "cancelled"])
def test_of_a_finished_parcel_no_number_is_shown(mai: Client, session: Any, state: str) -> None:
    parcel = order_in(session, buyer_phone=LAN).parcels.get()
    where = f"{room(session.cooperative)}{parcel.pk}/"
    press(mai, f"{where}hien-so/")
    Parcel.objects.update(state=state)

    assert "0912 345 678" not in words(mai.get(where))
    press(mai, f"{where}hien-so/")
    assert PhoneReveal.objects.count() == 1
    assert "0912 345 678" not in words(mai.get(f"{room(session.cooperative)}?ke=tat-ca"))


def test_the_packing_list_adds_up_goods_and_lists_parcels(mai: Client, session: Any) -> None:
    offer = OfferFactory(session=session)
    orders = [OrderFactory(offer=offer, quantity=n) for n in (2, 3)]

    read = words(mai.get(f"{room(session.cooperative)}in/", {"phien": session.pk}))

    assert "Gói 200 g" in read
    assert " 5 " in read
    assert all(order.code in read for order in orders)


def test_files_hold_each_line_and_cash_once_for_each_parcel(mai: Client, session: Any) -> None:
    tea, honey = OfferFactory(session=session), OfferFactory(session=session)
    order = OrderFactory(lines=[(tea, 2), (honey, 1)], buyer_phone=LAN)

    got = mai.get(f"{room(session.cooperative)}tai-ve/", {"dang": "xlsx"})
    sheet = load_workbook(io.BytesIO(got.content)).active
    rows = list(sheet.iter_rows(min_row=2, values_only=True))

    assert [row[0] for row in rows] == [order.code, order.code]
    assert sum(row[14] for row in rows) == 3
    assert [row[18] for row in rows] == [345_000 + 25_000, None]
    assert {row[6] for row in rows} == {"09•• ••• 678"}
    press(mai, f"{room(session.cooperative)}hien-so/", query="")
    csv = mai.get(f"{room(session.cooperative)}tai-ve/").content.decode("utf-8-sig")
    assert "0912 345 678" in csv


def test_what_a_buyer_typed_never_becomes_a_formula(mai: Client, session: Any) -> None:
    order_in(session, buyer_name="=HYPERLINK(1)", address_line="+1+1", note="@SUM(1)")
    csv = mai.get(f"{room(session.cooperative)}tai-ve/").content.decode("utf-8-sig")
    for harm in ("=HYPERLINK(1)", "+1+1", "@SUM(1)"):
        assert f"'{harm}" in csv
        assert f",{harm}" not in csv


def test_a_simulated_order_is_called_so_on_paper_and_in_files(mai: Client, session: Any) -> None:
    orders = [order_in(session, is_simulated=is_simulated) for is_simulated in (True, False)]
    base = room(session.cooperative)

    csv = mai.get(f"{base}tai-ve/").content.decode("utf-8-sig").splitlines()
    marks = {row.split(",")[0]: row.rsplit(",", 1)[1] for row in csv[1:]}

    assert csv[0].endswith(",Mô phỏng")
    assert [marks[order.code] for order in orders] == ["có", ""]
    assert words(mai.get(f"{base}in/")).count("Đơn mô phỏng: không gửi hàng") == 1
    assert words(mai.get(base)).count("mô phỏng") == 1


def test_a_list_that_had_to_stop_says_so(
    mai: Client, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing_papers, "ON_A_SHEET", 2)
    base = room(session.cooperative)
    order_in(session)
    order_in(session)
    assert "2 kiện đầu trong" not in words(mai.get(f"{base}in/"))

    order_in(session)

    assert "2 kiện đầu trong 3 kiện" in words(mai.get(f"{base}in/"))
