"""Bytes no page ever sends, in the places of an address where words stand."""

import pytest
from django.test import Client

from tests.cast import client_of, make_cast

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
