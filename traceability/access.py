"""How one gets hold of lots, steps and codes: only through what one may write."""

from typing import Any

from django.shortcuts import get_object_or_404

from coops.models import Cooperative
from products.models import Lot
from traceability.models import OriginCode, OriginCodeBatch, TraceEvent


def get_cooperative_to_trace(user: Any, cooperative_slug: str) -> Cooperative:
    return get_object_or_404(Cooperative.objects.traced_by(user), slug=cooperative_slug)


def get_cooperative_to_follow(user: Any, cooperative_slug: str) -> Cooperative:
    """A co-op whose lots or sessions `user` looks after."""
    cooperatives = Cooperative.objects
    theirs = cooperatives.traced_by(user) | cooperatives.hosted_by(user)
    return get_object_or_404(theirs.distinct(), slug=cooperative_slug)


def get_lot_to_trace(user: Any, lot_id: int) -> Lot:
    lots = Lot.objects.traced_by(user).select_related(
        "variant__product__cooperative__commune__province"
    )
    return get_object_or_404(lots, pk=lot_id)


def get_lot_to_recall(user: Any, lot_id: int) -> Lot:
    """A lot of a co-op that `user` manages: its codes may be called back."""
    managed = Lot.objects.filter(
        variant__product__cooperative__in=Cooperative.objects.managed_by(user)
    )
    lots = managed.select_related("variant__product__cooperative__commune__province")
    return get_object_or_404(lots, pk=lot_id)


def get_code_to_recall(user: Any, lot_id: int, code: str) -> OriginCode:
    lot = get_lot_to_recall(user, lot_id)
    return get_object_or_404(OriginCode.objects.filter(lot=lot), code=code)


def get_event_to_correct(user: Any, event_id: int) -> TraceEvent:
    events = TraceEvent.objects.traced_by(user).select_related("lot__variant__product__cooperative")
    return get_object_or_404(events, pk=event_id)


def get_batch(user: Any, batch_id: int) -> OriginCodeBatch:
    batches = OriginCodeBatch.objects.traced_by(user).select_related(
        "lot__variant__product__cooperative"
    )
    return get_object_or_404(batches, pk=batch_id)
