"""A moment in which nothing can be done is told honestly, and nothing typed is lost."""

import io
import json
import re

import psycopg2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.test import Client

from core import busy
from core.middleware import is_away

MULTIPART = "multipart/form-data; boundary=x"
FORM = b"idempotency_key=0123456789abcdef&buyer_name=Lan+%3Cb%3E&note=&quantity_7=2"


def multipart(files=(("pictures", "mua.jpg"), ("pictures", "")), **typed):
    """A form as browsers send it: what was typed, then pictures; one field was left empty."""
    part = '--x\r\nContent-Disposition: form-data; name="%s"'
    fields = [f"{part % name}\r\n\r\n{value}\r\n" for name, value in typed.items()]
    sent = [
        f'{part % name}; filename="{file}"\r\nContent-Type: image/jpeg\r\n\r\n{"ÿ" * 9000 if file else ""}\r\n'
        for name, file in files
    ]
    return "".join([*fields, *sent, "--x--\r\n"]).encode()


def drawn(*args, **kwargs):
    status, headers, body = busy.busy_response(*args, **kwargs)
    return status, dict(headers), body.decode()


def test_a_page_that_was_read_loads_again_by_itself():
    status, headers, page = drawn("vi", False)

    assert status == 503
    seconds = headers["retry-after"]
    assert f'http-equiv="refresh" content="{seconds}"' in page
    assert 'lang="vi"' in page
    assert "Đang có rất nhiều người cùng vào" in page
    assert headers["cache-control"] == "no-store"


def test_the_pause_grows_while_a_page_comes_again_and_again():
    pauses, cookies = [], ""
    for _ in range(8):
        waits = busy.waits_in(cookies)
        headers = drawn("vi", False, waits=waits)[1]
        pauses.append(int(headers["retry-after"]))
        cookies = "lang=vi; " + headers["set-cookie"].partition(";")[0]

    assert pauses[0] <= 5
    assert pauses[3] >= 16
    assert pauses[-1] == busy.LONGEST_PAUSE_S
    assert busy.waits_in("waits=-1") == busy.waits_in("waits=x") == busy.waits_in("") == 0


def test_what_was_too_slow_does_not_come_by_itself():
    form = busy.sent_in("application/x-www-form-urlencoded", io.BytesIO(FORM))
    read = drawn("vi", False, kind=busy.SLOW)[2]
    sent = drawn("vi", False, kind=busy.SLOW, method="POST", address="/x/", sent=form)[2]

    assert "http-equiv" not in read
    assert 'href=""' in read
    assert "order_send" not in sent
    assert 'name="buyer_name"' in sent
    assert "<button" in sent


def test_english_is_for_those_who_chose_it():
    cookies = "csrf=x; lang=en; phien=y"
    assert "Very many people" in drawn(busy.language_in(cookies), False)[2]
    assert "Đang có" in drawn(busy.language_in("csrf=x"), False)[2]


def test_what_was_sent_is_kept_with_its_key_and_never_loaded_again_by_a_refresh():
    form = busy.sent_in("application/x-www-form-urlencoded", io.BytesIO(FORM))
    _status, _headers, page = drawn("vi", False, method="POST", address="/phien/1/dat/", sent=form)

    assert "http-equiv" not in page
    assert 'action="/phien/1/dat/"' in page
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', page))
    assert found == {
        "idempotency_key": "0123456789abcdef",
        "buyer_name": "Lan &lt;b&gt;",
        "note": "",
        "quantity_7": "2",
    }
    assert "data-order-waits" in page


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"buyer_name=Lan"),  # no key: a repeat might double
        ("application/x-www-form-urlencoded", FORM + b"&password=x"),
        ("application/x-www-form-urlencoded", FORM + b"&x=" + b"y" * busy.MAX_KEPT_BYTES),
        ("application/x-www-form-urlencoded", b"&".join([FORM] * 200)),
        ("application/x-www-form-urlencoded", b"\xff\xfe"),
        ("application/json", FORM),
        (MULTIPART, FORM),
        (MULTIPART, multipart(idempotency_key="k" * 16, password="x")),
        (MULTIPART, multipart(idempotency_key="k" * 16, note="y" * busy.MAX_KEPT_BYTES)),
        (MULTIPART, multipart(note="no key")),
    ],
)
def test_what_may_not_be_sent_again_is_not_offered_again(content_type, body):
    form = busy.sent_in(content_type, io.BytesIO(body))
    page = drawn("vi", False, method="POST", address="/x/", sent=form)[2]

    assert form == busy.Sent()
    assert "<form" not in page
    assert "nút quay lại" in page
    assert "http-equiv" not in page


def test_beside_pictures_what_was_typed_is_kept_and_the_pictures_are_asked_for_again():
    body = multipart(idempotency_key="k" * 16, title="Hái chè <b>", held="held-word", note="")
    form = busy.sent_in(MULTIPART, io.BytesIO(body))
    page = drawn("vi", False, method="POST", address="/lam-viec/lo/1/", sent=form)[2]

    assert form.files == ["pictures"]
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', page))
    assert found == {
        "idempotency_key": "k" * 16,
        "title": "Hái chè &lt;b&gt;",
        "held": "held-word",  # pictures that have arrived stay arrived
        "note": "",
    }
    assert 'enctype="multipart/form-data"' in page
    assert re.search(r'<input [^>]*type="file" name="pictures"', page)
    assert "chọn lại ảnh" in page
    assert "<li" in page
    assert "held-word</li>" not in page
    assert "order_send" not in page, "by itself it would be sent without its pictures"
    assert "http-equiv" not in page


def test_a_form_whose_file_was_left_empty_is_kept_like_any_other():
    body = multipart(files=[("pictures", "")], idempotency_key="k" * 16, title="Hái chè")
    form = busy.sent_in(MULTIPART, io.BytesIO(body))

    typed = [("idempotency_key", "k" * 16), ("title", "Hái chè"), ("pictures", "")]
    assert form == busy.Sent(typed, [])


def test_what_was_typed_is_sent_to_this_site_alone():
    form = busy.sent_in("application/x-www-form-urlencoded", io.BytesIO(FORM))
    page = drawn("vi", False, method="POST", address="//evil.example/dat/", sent=form)[2]

    assert 'action="/evil.example/dat/"' in page


def test_programs_are_told_in_json():
    _status, headers, body = drawn("en", True, kind=busy.AWAY)

    assert headers["content-type"] == "application/json"
    assert int(headers["retry-after"]) > 0
    assert json.loads(body)["code"] == "database_away"
    assert set(json.loads(body)) == {"code", "message", "field", "details"}


@pytest.mark.django_db
def test_it_is_drawn_without_a_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        drawn("vi", False, kind=busy.AWAY, method="POST", address="/", sent=busy.Sent([("a", "b")]))


@pytest.fixture
def away(monkeypatch):
    """Every connection is refused, as by a server that is not there."""

    def refuse(*_args, **_kwargs):
        raise psycopg2.OperationalError("connection refused")

    connection.close()
    monkeypatch.setattr(connection, "ensure_connection", raises_wrapped(refuse))


def raises_wrapped(act):
    def ensure(*args, **kwargs):
        with connection.wrap_database_errors:
            act()

    return ensure


PAGES = ["/", "/phien/", "/phien/1/", "/phien/1/dat/", "/don/" + "x" * 22 + "/", "/san-pham/"]


@pytest.mark.parametrize("address", PAGES)
def test_without_the_database_a_page_says_so_and_is_no_fault(away, address):
    for cookies in ({}, {"phien": "0123456789abcdefghijklmnopqrstuv"}):
        client = Client(raise_request_exception=False)
        client.cookies.load(cookies)
        answer = client.get(address)
        assert answer.status_code == 503
        assert answer["X-Busy"] == "database_away"
        assert int(answer["Retry-After"]) > 0
        assert "Sổ sách của chợ" in answer.content.decode()


def test_without_the_database_an_order_keeps_all_that_was_typed(away):
    client = Client(raise_request_exception=False)
    kind, own = "application/x-www-form-urlencoded", {"Sec-Fetch-Site": "same-origin"}
    foreign = client.post("/phien/1/dat/", FORM, content_type=kind)
    assert "0123456789abcdef" not in foreign.content.decode()
    answer = client.post("/phien/1/dat/", FORM, content_type=kind, headers=own)

    assert answer.status_code == 503
    page = answer.content.decode()
    assert 'name="idempotency_key" value="0123456789abcdef"' in page
    assert 'name="quantity_7" value="2"' in page
    assert "Lan &lt;b&gt;" in page


def test_without_the_database_a_form_with_pictures_asks_for_them_again(away):
    picture = SimpleUploadedFile("mua.jpg", b"x" * 100, "image/jpeg")
    sent = {"idempotency_key": "k" * 16, "title": "Hái chè", "pictures": picture}
    answer = Client().post("/phien/1/dat/", sent, headers={"Sec-Fetch-Site": "same-origin"})
    page = answer.content.decode()

    assert answer.status_code == 503
    assert 'name="title" value="Hái chè"' in page
    assert 'type="file" name="pictures"' in page
    assert "order_send" not in page


def test_without_the_database_programs_hear_it_in_json(away):
    client = Client(raise_request_exception=False)
    key = {"Idempotency-Key": "0123456789abcdef"}
    order = {
        "session": 1,
        "lines": [{"offer": 1, "quantity": 1}],
        "name": "Lan",
        "phone": "0912345678",
        "commune": "04609",
        "address_line": "Thôn Nậm Đâu",
        "payment_method": "cod",
        "expected_total_vnd": 140_000,
    }
    answer = client.post("/api/orders/", order, content_type="application/json", headers=key)

    assert answer.status_code == 503
    assert answer.json()["code"] == "database_away"
    assert answer["Retry-After"]


@pytest.mark.django_db
def test_a_fault_of_ours_is_not_called_an_absence():
    with (
        pytest.raises(Exception, match="nothing_so_named") as caught,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT 1 FROM nothing_so_named")
    assert not is_away(caught.value)
    assert not is_away(ValueError())
    assert is_away(InterfaceError("connection already closed"))
    assert is_away(OperationalError("server closed the connection unexpectedly"))
    assert is_away(DatabaseError("server closed the connection unexpectedly"))
    assert not is_away(ProgrammingError("no results to fetch"))
