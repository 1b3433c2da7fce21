"""The bank account buyers pay into: shown, changed, the change called off."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import SecondFactorBusy, WrongCode, WrongPassword
from accounts.models import User
from accounts.services.confirming import confirm_identity
from accounts.views.second_factor import words_of
from coops.access import get_cooperative_to_manage
from coops.errors import BankChangeSettled, BankChangeWaits, SameAccount
from coops.forms import BankAccountForm
from coops.models import BankAccountChange, Cooperative
from coops.services.bank_accounts import (
    call_off_bank_change,
    never_had_account,
    request_bank_change,
)
from core import access
from core.idempotency import idempotent
from core.limits import TooManyTries
from core.parts import parts_of

SHOWN = 20


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("present", "token")
@never_cache
def change_bank_account(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Not wrapped by `idempotent`, which would keep a digest of the password and undo the count of
    wrong tries; only one change waits at a time, and the same one asked for again is the same.
    """
    cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
    user: Any = request.user
    if not user.has_second_factor and not never_had_account(cooperative):
        return _page(request, cooperative, None, status=409 if request.method == "POST" else 200)
    waiting = cooperative.bank_changes.waiting().first()
    form = BankAccountForm(
        request.POST or None, cooperative=cooperative, has_code=user.has_second_factor
    )
    if not form.is_valid():
        return _page(request, cooperative, form, status=422 if form.is_bound else 200)
    if waiting and waiting.new == form.account and waiting.requested_by_id == user.pk:
        return redirect("change-bank-account", cooperative.slug)  # the press came twice
    if refusal_status := _refused(request, cooperative, form, user):
        return _page(request, cooperative, form, status=refusal_status)
    return redirect("change-bank-account", cooperative.slug)


def _refused(
    request: HttpRequest, cooperative: Cooperative, form: BankAccountForm, user: User
) -> int:
    """The status of the refusal, whose words are in the form; 0 when the change was taken."""
    try:
        confirm_identity(
            user=user,
            present=form.cleaned_data["present"],
            token=form.cleaned_data.get("token", ""),
            session_key=request.session.session_key or "",
        )
        change = request_bank_change(cooperative=cooperative, account=form.account, by=user)
    except (WrongCode, SecondFactorBusy) as refusal:
        form.add_error("token", words_of(refusal))
        return refusal.status
    except (WrongPassword, SameAccount) as refusal:
        form.add_error(refusal.field, str(refusal.message))
        return refusal.status
    except (BankChangeWaits, TooManyTries) as refusal:
        form.add_error(None, str(refusal.message))
        return refusal.status
    if change.state == BankAccountChange.State.IN_EFFECT:
        messages.success(request, _("Saved. Buyers can pay into this account from now on."))
    else:
        words = _("Noted. The co-op's managers and the province's office are told.")
        messages.success(request, words)
    return 0


@access.cooperative("manager")
@require_POST
@idempotent
def call_off_change(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Any manager, without password: stopping a theft must be quick, and keeps what stood."""
    cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
    mine = BankAccountChange.objects.manageable_by(request.user).filter(cooperative=cooperative)
    change = get_object_or_404(mine, pk=_number(request.POST.get("change", "")))
    try:
        call_off_bank_change(change=change, by=request.user)  # type: ignore[arg-type]
    except BankChangeSettled as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Called off. The account stays as it was."))
    return redirect("change-bank-account", cooperative.slug)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0


def _page(
    request: HttpRequest,
    cooperative: Cooperative,
    form: BankAccountForm | None,
    *,
    status: int = 200,
) -> HttpResponse:
    changes = cooperative.bank_changes.select_related("requested_by", "called_off_by")
    context = {
        "cooperative": cooperative,
        "form": form,
        "is_first": never_had_account(cooperative),
        "waiting": cooperative.bank_changes.waiting().select_related("requested_by").first(),
        "changes": changes.order_by("-pk")[:SHOWN],
        "hours": settings.BANK_CHANGE_HOURS,
        "notes": parts_of("coops.bank_account", cooperative),
    }
    return render(request, "coops/bank_account.html", context, status=status)
