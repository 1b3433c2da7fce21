"""Nobody fills the disk before somebody has looked at who they are."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from config.bodies import MAX_BODY, MOST_OF_FORMS, MOST_OF_STRANGERS, TooLong, read_body
from config.bridge import Bridge
from config.lanes import Lane
from config.senders import is_signed_in
from tests.cast import client_of
from tests.factories.accounts import UserFactory
from tests.threads import run_apart

pytestmark = pytest.mark.django_db(transaction=True)
FILES = "multipart/form-data; boundary=x"
LONG = "60000000"


class Sent:
    """A request of so many bytes, as the server hands it on."""

    method, path = "POST", "/lam-viec/"

    def __init__(self, cookies: str = "", **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if cookies:
            self.headers["cookie"] = cookies


def most(sent: Sent) -> int:
    lane = Lane("looking", threads=1, waiting=1, longest_wait_s=5, longest_answer_s=5)
    bridge = Bridge(
        lambda *_: [], session_cookie=settings.SESSION_COOKIE_NAME, is_signed_in=is_signed_in
    )
    return run_apart(bridge._most_bytes(sent, lane))


def cookie_of(client: Client) -> str:
    return f"lang=vi; {settings.SESSION_COOKIE_NAME}={client.session.session_key}"


def test_a_stranger_may_send_a_form_and_no_file() -> None:
    assert most(Sent(content_type=FILES, content_length=LONG)) == MOST_OF_STRANGERS
    made_up = f"{settings.SESSION_COOKIE_NAME}=made-up-and-long-enough-0123456789"
    assert most(Sent(made_up, content_type=FILES, content_length=LONG)) == MOST_OF_STRANGERS
    no_length = Sent(made_up, content_type=FILES, transfer_encoding="chunked")
    assert most(no_length) == MOST_OF_STRANGERS
    token = Sent(authorization="Bearer x", content_type=FILES, content_length=LONG)
    assert most(token) == MOST_OF_STRANGERS


def test_who_is_signed_in_may_send_photos_and_otherwise_a_long_form() -> None:
    cookies = cookie_of(client_of(UserFactory()))
    assert most(Sent(cookies, content_type=FILES, content_length=LONG)) == MAX_BODY
    form = Sent(cookies, content_type="application/x-www-form-urlencoded", content_length=LONG)
    assert most(form) == MOST_OF_FORMS


@pytest.mark.parametrize("headers", [{"content_length": LONG}, {"transfer_encoding": "chunked"}])
def test_what_is_too_long_is_refused_and_nothing_more_of_it_read(headers: dict[str, str]) -> None:
    read = 0

    class Pieces:
        def __aiter__(self) -> Any:
            return self

        async def __anext__(self) -> bytes:
            nonlocal read
            read += 50_000
            return b"x" * 50_000

    with pytest.raises(TooLong):
        run_apart(read_body(Sent(**headers), Pieces(), MOST_OF_STRANGERS))
    assert read <= MOST_OF_STRANGERS + 50_000
