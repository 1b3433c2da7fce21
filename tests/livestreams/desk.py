"""What hosts and managers press and send."""

import datetime as dt
import uuid

from django.test import Client
from django.utils import timezone

from core.clock import db_now


def key() -> str:
    return str(uuid.uuid4())


def press(client: Client, path: str, **data):
    """POST as a form does, with a fresh key."""
    return client.post(path, {"idempotency_key": key(), **data})


def ask(client: Client, path: str, **data):
    """POST as the console's script does."""
    headers = {"accept": "application/json"}
    return client.post(path, {"idempotency_key": key(), **data}, headers=headers)


def in_hours(hours: int) -> str:
    return f"{timezone.localtime(db_now() + dt.timedelta(hours=hours)):%Y-%m-%dT%H:%M}"


def session_fields(**changes):
    return {
        "title": "Chè thu Phình Hồ",
        "starts_at": in_hours(30),
        "planned_minutes": "90",
        "shipping_fee_vnd": "25.000",
        "summary": "Xem sao chè tại chỗ.",
        "stream_url": "",
        "keep": "announced",
    } | changes
