"""Accounts of the demonstration, as a table for the terminal."""

import base64
from collections.abc import Iterable

from config.demo import content
from config.demo.loading.people import code_now
from core.phones import format_phone, normalize_phone

WIDTHS = (40, 16, 16)


def table() -> str:
    """Every account by role, the one password, and the staff's second factor at this moment."""
    lines = [
        f"Demonstration accounts. The password of all: {content.PASSWORD}",
        "",
        *_block("Co-op", "manager", "host", _cooperatives()),
        *_helpers(),
        "",
        *_block("Province", "reviewer", "viewer", _provinces()),
        f"  Their second step: the code {code_now()} now, or the key {_key()} in an app.",
        "",
        f"  Buyer: {_shown(_phone_of('buyer'))}; nobody needs an account to order.",
    ]
    return "\n".join(lines)


def _block(*head_and_rows: str | Iterable[tuple[str, ...]]) -> list[str]:
    *head, rows = head_and_rows
    lines = [tuple(str(word) for word in head), *rows]
    return [
        "  " + "".join(word.ljust(width) for word, width in zip(line, WIDTHS, strict=True)).rstrip()
        for line in lines
    ]


def _cooperatives() -> Iterable[tuple[str, ...]]:
    for coop in content.cooperatives():
        manager = _phone_of("manager", cooperative=coop.slug)
        host = _phone_of("host", cooperative=coop.slug)
        yield coop.short_name, _shown(manager), _shown(host)


def _helpers() -> Iterable[str]:
    slug = content.sessions().live.cooperative
    name = next(coop.short_name for coop in content.cooperatives() if coop.slug == slug)
    packer = _shown(_phone_of("packer", cooperative=slug))
    diarist = _shown(_phone_of("diarist", cooperative=slug))
    yield f"  {name}, which is live now, also has a packer, {packer},"
    yield f"  and a diary keeper, {diarist}."


def _provinces() -> Iterable[tuple[str, ...]]:
    for place in content.provinces():
        reviewer = _phone_of("reviewer", province=place.code)
        yield place.name, _shown(reviewer), _shown(_phone_of("viewer", province=place.code))


def _phone_of(role: str, *, cooperative: str = "", province: str = "") -> str:
    wanted = (role, cooperative, province)
    return next(p.phone for p in content.people() if (p.role, p.cooperative, p.province) == wanted)


def _shown(phone: str) -> str:
    return format_phone(normalize_phone(phone))


def _key() -> str:
    return base64.b32encode(bytes.fromhex(content.TOTP_KEY)).decode().rstrip("=")
