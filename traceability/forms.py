"""The shape of what a diary keeper types."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.clock import db_today
from core.forms import (
    FormLook,
    IdempotencyKeyField,
    LocalDateField,
    PlainTextField,
    WholeNumberField,
)
from core.picture_fields import PicturesField, PicturesForm
from core.row_forms import RowForm
from products.models import Lot
from traceability.models import OriginCodeBatch, TraceEvent

MOST_PICTURES = 6
MOST_CODES = 2000


class StepForm(PicturesForm, RowForm, forms.Form):
    step = forms.ChoiceField(label=_("Step"), choices=TraceEvent.Step)
    title = PlainTextField(
        label=_("What was done"),
        max_length=120,
        help_text=_("In your own words, such as: picked one bud and two leaves."),
    )
    happened_on = LocalDateField(label=_("Day"), latest=db_today)
    place = PlainTextField(
        label=_("Place"), max_length=160, required=False, help_text=_("Hamlet, plot or workshop.")
    )
    note = PlainTextField(
        label=_("Details"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    pictures = PicturesField(
        most=MOST_PICTURES,
        papers=True,
        label=_("Pictures"),
        help_text=_(
            "Taken by you, up to 6; a test report may be a PDF."
            " Place and phone data are removed from them."
        ),
    )
    idempotency_key = IdempotencyKeyField()

    @staticmethod
    def values_of(event: TraceEvent) -> dict[str, Any]:
        names = ("step", "title", "happened_on", "place", "note")
        return {name: getattr(event, name) for name in names}


class BatchForm(FormLook, forms.Form):
    quantity = WholeNumberField(
        label=_("How many codes"),
        min_value=1,
        max_value=MOST_CODES,
        help_text=_("One for each pack. At most 2,000 at a time."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "input--short"}),
    )
    sheet = forms.ChoiceField(
        label=_("Paper"), choices=OriginCodeBatch.Sheet, widget=forms.RadioSelect
    )
    idempotency_key = IdempotencyKeyField()


def read_code(typed: str) -> str:
    """The letters and figures of a code, however it was typed; also out of its whole address."""
    return re.sub(r"[^0-9A-Z]", "", typed.rstrip("/").rsplit("/", 1)[-1].upper())


class FindOriginForm(FormLook, forms.Form):
    """The code is cleaned to its letters and figures."""

    ma = PlainTextField(
        label=_("Code under the picture"),
        max_length=300,
        help_text=_("16 letters and figures. Gaps and small letters do not matter."),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "class": "code",
            }
        ),
    )

    def clean_ma(self) -> str:
        code = read_code(self.cleaned_data["ma"])
        if not code:
            raise forms.ValidationError(_("Type the letters and figures under the picture."))
        return code


class RecallForm(FindOriginForm):
    """The code is cleaned to the OriginCode of this lot."""

    reason = PlainTextField(
        label=_("Why it is called back (buyers read this)"),
        max_length=200,
        error_messages={"required": _("Tell buyers why.")},
    )
    idempotency_key = IdempotencyKeyField()

    def __init__(self, data: Any = None, *, lot: Lot, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.lot = lot

    def clean_ma(self) -> Any:
        origin = self.lot.origin_codes.filter(code=super().clean_ma()).first()
        if origin is None:
            raise forms.ValidationError(_("This lot has no such code. Please look at it again."))
        return origin
