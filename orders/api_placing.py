"""Placing an order for programs: what is plainly right in one glance, everything else in words."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils import json

from accounts.errors import CodesNotSetUp
from coops.api import CommuneField
from coops.commune_field import find_by_code
from coops.models import Commune
from core.addresses import client_address
from core.idempotency import KeyMissing, record_of
from core.models import IdempotencyRecord
from core.phones import mask_phone, normalize_phone
from core.refusals import InputRefused
from core.rest import (
    MAX_INT,
    CountField,
    PhoneField,
    PlainText,
    PublicView,
    VndField,
    WholeField,
    absolute,
    checked,
    record_for,
)
from core.text import clean_line
from livestreams.models import MAX_UNITS_PER_CLAIM
from orders.access import get_session_to_order
from orders.api import MOST_LINES, OrderSerializer, payment_for
from orders.errors import CodeNeeded, SessionNotLive, ToBeCalled
from orders.models import Order
from orders.services import calling, weighing
from orders.services.cancelling import cancel_until
from orders.services.placing import Buyer, Seen, merge_lines, order_of, place

INSTANT = serializers.DateTimeField()
MOST_BYTES = 20_000  # of a body that is read at a glance
MOST_VND = 9_999_999_999_999
METHODS = set(Order.PaymentMethod.values)
PHONE_LENGTH = 24
LENGTHS = {"name": 80, "address_line": 200, "note": 300}


class NewLine(serializers.Serializer):
    offer = WholeField(min_value=1)
    quantity = CountField(min_value=1, max_value=MAX_UNITS_PER_CLAIM)


class ExpectedTotal(VndField):
    """What the buyer was shown and agreed to; an order never costs more."""

    default_error_messages = {
        "required": _(
            "Send the total that the buyer has seen, goods and delivery, in đồng."
            " The order never costs more than that."
        )
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "What the buyer has seen, goods and delivery together.")
        super().__init__(**{"min_vnd": 1, "max_vnd": MOST_VND, **kwargs})


class Recipient(serializers.Serializer):
    name = PlainText(max_length=LENGTHS["name"], help_text="Who receives the goods.")
    phone = PhoneField()
    commune = CommuneField(help_text="Code of the commune, five digits.")
    address_line = PlainText(
        max_length=LENGTHS["address_line"], help_text="Hamlet, road, house number."
    )
    payment_method = serializers.ChoiceField(Order.PaymentMethod.choices)
    note = PlainText(required=False, max_length=LENGTHS["note"])
    one_time_code = PlainText(
        required=False,
        max_length=20,
        help_text="Only after the answer 403 with code code_needed: the six digits sent to phone.",
    )


class NewOrder(Recipient):
    session = WholeField(min_value=1)
    lines = serializers.ListField(child=NewLine(), allow_empty=False, max_length=MOST_LINES)
    expected_total_vnd = ExpectedTotal()


# Reading keeps nothing, so one serves all; making one costs more than reading
NEW_ORDER = NewOrder()
FIELDS = set(NEW_ORDER.fields) - {"one_time_code"}  # the code is looked at in the long way


class PlaceOrder(PublicView):
    """As a guest, like on the page. A refusal writes nothing; `details.lines` gives the state of each
    line and how many could be ordered now.
    """

    says = {"POST": _("Place an order.")}
    takes = {"POST": NewOrder}
    gives = {"POST": OrderSerializer}
    makes_new = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The short way from a body that is plainly right to an order (docs/decisions/0014)."""
        if request.method == "POST" and (said := plain_order(request)):
            with suppress(KeyMissing, SessionNotLive, CodeNeeded):  # these are explained below
                client_ip = client_address(request)
                shown, where = ordered(
                    said, record_of(request), str(request.LANGUAGE_CODE), client_ip
                )
                body = JSONRenderer().render(shown)
                kind = JSONRenderer.media_type
                return HttpResponse(body, kind, status=201, headers={"Location": where})
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: Request) -> Response:
        said = checked(NEW_ORDER, request.data)
        try:
            client_ip = client_address(request._request)
            show_code(said, client_ip)
            with code_sent(said["phone"], client_ip, lambda: call_later(said, request, client_ip)):
                shown, where = ordered(
                    said, record_for(request), str(request.LANGUAGE_CODE), client_ip
                )
        except SessionNotLive:
            get_session_to_order(said["session"])  # missing rather than not on air
            raise
        return Response(shown, 201, headers={"Location": where})


def ordered(
    said: Mapping[str, Any], kept: IdempotencyRecord, language: str, client_ip: str
) -> tuple[dict[str, Any], str]:
    """Place what NewOrder read; what OrderSerializer shows of it, and its address."""
    buyer, lines = wish_of(said, language)
    answer = place(
        session_id=said["session"],
        lines=lines,
        buyer=buyer,
        seen=Seen(said["expected_total_vnd"]),
        kept=kept,
        client_ip=client_ip,
    )
    where = reverse("api-show-order", args=[answer["token"]])
    return as_placed(answer, buyer, said["commune"]), where


def wish_of(said: Mapping[str, Any], language: str) -> tuple[Buyer, list[tuple[int, int]]]:
    buyer = Buyer(
        buyer_name=said["name"],
        buyer_phone=said["phone"],
        commune_id=said["commune"].pk,
        address_line=said["address_line"],
        payment_method=said["payment_method"],
        note=said.get("note", ""),
        language=language,
    )
    return buyer, [(line["offer"], line["quantity"]) for line in said["lines"]]


def call_later(said: Mapping[str, Any], request: Request, client_ip: str) -> None:
    buyer, lines = wish_of(said, str(request.LANGUAGE_CODE))
    wanted = merge_lines(lines)
    calling.note(
        session_id=said["session"],
        buyer=buyer,
        lines=wanted,
        client_ip=client_ip,
        seen=Seen(said["expected_total_vnd"]),
    )


def show_code(said: Mapping[str, Any], client_ip: str) -> None:
    """Accept the code that came along. Raises WrongCode or CodeSpent."""
    if code := said.get("one_time_code"):
        weighing.prove(phone=said["phone"], code=code, client_ip=client_ip)


@contextmanager
def code_sent(phone: str, client_ip: str, instead: Callable[[], object]) -> Iterator[None]:
    """Where a code is needed, it is on its way when the answer says so; or `instead` is done."""
    try:
        yield
    except CodeNeeded:
        try:
            weighing.send_code(phone=phone, client_ip=client_ip)
        except CodesNotSetUp:
            instead()
            raise ToBeCalled from None
        raise


def plain_order(request: HttpRequest) -> dict[str, Any] | None:
    """What NewOrder would read of the body; None when something needs a word about it."""
    if request.META.get("CONTENT_TYPE") != "application/json" or not _takes_json(request):
        return None
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            return None
        return plainly_read(json.loads(request.body.decode()))
    except (ValueError, TypeError, KeyError, RecursionError, OSError):
        return None


def _takes_json(request: HttpRequest) -> bool:
    accept = request.META.get("HTTP_ACCEPT", "*/*")
    return "*/*" in accept or "application/json" in accept


def plainly_read(sent: Any) -> dict[str, Any] | None:
    """`sent` as NEW_ORDER reads it; None when it is not plainly right.

    Raises KeyError and TypeError for what is not an order at all.
    """
    if not _is(dict, sent).keys() <= FIELDS:
        return None
    try:
        said: dict[str, Any] = {
            name: clean_line(_is(str, sent[name])) for name in LENGTHS if name in sent
        }
        said["phone"] = normalize_phone(_is(str, sent["phone"]))
    except InputRefused:
        return None
    said |= {name: sent[name] for name in ("payment_method", "session", "expected_total_vnd")}
    said["commune"] = find_by_code(_is(str, sent["commune"]))
    said["lines"] = [
        {"offer": line["offer"], "quantity": line["quantity"]} for line in _is(list, sent["lines"])
    ]
    is_right = (
        said["name"] and said["address_line"]
        and all(len(said.get(name, "")) <= longest for name, longest in LENGTHS.items())
        and len(sent["phone"]) <= PHONE_LENGTH
        and said["commune"] is not None
        and said["payment_method"] in METHODS
        and _is_whole(said["session"], MAX_INT)
        and _is_whole(said["expected_total_vnd"], MOST_VND)
        and 0 < len(said["lines"]) <= MOST_LINES
        and all(
            _is_whole(line["offer"], MAX_INT) and _is_whole(line["quantity"], MAX_UNITS_PER_CLAIM)
            for line in said["lines"]
        )
    )  # fmt: skip
    return said if is_right else None


def _is(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(value)
    return value


def _is_whole(value: Any, most: int) -> bool:
    return type(value) is int and 0 < value <= most


def as_placed(answer: dict[str, Any], buyer: Buyer, commune: Commune) -> dict[str, Any]:
    """What OrderSerializer shows of an order at the moment it was placed, without reading it.

    The answer is kept with the key, so a repeat shows that moment again, whatever came after.
    """
    order = order_of(answer, buyer)
    return {
        "code": order.code,
        "order_token": order.token,
        "page_url": absolute(reverse("show-order", args=[order.token])),
        "session": order.session_id,
        "state": order.state,
        "payment_method": order.payment_method,
        "placed_at": INSTANT.to_representation(order.placed_at),
        "pay_by": order.pay_by and INSTANT.to_representation(order.pay_by),
        "buyer_paid_at": None,
        "money_not_found_at": None,
        "paid_at": None,
        "closed_at": None,
        "close_reason": "",
        "goods_vnd": order.goods_vnd,
        "shipping_vnd": order.shipping_vnd,
        "total_vnd": order.goods_vnd + order.shipping_vnd,
        "buyer_name": order.buyer_name,
        "buyer_phone": mask_phone(order.buyer_phone),
        "commune": {
            "code": commune.code,
            "name": commune.name,
            "kind": commune.kind,
            "full_name": commune.full_name,
            "province": commune.province_id,
        },
        "address_line": order.address_line,
        "note": order.note,
        "parcels": answer["parcels"],
        "cancel_until": cancel_until(order),
        "payment": payment_for(order),
        "is_simulated": order.is_simulated,
    }
