"""The market as a few dictionaries: what must come of each command, in the plainest words.

Written from what the services promise, not from how they do it. Every method changes the model and
returns the name of the answer: of the refusal, or "done".
"""

from dataclasses import dataclass, field

OPEN, SOLD_OUT, CLOSED = "open", "sold_out", "closed"
HELD, AWAITING, CONFIRMED = "held", "awaiting_payment", "confirmed"
ON_HOLD, TAKEN = (HELD, AWAITING), (HELD, AWAITING, CONFIRMED)
DONE = "done"


@dataclass
class Offer:
    offered: int
    lot: str
    limit: int
    state: str = OPEN
    claimed: int = 0
    shares: dict[str, int] = field(default_factory=dict)
    line: list[int] = field(default_factory=list)  # numbers of those who wait
    issued: int = 0

    @property
    def unclaimed(self) -> int:
        return self.offered - self.claimed

    def share(self, buyer: str) -> int:
        return self.shares.get(buyer, 0)

    def move(self, buyer: str, units: int) -> None:
        self.claimed += units
        self.shares[buyer] = self.share(buyer) + units


@dataclass
class Order:
    buyer: str
    method: str
    lines: dict[str, int]
    state: str
    is_paid: bool = False
    refund: str = ""  # due or sent
    reason: str = ""


@dataclass
class Entry:
    buyer: str
    offer: str
    quantity: int
    state: str = "waiting"
    order: int | None = None


@dataclass
class Model:
    offers: dict[str, Offer]
    lots: dict[str, int]  # units available
    is_live: bool = True
    orders: list[Order] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    # Buyers

    def order(self, buyer: str, basket: dict[str, int], method: str) -> str:
        if not self.is_live:
            return "SessionNotLive"
        offers = {name: self.offers[name] for name in basket}
        if any(not self._has(offer, basket[name]) for name, offer in offers.items()):
            return "SoldOut"
        if any(o.share(buyer) + basket[name] > o.limit for name, o in offers.items()):
            return "LimitReached"
        self._place(buyer, basket, method, CONFIRMED if method == "cod" else AWAITING)
        return DONE

    def cancel(self, number: int) -> str:
        order = self.orders[number]
        if order.state == "cancelled":
            return DONE
        if order.state in ON_HOLD or (order.state == CONFIRMED and order.method == "cod"):
            return self._close(order, "cancelled")
        return "CannotCancel"

    def take(self, number: int) -> str:
        order = self.orders[number]
        if order.state == HELD:
            order.state = CONFIRMED if order.method == "cod" else AWAITING
        return DONE if order.state in (AWAITING, CONFIRMED) else "HoldOver"

    def change(self, number: int, name: str, quantity: int) -> str:
        order = self.orders[number]
        is_fresh = order.state == CONFIRMED and order.method == "cod"
        if order.state not in ON_HOLD and not is_fresh:
            return "CannotChange"
        wanted = {**order.lines, **({name: quantity} if name in order.lines else {})}
        if not any(wanted.values()):
            return "NothingLeftOver"
        step = wanted.get(name, 0) - order.lines.get(name, 0)
        offer = self.offers[name]
        if step > 0:
            is_short = order.state == HELD or not self.is_live or not self._has(offer, step)
            if is_short or offer.share(order.buyer) + step > offer.limit:
                return "TooFewToAdd"
        offer.move(order.buyer, step)
        if offer.state == CLOSED:
            self.lots[offer.lot] -= step
        order.lines = {name: units for name, units in wanted.items() if units}
        return DONE

    # The line

    def join(self, buyer: str, name: str, quantity: int) -> str:
        offer = self.offers[name]
        if any(self.entries[n].buyer == buyer for n in offer.line):
            return "AlreadyInLine"
        if not self.is_live:
            return "SessionNotLive"
        if offer.state == CLOSED:
            return "LineClosed"
        if self._has(offer, 1):
            return "NotSoldOut"
        if offer.share(buyer) + quantity > offer.limit:
            return "LimitReached"
        offer.issued += 1
        offer.line.append(len(self.entries))
        self.entries.append(Entry(buyer, name, quantity))
        return DONE

    def leave(self, number: int) -> str:
        entry = self.entries[number]
        if entry.state == "waiting":
            self._out_of_line(number, "left")
        return DONE if entry.state == "left" else "NotInLine"

    def promote(self, name: str) -> str:
        """See to the line until one is promoted or nobody can be."""
        offer = self.offers[name]
        while offer.state == OPEN and offer.line and offer.unclaimed:
            number = offer.line[0]
            entry = self.entries[number]
            room = offer.limit - offer.share(entry.buyer)
            quantity = min(entry.quantity, offer.unclaimed, room)
            self._out_of_line(number, "promoted" if quantity else "closed")
            if quantity:
                entry.order = len(self.orders)
                self._place(entry.buyer, {name: quantity}, "cod", HELD)
                return DONE
        return DONE

    def see_to_lines(self) -> str:
        for name, offer in self.offers.items():
            if offer.state == CLOSED:
                for number in list(offer.line):
                    self._out_of_line(number, "closed")
            while offer.state == OPEN and offer.line and offer.unclaimed:
                self.promote(name)
        return DONE

    # Money and time

    def pay(self, number: int) -> str:
        order = self.orders[number]
        if order.method != "transfer":
            return "NotAwaitingPayment"
        if order.state == AWAITING:
            order.state, order.is_paid = CONFIRMED, True
        elif order.state not in TAKEN and not order.is_paid:
            order.is_paid, order.refund, order.reason = True, "due", "late"
        return DONE

    def expire(self, number: int) -> str:
        order = self.orders[number]
        return self._close(order, "released") if order.state in ON_HOLD else DONE

    def cancel_for_coop(self, number: int) -> str:
        order = self.orders[number]
        if order.state == "released":
            return "CannotCallOff"
        if order.state != "cancelled":
            self._close(order, "cancelled")
            if order.is_paid:
                order.refund, order.reason = "due", "cancelled"
        return DONE

    def send_back(self, number: int) -> str:
        self.orders[number].refund = "sent"
        return DONE

    def strike(self, number: int) -> str:
        order = self.orders[number]
        if order.refund != "due" or order.reason != "late":
            return "RefundMoved"
        order.refund, order.reason, order.is_paid = "", "", False
        return DONE

    # Hosts

    def edit(self, name: str, quantity: int) -> str:
        offer = self.offers[name]
        if not self.is_live:
            return "SessionIsOver"
        if offer.state == CLOSED:
            return "OfferMoved"
        if quantity < offer.claimed:
            return "BelowClaimed"
        if quantity - offer.offered > self.lots[offer.lot]:
            return "LackingStock"
        self.lots[offer.lot] -= quantity - offer.offered
        offer.offered = quantity
        return DONE

    def switch(self, name: str, state: str) -> str:
        offer = self.offers[name]
        if not self.is_live:
            return "SessionNotLive"
        if offer.state == CLOSED:
            return "OfferMoved"
        offer.state = state
        return DONE

    def close(self, name: str) -> str:
        if not self.is_live:
            return "SessionNotLive"
        self._close_offer(self.offers[name])
        return DONE

    def end(self) -> str:
        for offer in self.offers.values():
            self._close_offer(offer)
        self.is_live = False
        return DONE

    # Parts

    def _has(self, offer: Offer, quantity: int) -> bool:
        """Whether a walk-in gets so many."""
        return offer.state == OPEN and not offer.line and offer.unclaimed >= quantity

    def _place(self, buyer: str, basket: dict[str, int], method: str, state: str) -> None:
        for name, quantity in basket.items():
            self.offers[name].move(buyer, quantity)
        self.orders.append(Order(buyer, method, dict(basket), state))

    def _close(self, order: Order, state: str) -> str:
        order.state = state
        for name, quantity in order.lines.items():
            offer = self.offers[name]
            offer.move(order.buyer, -quantity)
            if offer.state == CLOSED:
                self.lots[offer.lot] += quantity
        return DONE

    def _close_offer(self, offer: Offer) -> None:
        if offer.state != CLOSED:
            self.lots[offer.lot] += offer.unclaimed
            offer.state = CLOSED

    def _out_of_line(self, number: int, state: str) -> None:
        entry = self.entries[number]
        entry.state = state
        self.offers[entry.offer].line.remove(number)
