"""What people type about a co-op, its members and pictures, and what reviewers say."""

from dataclasses import fields
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.forms import PasswordField, SecondFactorField
from coops.commune_field import CommuneField, CommuneFormMixin
from coops.models import Cooperative, CooperativePhoto, Membership, Province
from coops.services.cooperatives import BANK_FIELDS, CHECKED_FIELDS, Particulars
from coops.services.photos import MAX_PHOTOS
from core.banks import (
    BANK_CHOICES,
    BankAccount,
    normalize_account_name,
    normalize_account_number,
)
from core.forms import (
    FormLook,
    IdempotencyKeyField,
    PhoneField,
    PlainTextField,
    refused_as_invalid,
)
from core.picture_fields import PicturesField
from core.row_forms import AS_SHOWN, RowForm
from core.tax_codes import format_tax_code, normalize_tax_code

__all__ = [
    "AddMemberForm",
    "CaptionForm",
    "CommuneField",
    "CommuneFormMixin",
    "CooperativeForm",
    "FindCooperativeForm",
    "PhotosForm",
    "ReturnForm",
]


def as_line_begins(choices: Any) -> list[tuple[str, str]]:
    """Choices as a line begins in the reader's language."""
    return [(value, capfirst(str(label))) for value, label in choices.choices]


class TaxCodeField(forms.CharField):
    """A tax code in any usual spelling; cleans to its digits."""

    def prepare_value(self, value: Any) -> Any:
        return format_tax_code(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        with refused_as_invalid():
            return normalize_tax_code(text)


class BankAccountFields(FormLook, forms.Form):
    """Bank, number and holder: all three or none."""

    bank_bin = forms.ChoiceField(
        label=_("Bank"), choices=[("", _("None yet")), *BANK_CHOICES], required=False
    )
    bank_account_number = PlainTextField(
        label=_("Account number"),
        max_length=24,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    bank_account_name = PlainTextField(
        label=_("Account holder"),
        max_length=80,
        required=False,
        help_text=_("As the bank writes it: capitals without marks."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_bank_account_number(self) -> str:
        with refused_as_invalid():
            return normalize_account_number(self.cleaned_data["bank_account_number"])

    def clean_bank_account_name(self) -> str:
        return normalize_account_name(self.cleaned_data["bank_account_name"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        given = [name for name in BANK_FIELDS if cleaned.get(name)]
        if given and not any(name in self.errors for name in BANK_FIELDS):
            for name in set(BANK_FIELDS) - set(given):
                self.add_error(
                    name, _("Fill in bank, number and holder, or leave all three empty.")
                )
        return cleaned

    @property
    def account(self) -> BankAccount:
        return BankAccount(*(self.cleaned_data[name] for name in BANK_FIELDS))


class BankAccountForm(BankAccountFields):
    """Another account, with what shows that a manager wants it."""

    present = PasswordField(
        label=_("Present password"),
        autocomplete="current-password",
        error_messages={"required": _("Enter your present password.")},
    )
    token = SecondFactorField()

    def __init__(self, *args: Any, cooperative: Cooperative, has_code: bool, **kw: Any) -> None:
        initial = {name: getattr(cooperative, name) for name in BANK_FIELDS}
        super().__init__(*args, initial=initial, **kw)
        if not has_code:
            del self.fields["token"]
        if cooperative.can_take_transfers:
            choices = [("", _("None: only cash on delivery")), *BANK_CHOICES]
            self.fields["bank_bin"].choices = choices  # type: ignore[attr-defined]


class CooperativeForm(CommuneFormMixin, RowForm, BankAccountFields):
    """A co-op's description of itself; `particulars` is the input of the services."""

    field_order = (
        *("kind", "name", "tax_code", "commune", "address_line", "phone", "is_women_led", "story"),
        *BANK_FIELDS,
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=lambda: as_line_begins(Cooperative.Kind),
        widget=forms.RadioSelect,
        initial=Cooperative.Kind.COOPERATIVE,
    )
    name = PlainTextField(
        label=_("Name of the co-op"),
        min_length=4,
        max_length=120,
        help_text=_("As on the registration certificate."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        error_messages={"required": _("Enter the name of the co-op.")},
    )
    tax_code = TaxCodeField(
        label=_("Tax code"),
        max_length=24,
        help_text=_("10 digits, on the registration certificate. The province checks it."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Enter the tax code.")},
    )
    commune = CommuneField(help_text=_("Where the co-op is registered."))
    address_line = PlainTextField(
        label=_("Hamlet, road, number"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-line1"}),
    )
    phone = PhoneField(
        label=_("Phone for buyers"), help_text=_("Shown on your page, so that buyers can ring you.")
    )
    is_women_led = forms.BooleanField(
        label=_("The co-op is led by women"),
        required=False,
        help_text=_("Shown on your page. Buyers and programmes look for such co-ops."),
    )
    story = PlainTextField(
        label=_("Your story"),
        max_length=4000,
        required=False,
        help_text=_("Who you are, what you grow, what makes it good. Your own words are the best."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    idempotency_key = IdempotencyKeyField()

    def __init__(self, *args: Any, cooperative: Cooperative | None = None, **kwargs: Any) -> None:
        self.cooperative = cooperative
        if cooperative:
            kwargs["initial"] = {
                name: getattr(cooperative, name)
                for name in self.base_fields
                if name != "idempotency_key"
            }
        super().__init__(*args, shows_row=cooperative is not None, **kwargs)
        fixed = BANK_FIELDS if cooperative else ()
        for name in (*fixed, *(CHECKED_FIELDS if self.is_checked else ())):
            del self.fields[name]

    @property
    def is_checked(self) -> bool:
        """Whether the province has looked at the co-op, so that some facts are fixed."""
        states = {Cooperative.State.APPROVED, Cooperative.State.SUSPENDED}
        return self.cooperative is not None and self.cooperative.state in states

    @property
    def particulars(self) -> Particulars:
        """Of a valid form; what is fixed comes from the co-op itself."""
        left_out = {"idempotency_key", AS_SHOWN}
        values = {name: self.cleaned_data[name] for name in self.fields if name not in left_out}
        fixed = [field.name for field in fields(Particulars) if field.name not in values]
        values |= {name: getattr(self.cooperative, name) for name in fixed}
        return Particulars(**values)


class PhotosForm(FormLook, forms.Form):
    pictures = PicturesField(
        most=MAX_PHOTOS,
        required=True,
        label=_("Pictures"),
        help_text=_("Your people, your fields, your work. Several at a time if you like."),
        error_messages={"required": _("Choose a picture first.")},
    )
    idempotency_key = IdempotencyKeyField()


class CaptionForm(RowForm, forms.Form):
    caption = PlainTextField(
        label=_("What the picture shows"),
        max_length=CooperativePhoto._meta.get_field("caption").max_length,
        required=False,
    )
    idempotency_key = IdempotencyKeyField()


class AddMemberForm(FormLook, forms.Form):
    phone = PhoneField(
        label=_("Phone of the person"), help_text=_("The person needs an account with this number.")
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=lambda: as_line_begins(Membership.Role),
        widget=forms.RadioSelect,
        initial="host",
    )
    idempotency_key = IdempotencyKeyField()


class SuspensionForm(FormLook, forms.Form):
    """Why a co-op is taken out of buyers' sight, or let back."""

    reason = PlainTextField(
        label=_("Reason"),
        max_length=1000,
        min_length=10,
        help_text=_("The co-op reads this."),
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write the reason. The co-op reads it.")},
    )
    idempotency_key = IdempotencyKeyField()


class ReturnForm(FormLook, forms.Form):
    reason = PlainTextField(
        label=_("What should the co-op correct?"),
        max_length=1000,
        min_length=10,
        help_text=_("The co-op reads this. Say what is missing and where to find it."),
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "required": _("Write what should be corrected."),
            "min_length": _("Say a little more, so that the co-op knows what to do."),
        },
    )
    idempotency_key = IdempotencyKeyField()


class FindCooperativeForm(FormLook, forms.Form):
    """The filters over the list of co-ops; what makes no sense is left out, never refused."""

    q = PlainTextField(label=_("Search"), max_length=120, required=False)
    province = forms.ModelChoiceField(
        label=_("Province or city"),
        queryset=Province.objects.none(),
        required=False,
        empty_label=_("All provinces"),
    )
    women_led = forms.BooleanField(label=_("Led by women"), required=False)

    def __init__(self, *args: Any, provinces: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["province"].queryset = provinces  # type: ignore[attr-defined]
