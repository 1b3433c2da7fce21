"""What people type to sign up, to sign in and to look after their account."""

import re
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _, ngettext

from accounts.models import ApiToken, User
from accounts.seals import CODE_DIGITS
from accounts.services.recovery_codes import PAPER_DIGITS
from accounts.services.tokens import DAYS, DAYS_TO_CHOOSE
from core.forms import FormLook, IdempotencyKeyField, PhoneField, PlainTextField
from core.phones import is_mobile
from core.row_forms import RowForm
from core.typed import as_meant

MAX_PASSWORD = 128


class SixDigitsField(forms.CharField):
    """Six digits, with whatever spaces people or their phones put between them."""

    lengths: tuple[int, ...] = (CODE_DIGITS,)

    default_error_messages = {
        "required": _("Enter the code."),
        "invalid": _("The code has %(digits)s digits."),
    }

    def __init__(self, **kwargs: Any) -> None:
        attrs = {
            "inputmode": "numeric",
            "autocomplete": "one-time-code",
            "class": "input--code",
            "spellcheck": "false",
        }
        super().__init__(**{"max_length": 20, "widget": forms.TextInput(attrs=attrs), **kwargs})

    def clean(self, value: Any) -> str:
        digits = re.sub(r"[\s.\-]", "", super().clean(as_meant(value or "")))
        if len(digits) not in self.lengths or not (digits.isascii() and digits.isdigit()):
            params = {"digits": CODE_DIGITS}
            raise ValidationError(self.error_messages["invalid"], code="invalid", params=params)
        return digits


class SecondFactorField(SixDigitsField):
    """The code of the app, or one of those on paper."""

    lengths = (CODE_DIGITS, PAPER_DIGITS)
    default_error_messages = {
        "invalid": _("The app's code has 6 digits, one of your paper 12."),
    }

    def __init__(self, **kwargs: Any) -> None:
        help_text = _("No phone at hand? Enter one of the codes you put on paper (12 digits).")
        options = {"label": _("Code from your app"), "help_text": help_text}
        super().__init__(**{**options, **kwargs})


class PasswordField(forms.CharField):
    """A password as typed; `autocomplete` marks a new one for the browser."""

    default_error_messages = {"required": _("Enter a password.")}

    def __init__(self, *, autocomplete: str, **kwargs: Any) -> None:
        attrs = {
            "autocomplete": autocomplete,
            "autocapitalize": "off",
            "data-draft-skip": "",
            "data-show": _("Show what is typed"),
        }
        options = {"label": _("Password"), "strip": False, "max_length": MAX_PASSWORD}
        widget = forms.PasswordInput(attrs=attrs)
        super().__init__(**{**options, "widget": widget, **kwargs})


class NewPasswordField(PasswordField):
    def __init__(self, **kwargs: Any) -> None:
        help_text = _("At least 8 characters. Three short words are easy to keep in mind.")
        super().__init__(**{"autocomplete": "new-password", "help_text": help_text, **kwargs})

    def clean(self, value: Any) -> str:
        password = super().clean(value)
        validate_password(password)
        return password


class NameField(PlainTextField):
    default_error_messages = {"required": _("Enter your name.")}

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "name"})
        options = {"label": _("Full name"), "max_length": 80, "widget": widget}
        super().__init__(**{**options, **kwargs})


class AskCodeForm(FormLook, forms.Form):
    """The phone a code is sent to."""

    phone = PhoneField(
        label=_("Your phone number"),
        help_text=_("We send a code of six digits to this phone."),
        error_messages={"required": _("Enter your phone number.")},
    )
    idempotency_key = IdempotencyKeyField()

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if not is_mobile(phone):
            raise ValidationError(_("Enter a mobile number: a landline cannot get the code."))
        return phone


class EnterCodeForm(FormLook, forms.Form):
    code = SixDigitsField(label=_("Code from the message"))


class NewAccountForm(FormLook, forms.Form):
    display_name = NameField(help_text=_("As your neighbours and the co-op know you."))
    password = NewPasswordField()


class ChoosePasswordForm(FormLook, forms.Form):
    password = NewPasswordField(label=_("New password"))


class SignInForm(FormLook, forms.Form):
    phone = PhoneField(
        label=_("Your phone number"), error_messages={"required": _("Enter your phone number.")}
    )
    password = PasswordField(autocomplete="current-password")


class VerifyForm(FormLook, forms.Form):
    token = SecondFactorField()


class SecondFactorForm(FormLook, forms.Form):
    token = SixDigitsField(label=_("Code from your app"))


class MoveSecondFactorForm(FormLook, forms.Form):
    token = SixDigitsField(label=_("Code from the app on the new phone"))
    present = PasswordField(
        label=_("Present password"),
        autocomplete="current-password",
        error_messages={"required": _("Enter your present password.")},
    )


class RenewCodesForm(FormLook, forms.Form):
    present = PasswordField(
        label=_("Present password"),
        autocomplete="current-password",
        error_messages={"required": _("Enter your present password.")},
    )


class RenameForm(RowForm, forms.ModelForm):
    display_name = NameField()
    idempotency_key = IdempotencyKeyField()

    class Meta:
        model = User
        fields = ["display_name"]


class ChangePasswordForm(FormLook, forms.Form):
    present = PasswordField(
        label=_("Present password"),
        autocomplete="current-password",
        error_messages={"required": _("Enter your present password.")},
    )
    password = NewPasswordField(label=_("New password"))


class ApiTokenForm(FormLook, forms.ModelForm):
    name = PlainTextField(
        label=_("What is the token for?"),
        max_length=80,
        error_messages={"required": _("Write what the token is for.")},
    )
    scope = forms.ChoiceField(
        label=_("What may it do?"),
        required=False,
        choices=lambda: [(value, capfirst(label)) for value, label in ApiToken.Scope.choices],
        widget=forms.RadioSelect,
        initial=ApiToken.Scope.WRITE,
        help_text=_("It never changes the bank account or the members."),
    )
    days = forms.TypedChoiceField(
        label=_("For how long?"),
        required=False,
        choices=lambda: [
            (days, ngettext("%(days)s day", "%(days)s days", days) % {"days": days})
            for days in DAYS_TO_CHOOSE
        ],
        coerce=int,
        initial=DAYS,
    )
    idempotency_key = IdempotencyKeyField()

    class Meta:
        model = ApiToken
        fields = ["name"]

    def clean_scope(self) -> str:
        return self.cleaned_data["scope"] or ApiToken.Scope.WRITE

    def clean_days(self) -> int:
        return self.cleaned_data["days"] or DAYS
