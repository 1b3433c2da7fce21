"""Every route says who may come; every page's name is verb-noun."""

import re

from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, path

from core.access import public, rule_of

# Names that are not pages of ours
PLAIN_NAMES = {"healthz", "readyz"}


def routes(resolver: URLResolver, prefix: str = "") -> list[tuple[str, URLPattern]]:
    found: list[tuple[str, URLPattern]] = []
    for entry in resolver.url_patterns:
        where = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += routes(entry, where)
        else:
            found.append((where, entry))
    return found


def test_every_route_carries_an_access_rule() -> None:
    bare = [where for where, entry in routes(get_resolver()) if rule_of(entry.callback) is None]
    assert not bare


def test_every_route_has_a_name_of_verb_and_noun() -> None:
    odd = [
        f"{where} is named {entry.name!r}"
        for where, entry in routes(get_resolver())
        if entry.name not in PLAIN_NAMES
        and not re.fullmatch(r"(api-)?[a-z]+(-[a-z0-9]+)+", entry.name or "")
    ]
    assert not odd


def test_names_are_used_once() -> None:
    names = [entry.name for _, entry in routes(get_resolver())]
    assert sorted(names) == sorted(set(names))


def test_a_route_without_a_rule_would_be_caught() -> None:
    def forgotten(request: object) -> HttpResponse:
        return HttpResponse()

    assert rule_of(path("x", forgotten).callback) is None
    assert rule_of(path("x", public(forgotten)).callback) is not None
