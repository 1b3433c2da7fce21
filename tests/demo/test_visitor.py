"""The simulated buyer reads the pages as they are: when they change, these say so."""

import socketserver
import threading
import time

import pytest

from config.demo.visitor import NoAnswer, Visitor, order_links, read_order_page
from livestreams.models import Offer
from tests.factories.livestreams import OfferFactory, SessionFactory

pytestmark = pytest.mark.django_db


def test_the_boards_order_buttons_are_found_and_hidden_ones_are_not(client) -> None:
    session = SessionFactory(is_simulated=True)
    tea = OfferFactory(session=session)
    OfferFactory(session=session, lined_up=True)
    board = client.get(f"/phien/{session.pk}/").content.decode()
    assert set(order_links(board)) == {tea.pk}


def test_the_order_form_is_read_with_its_key_its_limits_and_its_ways_to_pay(client) -> None:
    tea = OfferFactory(session__is_simulated=True, limit_per_buyer=3)
    board = client.get(f"/phien/{tea.session_id}/").content.decode()
    page = read_order_page(client.get(order_links(board)[tea.pk]).content.decode())
    assert page.limits == {f"quantity_{tea.pk}": 3}
    assert page.fields[f"quantity_{tea.pk}"] == "1"
    assert len(page.fields["idempotency_key"]) >= 16
    assert page.fields["payment_method"] == "cod"
    assert page.payments == ["cod", "transfer"]


def test_what_was_read_can_be_sent_and_becomes_an_order(client) -> None:
    tea = OfferFactory(session__is_simulated=True)
    commune = tea.cooperative.commune
    address = f"/phien/{tea.session_id}/dat/?suat={tea.pk}"
    page = read_order_page(client.get(address).content.decode())
    form = {
        **page.fields,
        "buyer_name": "Khách mô phỏng 1",
        "buyer_phone": "0900150000",
        "commune": commune.pk,
        "address_line": "Địa chỉ mô phỏng số 1",
    }
    answer = client.post(address, form)
    assert answer.status_code == 303
    tea.refresh_from_db()
    assert tea.quantity_claimed == 1


def test_nothing_is_read_where_nothing_can_be_ordered(client) -> None:
    tea = OfferFactory(session__is_simulated=True, state=Offer.State.SOLD_OUT)
    board = client.get(f"/phien/{tea.session_id}/").content.decode()
    assert order_links(board) == {}
    page = read_order_page(client.get(f"/phien/{tea.session_id}/dat/").content.decode())
    assert page.limits == {}


@pytest.mark.parametrize("whole", [True, False])
def test_a_connection_closed_while_idle_is_no_lost_answer(*, whole: bool) -> None:
    """The server answers once a connection; `whole` says whether the answer says that it closes."""
    closes = b"Connection: close\r\n" if whole else b""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + closes + b"\r\nok"

    class Once(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1 << 16)
            self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Once) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        visitor = Visitor(f"http://127.0.0.1:{server.server_address[1]}")
        for _ in range(3):
            assert visitor.open("/").body == "ok"
            time.sleep(0.05)
        server.shutdown()
        server.server_close()
        with pytest.raises(NoAnswer):  # nobody there is a lost answer all the same
            visitor.open("/")
