"""A buyer's whole number, shown to those who pack, send and call; every look is written down."""

from collections.abc import Iterable

from django.db import transaction

from accounts.models import User
from orders.models import CallBack, Parcel, PhoneReveal


@transaction.atomic
def reveal_phones(*, parcels: Iterable[Parcel], user: User) -> int:
    """Let `user` see the numbers of those parcels still to be packed or sent; returns how many.

    Lasts as long as ParcelQuerySet.with_reveals_to says. Closed parcels stay masked.
    """
    ids = [parcel.pk for parcel in parcels]
    still_open = Parcel.objects.filter(pk__in=ids).still_open()
    rows = [PhoneReveal(parcel=parcel, revealed_to=user) for parcel in still_open]
    return len(PhoneReveal.objects.bulk_create(rows))


@transaction.atomic
def reveal_to_call(*, call_backs: Iterable[CallBack], user: User) -> int:
    """Let `user` see the numbers of buyers to be called; returns how many. Lasts as above."""
    ids = [call.pk for call in call_backs]
    waiting = CallBack.objects.waiting().filter(pk__in=ids)
    rows = [PhoneReveal(call_back=call, revealed_to=user) for call in waiting]
    return len(PhoneReveal.objects.bulk_create(rows))
