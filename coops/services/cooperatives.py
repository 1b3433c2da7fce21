"""A co-op registers, corrects and looks after its page."""

from dataclasses import dataclass, fields
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from coops import events
from coops.errors import CheckedByProvince, NotWaiting, TaxCodeTaken
from coops.models import Commune, Cooperative, Membership
from core.clock import db_now
from core.text import slugify_vi

# Addresses of the workspace that have a dash; a co-op's own always has one
RESERVED_SLUGS = {"htx-moi", "san-pham", "kien-hang", "ho-so", "thanh-vien", "doi-soat", "so-lieu"}
BANK_FIELDS = ("bank_bin", "bank_account_number", "bank_account_name")  # services/bank_accounts.py
CHECKED_FIELDS = ("kind", "name", "tax_code", "commune")  # fixed once the province approved
State = Cooperative.State


@dataclass(frozen=True)
class Particulars:
    """A co-op's description of itself; phone in E.164, codes as normalised by core."""

    kind: str
    name: str
    tax_code: str
    commune: Commune
    phone: str
    address_line: str = ""
    is_women_led: bool = False
    story: str = ""
    bank_bin: str = ""
    bank_account_number: str = ""
    bank_account_name: str = ""

    def values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def register_cooperative(*, creator: User, particulars: Particulars) -> Cooperative:
    """Register a co-op that waits for the province's review; `creator` becomes its manager.

    Raises TaxCodeTaken, writing nothing.
    """
    for attempt in range(1, 6):
        try:
            with transaction.atomic():
                return _register(creator, particulars, attempt)
        except IntegrityError as error:
            if _is_about(error, "tax_code"):
                raise TaxCodeTaken(field="tax_code") from error
            if not _is_about(error, "slug") or attempt == 5:
                raise
    raise AssertionError  # the loop returns or raises


def _register(creator: User, particulars: Particulars, attempt: int) -> Cooperative:
    cooperative = Cooperative.objects.create(
        slug=free_slug(particulars, attempt),
        registered_by=creator,
        submitted_by=creator,
        submitted_at=db_now(),
        **particulars.values(),
    )
    Membership.objects.create(user=creator, cooperative=cooperative, role=Membership.Role.MANAGER)
    events.cooperative_submitted(cooperative)
    return cooperative


def free_slug(particulars: Particulars, attempt: int = 1) -> str:
    """An address made of the name, with the commune and then a number when others have it."""
    name = slugify_vi(particulars.name)
    if "-" not in name:
        name = f"htx-{name or 'moi'}"
    place = f"{name}-{slugify_vi(particulars.commune.name, max_length=15)}".strip("-")
    wishes = [name, place, *(f"{place}-{n}" for n in range(2, 50))]
    taken = set(Cooperative.objects.filter(slug__in=wishes).values_list("slug", flat=True))
    free = [slug for slug in wishes if slug not in taken | RESERVED_SLUGS]
    return free[attempt - 1]


@transaction.atomic
def update_cooperative(*, cooperative: Cooperative, particulars: Particulars) -> Cooperative:
    """Keep what the co-op changed about itself; its bank account has a service of its own.

    Raises CheckedByProvince when an approved co-op changes what its province has checked, and
    TaxCodeTaken.
    """
    row = Cooperative.objects.select_for_update(no_key=True).get(pk=cooperative.pk)
    given = {n: value for n, value in particulars.values().items() if n not in BANK_FIELDS}
    changed = [name for name, value in given.items() if getattr(row, name) != value]
    if not changed:
        return row
    if row.state not in {State.WAITING, State.RETURNED} and set(changed) & set(CHECKED_FIELDS):
        raise CheckedByProvince(field=next(name for name in changed if name in CHECKED_FIELDS))
    for name in changed:
        setattr(row, name, given[name])
    if row.first_approved_by_id:  # the first of two approved something else
        row.first_approved_by = None
        changed.append("first_approved_by")
    try:
        with transaction.atomic():
            row.save(update_fields=changed)
    except IntegrityError as error:
        raise TaxCodeTaken(field="tax_code") from error
    events.cooperative_changed(row)
    return row


def hold(cooperative: Cooperative) -> None:
    """Lock the co-op until the end of the transaction and reload its values."""
    rows = Cooperative.objects.select_for_update(no_key=True, of=("self",))
    cooperative.refresh_from_db(from_queryset=rows)


@transaction.atomic
def resubmit_cooperative(*, cooperative: Cooperative, by: User | None = None) -> Cooperative:
    """Send a returned co-op to the province again. Raises NotWaiting when it was not returned."""
    returned = Cooperative.objects.filter(pk=cooperative.pk, state=State.RETURNED)
    if not returned.update(
        state=State.WAITING, submitted_at=db_now(), submitted_by=by, first_approved_by=None
    ):
        raise NotWaiting
    cooperative.refresh_from_db()
    events.cooperative_submitted(cooperative)
    return cooperative


def _is_about(error: IntegrityError, column: str) -> bool:
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    return column in constraint
