"""What buyers type, and what co-ops choose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from coops.commune_field import CommuneField, CommuneFormMixin
from core.codes import normalize_order_code
from core.forms import FormLook, IdempotencyKeyField, PhoneField, PlainTextField
from core.numbers import parse_count
from livestreams.models import MAX_UNITS_PER_CLAIM, LivestreamSession, Offer
from orders.models import Order
from orders.services.placing import Seen

QUANTITY = "quantity_"
MOST_ADDED_UP = 99_999
PRICE = "price_"  # what the page showed for one unit of an offer
FEE = "fee"  # and for the delivery of each co-op's parcel


@dataclass
class Row:
    """One offer on the order page: what it is and how many are wanted."""

    offer: Offer
    field: Any
    quantity: int

    @property
    def total_vnd(self) -> int:
        return self.offer.unit_price_vnd * self.quantity


class QuantityField(forms.IntegerField):
    """How many units, however a keyboard writes a number (core.numbers.parse_count)."""

    default_error_messages = {
        "invalid": _("Enter a whole number."),
        "min_value": _("Enter a whole number, 0 or more."),
        "max_value": _("At most %(limit_value)s for each buyer."),
    }

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values or not str(value).strip():
            return None
        count = parse_count(str(value))
        if count is None:
            code = "min_value" if str(value).strip().startswith("-") else "invalid"
            raise ValidationError(self.error_messages[code], code=code)
        return count

    def bound_data(self, data: Any, initial: Any) -> Any:
        """A field of numbers shows nothing for what it does not call one: it gets the number."""
        count = parse_count(str(data)) if data else None
        return super().bound_data(data if count is None else str(count), initial)


class BuyerForm(CommuneFormMixin, FormLook, forms.Form):
    """To whom, and how paid: all of an order but what is in it."""

    buyer_name = PlainTextField(
        label=_("Your name"),
        max_length=80,
        error_messages={"required": _("Enter the name of who receives the goods.")},
        widget=forms.TextInput(attrs={"autocomplete": "name", "data-remember": True}),
    )
    buyer_phone = PhoneField(
        label=_("Phone number"),
        widget=forms.TextInput(attrs={"data-remember": True}),
    )
    commune = CommuneField()
    address_line = PlainTextField(
        label=_("Hamlet, road, house number"),
        max_length=200,
        error_messages={"required": _("Enter where in the commune you live.")},
        widget=forms.TextInput(attrs={"autocomplete": "street-address", "data-remember": True}),
    )
    note = PlainTextField(
        label=_("Note to the co-op"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    payment_method = forms.ChoiceField(
        label=_("How you pay"), widget=forms.RadioSelect, choices=Order.PaymentMethod
    )
    idempotency_key = IdempotencyKeyField()


class OrderForm(BuyerForm):
    """One screen: how many of what, to whom, how paid.

    Each offer asked for has a field `quantity_<offer id>`, also one that is no longer on sale. What
    else the session has is rendered beside the form (rows_to_choose); once chosen it is a field.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        session: LivestreamSession,
        offers: Sequence[Offer],
        chosen: dict[int, int],
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.session, self.offers, self.chosen = session, offers, chosen
        self.fields |= quantity_fields(offers, chosen)
        self._offer_payment(session)
        self.fields["commune"].widget.attrs["data-remember"] = True

    def _offer_payment(self, session: LivestreamSession) -> None:
        choices = [(Order.PaymentMethod.COD, _("Cash when the parcel comes"))]
        if session.cooperative.can_take_transfers:
            choices.append((Order.PaymentMethod.TRANSFER, _("Bank transfer with a QR code")))
        field = self.fields["payment_method"]
        field.choices = choices  # type: ignore[attr-defined]
        field.initial = Order.PaymentMethod.COD

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        has_quantity_error = any(name.startswith(QUANTITY) for name in self.errors)
        if not has_quantity_error and not self.lines:
            raise ValidationError(_("Choose at least one unit of something."), code="nothing")
        return cleaned

    @property
    def lines(self) -> list[tuple[int, int]]:
        """(offer id, quantity) of what is wanted, as far as it could be read."""
        wanted = [(o.pk, self.cleaned_data.get(f"{QUANTITY}{o.pk}") or 0) for o in self.offers]
        return [(offer_id, quantity) for offer_id, quantity in wanted if quantity > 0]

    def rows(self) -> list[Row]:
        """Every offer with what is in its field now."""
        return rows_of(self, self.offers)


def quantity_fields(offers: Iterable[Offer], chosen: Mapping[int, int]) -> dict[str, forms.Field]:
    """A field for each offer, with the number chosen (by offer id) in it."""
    return {
        f"{QUANTITY}{offer.pk}": QuantityField(
            label=f"{offer.live_code} {offer.lot.variant.product.name}",
            required=False,
            min_value=0,
            max_value=min(offer.limit_per_buyer, MAX_UNITS_PER_CLAIM),
            initial=chosen.get(offer.pk, 0),
        )
        for offer in offers
    }


def rows_of(form: forms.BaseForm, offers: Iterable[Offer]) -> list[Row]:
    fields = [(offer, form[f"{QUANTITY}{offer.pk}"]) for offer in offers]
    return [Row(offer, field, readable_count(field.value())) for offer, field in fields]


def rows_to_choose(offers: Sequence[Offer]) -> list[Row]:
    """Rows of offers that are not chosen: the same for every buyer."""
    form = forms.Form()
    form.fields |= quantity_fields(offers, {})
    return rows_of(form, offers)


class StandbyForm(OrderForm):
    """Join the line for one offer: the fields of an order, so that one may become the other."""

    def __init__(
        self, data: Any = None, *, session: LivestreamSession, offer: Offer, **kwargs: Any
    ) -> None:
        super().__init__(data, session=session, offers=[offer], chosen={offer.pk: 1}, **kwargs)

    @property
    def row(self) -> Row:
        return self.rows()[0]

    @property
    def quantity(self) -> int:
        return sum(quantity for _offer, quantity in self.lines)


def plain_buyer(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """What BuyerForm would clean `data` to; None when a field needs a word about it.

    The same fields without a form around them: a valid order needs no rendering.
    """
    cleaned = {}
    for name, field in BuyerForm.base_fields.items():
        try:
            cleaned[name] = field.clean(field.widget.value_from_datadict(data, {}, name))
        except ValidationError:
            return None
    return cleaned


def plain_lines(data: Iterable[tuple[str, Any]]) -> list[tuple[int, int]] | None:
    """(offer id, quantity) of a sent form; None when one is not plainly a number of units."""
    lines = []
    for name, value in data:
        number, typed = name.removeprefix(QUANTITY), str(value).strip()
        if number == name or not _is_plain(number, 14) or not typed:
            continue
        count = parse_count(typed)
        if count is None or count > MAX_UNITS_PER_CLAIM:
            return None
        lines.append((int(number), count))
    return [line for line in lines if line[1]]


def seen_in(data: Mapping[str, Any], lines: Iterable[tuple[int, int]]) -> Seen:
    """The sum a page showed for `lines`, from the prices that its form brings along.

    A price that is missing was not seen: it counts nothing, so the buyer is asked.
    """
    goods_vnd = sum((read_vnd(data.get(f"{PRICE}{offer_id}")) or 0) * n for offer_id, n in lines)
    return Seen(goods_vnd, read_vnd(data.get(FEE)) or 0)


def read_vnd(sent: Any) -> int | None:
    """A sum that a hidden field of ours brings back."""
    text = str(sent or "")
    return int(text) if _is_plain(text, 12) else None


def _is_plain(text: str, longest: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= longest


def named_offers(data: Iterable[tuple[str, Any]]) -> dict[int, int]:
    """Offers for which a sent form says anything but nothing: by offer id, unreadable ones as 0."""
    named = {}
    for name, value in data:
        number = name.removeprefix(QUANTITY)
        typed = str(value).strip()
        if number != name and _is_plain(number, 14) and typed and parse_count(typed) != 0:
            named[int(number)] = readable_count(typed)
    return named


def readable_count(value: Any) -> int:
    """The number to add up by: nothing where none can be read, or none that can be meant."""
    count = parse_count(str(value or "")) or 0
    return count if count <= MOST_ADDED_UP else 0


class FindOrderForm(FormLook, forms.Form):
    code = PlainTextField(
        label=_("Order code"),
        max_length=24,
        error_messages={"required": _("Enter the order code, such as CP7Q3K9XMB.")},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "placeholder": "CP7Q3K9XMB",
            }
        ),
    )
    phone = PhoneField(label=_("Phone number you ordered with"))

    def clean_code(self) -> str:
        """A mistyped code is asked about and found like any other: not at all."""
        typed: str = self.cleaned_data["code"]
        return normalize_order_code(typed) or typed.upper()


class CancelReasonForm(FormLook, forms.Form):
    reason = PlainTextField(
        label=_("Why the order is cancelled (the buyer reads this)"),
        max_length=200,
        error_messages={"required": _("Tell the buyer why.")},
    )


class ReferenceForm(FormLook, forms.Form):
    reference = PlainTextField(
        label=_("The bank's number of the transfer back"),
        max_length=80,
        error_messages={"required": _("Enter the number your bank gave the transfer back.")},
    )
