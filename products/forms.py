"""What co-ops and provincial staff type about products, packs, stock and stars."""

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from core.clock import db_today
from core.forms import (
    FormLook,
    LocalDateField,
    PlainTextField,
    VndField,
    WeightField,
    WholeNumberField,
    refused_as_invalid,
)
from core.picture_fields import PicturesField, PicturesForm
from core.row_forms import RowForm
from products.gtins import normalize_gtin
from products.models import (
    MAX_EVIDENCE,
    RECOGNITION_MONTHS,
    Category,
    OcopRecognition,
    Product,
    Variant,
)
from products.services.photos import MAX_PHOTOS
from products.services.stock import LOT_CODE
from products.usual_prices import UsualPriceMixin

MIN_PRICE_VND = 1_000
MAX_PRICE_VND = 100_000_000
MAX_NET_WEIGHT_G = 200_000
MAX_UNITS = 100_000
FIRST_DAY = dt.date(2015, 1, 1)
NEEDED_LATER = _("needed to publish")
STARS = [(3, _("3 stars")), (4, _("4 stars")), (5, _("5 stars"))]


def kinds() -> list[tuple[str, str]]:
    """The kinds of products as the reader's language begins a line."""
    return [(value, capfirst(str(label))) for value, label in Category.choices]


class NameForm(RowForm, forms.Form):
    """`must_have_name` once buyers can see the product; a draft may wait for its name."""

    name = PlainTextField(
        label=_("Product name"),
        required=False,
        max_length=120,
        help_text=_("As on the label, for example: Chè Shan tuyết Phình Hồ."),
    )
    category = forms.ChoiceField(label=_("Kind of product"), choices=kinds)

    def __init__(self, *args: Any, must_have_name: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = must_have_name
        self.fields["name"].needed_later = NEEDED_LATER  # type: ignore[attr-defined]


class StoryForm(RowForm, forms.Form):
    story = PlainTextField(
        label=_("Story"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=_("Who grows it, where, how it is made, how it tastes. Short is fine."),
    )
    ingredients = PlainTextField(label=_("Ingredients"), required=False, max_length=500)
    storage_advice = PlainTextField(label=_("How to keep it"), required=False, max_length=300)

    def __init__(self, *args: Any, must_have_story: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["story"].required = must_have_story
        self.fields["story"].needed_later = NEEDED_LATER  # type: ignore[attr-defined]


class GtinField(forms.CharField):
    """A barcode number in any usual spelling; cleans to 14 digits or nothing."""

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        if not typed:
            return ""
        with refused_as_invalid():
            return normalize_gtin(typed)


def units_field(**kwargs: Any) -> WholeNumberField:
    """A number of packs."""
    attrs = {"inputmode": "numeric", "class": "input--short", "autocomplete": "off"}
    return WholeNumberField(
        max_value=MAX_UNITS,
        widget=forms.TextInput(attrs=attrs),
        error_messages={
            name: _("Enter a whole number of packs, for example 120.")
            for name in ("invalid", "required")
        },
        **kwargs,
    )


class PackForm(UsualPriceMixin, RowForm, forms.Form):
    priced = "price_vnd"
    name = PlainTextField(
        label=_("Pack"), max_length=60, help_text=_("For example: bag of 200 g, jar, box of six.")
    )
    net_weight_g = WeightField(label=_("Net weight"), max_g=MAX_NET_WEIGHT_G)
    price_vnd = VndField(label=_("Price of one pack"), min_vnd=MIN_PRICE_VND, max_vnd=MAX_PRICE_VND)
    gtin = GtinField(
        label=_("Barcode number (GTIN)"),
        required=False,
        max_length=20,
        help_text=_("Only when the pack already has a barcode."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    @staticmethod
    def values_of(variant: Variant) -> dict[str, Any]:
        names = ("name", "net_weight_g", "price_vnd", "gtin")
        return {name: getattr(variant, name) for name in names}


class NewPackForm(PackForm):
    """A pack, and how many are ready now (their lot is recorded at the same time)."""

    units = units_field(
        label=_("Packs ready now"),
        required=False,
        min_value=0,
        help_text=_("They become a lot of today. More lots can be added later."),
    )


class LotCodeField(PlainTextField):
    """A lot code in capitals; cleans to nothing when left empty."""

    default_validators = [
        RegexValidator(
            f"^{LOT_CODE}$",
            _("A lot code has at most 20 letters without accents, digits or hyphens."),
        )
    ]

    def clean(self, value: Any) -> str:
        return super().clean((value or "").upper())


class HarvestForm(FormLook, forms.Form):
    quantity = units_field(label=_("Packs in this lot"), min_value=1)
    harvested_on = LocalDateField(
        label=_("Harvest day"), earliest=FIRST_DAY, latest=db_today, initial=db_today
    )
    best_before_on = LocalDateField(label=_("Best before"), required=False)
    plot = PlainTextField(label=_("Where it grew"), required=False, max_length=160)
    code = LotCodeField(
        label=_("Lot code"),
        required=False,
        max_length=20,
        help_text=_("Leave empty and we make one from the harvest day."),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        made, until = data.get("harvested_on"), data.get("best_before_on")
        if made and until and until < made:
            self.add_error("best_before_on", _("This day is before the harvest."))
        return data


class CountForm(FormLook, forms.Form):
    counted = units_field(label=_("Packs counted on the shelf"), min_value=0)
    reason = PlainTextField(
        label=_("Why it differs"),
        max_length=160,
        help_text=_("For example: two bags torn, sold at the market."),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)


class RecognitionForm(PicturesForm, RowForm, forms.Form):
    stars = forms.TypedChoiceField(
        label=_("Stars"), choices=STARS, coerce=int, widget=forms.RadioSelect
    )
    number = PlainTextField(
        label=_("Decision number"), max_length=60, help_text=_("For example: 1842/QĐ-UBND.")
    )
    issued_on = LocalDateField(label=_("Date of decision"), latest=db_today)
    issuer = PlainTextField(
        label=_("Issued by"), max_length=160, help_text=_("For example: UBND tỉnh Lào Cai.")
    )
    evidence = PicturesField(
        most=MAX_EVIDENCE,
        papers=True,
        label=_("Photos or PDF of the decision"),
        help_text=_(
            "Up to 10 pages: photos, or a PDF. They help the reviewer and are not shown to buyers."
        ),
    )

    def clean_issued_on(self) -> dt.date:
        issued_on = self.cleaned_data["issued_on"]
        ended_on = add_months(issued_on, RECOGNITION_MONTHS)
        if ended_on < db_today():
            raise ValidationError(
                _("A decision of this day ended on %(day)s. Enter the newer one.")
                % {"day": ended_on.strftime("%d/%m/%Y")}
            )
        return issued_on

    @staticmethod
    def values_of(recognition: OcopRecognition) -> dict[str, Any]:
        return {
            name: getattr(recognition, name) for name in ("stars", "number", "issued_on", "issuer")
        }


class PhotosForm(FormLook, forms.Form):
    photos = PicturesField(
        most=MAX_PHOTOS,
        required=True,
        label=_("Photos"),
        help_text=_("Daylight, one product, no text over it. The first photo is the cover."),
        error_messages={"required": _("Choose or take at least one photo.")},
    )


class AltForm(RowForm, forms.Form):
    alt = PlainTextField(label=_("What the photo shows"), required=False, max_length=160)


class DecisionForm(FormLook, forms.Form):
    """The reviewer's answer; what is not accepted needs a reason."""

    decision = forms.ChoiceField(
        choices=[(name, "") for name in ("verify", "refuse", "revoke", "restore", "reopen")],
        widget=forms.HiddenInput,
    )
    note = PlainTextField(
        label=_("Reason"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The co-op reads this. Needed when you do not accept."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("decision") in {"refuse", "revoke"} and not data.get("note"):
            self.add_error("note", _("Tell the co-op what to correct."))
        if data.get("decision") in {"restore", "reopen"} and not data.get("note"):
            self.add_error("note", _("Write why the earlier decision is taken back."))
        return data


class RegisterForm(FormLook, forms.Form):
    product_count = WholeNumberField(
        label=_("Products in the register"),
        min_value=1,
        max_value=100_000,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "input--short"}),
    )
    counted_on = LocalDateField(label=_("As of"), earliest=FIRST_DAY, latest=db_today)
    source = PlainTextField(
        label=_("Source"),
        max_length=200,
        help_text=_("For example: report of the New Rural Development office, 30/09/2025."),
    )


class RegisterCorrectionForm(RowForm, forms.Form):
    """Another figure and source for a day that was recorded; the day itself stays."""

    product_count = RegisterForm.base_fields["product_count"]
    source = RegisterForm.base_fields["source"]


class FilterForm(FormLook, forms.Form):
    """What a visitor looks for among all products; what makes no sense is left out."""

    SORTS = [("newest", _("Newest first")), ("name", _("By name")), ("price", _("Cheapest first"))]

    q = forms.CharField(required=False, max_length=80, strip=True)
    category = forms.ChoiceField(
        label=_("Kind of product"),
        required=False,
        choices=lambda: [("", _("All kinds")), *kinds()],
    )
    province = forms.ChoiceField(label=_("Province"), required=False)
    sort = forms.ChoiceField(label=_("Sort by"), required=False, choices=SORTS)
    in_stock = forms.BooleanField(label=_("Only what is in stock"), required=False)

    def __init__(self, *args: Any, provinces: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["province"].choices = [("", _("All provinces")), *provinces]  # type: ignore[attr-defined]


def add_months(day: dt.date, months: int) -> dt.date:
    """`months` later, on the last day of the month when there is no such day (as PostgreSQL)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return dt.date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError(day)


def words_of(product: Product) -> dict[str, Any]:
    names = ("name", "category", "story", "ingredients", "storage_advice")
    return {name: getattr(product, name) for name in names}
