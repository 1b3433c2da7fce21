"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

IPV4_NETWORK, IPV6_NETWORK = 24, 64  # bits; a household is given a whole /64


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
    bits = IPV4_NETWORK if found.version == 4 else IPV6_NETWORK
    return str(ipaddress.ip_network((found, bits), strict=False))


def client_block(client_ip: str) -> str:
    """What a network belongs to, about as providers are given them: IPv4 /16, IPv6 /32."""
    found = _parsed(client_ip)
    if found is None:
        return ""
    return str(ipaddress.ip_network((found, 16 if found.version == 4 else 32), strict=False))


def _parsed(client_ip: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(client_ip.partition("%")[0])
    except ValueError:
        return None
    # The same visitor whether the server listens on one family or on both
    return getattr(found, "ipv4_mapped", None) or found
