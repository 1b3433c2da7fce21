"""Form fields that take what people here type, and say plainly what is wrong.

Markup of every form is in templates/django/forms/; see docs/look.md.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, TypeAlias

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from core.clock import db_today
from core.money import format_vnd, parse_vnd
from core.numbers import format_number, format_weight, parse_count, parse_weight_g
from core.phones import format_phone, normalize_phone
from core.refusals import InputRefused
from core.text import clean_line, clean_text, nfc
from core.typed import as_meant

SHORT_TEXT = 120
LONG_TEXT = 4000
MAX_VND = 500_000_000
MAX_WEIGHT_G = 1_000_000

FIRST_DAY = date(2000, 1, 1)  # the earliest day accepted anywhere
MOST_YEARS_AHEAD = 20
SHORT_YEAR = 100

DayLimit: TypeAlias = date | Callable[[], date] | None

LOCAL_DATE_FORMATS = ["%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y"]
LOCAL_DATETIME_FORMATS = [
    "%Y-%m-%dT%H:%M",
    "%d/%m/%Y %H:%M",
    "%Y-%m-%d %H:%M",
    "%H:%M %d/%m/%Y",
]


class FormLook(forms.BaseForm):
    """Mixin for every form: input in NFC, labels without a colon, the platform's markup."""

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(_composed_data(data), *args, **kwargs)

    @property
    def asks_again_for(self) -> str:
        """What a page with errors cannot give back: "password", "files" (see `held`), or ""."""
        if any(isinstance(field.widget, forms.PasswordInput) for field in self.fields.values()):
            return "password"
        return "files" if self.files and not getattr(self, "held", None) else ""


def _composed_data(data: Any) -> Any:
    if not data:
        return data
    if isinstance(data, QueryDict):
        copy = QueryDict(mutable=True, encoding=data.encoding)
        for name, values in data.lists():
            copy.setlist(name, [nfc(value) for value in values])
        return copy
    return {name: nfc(value) if isinstance(value, str) else value for name, value in data.items()}


class PlainTextField(forms.CharField):
    """Text as it is stored: NFC, no invisible characters. With a Textarea its line breaks stay."""

    def clean(self, value: Any) -> str:
        has_lines = isinstance(self.widget, forms.Textarea)
        with refused_as_invalid():
            text = clean_text(value or "") if has_lines else clean_line(value or "")
        return str(super().clean(text))


class PhoneField(forms.CharField):
    """A Vietnamese phone number in any usual spelling; cleans to E.164, e.g. +84912345678."""

    default_error_messages = {
        "required": _("Enter a phone number."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 24, "label": _("Phone number"), **kwargs})
        self.widget.input_type = "tel"

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "autocomplete": "tel", "inputmode": "tel"}

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("+84"):
            return format_phone(value)
        return value

    def clean(self, value: Any) -> str:
        text = super().clean(as_meant(value or ""))
        if not text:
            return ""
        with refused_as_invalid():
            return normalize_phone(text)


class WholeNumberField(forms.IntegerField):
    """A number of things, as people write it: 1000, 1.000 or 1,000 are all a thousand.

    Django would read 1.000 as one. A field of text: one of numbers sends nothing for what the
    browser does not call a number, and nobody says why.
    """

    widget = forms.TextInput
    default_error_messages = {
        "min_value": _("The number must be at least %(limit)s."),
        "max_value": _("The number must be at most %(limit)s."),
    }

    def __init__(self, *, min_value: int = 0, max_value: int = 2**31 - 1, **kwargs: Any) -> None:
        self.least, self.most = min_value, max_value
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "numeric", "autocomplete": "off"}

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        text = as_meant(str(value))
        digits = text.removeprefix("-")
        number = parse_count(digits)  # too many digits are said of the limit
        if number is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return number if digits == text else -number

    def validate(self, value: int | None) -> None:
        super().validate(value)
        _within(self, value, self.least, self.most, format_number)


class VndField(forms.IntegerField):
    """Whole đồng, typed as people write prices: 125000, 125.000, 125,000 đ, 125k."""

    unit = "₫"
    widget = forms.TextInput
    default_error_messages = {
        "required": _("Enter an amount in đồng."),
        "min_value": _("The amount must be at least %(limit)s."),
        "max_value": _("The amount must be at most %(limit)s."),
    }

    def __init__(self, *, min_vnd: int = 0, max_vnd: int = MAX_VND, **kwargs: Any) -> None:
        self.min_vnd, self.max_vnd = min_vnd, max_vnd
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "numeric", "autocomplete": "off", "maxlength": 16}

    def prepare_value(self, value: Any) -> Any:
        return format_number(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        with refused_as_invalid():
            return parse_vnd(str(value))

    def validate(self, value: int | None) -> None:
        super().validate(value)
        _within(self, value, self.min_vnd, self.max_vnd, format_vnd)


class WeightField(forms.IntegerField):
    """Grams, typed as 500, 500 g, 0,5 kg or 1.2kg. A bare number is grams."""

    widget = forms.TextInput
    default_error_messages = {
        "required": _("Enter a weight."),
        "invalid": _("Enter a weight such as 500 g or 1.5 kg."),
        "min_value": _("The weight must be at least %(limit)s."),
        "max_value": _("The weight must be at most %(limit)s."),
    }

    def __init__(self, *, min_g: int = 1, max_g: int = MAX_WEIGHT_G, **kwargs: Any) -> None:
        self.min_g, self.max_g = min_g, max_g
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"autocomplete": "off", "maxlength": 16, "placeholder": "500 g"}

    def prepare_value(self, value: Any) -> Any:
        return format_weight(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        grams = parse_weight_g(str(value))
        if grams is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return grams

    def validate(self, value: int | None) -> None:
        super().validate(value)
        _within(self, value, self.min_g, self.max_g, format_weight)


class LocalDateField(forms.DateField):
    """A local day: 04/11/2025 as people write it, or 2025-11-04 as date pickers send it."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    input_formats = LOCAL_DATE_FORMATS
    default_error_messages = {
        "required": _("Enter a day."),
        "invalid": _("Enter a day such as 04/11/2025."),
        "earliest": _("The day must not be before %(limit)s."),
        "latest": _("The day must not be after %(limit)s."),
        "short_year": _("Write the year with four digits, such as %(year)s."),
    }

    def __init__(
        self, *, earliest: DayLimit = FIRST_DAY, latest: DayLimit = None, **kwargs: Any
    ) -> None:
        """Without `latest`, MOST_YEARS_AHEAD: no day on any paper is later."""
        self.earliest, self.latest = earliest, latest or last_day
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """What was typed as 04/11/2025 goes back as the date picker wants it."""
        try:
            return self.to_python(value)
        except ValidationError:
            return value

    def to_python(self, value: Any) -> date | None:
        return super().to_python(as_meant(value) if isinstance(value, str) else value)

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value is None:
            return
        if value.year < SHORT_YEAR:
            params = {"year": 2000 + value.year}
            raise ValidationError(
                self.error_messages["short_year"], code="short_year", params=params
            )
        earliest, latest = _day(self.earliest), _day(self.latest)
        if earliest and value < earliest:
            self._refuse("earliest", earliest)
        if latest and value > latest:
            self._refuse("latest", latest)

    def _refuse(self, code: str, limit: date) -> None:
        words = self.error_messages[code]
        raise ValidationError(words, code=code, params={"limit": limit.strftime("%d/%m/%Y")})


class LocalDateTimeField(forms.DateTimeField):
    """A day and hour in Asia/Ho_Chi_Minh; cleans to an aware instant."""

    widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
    input_formats = LOCAL_DATETIME_FORMATS
    default_error_messages = {
        "required": _("Enter a day and an hour."),
        "invalid": _("Enter a day and an hour such as 04/11/2025 20:15."),
    }

    def to_python(self, value: Any) -> Any:
        """Refuse a day alone, which would be taken for its midnight."""
        meant = as_meant(value) if isinstance(value, str) else value
        if isinstance(meant, str) and meant.strip() and ":" not in meant:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(meant)


class IdempotencyKeyField(forms.UUIDField):
    """Hidden; rendered with the form, so that submitting twice sends the same key twice."""

    widget = forms.HiddenInput
    default_error_messages = {
        "required": _("This form grew old. Reload the page and send it again."),
        "invalid": _("This form grew old. Reload the page and send it again."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"initial": uuid.uuid4, **kwargs})


@contextmanager
def refused_as_invalid() -> Iterator[None]:
    """What a reader of core refuses becomes the field's error, in the same words."""
    try:
        yield
    except InputRefused as refusal:
        raise ValidationError(refusal.message, code=refusal.code) from refusal


def last_day() -> date:
    today = db_today()
    return date(today.year + MOST_YEARS_AHEAD, 12, 31)


def _day(limit: DayLimit) -> date | None:
    return limit() if callable(limit) else limit


def _within(
    field: forms.Field, value: int | None, least: int, most: int, words: Callable[[int], str]
) -> None:
    """Refuse a value outside `least`…`most`, naming the limit as people write it."""
    if value is None or least <= value <= most:
        return
    code, limit = ("min_value", least) if value < least else ("max_value", most)
    message = field.error_messages[code]
    raise ValidationError(message, code=code, params={"limit": words(limit)})
