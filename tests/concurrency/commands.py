"""Every command that touches stock, as it is given: one entry each, and the markets it matters in.

A command is prepared on rows as somebody read them before the play began, the stalest anybody can
be, and runs under the stepper from there.
"""

import copy
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from livestreams.services import joining, lining_up, running, selling
from orders.services import cancelling, changing, paying, placing, refunding, standing_by
from products.services import stock
from tests.concurrency.market import HUE, MAI, Market
from tests.concurrency.stepper.actor import Act

Prepare = Callable[[Market], Act]

# How the market stands when the play begins
LAST, GONE, LINE, TURN, HELD, OVER = "last_bag", "sold_out", "line", "turn", "held", "held_over"
MONEY = "late_money"
MARKETS: dict[str, dict[str, int]] = {
    LAST: {"left": 1},
    HELD: {"left": 0, "waiting": 2, "held_minutes": 10},  # the first of two is to say whether
    TURN: {"left": 1, "waiting": 2},  # a bag came back and nobody has it yet
    LINE: {"left": 0, "waiting": 2},
    OVER: {"left": 0, "waiting": 2, "held_minutes": -1},  # the first has not said, in time
    MONEY: {"left": 1, "money_came": True},  # a transfer came for what had been released
    GONE: {"left": 0},
}
ANYWHERE = frozenset(MARKETS)
WITH_A_LINE = frozenset({LINE, TURN, HELD, OVER})
WITH_A_HOLD = frozenset({HELD, OVER})
HOT = ("order", "order_too", "cancel", "expire", "promote")  # the four hottest; two buyers


@dataclass(frozen=True)
class Command:
    """`markets` are those in which it has something to do."""

    name: str
    prepare: Prepare
    markets: frozenset[str]


COMMANDS: dict[str, Command] = {}


def command(markets: frozenset[str] = ANYWHERE) -> Callable[[Prepare], Prepare]:
    def enter(prepare: Prepare) -> Prepare:
        COMMANDS[prepare.__name__] = Command(prepare.__name__, prepare, markets)
        return prepare

    return enter


def _order(market: Market, lines: list[tuple[int, int]], phone: str) -> Act:
    return partial(
        placing.place_order,
        session=market.session,
        lines=lines,
        buyer_name="Lò Thị Huệ",
        buyer_phone=phone,
        commune=market.commune,
        address_line="Bản Lướt",
        payment_method="cod",
    )


@command()
def order(market: Market) -> Act:
    """Huệ's basket from both co-ops, named in the wrong order."""
    return _order(market, [(market.honey.pk, 1), (market.tea.pk, 1)], HUE)


@command()
def order_too(market: Market) -> Act:
    """Another buyer wants the same."""
    return _order(market, [(market.tea.pk, 1), (market.honey.pk, 1)], MAI)


@command(frozenset({LAST}))
def order_to_the_limit(market: Market) -> Act:
    """Huệ takes two jars where three are allowed."""
    return _order(market, [(market.honey.pk, 2)], HUE)


@command()
def pay(market: Market) -> Act:
    return partial(paying.confirm_payment, order=market.lans, user=market.minh)


@command()
def cancel(market: Market) -> Act:
    return partial(cancelling.cancel_order, order=market.lans)


@command()
def cancel_for_coop(market: Market) -> Act:
    return partial(cancelling.cancel_order_for_coop, order=market.lans, reason="Hết hàng")


@command()
def expire(market: Market) -> Act:
    return partial(cancelling.release_order, order_id=market.lans.pk)


@command(WITH_A_LINE)
def promote(market: Market) -> Act:
    return partial(standing_by.promote_next, offer_id=market.tea.pk)


@command(WITH_A_LINE)
def leave(market: Market) -> Act:
    """The last in line goes home."""
    return partial(standing_by.leave_line, entry=market.line[-1])


@command(frozenset({GONE, LINE}))
def join(market: Market) -> Act:
    return partial(
        standing_by.join_line,
        offer=market.tea,
        quantity=1,
        buyer_name="Lò Thị Huệ",
        buyer_phone=HUE,
        commune=market.commune,
        address_line="Bản Lướt",
        payment_method="cod",
    )


@command(WITH_A_HOLD)
def take_held(market: Market) -> Act:
    return partial(standing_by.take_held_order, order=market.held)


@command(WITH_A_HOLD)
def expire_held(market: Market) -> Act:
    return partial(cancelling.release_order, order_id=market.held.pk)


@command(WITH_A_HOLD)
def cancel_held(market: Market) -> Act:
    return partial(cancelling.cancel_order, order=market.held)


@command()
def pay_bas(market: Market) -> Act:
    return partial(
        paying.confirm_payment, order=market.bas, user=market.minh, seen_vnd=market.bas.total_vnd
    )


@command()
def cancel_bas(market: Market) -> Act:
    return partial(cancelling.cancel_order, order=market.bas)


@command()
def change_up(market: Market) -> Act:
    """Ba wants another bag, and no honey."""
    lines = [(market.honey.pk, 0), (market.tea.pk, 2)]
    return partial(changing.change_order, order=market.bas, lines=lines)


@command()
def change_down(market: Market) -> Act:
    """Ba wants no tea any more, and asks for another road."""
    lines = [(market.tea.pk, 0)]
    return partial(changing.change_order, order=market.bas, lines=lines, address_line="Bản Hốc")


@command(frozenset({MONEY}))
def send_back(market: Market) -> Act:
    return partial(refunding.send_back, refund=market.money, reference="FT26326", user=market.minh)


@command(frozenset({MONEY}))
def place_anew(market: Market) -> Act:
    return partial(refunding.place_anew, refund=market.money, user=market.minh)


@command(frozenset({MONEY}))
def strike_late_money(market: Market) -> Act:
    return partial(refunding.strike_late_money, refund=market.money)


@command(frozenset({MONEY}))
def money_came_again(market: Market) -> Act:
    return partial(paying.confirm_payment, order=market.money.order, user=market.minh)


def _edit(market: Market, quantity: int, price_vnd: int = 115_000) -> Act:
    return partial(
        lining_up.edit_offer,
        offer=market.tea,
        unit_price_vnd=price_vnd,
        quantity_offered=quantity,
        limit_per_buyer=5,
    )


@command()
def edit_up(market: Market) -> Act:
    """Two more bags, at another price."""
    return _edit(market, market.tea.quantity_offered + 2, 120_000)


@command()
def edit_down(market: Market) -> Act:
    """All that is not sold is taken back."""
    return _edit(market, 3)


@command()
def say_sold_out(market: Market) -> Act:
    return partial(selling.mark_sold_out, offer=market.tea)


@command()
def close_offer(market: Market) -> Act:
    return partial(selling.close_offer, offer=market.tea)


@command()
def end_session(market: Market) -> Act:
    return partial(running.end_session, session=market.session)


# What hosts do that no order waits for: every pair in the longer proof, those with HOT in each run


@command()
def move_offer(market: Market) -> Act:
    return partial(lining_up.move_offer, offer=market.later, up=True)


@command()
def go_live(market: Market) -> Act:
    """The next session begins; it sells from tea's lot as well."""
    return partial(running.go_live, session=market.eve)


@command()
def open_offer(market: Market) -> Act:
    return partial(selling.open_offer, offer=market.later)


@command()
def sell_now(market: Market) -> Act:
    return partial(selling.sell_now, offer=market.tea)


@command()
def reopen_offer(market: Market) -> Act:
    return partial(selling.reopen_offer, offer=market.tea)


@command()
def count_stock(market: Market) -> Act:
    """One bag more stands on the shelf than the books say."""
    lot = market.tea.lot
    seen = lot.quantity_available
    return partial(stock.count_stock, lot=lot, counted=seen + 1, seen=seen, reason="Đếm lại")


@command()
def leave_session(market: Market) -> Act:
    return partial(joining.leave_session, slot=market.guest)


@dataclass(frozen=True)
class Together:
    """Two or three commands at once in one market."""

    names: tuple[str, ...]
    market: str

    def acts(self, market: Market) -> list[Act]:
        """Each on rows of its own, as read when the market stood as it began."""
        return [COMMANDS[name].prepare(copy.deepcopy(market)) for name in self.names]

    def __str__(self) -> str:
        return "-".join((*self.names, self.market))


def together(names: Iterable[str], count: int = 2) -> list[Together]:
    """Every unordered choice of `count` commands, in each market where all have to do."""
    return [
        Together(chosen, market)
        for chosen in itertools.combinations_with_replacement(names, count)
        for market in MARKETS
        if all(market in COMMANDS[name].markets for name in chosen)
    ]
