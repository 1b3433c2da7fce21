"""What hosts type about sessions and offers."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from core.forms import (
    LocalDateTimeField,
    PlainTextField,
    VndField,
    WholeNumberField,
)
from core.money import format_vnd
from core.picture_fields import PicturesField, PicturesForm
from core.row_forms import RowForm
from livestreams.models import MAX_UNITS_PER_CLAIM, LivestreamSession, Offer
from products.usual_prices import UsualPriceMixin

MIN_MINUTES, MAX_MINUTES = 15, 12 * 60
MIN_FEE_VND, MAX_FEE_VND = 1_000, 500_000
MIN_PRICE_VND, MAX_PRICE_VND = 1_000, 100_000_000
MAX_UNITS = 100_000


class HttpsField(forms.URLField):
    """A link that begins with https://; what was typed without it gets it."""

    default_validators = [URLValidator(schemes=["https"])]
    default_error_messages = {
        "invalid": _("Enter the whole link, such as https://www.facebook.com/…/videos/….")
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(assume_scheme="https", **kwargs)

    def to_python(self, value: Any) -> str:
        link = super().to_python(value) or ""
        return f"https{link[4:]}" if link.lower().startswith("http://") else link


def whole_number(**kwargs: Any) -> WholeNumberField:
    attrs = {"inputmode": "numeric", "class": "input--short", "autocomplete": "off"}
    return WholeNumberField(
        widget=forms.TextInput(attrs=attrs),
        error_messages={"invalid": _("Enter a whole number.")},
        **kwargs,
    )


def why_no_fee(fee_vnd: int) -> str:
    """A sentence about a fee that nobody can mean, such as 25 ₫; else ""."""
    if not 0 < fee_vnd < MIN_FEE_VND:
        return ""
    words = _("A delivery of %(fee)s? Enter %(thousands)s in full, or 0 when it is free.")
    return words % {"fee": format_vnd(fee_vnd), "thousands": format_vnd(fee_vnd * 1000)}


class SessionForm(PicturesForm, RowForm, forms.Form):
    """The public details of a session. On air, time and fee are shown but cannot be changed."""

    title = PlainTextField(
        label=_("Name of the session"),
        max_length=120,
        help_text=_("What and from where, for example: New tea of Phình Hồ."),
    )
    starts_at = LocalDateTimeField(label=_("Begins at"))
    planned_minutes = whole_number(
        label=_("About how long (minutes)"),
        min_value=MIN_MINUTES,
        max_value=MAX_MINUTES,
        initial=120,
    )
    shipping_fee_vnd = VndField(
        label=_("Delivery fee for each co-op's parcel"),
        max_vnd=MAX_FEE_VND,
        help_text=_("Told to buyers before they order. 0 means free."),
    )
    summary = PlainTextField(
        label=_("What it is about"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    stream_url = HttpsField(
        label=_("Link of the video"),
        required=False,
        max_length=300,
        help_text=_(
            "Where you go on air: Facebook, YouTube, TikTok, Zalo. It can be added later, too."
        ),
    )
    cover = PicturesField(
        most=1, label=_("Picture"), help_text=_("A photo of the goods or the people.")
    )

    def __init__(self, *args: Any, is_live: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("starts_at", "shipping_fee_vnd") if is_live else ():
            self.fields[name].disabled = True

    def clean_shipping_fee_vnd(self) -> int:
        fee: int = self.cleaned_data["shipping_fee_vnd"]
        if reason := why_no_fee(fee):
            raise ValidationError(reason)
        return fee

    def clean(self) -> dict[str, Any]:
        """`cover` is the Picture chosen now, or held from an earlier try, or None."""
        data = super().clean()
        data["cover"] = next(iter(data["cover"]), None)
        return data

    @staticmethod
    def values_of(session: LivestreamSession) -> dict[str, Any]:
        names = (
            "title", "starts_at", "planned_minutes", "shipping_fee_vnd", "summary", "stream_url",
        )  # fmt: skip
        return {name: getattr(session, name) for name in names}


class OfferForm(UsualPriceMixin, RowForm, forms.Form):
    priced = "unit_price_vnd"
    unit_price_vnd = VndField(
        label=_("Price in the session"), min_vnd=MIN_PRICE_VND, max_vnd=MAX_PRICE_VND
    )
    quantity_offered = whole_number(
        label=_("How many to sell"),
        min_value=1,
        max_value=MAX_UNITS,
        help_text=_("They are set aside from the lot when the session goes on air."),
    )
    limit_per_buyer = whole_number(
        label=_("At most for one buyer"),
        min_value=1,
        max_value=MAX_UNITS_PER_CLAIM,
        initial=10,
        help_text=_("So that many get some."),
    )

    @staticmethod
    def values_of(offer: Offer) -> dict[str, Any]:
        names = ("unit_price_vnd", "quantity_offered", "limit_per_buyer")
        return {name: getattr(offer, name) for name in names}
