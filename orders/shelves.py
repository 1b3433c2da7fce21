"""Shelves of the packing room: the tabs of the list, and what can be done on each."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.paging import COUNTED_AT_MOST, count_at_most, tab_count
from orders.models import Parcel
from orders.models.standing import MAY_BE_SENT
from orders.querysets import ON_HOLD_STATES

State = Parcel.State
SEARCHED_AT_MOST = 5000  # parcels that a search counts


@dataclass(frozen=True)
class Shelf:
    """`slug` in the address; `steps` are the states its parcels may be moved to together."""

    slug: str
    title: Any
    holds: Q
    steps: tuple[str, ...] = ()


SHELVES = (
    Shelf("can-goi", _("To pack"), Q(state=State.NEW) & MAY_BE_SENT, (State.PACKED,)),
    Shelf(
        "cho-tien",
        _("Waiting for money"),
        Q(state=State.NEW, order__state__in=ON_HOLD_STATES),
    ),
    Shelf("da-goi", _("Ready to send"), Q(state=State.PACKED), (State.SHIPPED,)),
    Shelf("dang-giao", _("On its way"), Q(state=State.SHIPPED), (State.DELIVERED, State.RETURNED)),
    Shelf("da-giao", _("Delivered"), Q(state=State.DELIVERED)),
    Shelf("tra-ve", _("Came back"), Q(state=State.RETURNED)),
    Shelf("da-huy", _("Cancelled"), Q(state=State.CANCELLED)),
    Shelf("tat-ca", _("All"), Q()),
)
BY_SLUG = {shelf.slug: shelf for shelf in SHELVES}
STEP_WORDS: dict[str, Any] = {
    State.PACKED: _("Mark as packed"),
    State.SHIPPED: _("Handed over for delivery"),
    State.DELIVERED: _("Mark as delivered"),
    State.RETURNED: _("Mark as come back"),
}


def counts(parcels: QuerySet[Parcel], *, is_narrow: bool = False) -> dict[str, str]:
    """How many of `parcels` are on each shelf, as shown on its tab: “12”, “500+”, nothing for 0.

    All parcels of a co-op are counted shelf by shelf, each along its index and no further than
    shown; those of a search in one query, as far as the first few thousand found.
    """
    if not is_narrow:
        return {
            shelf.slug: tab_count(count_at_most(parcels.filter(shelf.holds), COUNTED_AT_MOST + 1))
            for shelf in SHELVES
        }
    named = {shelf.slug.replace("-", "_"): shelf for shelf in SHELVES}
    some = Parcel.objects.filter(pk__in=parcels.order_by().values("pk")[:SEARCHED_AT_MOST])
    found = some.aggregate(
        **{name: Count("pk", filter=shelf.holds or None) for name, shelf in named.items()}
    )
    return {shelf.slug: tab_count(found[name]) for name, shelf in named.items()}
