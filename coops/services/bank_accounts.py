"""Where a co-op's buyers send their money: changed by its managers, later and never in silence."""

import datetime as dt
from typing import Any

import pghistory
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import User
from coops import events
from coops.errors import BankChangeSettled, BankChangeWaits, SameAccount, SecondFactorNeeded
from coops.models import BankAccountChange, BankNotice, Cooperative
from core.banks import BankAccount
from core.clock import Instant, db_now

State = BankAccountChange.State


def never_had_account(cooperative: Cooperative) -> bool:
    """Whether nobody can be paying into an account of the co-op: it has and had none."""
    if cooperative.bank_account_number:
        return False
    history: Any = cooperative.events  # type: ignore[attr-defined]
    return not history.exclude(bank_account_number="").exists()


@transaction.atomic
def request_bank_change(
    *, cooperative: Cooperative, account: BankAccount, by: User
) -> BankAccountChange:
    """Ask for another account, or for none. It takes effect after BANK_CHANGE_HOURS; the first
    account a co-op ever has, at once.

    All managers and the province's reviewers are notified. The caller has re-authenticated `by`.
    Raises SecondFactorNeeded, SameAccount or BankChangeWaits; the same change asked for again by
    the same person is returned as it is.
    """
    row = Cooperative.objects.select_for_update(no_key=True).get(pk=cooperative.pk)
    is_first = never_had_account(row)
    if not is_first and not by.has_second_factor:
        raise SecondFactorNeeded
    if account == row.bank_account:
        raise SameAccount(field="bank_account_number")
    if waiting := row.bank_changes.waiting().first():
        if waiting.new == account and waiting.requested_by_id == by.pk:
            return waiting
        raise BankChangeWaits
    change = _write(row, account, by, dt.timedelta(hours=0 if is_first else _hours()))
    if is_first:
        put_in_effect(change_id=change.pk)
        change.refresh_from_db()
    else:
        events.bank_change_settled(change)
        _notify(change, BankNotice.About.REQUESTED)
    return change


def _hours() -> int:
    return int(settings.BANK_CHANGE_HOURS)


def _write(
    row: Cooperative, account: BankAccount, by: User, delay: dt.timedelta
) -> BankAccountChange:
    old, now = row.bank_account, db_now()
    try:
        return BankAccountChange.objects.create(
            cooperative=row,
            old_bank_bin=old.bank_bin,
            old_account_number=old.number,
            old_account_name=old.name,
            new_bank_bin=account.bank_bin,
            new_account_number=account.number,
            new_account_name=account.name,
            requested_by=by,
            requested_at=now,
            takes_effect_at=now + delay,
        )
    except IntegrityError as error:
        raise BankChangeWaits from error


@transaction.atomic
def call_off_bank_change(*, change: BankAccountChange, by: User) -> None:
    """Raises BankChangeSettled when it is in effect or was called off."""
    waiting = BankAccountChange.objects.waiting().filter(pk=change.pk)
    if not waiting.update(state=State.CALLED_OFF, settled_at=Instant(), called_off_by=by):
        raise BankChangeSettled
    change.refresh_from_db()
    events.bank_change_settled(change)
    _notify(change, BankNotice.About.CALLED_OFF)


@transaction.atomic
def put_in_effect(*, change_id: int) -> bool:
    """The co-op's account becomes the new one; False when it is not due or was settled.

    The caller sees to it that the co-op is not on air.
    """
    due = BankAccountChange.objects.due().filter(pk=change_id)
    if not due.update(state=State.IN_EFFECT, settled_at=Instant()):
        return False
    change = BankAccountChange.objects.select_related("cooperative").get(pk=change_id)
    with pghistory.context(user=change.requested_by_id):
        Cooperative.objects.filter(pk=change.cooperative_id).update(
            bank_bin=change.new.bank_bin,
            bank_account_number=change.new.number,
            bank_account_name=change.new.name,
        )
    events.cooperative_changed(change.cooperative)
    events.bank_change_settled(change)
    _notify(change, BankNotice.About.IN_EFFECT)
    return True


def _notify(change: BankAccountChange, about: str) -> None:
    """One message each for the co-op's managers and the reviewers of its province."""
    cooperative = change.cooperative
    is_manager = Q(memberships__cooperative=cooperative, memberships__role="manager")
    is_reviewer = Q(
        staff_roles__province=cooperative.commune.province_id, staff_roles__role="reviewer"
    )
    people = User.objects.filter(is_manager | is_reviewer, is_active=True).distinct()
    for person in people.order_by("pk"):
        notice = BankNotice.objects.create(change=change, user=person, about=about)
        events.bank_notice_written(notice)
