"""A buyer's whole number, shown to packers; every look is recorded."""

from collections.abc import Iterable

from django.db import transaction

from accounts.models import User
from orders.models import Parcel, PhoneReveal


@transaction.atomic
def reveal_phones(*, parcels: Iterable[Parcel], user: User) -> int:
    """Let `user` see the numbers of those parcels still to be packed or sent; returns how many.

    Lasts as long as ParcelQuerySet.with_reveals_to says. Closed parcels stay masked.
    """
    ids = [parcel.pk for parcel in parcels]
    still_open = Parcel.objects.filter(pk__in=ids).still_open()
    rows = [PhoneReveal(parcel=parcel, revealed_to=user) for parcel in still_open]
    return len(PhoneReveal.objects.bulk_create(rows))
