"""A co-op's own particulars for programs: registered, read, corrected, sent to review again."""

from dataclasses import fields
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from coops.access import get_cooperative_to_manage
from coops.api import CommuneField, CommuneSerializer, ListMyCooperatives, MyCooperativeSerializer
from coops.errors import BankAccountByPage
from coops.models import Cooperative
from coops.services.cooperatives import (
    BANK_FIELDS,
    Particulars,
    hold,
    register_cooperative,
    resubmit_cooperative,
    update_cooperative,
)
from core.banks import BANK_CHOICES, normalize_account_name, normalize_account_number
from core.refusals import InputRefused
from core.rest import (
    MemberView,
    PhoneField,
    PlainText,
    absolute,
    members,
    once,
    refused_as_invalid,
)
from core.tax_codes import normalize_tax_code

BANK = BANK_FIELDS
UNCHANGED = _("Of a new co-op. Later as it stands, or left out: it is changed on the page only.")


class TaxCode(serializers.CharField):
    """10 digits in any usual spelling; its check digit is looked at."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 24, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        with refused_as_invalid():
            return normalize_tax_code(super().to_internal_value(data))


class CooperativeWords(serializers.Serializer):
    """A co-op's description of itself. An existing one changes its bank account on its page."""

    kind = serializers.ChoiceField(Cooperative.Kind.choices)
    name = PlainText(min_length=4, max_length=120)
    tax_code = TaxCode()
    commune = CommuneField(help_text="Code of five digits: where the co-op is registered.")
    phone = PhoneField(help_text="For buyers.")
    address_line = PlainText(required=False, max_length=160)
    is_women_led = serializers.BooleanField(required=False)
    story = PlainText(required=False, max_length=4000, has_lines=True)
    bank_bin = PlainText(required=False, max_length=80, help_text=UNCHANGED)
    bank_account_number = PlainText(required=False, max_length=80, help_text=UNCHANGED)
    bank_account_name = PlainText(required=False, max_length=80, help_text=UNCHANGED)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A new co-op is created with its bank account; later the account is read-only here."""
        known: Cooperative | None = self.context.get("cooperative")
        given = {name: attrs[name] for name in BANK if name in attrs}
        if known is None:
            return {**attrs, **_whole_account(given)}
        for name, value in given.items():
            if value != getattr(known, name):
                raise BankAccountByPage(field=name)
        return attrs


def _whole_account(given: dict[str, str]) -> dict[str, str]:
    """Bank, number and holder as they are stored; all three or none."""
    if not any(given.values()):
        return given
    if missing := next((name for name in BANK if not given.get(name)), ""):
        words = _("Fill in bank, number and holder, or leave all three empty.")
        raise serializers.ValidationError({missing: words})
    bank_bin, number, name = (given[field] for field in BANK)
    if bank_bin not in dict(BANK_CHOICES):
        raise serializers.ValidationError({BANK[0]: _("Choose one of the banks.")})
    try:
        return dict(
            zip(
                BANK,
                (bank_bin, normalize_account_number(number), normalize_account_name(name)),
                strict=True,
            )
        )
    except InputRefused as refusal:
        raise serializers.ValidationError({BANK[1]: refusal.message}) from refusal


class OwnCooperativeSerializer(serializers.ModelSerializer):
    """What the co-op's managers see of it."""

    commune = CommuneSerializer()
    edit_url = serializers.SerializerMethodField(help_text="Pictures are added from there.")

    class Meta:
        model = Cooperative
        fields = [
            "slug", "kind", "name", "tax_code", "commune", "phone", "address_line", "is_women_led",
            "story", *BANK, "state", "submitted_at", "reviewed_at", "review_note", "edit_url",
        ]  # fmt: skip

    def get_edit_url(self, cooperative: Cooperative) -> str:
        return absolute(reverse("show-cooperative-desk", args=[cooperative.slug]))


class MyCooperatives(ListMyCooperatives):
    """A new co-op waits for its province; the user who registers it is its manager."""

    says = {**ListMyCooperatives.says, "POST": _("Register a co-op: it waits for its province.")}
    takes = {"POST": CooperativeWords}
    gives = {"GET": MyCooperativeSerializer(many=True), "POST": OwnCooperativeSerializer}
    makes_new = True

    @once
    def post(self, request: Request) -> Response:
        particulars = Particulars(**self.said())
        return self.answer(register_cooperative(creator=self.person, particulars=particulars))


class ManagerView(MemberView):
    access_rule = members("manager")


class ShowMyCooperative(ManagerView):
    """Kind, name, tax code and commune stay as they are once the province has approved them."""

    says = {"GET": _("The co-op as its managers see it."), "PATCH": _("Correct its particulars.")}
    takes = {"PATCH": CooperativeWords}
    gives = {"GET": OwnCooperativeSerializer, "PATCH": OwnCooperativeSerializer}

    def get(self, request: Request, cooperative_slug: str) -> Response:
        return self.answer(get_cooperative_to_manage(request.user, cooperative_slug))

    @once
    def patch(self, request: Request, cooperative_slug: str) -> Response:
        cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
        hold(cooperative)
        self.refuse_stale(cooperative)
        given = self.said(cooperative=cooperative)
        stands = {field.name: getattr(cooperative, field.name) for field in fields(Particulars)}
        particulars = Particulars(**{**stands, **given})
        return self.answer(update_cooperative(cooperative=cooperative, particulars=particulars))


class ResubmitCooperative(ManagerView):
    says = {"POST": _("Send a returned co-op to its province again.")}
    gives = {"POST": OwnCooperativeSerializer}

    @once
    def post(self, request: Request, cooperative_slug: str) -> Response:
        cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
        return self.answer(resubmit_cooperative(cooperative=cooperative, by=self.person))
