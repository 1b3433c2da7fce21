"""Scans of a code by people: which requests count, and when a code looks copied."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from core import limits
from core.addresses import client_address, client_block, client_network
from core.clock import LOCAL_ZONE
from traceability.models import OriginCode, Scan

# One visitor is a network and a kind of browser: reloads and the other language are the same visit
OF_VISITOR = limits.Limit("traceability.scan.visitor", 1, 3600)
OF_NETWORK = limits.Limit("traceability.scan.network", 4, 86_400)
MOST_COUNTED = 1_000  # of one code; more give no new information
MANY_SCANS, MANY_PLACES, MANY_DAYS = 10, 4, 3  # all three, and the page warns of copies

ROBOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|facebookexternalhit|facebot|whatsapp|zalo(?!\S*/\S*webview)"
    r"|telegram|skype|discord|slack|embedly|curl|wget|python|httpx|okhttp|java/|go-http|headless"
    r"|lighthouse|monitor|scan(?!ner)",
    re.IGNORECASE,
)
ZALO_BROWSER = re.compile(r"zalo (android|ios)|zalotheme", re.IGNORECASE)


@dataclass(frozen=True)
class Scans:
    """How often people opened a code's page, and whether that looks like copies of one label."""

    count: int
    first_at: datetime | None
    is_scanned_often: bool


def is_by_a_person(request: HttpRequest) -> bool:
    """A page that a person looks at: not fetched beforehand, for a preview, or by a program."""
    if request.method != "GET":
        return False
    headers = request.headers
    purpose = " ".join(headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose"))
    if re.search(
        "prefetch|prerender|preview", f"{purpose} {headers.get('X-Moz', '')}", re.IGNORECASE
    ):
        return False
    if headers.get("Sec-Fetch-Dest", "document") != "document":
        return False
    agent = headers.get("User-Agent", "")
    if not agent.startswith("Mozilla/"):
        return False
    return bool(ZALO_BROWSER.search(agent)) or not ROBOT.search(agent)


def note(origin: OriginCode, request: HttpRequest) -> bool:
    """Count this opening; False when it is none, or one that was counted already."""
    if not is_by_a_person(request):
        return False
    client_ip = client_address(request)
    network, agent = client_network(client_ip), request.headers.get("User-Agent", "")[:300]
    if limits.refusal_of(
        (OF_VISITOR, f"{origin.pk} {network} {agent}"), (OF_NETWORK, f"{origin.pk} {network}")
    ):
        return False
    if origin.scans.count() >= MOST_COUNTED:
        return False
    Scan.objects.create(origin_code=origin, place=_place(client_ip))
    return True


def scans_of(origin: OriginCode) -> Scans:
    found = origin.scans.aggregate(
        count=Count("pk"),
        first_at=Min("scanned_at"),
        places=Count("place", distinct=True),
        days=Count(TruncDate("scanned_at", tzinfo=LOCAL_ZONE), distinct=True),
    )
    is_often = (
        found["count"] >= MANY_SCANS
        and found["places"] >= MANY_PLACES
        and found["days"] >= MANY_DAYS
    )
    return Scans(found["count"], found["first_at"], is_often)


def _place(client_ip: str) -> str:
    """A name for about where it was: useless without the key, and shared by many thousands."""
    words = client_block(client_ip)
    return salted_hmac("traceability.place", words, algorithm="sha256").hexdigest()[:12]
