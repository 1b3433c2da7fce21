"""What keeps strangers from taking everything: how often one may stand in line."""

from core import limits
from core.addresses import client_network, one_client

JOINS_OF_NETWORK = limits.Limit("orders.join.network", 480, 600)
JOINS_OF_CLIENT = limits.Limit("orders.join.client", 120, 600)  # many share one address
JOINS_OF_PHONE = limits.Limit("orders.join.phone", 20, 600)


def count_joining(*, phone: str, client_ip: str) -> None:
    """Standing in line costs no stock, so it has limits of its own. Raises TooManyTries."""
    limits.check(
        (JOINS_OF_NETWORK, client_network(client_ip)),
        (JOINS_OF_CLIENT, one_client(client_ip)),
        (JOINS_OF_PHONE, phone),
    )
