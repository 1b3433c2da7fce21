"""How people get hold of orders, parcels and sessions: what is theirs to see, or 404."""

import re
from typing import Any

from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404

from coops.models import Cooperative
from livestreams.models import LivestreamSession, Offer
from orders.models import Order, OrderLine, Parcel, Refund, StandbyEntry

TOKEN = re.compile(r"[\w-]{1,43}", re.ASCII)


def get_session_to_order(session_id: int) -> LivestreamSession:
    """The session to order from; it may be over by now."""
    shown = LivestreamSession.objects.addressable().select_related("cooperative")
    return get_object_or_404(shown, pk=session_id)


def get_order_by_token(order_token: str) -> Order:
    """The order whose secret link this is, with its parcels and lines."""
    if not TOKEN.fullmatch(order_token):
        raise Http404
    orders = Order.objects.select_related("session__cooperative", "commune__province")
    refunds = Refund.objects.select_related("replacement")
    parcels = Parcel.objects.with_goods().select_related("cooperative").order_by("pk")
    lines = OrderLine.objects.order_by("live_code")
    return get_object_or_404(
        orders.prefetch_related(
            Prefetch("parcels", parcels),
            Prefetch("parcels__lines", lines),
            Prefetch("refunds", refunds),
        ),
        token=order_token,
    )


def get_offer_to_wait_for(session_id: int, offer_id: int) -> Offer:
    """An offer of a session that buyers may see; its line may not be open."""
    shown = Offer.objects.filter(session__in=LivestreamSession.objects.addressable())
    return get_object_or_404(
        shown.for_cards().select_related("session__cooperative"), session=session_id, pk=offer_id
    )


def get_entry_by_token(entry_token: str, *, for_page: bool = True) -> StandbyEntry:
    """The place in a line whose secret link this is: with its offer and what it became; or, for
    a page that only asks whether anything changed, with what it became alone.
    """
    if not TOKEN.fullmatch(entry_token):
        raise Http404
    entries = StandbyEntry.objects
    rows = entries.for_page() if for_page else entries.select_related("order")
    return get_object_or_404(rows, token=entry_token)


def get_cooperative_to_pack(user: Any, cooperative_slug: str) -> Cooperative:
    """The co-op when `user` packs for it: manager, host or packer."""
    return get_object_or_404(Cooperative.objects.packed_by(user), slug=cooperative_slug)


def get_parcel_to_pack(user: Any, cooperative_slug: str, parcel_id: int) -> Parcel:
    parcels = Parcel.objects.packed_by(user).filter(cooperative__slug=cooperative_slug)
    return get_object_or_404(parcels.for_packing(), pk=parcel_id)


def get_session_to_follow(user: Any, session_id: int) -> LivestreamSession:
    """A session in which a co-op of `user` (manager or host) holds or has a place."""
    joined = LivestreamSession.objects.joined_by(user).select_related("cooperative")
    return get_object_or_404(joined, pk=session_id)


def get_order_to_host(user: Any, session_id: int, order_id: int) -> Order:
    """An order of a session whose holding co-op `user` hosts for: it takes the money."""
    orders = Order.objects.of_sessions_hosted_by(user).filter(session_id=session_id)
    return get_object_or_404(orders.select_related("session__cooperative"), pk=order_id)


def get_cooperative_to_refund(user: Any, cooperative_slug: str) -> Cooperative:
    """The co-op when `user` hosts for it: it takes the money of its sessions, and sends it back."""
    return get_object_or_404(Cooperative.objects.hosted_by(user), slug=cooperative_slug)


def get_refund_to_settle(user: Any, cooperative_slug: str, refund_id: int) -> Refund:
    refunds = Refund.objects.settled_by(user).for_cards()
    return get_object_or_404(
        refunds, order__session__cooperative__slug=cooperative_slug, pk=refund_id
    )
