"""Messages about a change of the bank account, one each, handed to the SMS gateway once."""

import datetime as dt
import logging
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import sms
from coops.models import BankNotice
from core.banks import bank_name
from core.clock import Instant, db_now
from core.text import ascii_fold

log = logging.getLogger(__name__)

AT_ONCE = 50
WORTH_SENDING_DAYS = 3
LONGEST_NAME = 40
TEXTS = {
    "requested": "Cho Phien: {name} doi tai khoan nhan tien thanh {account} luc {time}. Khong dung?"
    " Huy ngay: {link}",
    "in_effect": "Cho Phien: {name} tu nay nhan tien vao {account}. Khong dung? Xem {link}",
    "called_off": "Cho Phien: {name} da huy viec doi tai khoan nhan tien. {link}",
}


@transaction.atomic
def send_notice(*, notice_id: int) -> bool:
    """Hand one message over; False when there is none to send (any more) or the gateway is away.

    The row is locked meanwhile, and the gateway knows the message's number should we crash between
    its answer and our commit.
    """
    if not sms.is_set_up():
        return False
    unsent = BankNotice.objects.filter(sent_at=None).select_related("user", "change__cooperative")
    locked = unsent.select_for_update(skip_locked=True, of=("self",))
    notice = locked.filter(pk=notice_id).first()
    if notice is None:
        return False
    try:
        sms.send_sms(phone=notice.user.phone, text=words(notice), request_id=_number(notice))
    except sms.SmsUnavailable:
        return False
    except sms.NumberRefused:
        log.warning("bank notice %s: the gateway refuses its number", notice.pk)
    BankNotice.objects.filter(pk=notice.pk).update(sent_at=Instant())
    return True


def send_unsent() -> int:
    """Try again what could not be sent in the last days; returns how many went."""
    if not sms.is_set_up():
        return 0
    since = db_now() - dt.timedelta(days=WORTH_SENDING_DAYS)
    unsent = BankNotice.objects.filter(sent_at=None, created_at__gt=since).order_by("pk")
    ids = list(unsent.values_list("pk", flat=True)[:AT_ONCE])
    return sum(send_notice(notice_id=notice_id) for notice_id in ids)


def words(notice: BankNotice) -> str:
    """Plain letters, the account by bank and last four digits; the link opens after signing in."""
    change = notice.change
    new = change.new
    account = f"{bank_name(new.bank_bin)} ***{new.number[-4:]}" if new else "(khong con)"
    where = reverse("change-bank-account", args=[change.cooperative.slug])
    return TEXTS[notice.about].format(
        name=ascii_fold(change.cooperative.name)[:LONGEST_NAME].strip(),
        account=ascii_fold(account),
        time=timezone.localtime(change.takes_effect_at).strftime("%H:%M %d/%m"),
        link=f"{settings.SITE_URL}{where}",
    )


def _number(notice: BankNotice) -> UUID:
    """The same for every try, so that the gateway sends one message."""
    return uuid5(NAMESPACE_URL, f"bank-notice/{notice.pk}")
