"""What will be sold, in which order, at which price and in which number."""

from typing import Any

from django.db import transaction
from django.db.models import Max

from coops.models import Cooperative
from livestreams import events
from livestreams.errors import (
    BelowClaimed,
    ForeignLot,
    LackingStock,
    NotInSession,
    OfferMoved,
    PastBestBefore,
    TooManyOffers,
)
from livestreams.models import MAX_OFFERS_PER_COOPERATIVE, LivestreamSession, Offer
from livestreams.services.locks import lock_offer, lock_unfinished
from products.errors import TooFewInLot
from products.models import Lot
from products.services import stock

State = Offer.State


@transaction.atomic
def line_up_offer(
    *,
    session: LivestreamSession,
    cooperative: Cooperative,
    lot: Lot,
    unit_price_vnd: int,
    quantity_offered: int,
    limit_per_buyer: int,
) -> Offer:
    """Add a lot of the co-op's own to the session, under its next free live code.

    Nothing leaves the lot yet: that happens when the offer opens. Raises NotInSession,
    ForeignLot, PastBestBefore, LackingStock, TooManyOffers, SessionIsOver.
    """
    now = lock_unfinished(session.pk)
    letter = _letter_of(now, cooperative)
    if lot.variant.product.cooperative_id != cooperative.pk:
        raise ForeignLot
    if not Lot.objects.good().filter(pk=lot.pk).exists():
        raise PastBestBefore
    available = Lot.objects.values_list("quantity_available", flat=True).get(pk=lot.pk)
    if available < quantity_offered:
        raise LackingStock(available)
    last = now.offers.aggregate(last=Max("position"))["last"]
    offer = Offer.objects.create(
        session=now,
        cooperative=cooperative,
        lot=lot,
        live_code=_free_code(now, letter),
        position=0 if last is None else last + 1,
        unit_price_vnd=unit_price_vnd,
        quantity_offered=quantity_offered,
        limit_per_buyer=limit_per_buyer,
    )
    events.offer_changed(offer)
    return offer


@transaction.atomic
def edit_offer(
    *,
    offer: Offer,
    unit_price_vnd: int | None = None,
    quantity_offered: int | None = None,
    limit_per_buyer: int | None = None,
    by: Any = None,
) -> Offer:
    """Change price, allotment or limit, whichever is given. Earlier orders keep their price.

    While the offer is open the difference leaves or re-enters the lot at once. Raises
    BelowClaimed, LackingStock, OfferMoved (closed meanwhile), SessionIsOver.
    """
    lock_unfinished(offer.session_id)
    now = lock_offer(offer.pk)
    if now.state == State.CLOSED:
        raise OfferMoved
    given = {
        "unit_price_vnd": unit_price_vnd,
        "quantity_offered": quantity_offered,
        "limit_per_buyer": limit_per_buyer,
    }
    wanted = now.quantity_offered if quantity_offered is None else quantity_offered
    if wanted < now.quantity_claimed:
        raise BelowClaimed(now.quantity_claimed)
    Offer.objects.filter(pk=now.pk, quantity_claimed__lte=wanted).update(
        **{name: value for name, value in given.items() if value is not None}
    )
    difference = wanted - now.quantity_offered
    if not now.holds_no_stock:
        _move_difference(now, difference, by)
    elif difference > 0 and now.lot.quantity_available < wanted:
        raise LackingStock(now.lot.quantity_available)
    now.refresh_from_db()
    events.offer_changed(now)
    return now


@transaction.atomic
def move_offer(*, offer: Offer, up: bool) -> None:
    """Swap places with the neighbour in the order of selling; at the end nothing moves."""
    session = lock_unfinished(offer.session_id)
    offers = list(session.offers.order_by("position", "pk"))
    here = next(index for index, other in enumerate(offers) if other.pk == offer.pk)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(offers):
        return
    offers[here], offers[there] = offers[there], offers[here]
    places = {moved.pk: position for position, moved in enumerate(offers)}
    for pk, position in sorted(places.items()):  # rows in id order, as orders lock them
        Offer.objects.filter(pk=pk).exclude(position=position).update(position=position)
    events.offer_changed(offer)


@transaction.atomic
def remove_offer(*, offer: Offer) -> None:
    """Take a lined-up offer off the list; its code is free again. Raises OfferMoved once open."""
    lock_unfinished(offer.session_id)
    removed, _by_model = Offer.objects.filter(pk=offer.pk, state=State.LINED_UP).delete()
    if not removed:
        raise OfferMoved
    events.offer_changed(offer)


def _letter_of(session: LivestreamSession, cooperative: Cooperative) -> str:
    slot = session.slots.filter(cooperative=cooperative, joined_at__isnull=False).first()
    if slot is None:
        raise NotInSession
    return slot.letter


def _free_code(session: LivestreamSession, letter: str) -> str:
    """A01, A02 …: the first number free; hosts take turns by the session's lock."""
    taken = set(
        session.offers.filter(live_code__startswith=letter).values_list("live_code", flat=True)
    )
    for number in range(1, MAX_OFFERS_PER_COOPERATIVE + 1):
        code = f"{letter}{number:02d}"
        if code not in taken:
            return code
    raise TooManyOffers


def _move_difference(offer: Offer, difference: int, by: Any) -> None:
    if difference > 0:
        try:
            stock.take_from_lot(
                lot_id=offer.lot_id, quantity=difference, reference=offer.reference, by=by
            )
        except TooFewInLot as refusal:
            raise LackingStock(
                offer.quantity_offered + refusal.details["quantity_available"]
            ) from refusal
    elif difference < 0:
        stock.give_back_to_lot(
            lot_id=offer.lot_id, quantity=-difference, reference=offer.reference, by=by
        )
