"""Sessions in which goods are offered, for the products app, which knows no sessions (GOODS_IN)."""

from django.db.models import QuerySet

from livestreams.models import LivestreamSession, Offer

State = LivestreamSession.State
Whereabouts = dict[str, list[str]]  # "on_air" and "coming": titles of sessions


def whereabouts_of_product(product_id: int) -> Whereabouts:
    return _whereabouts(Offer.objects.filter(lot__variant__product=product_id))


def whereabouts_of_variant(variant_id: int) -> Whereabouts:
    return _whereabouts(Offer.objects.filter(lot__variant=variant_id))


def _whereabouts(offers: QuerySet[Offer]) -> Whereabouts:
    on_sale = offers.filter(
        state__in=(Offer.State.OPEN, Offer.State.SOLD_OUT), session__state=State.LIVE
    )
    lined_up = offers.filter(
        state=Offer.State.LINED_UP, session__state__in=(State.DRAFT, State.SCHEDULED, State.LIVE)
    )
    return {"on_air": _titles(on_sale), "coming": _titles(lined_up)}


def _titles(offers: QuerySet[Offer]) -> list[str]:
    rows = offers.order_by("session__starts_at", "session").values_list("session__title")
    return list(dict.fromkeys(title for (title,) in rows))
