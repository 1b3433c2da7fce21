"""What there is to buy in a benchmark: a live session with open offers, and a place to send to."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PRICE_VND = 115_000
FEE_VND = 25_000
EVERY = 20  # of the 3,321 communes has buyers


@dataclass(frozen=True)
class SessionRows:
    """`offer_ids` in the order of the board; codes of communes have five digits.

    Buyers live in `commune_codes`, spread over the country as a session's buyers are.
    """

    session_id: int
    offer_ids: list[int]
    cooperative_ids: list[int]
    commune_code: str
    commune_codes: list[str]


def make_session(
    offers: int = 50,
    units: int | Sequence[int] = 1_000_000,
    limit: int = 50,
    cooperatives: int = 3,
    *,
    is_simulated: bool = True,
) -> SessionRows:
    """A session live for ten minutes with `offers` offers of `units` each (or as listed), opened as hosts do.

    Needs `place.django()` before. Buyers may take `limit` units of an offer by phone. Co-ops share
    the offers evenly; the first holds the session and can take transfers. Buyers of a simulated
    session may all come from one network; otherwise strangers are asked for a code.
    """
    from coops.models import Commune
    from livestreams.models import Offer
    from livestreams.services.selling import open_offer

    commune = Commune.objects.order_by("code").first()
    if commune is None:
        msg = "No places are loaded: run manage.py load_places first."
        raise RuntimeError(msg)
    coops = [_cooperative(commune) for _ in range(cooperatives)]
    session = _session(coops, is_simulated=is_simulated)
    each = [units] * offers if isinstance(units, int) else units
    made = []
    for position in range(offers):
        coop = coops[position % cooperatives]
        number = position // cooperatives + 1
        offer = Offer.objects.create(
            session=session,
            cooperative=coop,
            lot=_lot(coop, position, each[position]),
            live_code=f"{chr(ord('A') + position % cooperatives)}{number:02d}",
            position=position,
            unit_price_vnd=PRICE_VND,
            quantity_offered=each[position],
            limit_per_buyer=limit,
        )
        open_offer(offer=offer)
        made.append(offer.pk)
    ids = [coop.pk for coop in coops]
    communes = list(Commune.objects.order_by("code").values_list("code", flat=True)[::EVERY])
    return SessionRows(session.pk, made, ids, commune.code, communes)


def _cooperative(commune: Any) -> Any:
    from coops.models import Cooperative

    number = Cooperative.objects.count() + 1
    return Cooperative.objects.create(
        name=f"HTX Chè Shan tuyết số {number}",
        slug=f"htx-che-shan-tuyet-so-{number}",
        tax_code=f"53{number:08d}",
        commune=commune,
        address_line="Bản Tà Chơ",
        phone="+84912345678",
        story="Chè hái từ những cây cổ thụ trên núi cao.",
        bank_bin="970405",
        bank_account_number="8800205123456",
        bank_account_name="HTX CHE SHAN TUYET",
        state=Cooperative.State.APPROVED,
    )


def _session(coops: list[Any], *, is_simulated: bool) -> Any:
    from core.clock import db_now
    from livestreams.models import LivestreamSession

    now = db_now()
    session = LivestreamSession.objects.create(
        cooperative=coops[0],
        title="Phiên chợ vùng cao",
        summary="Chè cổ thụ, mật ong và nếp mới.",
        starts_at=now - dt.timedelta(minutes=10),
        went_live_at=now - dt.timedelta(minutes=10),
        shipping_fee_vnd=FEE_VND,
        state=LivestreamSession.State.LIVE,
        is_simulated=is_simulated,
    )
    for position, coop in enumerate(coops):
        session.slots.create(cooperative=coop, position=position, joined_at=now)
    return session


def _lot(coop: Any, position: int, units: int) -> Any:
    from core.clock import db_now, db_today
    from products.models import Category, Lot, Product, StockMovement, Variant

    product = Product.objects.create(
        cooperative=coop,
        name=f"Chè Shan tuyết {position + 1}",
        slug=f"che-shan-tuyet-{coop.pk}-{position + 1}",
        category=Category.TEA,
        story="Hái một tôm hai lá từ những cây trên trăm tuổi.",
        state=Product.State.PUBLISHED,
        published_at=db_now(),
    )
    variant = Variant.objects.create(
        product=product, name="Gói 200 g", net_weight_g=200, price_vnd=PRICE_VND + 10_000
    )
    lot = Lot.objects.create(
        variant=variant,
        code=f"L261101-{position + 1}",
        harvested_on=db_today() - dt.timedelta(days=10),
        plot="Nương Tà Chơ",
        quantity_made=units,
        quantity_available=units,
    )
    StockMovement.objects.create(lot=lot, kind=StockMovement.Kind.HARVEST, quantity=units)
    return lot
