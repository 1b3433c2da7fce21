"""Orders with their parcels and lines, agreeing with the offers they took units of."""

import datetime as dt
from typing import Any

import factory
from django.db.models import F
from factory.django import DjangoModelFactory

from core.clock import db_now
from core.codes import order_code, secret_token
from livestreams.models import Offer
from orders.models import BuyerShare, Order, OrderLine, Parcel, Refund, StandbyEntry
from products.models import Lot, StockMovement
from tests.factories.accounts import UserFactory
from tests.factories.coops import CommuneFactory
from tests.factories.livestreams import OfferFactory

Lines = list[tuple[Offer, int]]


class OrderFactory(DjangoModelFactory[Order]):
    """A confirmed cash order of one unit, with its parcel and line.

    `offer` and `quantity` say what; `lines=[(offer, 2), (other, 1)]` orders several offers of one
    session. Units are claimed and counted as the buyer's share, unless the order is closed.
    """

    class Meta:
        model = Order

    offer = factory.SubFactory(OfferFactory)
    quantity = 1
    lines = factory.LazyAttribute(lambda order: [(order.offer, order.quantity)])
    code = factory.LazyFunction(order_code)
    token = factory.LazyFunction(secret_token)
    session = factory.LazyAttribute(lambda order: order.lines[0][0].session)
    buyer_name = "Nguyễn Thị Lan"
    buyer_phone = factory.Sequence(lambda n: f"+8497{1_000_000 + n}")
    commune = factory.SubFactory(CommuneFactory)
    address_line = "Thôn Nậm Đâu, nhà cạnh trạm xá"
    payment_method = Order.PaymentMethod.COD
    state = Order.State.CONFIRMED

    class Params:
        transfer = factory.Trait(
            payment_method=Order.PaymentMethod.TRANSFER,
            state=Order.State.AWAITING_PAYMENT,
            pay_by=factory.LazyFunction(lambda: _minutes_from_now(15)),
        )
        overdue = factory.Trait(
            payment_method=Order.PaymentMethod.TRANSFER,
            state=Order.State.AWAITING_PAYMENT,
            pay_by=factory.LazyFunction(lambda: _minutes_from_now(-1)),
        )

    @classmethod
    def _create(cls, model_class: type[Order], *args: Any, **given: Any) -> Order:
        given.pop("offer"), given.pop("quantity")
        lines: Lines = given.pop("lines")
        coops = {offer.cooperative for offer, _ in lines}
        if given["payment_method"] == Order.PaymentMethod.TRANSFER:
            account = Order()
            account.pay_into_account_of(given["session"].cooperative)
            for name in ("payee_bank_bin", "payee_account_number", "payee_account_name"):
                given.setdefault(name, getattr(account, name))
        given.setdefault("goods_vnd", sum(o.unit_price_vnd * n for o, n in lines))
        given.setdefault("shipping_vnd", given["session"].shipping_fee_vnd * len(coops))
        order: Order = super()._create(model_class, *args, **given)
        for coop in coops:
            _pack(order, [(o, n) for o, n in lines if o.cooperative == coop])
        if order.is_open:
            _claim(order, lines)
        order.refresh_from_db()
        return order


def _minutes_from_now(minutes: int) -> dt.datetime:
    return db_now() + dt.timedelta(minutes=minutes)


def _pack(order: Order, lines: Lines) -> None:
    parcel = Parcel.objects.create(
        order=order,
        cooperative=lines[0][0].cooperative,
        goods_vnd=sum(o.unit_price_vnd * n for o, n in lines),
        shipping_vnd=order.session.shipping_fee_vnd,
        state=Parcel.State.NEW if order.is_open else Parcel.State.CANCELLED,
    )
    OrderLine.objects.bulk_create(
        OrderLine.of(offer, quantity, order=order, parcel=parcel) for offer, quantity in lines
    )


def _claim(order: Order, lines: Lines) -> None:
    for offer, quantity in lines:
        claimed = F("quantity_claimed") + quantity
        Offer.objects.filter(pk=offer.pk).update(quantity_claimed=claimed)
        share, _ = BuyerShare.objects.get_or_create(offer=offer, buyer_phone=order.buyer_phone)
        share.quantity += quantity
        share.save()
        offer.refresh_from_db()
        if offer.state == Offer.State.CLOSED:  # closing had given back what was not sold
            assert Lot.objects.filter(pk=offer.lot_id).take(quantity)
            StockMovement.objects.create(
                lot=offer.lot,
                kind=StockMovement.Kind.ALLOT,
                quantity=-quantity,
                reference=f"offer:{offer.pk}",
            )


class RefundFactory(DjangoModelFactory[Refund]):
    """Money of a released order that came late."""

    class Meta:
        model = Refund

    order = factory.SubFactory(
        OrderFactory,
        transfer=True,
        state=Order.State.RELEASED,
        closed_at=factory.LazyFunction(db_now),
        paid_at=factory.LazyFunction(db_now),
    )
    reason = Refund.Reason.LATE
    amount_vnd = factory.LazyAttribute(lambda refund: refund.order.total_vnd)
    noted_by = factory.SubFactory(UserFactory)


class StandbyEntryFactory(DjangoModelFactory[StandbyEntry]):
    """A place in the line of an offer, counted on its row; `state="left"` is given up again."""

    class Meta:
        model = StandbyEntry

    offer = factory.SubFactory(OfferFactory)
    number = factory.LazyAttribute(lambda entry: entry.offer.standby_issued + 1)
    token = factory.LazyFunction(secret_token)
    buyer_name = "Nguyễn Thị Lan"
    buyer_phone = factory.Sequence(lambda n: f"+8498{1_000_000 + n}")
    commune = factory.SubFactory(CommuneFactory)
    address_line = "Thôn Nậm Đâu, nhà cạnh trạm xá"
    payment_method = Order.PaymentMethod.COD
    quantity = 1
    seen_price_vnd = factory.LazyAttribute(lambda entry: entry.offer.unit_price_vnd)
    seen_fee_vnd = factory.LazyAttribute(lambda entry: entry.offer.session.shipping_fee_vnd)
    settled_at = factory.LazyAttribute(
        lambda entry: None if entry.state == StandbyEntry.State.WAITING else db_now()
    )
    state = StandbyEntry.State.WAITING

    @classmethod
    def _create(cls, model_class: type[StandbyEntry], *args: Any, **given: Any) -> StandbyEntry:
        entry: StandbyEntry = super()._create(model_class, *args, **given)
        is_waiting = entry.state == StandbyEntry.State.WAITING
        Offer.objects.filter(pk=entry.offer_id).update(
            standby_issued=F("standby_issued") + 1,
            standby_waiting=F("standby_waiting") + int(is_waiting),
        )
        entry.offer.refresh_from_db()
        return entry
