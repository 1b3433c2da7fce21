"""Helpers of the product tests: Mai manages co-op A, Thảo co-op B."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from core.clock import db_today
from products.models import Product
from tests.cast import Cast, client_of, make_cast
from tests.factories.products import ProductFactory


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def mai(cast: Cast) -> Client:
    return client_of(cast.mai)


@pytest.fixture
def ha(cast: Cast) -> Client:
    """Reviews for the province of co-op A."""
    return client_of(cast.ha)


@pytest.fixture
def product(cast: Cast) -> Product:
    return ProductFactory(cooperative=cast.coop_a)


def decision(**fields: str) -> dict[str, str]:
    """The form of an OCOP decision."""
    issued_on = db_today() - dt.timedelta(days=30)
    return {
        "stars": "4",
        "number": "1842/QĐ-UBND",
        "issued_on": issued_on.strftime("%d/%m/%Y"),
        "issuer": "UBND tỉnh Lào Cai",
        **fields,
    }


def send(client: Client, url: str, *, key: str = "", **data: Any) -> HttpResponse:
    """POST a form with an idempotency key of its own, or with `key`."""
    return client.post(url, {"idempotency_key": key or uuid.uuid4().hex, **data})


def text_of(response: HttpResponse) -> str:
    return response.content.decode()
