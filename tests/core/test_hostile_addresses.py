"""Bytes no page ever sends, in the places of an address where words stand."""

import pytest
from django.test import Client

from orders.models import Order
from tests.cast import client_of, make_cast
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.products import ProductFactory

pytestmark = pytest.mark.django_db
NUL = "%00"


@pytest.mark.parametrize(
    "address",
    [
        f"/t/{NUL}",
        f"/don/{NUL}/",
        f"/htx/{NUL}/",
        f"/san-pham/{NUL}/",
        f"/media/pictures/{NUL}",
        f"/api/orders/{NUL}/",
        f"/api/origin/{NUL}/",
        f"/api/products/{NUL}/",
        f"/tim/?q={NUL}",
        f"/phien/?q={NUL}",
        f"/san-pham/?q={NUL}&tinh={NUL}&loai={NUL}&page={NUL}",
        f"/htx/?q={NUL}&tinh={NUL}",
        f"/dia-gioi/?tinh={NUL}&q={NUL}",
        f"/api/communes/?q={NUL}&province={NUL}",
        f"/api/products/?q={NUL}&category={NUL}&cooperative={NUL}&province={NUL}",
        f"/api/sessions/?state={NUL}",
        f"/tra-don/?code={NUL}",
        "/phien/99999999999999999999/",
        "/phien/99999999999999999999/bang.json",
    ],
)
def test_strangers_bytes_find_nothing(address: str) -> None:
    assert Client().get(address).status_code < 500


@pytest.mark.parametrize("number", ["9223372036854775808", "99999999999999999999"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_numbers_longer_than_any_of_a_row_name_nothing(number: str, accept: str) -> None:
    """PostgreSQL would be asked straight by an order, and could not even read them."""
    offer = OfferFactory()
    form = {
        "buyer_name": "Nguyễn Thị Lan",
        "buyer_phone": "0912 345 678",
        "commune": CommuneFactory().pk,
        "address_line": "Thôn Nậm Đâu",
        "payment_method": "cod",
        "idempotency_key": "k" * 20,
        f"quantity_{offer.pk}": "1",
    }
    client = Client(headers={"accept": accept}, raise_request_exception=False)
    for address in (f"/phien/{number}/dat/", f"/phien/{number}/cho/{number}/"):
        assert client.post(address, form).status_code == 404
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    "address",
    [
        f"/tinh/{NUL}/",
        f"/tinh/{NUL}/duyet/",
        f"/tinh/{NUL}/so-ocop/",
        f"/tinh/15/so-lieu/{NUL}/",
        f"/tinh/15/so-lieu/phien/?page={NUL}&ky={NUL}&tu={NUL}",
        f"/lam-viec/{NUL}/san-pham/",
        "/lam-viec/lo/99999999999999999999/",
        f"/lam-viec/htx-che-shan-tuyet-phinh-ho/lo/?q={NUL}&page={NUL}",
        f"/lam-viec/htx-che-shan-tuyet-phinh-ho/kien-hang/?q={NUL}&phien={NUL}",
        f"/lam-viec/htx-che-shan-tuyet-phinh-ho/san-pham/?q={NUL}",
    ],
)
def test_members_bytes_find_nothing(address: str) -> None:
    cast = make_cast()
    for user in (cast.mai, cast.ha):
        assert client_of(user).get(address).status_code < 500


@pytest.mark.parametrize("digit", ["²", "①", "٣"])
def test_digits_that_are_no_numbers_are_refused_in_words(digit: str) -> None:
    """`isdigit` says yes to ² and ①, and `int` says no."""
    cast = make_cast()
    session = SessionFactory(cooperative=cast.coop_a)
    product = ProductFactory(cooperative=cast.coop_a)
    mai = client_of(cast.mai)
    console = f"/lam-viec/phien/{session.pk}/dieu-khien/"
    assert mai.get(f"{console}tin.json", {"after": digit}).status_code == 200
    assert mai.get(f"/lam-viec/phien/{session.pk}/xep/", {"lo": digit}).status_code == 404
    editor = f"/lam-viec/san-pham/{product.pk}/"
    typed = {"form": f"pack-{digit}", "idempotency_key": "k" * 20}
    assert mai.post(editor, typed).status_code == 404
