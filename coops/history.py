"""Who changed what of a co-op, in plain words, out of the rows pghistory keeps."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from coops.models import Cooperative
from core.banks import BankAccount

State = Cooperative.State
NOT_TOLD = {
    *("slug", "is_demo", "registered_by_id", "submitted_at", "submitted_by_id"),
    *("first_approved_by_id", "reviewed_at", "reviewed_by_id", "review_note"),
}
SHOWN = 50


@dataclass
class Change:
    """One step: `who` is empty when the platform itself acted."""

    at: dt.datetime
    who: str
    what: str
    note: str = ""
    fields: list[str] = field(default_factory=list)
    tone: str = "quiet"


def history_of(cooperative: Cooperative) -> list[Change]:
    """The latest changes, newest first."""
    events = cooperative.events.select_related("pgh_context").order_by("-pgh_id")  # type: ignore[attr-defined]
    rows = list(events[: SHOWN + 1])
    names = _names_of(rows)
    changes = [
        _change(row, before, names)
        for row, before in zip(rows, [*rows[1:], None], strict=True)
        if before is not None or row.pgh_label == "insert"
    ]
    changes += _bank_changes(cooperative)
    changes.sort(key=lambda change: change.at, reverse=True)
    return [change for change in changes if change.what][:SHOWN]


def _bank_changes(cooperative: Cooperative) -> list[Change]:
    """What managers asked for, and called off; accounts by their last digits. That one took effect
    is among the co-op's own rows.
    """
    found = cooperative.bank_changes.select_related("requested_by", "called_off_by")
    changes = []
    for row in found.order_by("-pk")[:SHOWN]:
        old, new = row.old.masked or "–", row.new.masked or "–"
        what = _("asked for another bank account: %(old)s → %(new)s") % {"old": old, "new": new}
        changes.append(Change(row.requested_at, str(row.requested_by), what, tone="wait"))
        if row.called_off_by and row.settled_at:
            what = _("called off the other bank account: %(new)s") % {"new": new}
            changes.append(Change(row.settled_at, str(row.called_off_by), what, tone="stop"))
    return changes


def _change(row: Any, before: Any, names: dict[int, str]) -> Change:
    change = Change(at=row.pgh_created_at, who=names.get(_user_of(row), ""), what="")
    if before is None:
        change.what, change.tone = _("registered the co-op"), "info"
        return change
    if row.state != before.state:
        change.what, change.tone = _words_of_state(row.state)
        if before.state == State.SUSPENDED:
            change.what = _("let the co-op sell again")
        change.note = row.review_note if row.state != State.WAITING else ""
        return change
    if row.first_approved_by_id and row.first_approved_by_id != before.first_approved_by_id:
        change.what, change.tone = _("approved the co-op, as the first of two"), "info"
        return change
    change.fields = _changed_fields(row, before)
    change.what = _("changed: %(fields)s") % {"fields": ", ".join(change.fields)}
    old, new = (
        BankAccount(one.bank_bin, one.bank_account_number, one.bank_account_name)
        for one in (before, row)
    )
    if old != new:
        change.note = f"{old.masked or '–'} → {new.masked or '–'}"
    if not change.fields:
        change.what = ""
    return change


def _words_of_state(state: str) -> tuple[str, str]:
    return {
        State.APPROVED: (_("approved the co-op"), "done"),
        State.RETURNED: (_("returned the co-op for correction"), "warn"),
        State.WAITING: (_("sent the co-op for review again"), "wait"),
        State.SUSPENDED: (_("suspended the co-op"), "stop"),
    }[State(state)]


def _changed_fields(row: Any, before: Any) -> list[str]:
    tracked = [f for f in Cooperative._meta.concrete_fields if hasattr(row, f.attname)]
    return [
        str(f.verbose_name)
        for f in tracked
        if f.attname not in NOT_TOLD and getattr(row, f.attname) != getattr(before, f.attname)
    ]


def _user_of(row: Any) -> int:
    metadata = row.pgh_context.metadata if row.pgh_context else {}
    return int(metadata.get("user") or 0)


def _names_of(rows: list[Any]) -> dict[int, str]:
    ids = {_user_of(row) for row in rows} - {0}
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "display_name"))
