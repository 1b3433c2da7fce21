"""What a token may do, for how long, and what ends it."""

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from django.urls import get_resolver

from accounts.models import ApiToken, User
from accounts.services.people import change_password, reset_password
from accounts.services.tokens import create_api_token
from core.access import Audience, rule_of
from core.clock import db_now
from tests.api.conftest import Api
from tests.architecture.test_routes import routes
from tests.cast import PASSWORD, client_of
from tests.factories.accounts import UserFactory
from tests.world import World

pytestmark = pytest.mark.django_db
MINE = "my/cooperatives/"


def token_of(user: User, **given: object) -> tuple[ApiToken, Api]:
    token, text = create_api_token(user=user, name="Sổ", **given)  # type: ignore[arg-type]
    return token, Api(text)


def test_a_token_that_only_reads_writes_nothing(world: World) -> None:
    _token, program = token_of(world.cast.mai, scope="read")
    path = f"{MINE}{world.a.cooperative.slug}/"
    refused = program.patch(path, {"story": "Của máy."})

    assert program.get(path).status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (403, "token_only_reads")
    for entry in get_resolver("config.api_urls").url_patterns:
        is_open = rule_of(entry.callback).audience in {Audience.PUBLIC, Audience.SECRET_LINK}
        if not is_open and "<" not in str(entry.pattern):
            answer = program.post(str(entry.pattern), {})
            assert answer.status_code in {401, 403, 405}, entry.name


def test_a_token_ends_on_its_day(world: World) -> None:
    token, program = token_of(world.cast.mai, days=30)
    assert 29.9 < (token.expires_at - db_now()) / dt.timedelta(days=1) < 30.1
    assert program.get(MINE).status_code == 200
    ApiToken.objects.update(expires_at=db_now())
    assert program.get(MINE).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda user: change_password(user=user, present=PASSWORD, password="mot-mat-khau-moi"),
        lambda user: reset_password(user=user, password="mot-mat-khau-moi"),
    ],
)
def test_a_new_password_ends_tokens(change: Callable[[User], object]) -> None:
    user, other = UserFactory(), UserFactory()
    _token, program = token_of(user)
    _theirs, others_program = token_of(other)
    change(user)
    assert program.get(MINE).status_code == 401
    assert others_program.get(MINE).status_code == 200


def test_the_last_use_is_shown_and_not_written_at_every_request() -> None:
    user = UserFactory()
    token, program = token_of(user)
    page = "/tai-khoan/ma-truy-cap/"
    assert "chưa dùng" in client_of(user).get(page).content.decode()
    program.get(MINE)
    token.refresh_from_db()
    first = token.last_used_at
    program.get(MINE)
    token.refresh_from_db()
    assert first is not None
    assert token.last_used_at == first
    assert "chưa dùng" not in client_of(user).get(page).content.decode()


def test_scope_and_days_are_chosen_when_it_is_made() -> None:
    user = UserFactory()
    data = {"name": "Kế toán", "scope": "read", "days": "365", "idempotency_key": str(uuid.uuid4())}
    assert client_of(user).post("/tai-khoan/ma-truy-cap/", data).status_code == 302
    token = user.api_tokens.get()
    assert token.is_read_only
    assert (token.expires_at - db_now()).days in {364, 365}
    odd = {**data, "days": "99999", "idempotency_key": str(uuid.uuid4())}
    assert client_of(user).post("/tai-khoan/ma-truy-cap/", odd).status_code == 422


def test_no_token_reaches_a_page_or_the_members(world: World) -> None:
    """Pages know sessions only, and no address of the API changes who works in a co-op."""
    _token, program = token_of(world.cast.mai)
    slug = world.a.cooperative.slug
    answer = program.client.get(f"/lam-viec/{slug}/thanh-vien/", headers=program.headers)
    assert answer["Location"].startswith("/dang-nhap/")
    in_api = [where for where, _entry in routes(get_resolver()) if where.startswith("api/")]
    assert not [where for where in in_api if "member" in where]
