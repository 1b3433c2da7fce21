"""What buyers type when they change an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from coops.commune_field import CommuneField, CommuneFormMixin
from core.forms import IdempotencyKeyField
from core.row_forms import RowForm
from orders.forms import QUANTITY, OrderForm, QuantityField, readable_count
from orders.models import Order, OrderLine
from orders.services.changing import most_of

typed_before = OrderForm.base_fields


@dataclass
class ChangeRow:
    """One line of the order: what it is, its field, and the most it can be set to."""

    line: OrderLine
    field: Any
    most: int

    @property
    def total_vnd(self) -> int:
        return self.line.unit_price_vnd * readable_count(self.field.value())


class ChangeForm(CommuneFormMixin, RowForm, forms.Form):
    """Fewer or more of what is ordered, and where it goes; never another phone."""

    buyer_name = typed_before["buyer_name"]
    commune = CommuneField()
    address_line = typed_before["address_line"]
    note = typed_before["note"]
    idempotency_key = IdempotencyKeyField()

    def __init__(
        self, data: Any = None, *, order: Order, lines: Sequence[OrderLine], **kwargs: Any
    ) -> None:
        kwargs.setdefault(
            "initial",
            {
                "buyer_name": order.buyer_name,
                "commune": order.commune_id,
                "address_line": order.address_line,
                "note": order.note,
            },
        )
        super().__init__(data, **kwargs)
        self.lines, self.most = lines, {line.offer_id: most_of(line) for line in lines}
        for line in lines:
            most = self.most[line.offer_id]
            self.fields[f"{QUANTITY}{line.offer_id}"] = QuantityField(
                label=f"{line.live_code} {line.product_name}",
                min_value=0,
                max_value=most,
                initial=line.quantity,
                error_messages={
                    "required": _("Enter a whole number, 0 or more."),
                    "max_value": _("At most %(limit_value)s can be had now."),
                },
            )

    @property
    def quantities(self) -> list[tuple[int, int]]:
        """(offer id, quantity) of each line that is to change."""
        changes = self.changes
        wanted = [(line.offer_id, changes.get(f"{QUANTITY}{line.offer_id}")) for line in self.lines]
        return [(offer_id, quantity) for offer_id, quantity in wanted if quantity is not None]

    @property
    def particulars(self) -> dict[str, Any]:
        """What else is to change: name, address, note."""
        names = ("buyer_name", "commune", "address_line", "note")
        return {name: value for name, value in self.changes.items() if name in names}

    def rows(self) -> list[ChangeRow]:
        fields = [(line, self[f"{QUANTITY}{line.offer_id}"]) for line in self.lines]
        return [ChangeRow(line, field, self.most[line.offer_id]) for line, field in fields]

    def tell_short(self, lines: Sequence[dict[str, Any]]) -> None:
        """Say at each line at fault how many can be had."""
        for line in lines:
            words = _("At most %(limit_value)s can be had now.") % {"limit_value": line["possible"]}
            self.add_error(f"{QUANTITY}{line['offer_id']}", words)
