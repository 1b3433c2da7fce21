"""Any story of three buyers, a host and a clock, on real PostgreSQL, beside a plain model.

Hypothesis tells the stories; after each step both must have answered alike and stand alike.
Interleavings are the matter of test_pairs.py: here each command is over before the next begins.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.clock import db_now
from core.errors import DomainError
from livestreams.services import lining_up, running, selling
from orders.models import Order, Refund, StandbyEntry
from orders.services import cancelling, changing, paying, placing, refunding, standing_by
from tests.concurrency.market import Copy, ask, clear, differences, forget_copies, wrongs
from tests.concurrency.model import DONE, ON_HOLD, OPEN, SOLD_OUT, Model, Offer as Kept
from tests.factories.accounts import UserFactory
from tests.factories.coops import CommuneFactory, CooperativeFactory
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.products import LotFactory

pytestmark = pytest.mark.django_db(transaction=True)

BUYERS = {"Lan": "+84900000001", "Huệ": "+84900000002", "Sơn": "+84900000003"}
OFFERS = {"tea": ("hill", 3), "leaf": ("hill", 2), "honey": ("hives", 2)}
LIMIT, MADE = 3, 7
A_FEW = st.integers(1, 3)
Names = st.sampled_from(sorted(OFFERS))
STATE_SQL = """
    SELECT live_code, state, quantity_offered, quantity_claimed, standby_waiting, standby_issued
    FROM livestreams_offer ORDER BY id
"""


class Shop:
    """The rows every story begins with."""

    def __init__(self) -> None:
        coop = CooperativeFactory(bank_bin="970405", bank_account_number="29001234567")
        self.session = SessionFactory(cooperative=coop)
        self.minh = UserFactory()
        self.commune = CommuneFactory()
        lots = {
            name: LotFactory(variant__product__cooperative=coop, quantity_made=MADE)
            for name in ("hill", "hives")
        }
        self.lots = {name: lot.pk for name, lot in lots.items()}
        self.offers = {
            name: OfferFactory(
                session=self.session,
                lot=lots[lot],
                quantity_offered=units,
                limit_per_buyer=LIMIT,
            )
            for name, (lot, units) in OFFERS.items()
        }
        self.copy = Copy("kept_shop")


shop: Shop


class Stories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.orders: list[int] = []
        self.entries: list[int] = []

    @initialize()
    def open(self) -> None:
        shop.copy.put_back()
        kept = {name: Kept(units, lot, LIMIT) for name, (lot, units) in OFFERS.items()}
        lots = {"hill": MADE - 5, "hives": MADE - 2}
        self.model = Model(kept, lots)

    def teardown(self) -> None:
        assert not differences()

    def both(self, expected: str, act: Callable[..., Any], **given: Any) -> None:
        """The services answer as the model did, and no order goes unseen."""
        try:
            act(**given)
            answer = DONE
        except DomainError as refusal:
            answer = type(refusal).__name__
        assert answer == expected
        self.orders = list(Order.objects.order_by("pk").values_list("pk", flat=True))
        self.entries = list(StandbyEntry.objects.order_by("pk").values_list("pk", flat=True))

    # Buyers

    @rule(
        buyer=st.sampled_from(sorted(BUYERS)),
        basket=st.dictionaries(Names, A_FEW, min_size=1),
        method=st.sampled_from(["cod", "transfer"]),
    )
    def order(self, buyer: str, basket: dict[str, int], method: str) -> None:
        lines = [(shop.offers[name].pk, units) for name, units in basket.items()]
        self.both(
            self.model.order(buyer, basket, method),
            placing.place_order,
            session=shop.session,
            lines=lines,
            payment_method=method,
            **self.said(buyer),
        )

    @rule(buyer=st.sampled_from(sorted(BUYERS)), name=Names, quantity=A_FEW)
    def join(self, buyer: str, name: str, quantity: int) -> None:
        self.both(
            self.model.join(buyer, name, quantity),
            standing_by.join_line,
            offer=shop.offers[name],
            quantity=quantity,
            payment_method="cod",
            **self.said(buyer),
        )

    @precondition(lambda self: self.entries)
    @rule(data=st.data())
    def leave(self, data: Any) -> None:
        number = data.draw(st.integers(0, len(self.entries) - 1))
        entry = StandbyEntry.objects.get(pk=self.entries[number])
        self.both(self.model.leave(number), standing_by.leave_line, entry=entry)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), what=st.sampled_from(["cancel", "cancel_for_coop", "take", "pay"]))
    def about_an_order(self, data: Any, what: str) -> None:
        number = self.draw_order(data)
        acts: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
            "cancel": (cancelling.cancel_order, {}),
            "cancel_for_coop": (cancelling.cancel_order_for_coop, {"reason": "Hết hàng"}),
            "take": (standing_by.take_held_order, {}),
            "pay": (paying.confirm_payment, {"user": shop.minh}),
        }
        act, given = acts[what]
        self.both(getattr(self.model, what)(number), act, order=self.row(number), **given)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), name=Names, quantity=st.integers(0, 3))
    def change(self, data: Any, name: str, quantity: int) -> None:
        number = self.draw_order(data)
        self.both(
            self.model.change(number, name, quantity),
            changing.change_order,
            order=self.row(number),
            lines=[(shop.offers[name].pk, quantity)],
        )

    # The clock, the sweeper, the money

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def expire(self, data: Any) -> None:
        number = self.draw_order(data)
        order = Order.objects.filter(pk=self.orders[number], state__in=ON_HOLD)
        order.update(pay_by=db_now() - dt.timedelta(seconds=1))
        self.both(self.model.expire(number), cancelling.release_order, order_id=self.orders[number])

    @rule(name=Names)
    def promote(self, name: str) -> None:
        offer_id = shop.offers[name].pk
        self.both(self.model.promote(name), standing_by.promote_next, offer_id=offer_id)

    @rule()
    def see_to_lines(self) -> None:
        self.both(self.model.see_to_lines(), standing_by.promote_all)

    @precondition(lambda self: any(order.refund for order in self.model.orders))
    @rule(data=st.data(), is_sent=st.booleans())
    def settle(self, data: Any, is_sent: bool) -> None:
        numbers = [n for n, order in enumerate(self.model.orders) if order.refund]
        number = data.draw(st.sampled_from(numbers))
        refund = Refund.objects.get(order=self.orders[number])
        if is_sent:
            answer, given = self.model.send_back(number), {"reference": "FT1", "user": shop.minh}
            self.both(answer, refunding.send_back, refund=refund, **given)
        else:
            self.both(self.model.strike(number), refunding.strike_late_money, refund=refund)

    # Hosts

    @rule(name=Names, quantity=st.integers(1, 6))
    def edit(self, name: str, quantity: int) -> None:
        self.both(
            self.model.edit(name, quantity),
            lining_up.edit_offer,
            offer=shop.offers[name],
            unit_price_vnd=115_000,
            quantity_offered=quantity,
            limit_per_buyer=LIMIT,
        )

    @rule(name=Names, state=st.sampled_from([OPEN, SOLD_OUT]))
    def switch(self, name: str, state: str) -> None:
        act = selling.mark_sold_out if state == SOLD_OUT else selling.reopen_offer
        self.both(self.model.switch(name, state), act, offer=shop.offers[name])

    @rule(name=Names, is_sure=st.integers(0, 3))
    def close(self, name: str, is_sure: int) -> None:
        if not is_sure:
            self.both(self.model.close(name), selling.close_offer, offer=shop.offers[name])

    @rule(is_sure=st.integers(0, 9))
    def end(self, is_sure: int) -> None:
        if not is_sure:
            self.both(self.model.end(), running.end_session, session=shop.session)

    # What must be

    @invariant()
    def both_stand_alike(self) -> None:
        if not hasattr(self, "model"):
            return
        rows = [row[1:] for row in ask(STATE_SQL)]
        assert rows == [
            (o.state, o.offered, o.claimed, len(o.line), o.issued)
            for o in self.model.offers.values()
        ]
        lots = dict(ask("SELECT id, quantity_available FROM products_lot"))
        assert {name: lots[pk] for name, pk in shop.lots.items()} == self.model.lots
        states = ask("SELECT state, paid_at IS NOT NULL FROM orders_order ORDER BY id")
        assert states == [(order.state, order.is_paid) for order in self.model.orders]
        entries = ask("SELECT state FROM orders_standbyentry ORDER BY id")
        assert [state for (state,) in entries] == [entry.state for entry in self.model.entries]
        refunds = ask("SELECT order_id, state, reason FROM orders_refund ORDER BY order_id")
        assert refunds == [
            (self.orders[n], o.refund, o.reason)
            for n, o in enumerate(self.model.orders)
            if o.refund
        ]
        assert not wrongs()

    def said(self, buyer: str) -> dict[str, Any]:
        return {
            "buyer_name": buyer,
            "buyer_phone": BUYERS[buyer],
            "commune": shop.commune,
            "address_line": "Bản Lướt",
        }

    def draw_order(self, data: Any) -> int:
        return data.draw(st.integers(0, len(self.orders) - 1))

    def row(self, number: int) -> Order:
        return Order.objects.select_related("session").get(pk=self.orders[number])


def tell(stories: int, steps: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    global shop  # noqa: PLW0603 - Hypothesis makes the machines itself
    shop = Shop()
    try:
        run_state_machine_as_test(
            Stories,
            settings=settings(
                max_examples=stories,
                stateful_step_count=steps,
                phases=phases,
                deadline=None,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        clear()
        forget_copies()


def test_services_and_model_tell_the_same_stories() -> None:
    tell(stories=15, steps=30)


@pytest.mark.long
def test_so_they_do_for_fifty_thousand_steps() -> None:
    tell(stories=1000, steps=60)


def test_control_a_model_that_forgets_what_was_ordered_is_contradicted(monkeypatch) -> None:
    monkeypatch.setattr(Model, "order", lambda *_asked: DONE)
    with pytest.raises(AssertionError):
        tell(stories=200, steps=30, phases=(Phase.generate,))
