"""What keeps strangers from taking everything: a code before units are held (decision 21).

Phones that received or paid an order before are known and never asked. Of the others, each network
has a few units free in a session; beyond them a code is asked before anything is held.
"""

import datetime as dt
import functools
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from accounts.models import OneTimeCode
from accounts.services import codes
from core import limits
from core.addresses import client_block, client_network, one_client
from core.phones import mask_phone
from orders.errors import CodeNeeded
from orders.models import KnownPhone

JOINS_OF_NETWORK = limits.Limit("orders.join.network", 480, 600)
JOINS_OF_CLIENT = limits.Limit("orders.join.client", 120, 600)  # many share one address
JOINS_OF_PHONE = limits.Limit("orders.join.phone", 20, 600)
PURPOSE = OneTimeCode.Purpose.ORDER
UNITS, PLACES = "units", "places"
SALT = "orders.crowding"

WEIGH_SQL = "SELECT orders_weigh_buyer(%s, %s, %s, %s, %s, %s, %s)"
KNOW_NETWORK_SQL = """
    INSERT INTO orders_knownnetwork AS known (key, phones, known_at) VALUES (%s, 1, now())
    ON CONFLICT (key) DO UPDATE SET phones = known.phones + 1, known_at = now()
"""


@dataclass(frozen=True)
class Client:
    """What a buyer at the door is counted by: keyed hashes. All empty: a caller of our own."""

    client_network: str = ""
    client_block: str = ""
    client_phone: str = ""
    counted: str = ""  # this network in this session
    counted_in_all: str = ""  # all networks in this session


NOBODY = Client()


def count_joining(*, phone: str, client_ip: str) -> None:
    """Limit the attempts to join a line. Raises TooManyTries."""
    limits.check(
        (JOINS_OF_NETWORK, client_network(client_ip)),
        (JOINS_OF_CLIENT, one_client(client_ip)),
        (JOINS_OF_PHONE, phone),
    )


def client(*, session_id: int, phone: str, client_ip: str, what: str = UNITS) -> Client:
    """`client_ip` "" is a caller of our own (a command, the line's own promotion)."""
    if not client_ip:
        return NOBODY
    network = network_key(client_ip)
    return Client(
        client_network=network,
        client_block=block_key(client_ip),
        client_phone=phone_key(phone),
        counted=_key(f"{what}:{session_id}", network),
        counted_in_all=_key(f"{what}:{session_id}", ""),
    )


def weigh(
    *,
    session_id: int,
    phone: str,
    client_ip: str,
    units: int,
    what: str = UNITS,
    at: dt.datetime | None = None,
) -> None:
    """Count `units` this buyer is about to take. Raises CodeNeeded where a code is asked first.

    For what is not an order; that is weighed where it is placed (placing.sql).
    """
    who = client(session_id=session_id, phone=phone, client_ip=client_ip, what=what)
    if who == NOBODY:
        return
    values: list[Any] = [
        who.client_phone, who.client_network, who.client_block, who.counted, who.counted_in_all,
        units, at,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(WEIGH_SQL, values)
        (standing,) = cursor.fetchone()
    if standing == "code":
        raise CodeNeeded(phone=mask_phone(phone))


def send_code(*, phone: str, client_ip: str) -> OneTimeCode:
    """Raises CodesNotSetUp or TooManyCodes."""
    return codes.request_code(phone=phone, purpose=PURPOSE, source=client_ip)


def can_send_codes() -> bool:
    return codes.can_send_codes()


def prove(*, phone: str, code: str, client_ip: str) -> None:
    """Accept the code; from now on the phone is known. Raises WrongCode or CodeSpent."""
    if KnownPhone.objects.filter(pk=phone_key(phone)).exists():
        return  # the same press once more
    digits = "".join(filter(str.isdigit, code))
    codes.check_code(phone=phone, purpose=PURPOSE, code=digits, asker=one_client(client_ip))
    know(phone=phone, network=network_key(client_ip), block=block_key(client_ip))


def know(*, phone: str, network: str = "", block: str = "") -> None:
    """The phone is a buyer's; its network is good for a few more units. Safe to run twice."""
    with transaction.atomic():
        _row, is_new = KnownPhone.objects.get_or_create(pk=phone_key(phone))
        if not is_new:
            return
        with connection.cursor() as cursor:
            for key in sorted({network, block} - {""}):
                cursor.execute(KNOW_NETWORK_SQL, [key])


def phone_key(phone: str) -> str:
    return _key("phone", phone)


def network_key(client_ip: str) -> str:
    return _key("network", client_network(client_ip))


def block_key(client_ip: str) -> str:
    return _key("block", client_block(client_ip))


def _key(kind: str, value: str) -> str:
    words = f"{kind}:{value}".encode()
    return hmac.digest(_hash_key(settings.SECRET_KEY), words, "sha256").hex()[:32]


@functools.lru_cache(maxsize=4)
def _hash_key(secret: str) -> bytes:
    """As django.utils.crypto.salted_hmac derives it for each hash; an order takes five."""
    return hashlib.sha256(f"{SALT}{secret}".encode()).digest()
