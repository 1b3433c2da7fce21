"""One field for a commune: typed and chosen from suggestions, or picked from two lists.

Put `CommuneFormMixin` before the form, `CommuneField` in it and `js/commune.js` on its page. The
cleaned value is a Commune. Without the script there are two lists: a button sends the form to get
the communes of the province chosen; that answer is like that of a form with errors (422), without
any error shown, so it takes no idempotency key and loses nothing typed.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from coops.models import Commune, Province
from core.text import fold

MAX_TYPED = 120
OFFERED = 3  # communes that what was typed may mean
KNOWN_S = 600  # codes never change
LISTED_S = 1  # lists do, and in a rush a second is enough
SHOW = "_show"  # of the button that lists a province's communes


class Choice(NamedTuple):
    """What the browser sent: `code` from the list, `text` as typed, `province` of the lists."""

    code: str = ""
    text: str = ""
    province: str = ""


class CommuneWidget(forms.Widget):
    template_name = "coops/_commune_widget.html"

    def value_from_datadict(
        self, data: Mapping[str, Any], files: Mapping[str, Any], name: str
    ) -> Choice:
        return Choice(
            code=str(data.get(name) or "")[:5],
            text=str(data.get(f"{name}_text") or "")[:MAX_TYPED],
            province=str(data.get(f"{name}_province") or "")[:2],
        )

    def value_omitted_from_data(
        self, data: Mapping[str, Any], files: Mapping[str, Any], name: str
    ) -> bool:
        return not any(part in data for part in (name, f"{name}_text", f"{name}_province"))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, None, attrs)
        choice = as_choice(value)
        chosen = find_by_code(choice.code)
        province = choice.province or (chosen.province_id if chosen else "")
        context["widget"].update(
            chosen=chosen,
            text=choice.text or (chosen.full_name if chosen else ""),
            provinces=with_selected(province_options(), province),
            communes=with_selected(commune_options(province), choice.code) if province else "",
        )
        return context

    def id_for_label(self, id_: str, index: Any = None) -> str:
        return id_


class CommuneField(forms.Field):
    """Cleans to a Commune (with its province), or None when empty and not required."""

    widget = CommuneWidget
    default_error_messages = {
        "required": _("Choose the commune or ward."),
        "unknown": _(
            "We do not know this commune or ward. Type its name and choose from the list."
        ),
        "several": _("Several communes bear this name. Choose yours from the list."),
        "perhaps": _("Is it %(names)s? Choose yours from the list."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _("Commune or ward"), **kwargs})

    def clean(self, value: Any) -> Commune | None:
        choice = as_choice(value)
        commune = find_by_code(choice.code)
        if commune and (not choice.text or fold(choice.text) == fold(commune.full_name)):
            return commune
        if choice.text.strip():
            return self._named(choice.text)
        if choice.code:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        if self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        return None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return as_choice(initial).code != as_choice(data).code

    def _named(self, text: str) -> Commune:
        named = Commune.objects.named(text)
        if len(named) == 1:
            commune: Commune = named[0]
            return commune
        if named:
            raise ValidationError(self.error_messages["several"], code="several")
        if near := Commune.objects.suggest(text, OFFERED):
            names = {"names": "; ".join(commune.full_name for commune in near)}
            raise ValidationError(self.error_messages["perhaps"], code="perhaps", params=names)
        raise ValidationError(self.error_messages["unknown"], code="unknown")


class CommuneFormMixin:
    """Mixin of forms with a CommuneField, before forms.Form."""

    data: Mapping[str, Any]
    fields: dict[str, forms.Field]

    @property
    def is_choosing_province(self) -> bool:
        """Whether the button beside the list of provinces was pressed, not the form's own."""
        return any(
            f"{self.add_prefix(name)}{SHOW}" in self.data  # type: ignore[attr-defined]
            for name, field in self.fields.items()
            if isinstance(field, CommuneField)
        )

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_choosing_province:
            self._errors = ErrorDict()

    def is_valid(self) -> bool:
        return bool(super().is_valid()) and not self.is_choosing_province


def as_choice(value: Any) -> Choice:
    """`value` as a Choice, whether it came from the browser, a model or an initial value."""
    if isinstance(value, Choice):
        return value
    if isinstance(value, Commune):
        return Choice(code=value.pk)
    return Choice(code=str(value or ""))


def province_options() -> SafeString:
    """The provinces as options of a list, rendered at most once a second."""
    return known_options("provinces", Province.objects.in_order())


def commune_options(province: str) -> SafeString:
    """The communes of a province as the lines of a list; nothing for a code that is none."""
    if not (province.isascii() and province.isdigit()):
        return mark_safe("")
    return known_options(f"communes:{province}", Commune.objects.of_province(province).in_order())


def known_options(name: str, places: Iterable[Province | Commune]) -> SafeString:
    lines: SafeString | None = cache.get(name)
    if lines is None:
        rows = ((place.pk, place) for place in places)
        lines = format_html_join("", '<option value="{}">{}</option>', rows)
        if lines:
            cache.set(name, lines, LISTED_S)
    return lines


def with_selected(lines: SafeString, code: str) -> SafeString:
    line = format_html('<option value="{}"', code)
    return mark_safe(lines.replace(line, f"{line} selected", 1))  # noqa: S308 - both are escaped


def find_by_code(code: str) -> Commune | None:
    """The commune with its province; kept for a while in this process, for codes never change."""
    if not (code.isascii() and code.isdigit()):
        return None
    name = f"commune:{code}"
    known: Commune | None = cache.get(name)
    if known is None:
        known = Commune.objects.select_related("province").filter(pk=code).first()
        if known is not None:
            cache.set(name, known, KNOWN_S)
    return known
