"""What the log keeps of a request that went wrong: no phone, no key."""

import io
import logging
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client

from core.logs import PrivateFormatter
from core.secret_paths import hide_secrets_in_text
from orders.models import Order
from tests.factories.orders import OrderFactory

pytestmark = pytest.mark.django_db
FORMAT = settings.LOGGING["formatters"]["plain"]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything the log says, as the settings have it formatted."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(PrivateFormatter(FORMAT["format"], style=FORMAT["style"]))
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)


def test_a_refused_cancellation_leaves_no_secret_link_in_the_log(written: io.StringIO) -> None:
    order = OrderFactory(state=Order.State.CONFIRMED)
    order.parcels.update(state="packed")
    answer = Client().post(f"/don/{order.token}/huy/", {"idempotency_key": "k" * 20})
    assert answer.status_code == 409
    assert "/don/…/huy/" in written.getvalue()
    assert order.token not in written.getvalue()


def test_a_row_quoted_by_the_database_shows_nothing_of_the_buyer(written: io.StringIO) -> None:
    order = OrderFactory(buyer_phone="+84912345678", buyer_name="Lan")
    with pytest.raises(IntegrityError) as broken, transaction.atomic():
        Order.objects.filter(pk=order.pk).update(goods_vnd=-1)
    quoted = set(str(broken.value).split(", "))
    assert {"+84912345678", "Lan", order.token} <= quoted  # the harm
    logging.getLogger("core").error("broken", exc_info=broken.value)
    assert "Failing row" in written.getvalue()
    for word in ("912345678", "Lan", order.token):
        assert word not in written.getvalue()


@pytest.mark.parametrize(
    "place", ["/don/", "/hang-cho/", "/api/orders/", "/api/standby/", "/live/console/"]
)
def test_secrets_end_where_the_address_goes_on(place: str) -> None:
    assert hide_secrets_in_text(f"GET {place}Ab-_9:x/huy/ ok") == f"GET {place}…/huy/ ok"
    assert hide_secrets_in_text(f"{place} and {place}?q=1") == f"{place} and {place}?q=1"


def test_the_console_writes_with_it() -> None:
    assert FORMAT["class"] == "core.logs.PrivateFormatter"
    assert settings.LOGGING["handlers"]["console"]["formatter"] == "plain"


def test_a_long_address_is_a_short_line(written: io.StringIO) -> None:
    Client().get(f"/{'x' * 60_000}")
    logging.getLogger("core").error("y" * 60_000)
    lines = written.getvalue().splitlines()
    assert lines
    assert max(map(len, lines)) < 1_100
