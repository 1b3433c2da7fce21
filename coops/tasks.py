from celery import shared_task

from coops.services import bank_notices


@shared_task(name="coops.send_bank_notice")
def send_bank_notice(notice_id: int) -> bool:
    return bank_notices.send_notice(notice_id=notice_id)


@shared_task(name="coops.send_unsent_notices")
def send_unsent_notices() -> int:
    return bank_notices.send_unsent()
