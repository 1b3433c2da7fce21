"""Orders to be confirmed by a call, where no code can be sent: noted, taken, dropped."""

from dataclasses import asdict

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from core import limits
from core.addresses import client_network, one_client
from orders.errors import NotAllowed
from orders.models import CallBack, Order
from orders.services.placing import Buyer, Seen, order_of, place
from orders.services.weighing import know

OF_NETWORK = limits.Limit("orders.call.network", 20, 3600)
OF_CLIENT = limits.Limit("orders.call.client", 10, 3600)
OF_SESSION = limits.Limit("orders.call.session", 200, 4 * 3600)


class AlreadySettled(NotAllowed):
    code = "already_settled"


def note(
    *, session_id: int, buyer: Buyer, lines: dict[int, int], client_ip: str, seen: Seen
) -> None:
    """Nothing is held. A phone is on a session's list once, with its latest request.

    Raises TooManyTries beyond what a network, and all of them, may leave there.
    """
    limits.check(
        (OF_NETWORK, f"{session_id} {client_network(client_ip)}"),
        (OF_CLIENT, f"{session_id} {one_client(client_ip)}"),
        (OF_SESSION, str(session_id)),
    )
    numbers = [[offer, n] for offer, n in lines.items()]
    wish = {"buyer": asdict(buyer), "lines": numbers, "seen": asdict(seen)}
    CallBack.objects.update_or_create(
        session_id=session_id,
        buyer_phone=buyer.buyer_phone,
        settled_at=None,
        defaults={"buyer_name": buyer.buyer_name, "wish": wish},
    )


@transaction.atomic
def take(*, call_back: CallBack, by: User) -> Order:
    """The buyer said yes on the phone: place the order now, if there are units left.

    Raises what placing raises (SoldOut, …), and then the entry stays.
    """
    _settle(call_back, by)
    buyer = Buyer(**call_back.wish["buyer"])
    seen = Seen(**call_back.wish["seen"])
    lines = [(offer, quantity) for offer, quantity in call_back.wish["lines"]]
    order = order_of(
        place(session_id=call_back.session_id, lines=lines, buyer=buyer, seen=seen), buyer
    )
    CallBack.objects.filter(pk=call_back.pk).update(order=order)
    know(phone=buyer.buyer_phone)
    return order


@transaction.atomic
def drop(*, call_back: CallBack, by: User) -> None:
    """No answer, or no order: nothing was held, so no units are returned."""
    _settle(call_back, by)


def _settle(call_back: CallBack, by: User) -> None:
    waiting = CallBack.objects.filter(pk=call_back.pk, settled_at=None)
    if not waiting.update(settled_at=Now(), settled_by=by):
        raise AlreadySettled
