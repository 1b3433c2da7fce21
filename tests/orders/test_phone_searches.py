"""A search by phone digits is counted and written down: nobody reads masked numbers bit by bit."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.services.tokens import create_api_token
from core.limits import Limit
from livestreams.models import LivestreamSession
from orders.models import PhoneSearch
from orders.querysets import digits_sought
from orders.services import searching
from tests.api.conftest import Api
from tests.cast import Cast, client_of, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory

pytestmark = pytest.mark.django_db
PHONE = "+84912345678"
WHOLE = "0912 345 678"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def session(cast: Cast) -> LivestreamSession:
    session = SessionFactory(cooperative=cast.coop_a)
    OrderFactory(offer=OfferFactory(session=session), buyer_phone=PHONE, code="CPZZZZZZ")
    return session


@pytest.fixture
def mai(cast: Cast) -> Client:
    return client_of(cast.mai)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three searches an hour in place of 120."""
    monkeypatch.setattr(searching, "OF_PERSON", Limit("orders.phone-search.person", 3, 3600))


Where = Callable[[LivestreamSession], str]


def room(session: LivestreamSession) -> str:
    return f"/lam-viec/{session.cooperative.slug}/kien-hang/"


PLACES: dict[str, Where] = {
    "list": room,
    "print": lambda s: f"{room(s)}in/",
    "file": lambda s: f"{room(s)}tai-ve/",
    "refunds": lambda s: f"/lam-viec/{s.cooperative.slug}/tien-tra-lai/",
    "orders": lambda s: f"/lam-viec/phien/{s.pk}/don/",
    "api parcels": lambda s: f"/api/my/cooperatives/{s.cooperative.slug}/parcels/",
    "api refunds": lambda s: f"/api/my/cooperatives/{s.cooperative.slug}/refunds/",
}


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("678", "678"), ("lan 5678", "5678"), (WHOLE, "0912345678"), ("+84 912.345.678", "84912345678"),
        ("lan", ""), ("A01", ""), ("12", ""), ("", ""), ("CPZZZZZZ", ""),
    ],
)  # fmt: skip
def test_which_searches_ask_for_a_phone(typed: str, digits: str) -> None:
    assert digits_sought(typed) == digits


@pytest.mark.parametrize("place", PLACES)
def test_each_search_by_phone_is_noted_and_too_many_are_refused(
    cast: Cast, session: LivestreamSession, mai: Client, few: None, place: str
) -> None:
    where = PLACES[place](session)
    for typed in ("678", "5678", WHOLE):
        assert mai.get(where, {"q": typed}).status_code == 200
    refused = mai.get(where, {"q": "4678"})

    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 1000
    noted = PhoneSearch.objects.order_by("pk")
    assert list(noted.values_list("searched_by", "digits")) == [
        (cast.mai.pk, 3),
        (cast.mai.pk, 4),
        (cast.mai.pk, 10),
    ]
    assert mai.get(where, {"q": "lan"}).status_code == 200, "names are not counted"
    assert client_of(cast.minh).get(where, {"q": "4678"}).status_code in {200, 404}


def test_the_same_search_counts_once_wherever_it_goes_on(
    session: LivestreamSession, mai: Client, few: None
) -> None:
    """Its next page, its print and its file, and the numbers shown for it."""
    for _turn in range(3):
        for place in ("list", "print", "file"):
            assert mai.get(PLACES[place](session), {"q": "678"}).status_code == 200
    shown = {"query": "q=678", "idempotency_key": "k" * 20}
    assert mai.post(f"{room(session)}hien-so/", shown).status_code == 303
    assert PhoneSearch.objects.count() == 1


def test_what_was_refused_is_not_free_the_second_time(
    session: LivestreamSession, mai: Client, few: None
) -> None:
    for typed in ("111", "222", "333", "444", "444"):
        last = mai.get(room(session), {"q": typed}).status_code
    assert last == 429


def test_showing_numbers_is_no_way_round_the_count(
    session: LivestreamSession, mai: Client, few: None
) -> None:
    answers = [
        mai.post(
            f"{room(session)}hien-so/", {"query": f"q={n}678", "idempotency_key": f"{n}" * 20}
        ).status_code
        for n in range(5)
    ]
    assert answers == [303, 303, 303, 429, 429]


def test_a_token_is_counted_as_its_person(
    cast: Cast, session: LivestreamSession, mai: Client, few: None
) -> None:
    api = Api(create_api_token(user=cast.mai, name="Sổ bán hàng")[1])
    path = f"my/cooperatives/{session.cooperative.slug}/parcels/"
    for typed in ("111", "222", "333"):
        assert mai.get(room(session), {"q": typed}).status_code == 200
    refused = api.get(path, q="444")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_tries")
