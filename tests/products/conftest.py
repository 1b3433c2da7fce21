"""Helpers of the product tests: Mai manages co-op A, Thảo co-op B."""

import uuid
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.cast import Cast, client_of, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def mai(cast: Cast) -> Client:
    return client_of(cast.mai)


def send(client: Client, url: str, *, key: str = "", **data: Any) -> HttpResponse:
    """POST a form with an idempotency key of its own, or with `key`."""
    return client.post(url, {"idempotency_key": key or uuid.uuid4().hex, **data})


def text_of(response: HttpResponse) -> str:
    return response.content.decode()
