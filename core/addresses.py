"""Where a request comes from."""

import functools
import ipaddress

from django.conf import settings
from django.http import HttpRequest

IPV4_NETWORK, IPV6_NETWORK = 24, 64  # bits; a household is given a whole /64
IPV4_BLOCK, IPV6_BLOCK = 16, 32
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: HttpRequest) -> str:
    """The IP address of the visitor, or "" when unknown.

    Only behind our own proxy (BEHIND_PROXY) is `X-Forwarded-For` believed, and of it only the last
    entry, which that proxy wrote; anyone can send the others.
    """
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = request.headers.get("X-Forwarded-For", "")
        last = forwarded.rpartition(",")[2].strip()
        if last:
            return last
    return str(request.META.get("REMOTE_ADDR") or "")


def one_client(client_ip: str) -> str:
    """The smallest thing to count by: an IPv4 address, an IPv6 /64; "" when unknown."""
    found = _parsed(client_ip)
    if isinstance(found, ipaddress.IPv6Address):
        return client_network(client_ip)
    return str(found) if found else ""


def client_network(client_ip: str) -> str:
    """The network of an address: IPv4 as /24, IPv6 as /64; "" when unknown."""
    found = _parsed(client_ip)
    if found is None:
        return ""
    return _network_of(found, IPV4_NETWORK if found.version == 4 else IPV6_NETWORK)


def client_block(client_ip: str) -> str:
    """What a network belongs to, about as providers are given them: IPv4 /16, IPv6 /32."""
    found = _parsed(client_ip)
    if found is None:
        return ""
    return _network_of(found, IPV4_BLOCK if found.version == 4 else IPV6_BLOCK)


def _network_of(found: Address, bits: int) -> str:
    host_bits = found.max_prefixlen - bits
    first = type(found)(int(found) >> host_bits << host_bits)
    return f"{first}/{bits}"


@functools.lru_cache(maxsize=4096)  # an order asks for the same address several times
def _parsed(client_ip: str) -> Address | None:
    try:
        found = ipaddress.ip_address(client_ip.partition("%")[0])
    except ValueError:
        return None
    # The same visitor whether the server listens on one family or on both
    return getattr(found, "ipv4_mapped", None) or found
