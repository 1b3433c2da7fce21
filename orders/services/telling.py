"""Notify waiting buyers by message that their turn has come, once each.

The row is locked while its message is sent, and the gateway recognises the message's number after
a crash between its answer and our commit. No message is sent about goods that are gone.
"""

import logging
import time
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import sms
from core.clock import Instant
from core.numbers import format_number
from orders.models import StandbyEntry

log = logging.getLogger(__name__)

AT_ONCE = 100  # of one round
ROUND_S = 60.0  # a gateway that hangs takes seconds of each


@transaction.atomic
def tell_promoted(*, entry_id: int) -> bool:
    """Send the message that an entry's turn has come; False when there is none to send (any more)
    or the gateway does not answer. A number it refuses for good is not tried again.
    """
    if not sms.is_set_up():
        return False
    due = StandbyEntry.objects.to_be_told().select_related("order", "offer")
    entry = due.select_for_update(skip_locked=True, of=("self",)).filter(pk=entry_id).first()
    if entry is None:
        return False
    try:
        sms.send_sms(phone=entry.buyer_phone, text=words(entry), request_id=number_of(entry))
    except sms.SmsUnavailable:
        return False
    except sms.NumberRefused:
        log.warning("standby entry %s: the gateway refuses its number", entry.pk)
    StandbyEntry.objects.filter(pk=entry.pk).update(told_at=Instant())
    return True


def tell_all() -> int:
    """Retry failed messages; returns how many were sent."""
    if not sms.is_set_up():
        return 0
    ids = StandbyEntry.objects.to_be_told().order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    ends_at = time.monotonic() + ROUND_S
    return sum(
        tell_promoted(entry_id=entry_id) for entry_id in list(ids) if time.monotonic() < ends_at
    )


def words(entry: StandbyEntry) -> str:
    """One message of plain letters: what is held, for how much with delivery, until when, and the
    secret link.
    """
    order = entry.order
    assert order is not None and order.pay_by is not None  # noqa: S101, PT018 - to_be_told says so
    quantity = order.lines.values_list("quantity", flat=True).get()
    with translation.override(entry.language):
        sentence = _(
            "Cho Phien: your turn! %(quantity)s x %(code)s, %(total)sd in all, held for you until"
            " %(time)s."
        )
        text = sentence % {
            "quantity": quantity,
            "code": entry.offer.live_code,
            "total": format_number(order.total_vnd),
            "time": timezone.localtime(order.pay_by).strftime("%H:%M"),
        }
    link = f"{settings.SITE_URL}{reverse('show-standby', args=[entry.token])}"
    return f"{text} {link}"


def number_of(entry: StandbyEntry) -> UUID:
    """The same for every try, so that the gateway sends one message."""
    return uuid5(NAMESPACE_URL, f"standby/{entry.token}")
