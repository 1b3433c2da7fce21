import datetime as dt

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore

from accounts.models import OneTimeCode
from accounts.services import codes
from core.clock import db_now

CODES_KEPT = dt.timedelta(days=2)


@shared_task(name="accounts.send_code")
def send_code(code_id: int) -> bool:
    return codes.send_code(code_id=code_id)


@shared_task(name="accounts.send_overdue_codes")
def send_overdue_codes() -> int:
    return codes.send_overdue_codes()


@shared_task(name="accounts.sweep")
def sweep() -> None:
    """Delete spent codes and ended sessions."""
    now = db_now()
    OneTimeCode.objects.filter(created_at__lt=now - CODES_KEPT).delete()
    SessionStore.clear_expired()
