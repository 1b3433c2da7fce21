"""How many passwords may be tried: per person, client, network, and in all (docs/decisions/0021)."""

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from core import limits
from core.addresses import client_address, client_network, one_client
from core.limits import Limit, TooManyTries, Try

QUARTER_S = 900
# A whole village may share one address: these are more slips than it makes
OF_ALL = Limit("accounts.password.all", 2_000, QUARTER_S)
OF_NETWORK = Limit("accounts.password.network", 200, QUARTER_S)
OF_CLIENT = Limit("accounts.password.client", 100, QUARTER_S)
OF_PERSON = Limit("accounts.password.person", 30, 3600)
OF_PERSON_HERE = Limit("accounts.password.person-here", 8, QUARTER_S)
OF_NETWORKS = {OF_ALL.name, OF_NETWORK.name, OF_CLIENT.name}

KNOWN_BROWSER = "__Host-quen" if settings.SITE_IS_HTTPS else "quen"
KNOWN_FOR_S = 60 * 60 * 24 * 400
SALT = "accounts.limits.known-browser"


@dataclass(frozen=True)
class PasswordTry:
    """One try, counted before the password is compared, so that tries at once are all counted."""

    counted: tuple[Try, ...]
    refusal: TooManyTries | None

    def was_right(self) -> None:
        limits.give_back(*self.counted)


def count_password(request: HttpRequest, phone: str) -> PasswordTry:
    """Count a password typed for `phone` (E.164).

    A browser this person has signed in with before has a count of its own: strangers who try the
    number everywhere slow each other, not the person.
    """
    client_ip = client_address(request)
    client = one_client(client_ip)
    if is_known_browser(request, phone):
        tries: tuple[Try, ...] = ((OF_PERSON_HERE, f"{phone} {_cookie(request)}"),)
    else:
        tries = (
            (OF_ALL, ""),
            (OF_NETWORK, client_network(client_ip)),
            (OF_CLIENT, client),
            (OF_PERSON_HERE, f"{phone} {client}"),
            (OF_PERSON, phone),
        )
    return PasswordTry(tries, limits.refusal_of(*tries))


def start_anew(phone: str) -> None:
    """The person has shown that the phone is theirs."""
    limits.forget((OF_PERSON, phone))


def is_known_browser(request: HttpRequest, phone: str) -> bool:
    try:
        known = signing.loads(_cookie(request), salt=SALT, max_age=KNOWN_FOR_S)
    except signing.BadSignature:
        return False
    return bool(known == phone)


def know_browser(response: HttpResponse, phone: str) -> None:
    """Remember in the browser that this person signed in with it; it opens nothing."""
    response.set_cookie(
        KNOWN_BROWSER,
        signing.dumps(phone, salt=SALT),
        max_age=KNOWN_FOR_S,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _cookie(request: HttpRequest) -> str:
    return str(request.COOKIES.get(KNOWN_BROWSER, ""))
