import copy
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from accounts.services.tokens import create_api_token
from tests.world import World, make_world


class Api:
    """A program: sends JSON, with a token when it acts for a person."""

    def __init__(self, token: str = "", client: Client | None = None) -> None:
        self.client = client or Client()
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/{path}", query, headers=self.headers)

    def post(self, path: str, body: Any = None, *, key: str | None = "") -> Any:
        return self.send("POST", path, body, key=key)

    def patch(self, path: str, body: Any = None, *, key: str | None = "") -> Any:
        return self.send("PATCH", path, body, key=key)

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = "") -> Any:
        """`body` as JSON, or bytes as they are; `key` new unless given, none when None."""
        sent = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        headers = dict(self.headers)
        if key is not None:
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        return self.client.generic(
            method, f"/api/{path}", sent, content_type="application/json", headers=headers
        )


@pytest.fixture(scope="module")
def made_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One for a module, whose tests leave it as it was."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def world(made_world: World, db: None) -> World:
    return copy.deepcopy(made_world)


@pytest.fixture
def guest() -> Api:
    return Api()


@pytest.fixture
def program_of() -> Callable[[User], Api]:
    """`program_of(user)` acts for the person by a token of theirs."""
    return lambda user: Api(create_api_token(user=user, name="Sổ bán hàng")[1])


@pytest.fixture
def mai(world: World, program_of: Callable[[User], Api]) -> Api:
    """Manages co-op A."""
    return program_of(world.cast.mai)


@pytest.fixture
def minh(world: World, program_of: Callable[[User], Api]) -> Api:
    """Hosts for co-op A."""
    return program_of(world.cast.minh)


@pytest.fixture
def thao(world: World, program_of: Callable[[User], Api]) -> Api:
    """Manages co-op B."""
    return program_of(world.cast.thao)
